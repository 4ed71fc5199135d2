"""The doctor: looks at all that a gateway needs, before or instead of running it, and names the remedies."""

from tagdock_edge.doctor.finding import Finding, shown
from tagdock_edge.doctor.visit import visit

__all__ = ["Finding", "shown", "visit"]
