"""Pictures of a scenario: the floor with what moves over it, and what the readers report of it."""
