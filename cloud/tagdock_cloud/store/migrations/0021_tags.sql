-- Which EPC a tag was called by, for hex that this part does not decode. Those of the headers that it does decode (SGTIN-96,
-- SSCC-96), and raw ones, which are their hex, are left out: where there are no others, ingest writes nothing here.
create index movements_by_hex on movements (upper(epc_hex))
where left(epc_hex, 2) not in ('30', '31') and epc not like 'urn:epc:raw:%';
