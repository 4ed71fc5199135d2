"""How the record is kept: partitions made ahead, and how long each series stays."""
