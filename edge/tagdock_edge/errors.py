"""The gateway's errors, told apart by who has to act. Each message says what is wrong and what to do about it."""


class EdgeError(Exception):
    """The work failed: the command line prints it as one line and ends with status 1."""


class ConfigError(EdgeError):
    """The configuration is wrong; `problems` holds one line a mistake. The command line ends with status 2."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class DriverError(EdgeError):
    """A driver is not installed, or is none."""


class ReaderError(EdgeError):
    """A reader refused, fell silent or spoke nonsense; the supervisor tries again."""


class RecordingError(EdgeError):
    """A recording can't be read."""


class TruthError(EdgeError):
    """A file that says what really happened can't be read, or does not go with the recording."""


class ExplainError(EdgeError):
    """A movement can't be explained: it is not in the records, or what draws it is not installed."""


class SnapshotError(EdgeError):
    """What was written down of the goods in the fields can't be read back."""


class BrokerError(EdgeError):
    """The broker can't be reached or refuses us."""


class FolderError(EdgeError):
    """A folder or file of the gateway's own can't be used: not there, not writable, or in use."""


class MetricsError(EdgeError):
    """The address for metrics can't be had."""


class OutboxError(EdgeError):
    """The outbox file can't be used."""


class OutboxFullError(OutboxError):
    """There is no room for the events (disk or bound); they were not stored and may be offered again."""


class EpcError(EdgeError):
    """A tag's memory holds no EPC that GS1's Tag Data Standard knows."""
