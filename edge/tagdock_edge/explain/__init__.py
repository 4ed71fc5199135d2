"""One movement explained to a person: what was read of the tag, by antenna over time, and what followed from it: pure."""
