"""A day's deliveries with vehicles of one's own: which vehicle goes where, in which order. Pure."""
