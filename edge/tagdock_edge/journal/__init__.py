"""The journal: raw reads on disk before they are worked on, so that a crash costs hardly any."""

from tagdock_edge.journal.block import Step
from tagdock_edge.journal.journal import Journal, Recovery
from tagdock_edge.journal.reading import read_journal

__all__ = ["Journal", "Recovery", "Step", "read_journal"]
