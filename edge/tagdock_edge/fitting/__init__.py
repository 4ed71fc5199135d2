"""Verdicts against the truth, and the thresholds that bring them nearer to it: pure."""

from tagdock_edge.fitting.fit import Case, Fit, Progress, fit
from tagdock_edge.fitting.judging import Claim, Judged, judge_claims
from tagdock_edge.fitting.tally import Tally
from tagdock_edge.fitting.truth import Truth, read_truth

__all__ = ["Case", "Claim", "Fit", "Judged", "Progress", "Tally", "Truth", "fit", "judge_claims", "read_truth"]
