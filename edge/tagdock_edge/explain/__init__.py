"""One movement explained to a person: what was read of the tag over time, and what followed from it: pure."""

from tagdock_edge.explain.story import Mate, Row, Story, tell
from tagdock_edge.explain.text import write

__all__ = ["Mate", "Row", "Story", "tell", "write"]
