"""What an EPCIS query asks for, as the two page queries take it: of our own events and of captured ones. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tagdock_cloud.epcis.fields import Path
from tagdock_cloud.epcis.naming import NO_NAMES, Names

MOST_VALUES: Final = 1000
"""Values of one parameter, as many EPCs as are asked for at once anywhere here."""
MOST_EVENTS: Final = 10_000
"""What `eventCountLimit` and `maxEventCount` may be; pages of at most 1,000 bring the rest."""

EpcisError = Literal[
    "ValidationException",
    "QueryParameterException",
    "QueryTooLargeException",
    "QueryTooComplexException",
    "ImplementationException",
    "NoSuchNameException",
    "NoSuchResourceException",
    "ResourceAlreadyExistsException",
    "SubscriptionControlsException",
    "CaptureLimitExceededException",
    "UnsupportedMediaTypeException",
    "SecurityException",
    "NotAcceptableException",
    "URITooLongException",
]


class QuestionError(ValueError):
    """A parameter is unknown, unsupported or holds what it may not."""

    def __init__(self, name: str, reason: str, kind: EpcisError = "QueryParameterException", status: int = 400) -> None:
        super().__init__(f"{name[:100]}: {reason}")
        self.name, self.reason, self.kind, self.status = name[:100], reason, kind, status


@dataclass(slots=True)
class Question:
    """What is asked for, as the two page queries take it. `told` False: nothing of ours can meet it."""

    told: bool = True
    common: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    captured: dict[str, Any] = field(default_factory=dict)
    names: list[dict[str, list[str]]] = field(default_factory=list)
    holds: list[list[Any]] = field(default_factory=list)
    said: list[list[Any]] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    by: Literal["eventTime", "recordTime"] = "eventTime"
    descending: bool = True
    at_most: int | None = None
    too_many: int | None = None
    whose: Names = NO_NAMES

    def narrow(self, name: str, values: Sequence[str | bytes]) -> None:
        """Narrow one of our own lists; what is asked for twice has to meet both."""
        before = self.own.get(name)
        self.own[name] = list(values) if before is None else [value for value in before if value in values]

    def like(self, name: str, patterns: list[str]) -> None:
        """Narrow our own EPCs by patterns, which one parameter may do."""
        if "epcs_like" in self.own:
            raise QuestionError(name, "patterns in one parameter only", "ImplementationException", 501)
        self.own["epcs_like"] = patterns
