"""Tagdock's gateway: readers and sensors to movements, handed over exactly once."""
