"""Orders and advance notices: what is to leave, and what is to come."""
