"""The errors of this part, told apart by who has to act."""

from collections.abc import Sequence

LISTED_AT_MOST = 20


class SlottingError(Exception):
    """Whatever keeps a plan from being made; its text is one line a person can act on."""


class ProblemError(SlottingError):
    """The problem is wrong: `findings` are lines that start with the path of a field."""

    def __init__(self, findings: Sequence[str]) -> None:
        self.findings = tuple(findings)
        listed = "\n".join(self.findings[:LISTED_AT_MOST])
        more = len(self.findings) - LISTED_AT_MOST
        super().__init__(listed + (f"\n... and {more} more" if more > 0 else ""))


class UnsolvedError(SlottingError):
    """No legal layout was found in the time given, and none was proven impossible."""
