"""A warehouse at work: what the office knows, what truly happens, what passes the doors, what lies in the bins."""
