"""Everything on one box: the other parts as child processes, simulated doors before them, a report at the end."""
