-- What makes ingest fast: an item that moves through a door writes one row and no index.

-- With `state` in no index and room beside each row, PostgreSQL updates an item in place (a HOT update); so let no index
-- hold `state`, `since` or `door`. A site's items by SKU and state are read through the index by site.
drop index items_by_place;
create index items_by_site on items (site, sku);
alter table items set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
alter table flows set (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);
