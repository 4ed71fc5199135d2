-- What makes ingest fast: staging, indexes and projections that move by the group.
select;
