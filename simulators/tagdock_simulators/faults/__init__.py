"""One fault injector for every wire: a schedule, a TCP proxy that acts on it, and faults in what readers read."""
