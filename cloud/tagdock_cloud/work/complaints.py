"""What went wrong, said once a kind and then ever more rarely. Pure: time comes in as an argument."""

from dataclasses import dataclass

FIRST_SILENCE_S = 60.0
LONGEST_SILENCE_S = 3600.0


@dataclass(slots=True)
class _Complaint:
    kind: str
    silence_s: float
    say_again_s: float
    unsaid: int = 0


class Complaints:
    """Remembers for each name what was said of it."""

    def __init__(self) -> None:
        self._open: dict[str, _Complaint] = {}

    def failed(self, name: str, kind: str, now_s: float) -> int | None:
        """Note a failure. Returns how many like it went unsaid when it is to be said now, None when it is not."""
        known = self._open.get(name)
        if known is None or known.kind != kind:
            self._open[name] = _Complaint(kind, FIRST_SILENCE_S, now_s + FIRST_SILENCE_S)
            return 0
        if now_s < known.say_again_s:
            known.unsaid += 1
            return None
        unsaid, known.unsaid = known.unsaid, 0
        known.silence_s = min(2 * known.silence_s, LONGEST_SILENCE_S)
        known.say_again_s = now_s + known.silence_s
        return unsaid

    def went_well(self, name: str) -> bool:
        """Note that it works. Returns True when something was said against it before."""
        return self._open.pop(name, None) is not None
