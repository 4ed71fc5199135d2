"""Many sites: which site ships an order, what moves between sites, how a first delivery is split. Pure."""
