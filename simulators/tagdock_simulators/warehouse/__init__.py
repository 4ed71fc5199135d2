"""A warehouse to simulate: the orders it gets, the goods it keeps, its floor, and the loads that leave and return."""
