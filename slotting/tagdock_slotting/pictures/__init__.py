"""Pictures of a problem and its plan as SVG: pure, no library, readable on a telephone and in print."""

from tagdock_slotting.pictures.draw import WHATS, What, draw

__all__ = ["WHATS", "What", "draw"]
