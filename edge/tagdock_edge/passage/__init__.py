"""Reads to movements: pure and replayable, its only clock is the time of the reads."""

from tagdock_edge.passage.detector import Detector
from tagdock_edge.passage.judge import Verdict
from tagdock_edge.passage.report import movement

__all__ = ["Detector", "Verdict", "movement"]
