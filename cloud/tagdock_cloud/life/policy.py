"""The table of an item's life: states, transitions, who may take them. Read from TOML, checked whole. Pure."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from tagdock_cloud.epcis.words import BIZ_STEPS, DISPOSITIONS
from tagdock_cloud.errors import ConfigurationError
from tagdock_cloud.life.records import Condition, Grade, Way

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
TASKS = ("put_away", "pick", "pack", "relocate", "count", "inspect", "repair", "follow_up", "exception")
Task = Literal["put_away", "pick", "pack", "relocate", "count", "inspect", "repair", "follow_up", "exception"]
LifeRole = Literal["operator", "inspector", "technician", "manager"]
MOST_BYTES = 256 * 1024


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class State(_Row):
    """A state: what EPCIS calls it, and whether what is in it may be sold."""

    disposition: str
    sellable: bool = False


class Transition(_Row):
    """A transition: from where to where, who may take it, and what it needs, opens and means."""

    from_: Annotated[tuple[Word, ...], Field(alias="from", min_length=1)]
    to: Word
    by: Annotated[frozenset[LifeRole], Field(min_length=1)]
    step: str
    passage: Way | None = None
    grades: frozenset[Grade] | None = None
    needs: frozenset[Literal["grade", "sealed", "reason"]] = frozenset()
    condition: Condition | None = None
    task: Task | None = None
    work_order: Literal["opens", "closes"] | None = None
    waives: bool = False


class Policy(_Row):
    """One version of the table. Later versions count from `effective_at` on; what happened before stays as it was."""

    version: Annotated[int, Field(ge=1, le=1_000_000)]
    author: Annotated[str, Field(min_length=1, max_length=200)]
    effective_at: AwareDatetime
    waives_second_inspection: bool = False
    state: Annotated[Mapping[Word, State], Field(min_length=1, max_length=200)]
    transition: Annotated[Mapping[Word, Transition], Field(max_length=1000)]

    @property
    def sellable(self) -> frozenset[str]:
        """The states whose items may be sold."""
        return frozenset(name for name, state in self.state.items() if state.sellable)


@cache
def shipped_policy() -> Policy:
    """Return the table that Tagdock ships."""
    return read_policy(files("tagdock_cloud.life").joinpath("policy.toml").read_bytes())


def read_policy(payload: bytes) -> Policy:
    """Read and check a table. Raises ConfigurationError naming each field that is wrong and the remedy."""
    if len(payload) > MOST_BYTES:
        raise ConfigurationError(f"a table has at most {MOST_BYTES:,} bytes, this one {len(payload):,}")
    try:
        policy = Policy.model_validate(tomllib.loads(payload.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"this is no TOML: {error}") from None
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise ConfigurationError("\n".join(lines)) from None
    if findings := list(_findings(policy)):
        raise ConfigurationError("\n".join(findings))
    return policy


def _findings(policy: Policy) -> Iterator[str]:
    for name, state in policy.state.items():
        if state.disposition not in DISPOSITIONS:
            yield f"state.{name}.disposition: {state.disposition!r} is no disposition of CBV 2.0"
    for name, transition in policy.transition.items():
        path = f"transition.{name}"
        for missing in sorted({*transition.from_, transition.to} - policy.state.keys()):
            yield f"{path}: there is no state {missing!r}; add [state.{missing}]"
        if transition.step not in BIZ_STEPS:
            yield f"{path}.step: {transition.step!r} is no business step of CBV 2.0"
    yield from _ambiguous(policy)
    yield from _unreachable(policy)


def _ambiguous(policy: Policy) -> Iterator[str]:
    """Find states from which one passage would be two transitions: a door cannot choose."""
    first: dict[tuple[str, str], str] = {}
    for name, transition in policy.transition.items():
        for state in transition.from_ if transition.passage is not None else ():
            other = first.setdefault((state, str(transition.passage)), name)
            if other != name:
                yield f"transition.{name}.passage: from {state!r} {transition.passage!r} is {other!r} already"


def _unreachable(policy: Policy) -> Iterator[str]:
    """Find states that nothing leads to, from those that items begin in: the sellable ones."""
    reached = set(policy.sellable)
    if not reached:
        yield "state: none is sellable; goods that are received have nowhere to begin"
        return
    while True:
        found = {each.to for each in policy.transition.values() if reached & set(each.from_)} - reached
        if not found:
            break
        reached |= found
    for name in sorted(policy.state.keys() - reached):
        yield f"state.{name}: no transition leads there"
