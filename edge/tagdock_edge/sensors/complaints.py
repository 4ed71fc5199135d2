"""What was wrong with messages: counted by kind, and each kind told once."""

from collections import Counter

KINDS_AT_MOST = 200
"""Kinds carry configured names, never what a message says; the bound is for whoever forgets that."""


class Complaints:
    """Counts of what was refused."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._untold: list[str] = []

    def note(self, kind: str, detail: str = "") -> None:
        """Count a kind; its first `detail` is kept for telling."""
        if kind not in self.counts:
            if len(self.counts) >= KINDS_AT_MOST:
                kind = "more kinds of trouble"
            if kind not in self.counts:
                self._untold.append(f"{kind} ({_printable(detail)})" if detail else kind)
        self.counts[kind] += 1

    def untold(self) -> list[str]:
        """Return the kinds that are new since the last call, in words."""
        new, self._untold = self._untold, []
        return new


def _printable(text: str) -> str:
    """Make a foreign text fit for a log: no control characters, no flood."""
    return "".join(char if char.isprintable() else "?" for char in text[:120])
