"""What can be wrong with a schedule of faults: whoever wrote it has to mend it."""

from collections.abc import Sequence


class ScheduleError(ValueError):
    """A schedule that cannot be used; `problems` names each key, the fault's number and the remedy."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)
