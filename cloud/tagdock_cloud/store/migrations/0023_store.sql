-- How the record is kept: partitions made ahead, retention, compression.
select;
