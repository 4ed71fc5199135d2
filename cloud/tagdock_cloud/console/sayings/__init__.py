"""What the server says in English (why not, why so), in the language of whoever reads it. Pure.

The interface and the record keep their English; so do gateways and solvers, which write it before anybody reads it.
Here the same sentences stand as messages with their parameters: a text is taken for the message that it fills in
exactly, and said again by the catalogue. A test holds every sentence of the code against them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from markupsafe import Markup

from tagdock_cloud.console import mistakes
from tagdock_cloud.console.language import gettext as _
from tagdock_cloud.console.language import spoken
from tagdock_cloud.console.return_words import LIVES, NEEDS, OUTCOMES, REASONS, ROLES, STATES
from tagdock_cloud.console.sayings import common, nouns, passages, plans, reports, returns, shipping, tasks
from tagdock_cloud.console.shipping_words import SHIPMENTS
from tagdock_cloud.console.task_words import KINDS, transition
from tagdock_cloud.console.words import known

LONGEST = 500
"""Characters of a text that is looked at: sentences of the code are shorter."""
DEEPEST = 6
"""Sentences inside sentences that are looked at."""
_PLACE = re.compile(r"%\((\w+)\)s")
_SENTENCES = frozenset({"why", "reason", "rest", "flow", "nearer", "way", "lasts", "also"})
"""Parameters that are sentences themselves: where one of them is not known, the whole is not."""
_NUMBERS = frozenset(
    (
        "metres", "km", "picks", "days", "count", "units", "lines", "shipments", "mean", "variance", "lead", "cost",
        "share", "chance", "mates", "change", "wait", "should", "is", "most", "least", "places", "waiting",
    )
)  # fmt: skip
_NAMES = frozenset(
    (
        "site", "bin", "sku", "comer", "door", "goal", "start", "order", "zone", "epc", "case", "paper", "transfer",
        "tracking", "session", "plan", "field", "path",
    )
)  # fmt: skip
"""Parameters that hold no space; the others may be anything that a person wrote."""


@dataclass(frozen=True, slots=True)
class _Message:
    """A message: what it fills in (`pattern`), and the longest piece that no parameter changes (`piece`)."""

    text: str
    pattern: re.Pattern[str]
    piece: str


def told(text: str) -> str | None:
    """Say a text of the server in the reader's language; None: it is known in English only."""
    return text if spoken().code == "en" else _told(spoken().code, text, DEEPEST)


def said(text: str | None) -> str | Markup:
    """Write a text of the server for a page; one that is known in English only says so to screen readers."""
    if not text:
        return ""
    found = told(text)
    return Markup('<span lang="en">{}</span>').format(text) if found is None else found


@lru_cache(maxsize=4096)
def _told(code: str, text: str, deeper: int) -> str | None:
    if len(text) > LONGEST or not deeper:
        return None
    for message in _messages():
        filled = message.pattern.fullmatch(text) if message.piece in text else None
        values = _values(code, filled.groupdict(), deeper - 1) if filled else None
        if values is not None:
            return _(message.text) % values
    return mistakes.told(text)


def _values(code: str, filled: Mapping[str, str], deeper: int) -> dict[str, str] | None:
    """Return the parameters as a reader knows them; None where a sentence among them is not known."""
    values = {}
    for name, value in filled.items():
        written = _told(code, value, deeper) if name in _SENTENCES else _WRITTEN.get(name, str)(value)
        if written is None:
            return None
        values[name] = written
    return values


@cache
def _messages() -> tuple[_Message, ...]:
    """Return all messages, those with the most words of their own first."""
    rooms = (common, returns, tasks, shipping, plans, passages, reports)
    texts = dict.fromkeys(text for room in rooms for text in room.SAID)
    made = [_message(text) for text in texts]
    return tuple(sorted(made, key=lambda message: -len(_PLACE.sub("", message.text))))


def _message(text: str) -> _Message:
    """Read a message. A parameter ends where the next piece first stands (atomic groups), so that a text is read once
    from left to right, whatever somebody wrote into it.
    """
    first, *rest = _PLACE.split(text)
    pattern = re.escape(first)
    for index in range(0, len(rest), 2):
        name, piece = rest[index : index + 2]
        taken = f"(?P<{name}>{_holds(name)}){re.escape(piece)}"
        pattern += taken if index + 2 == len(rest) else f"(?>{taken})"
    return _Message(text, re.compile(pattern, re.DOTALL), max(first, *rest[1::2], "", key=len))


def _holds(name: str) -> str:
    """Return the pattern of what a parameter can be."""
    return r"[-+0-9.,:e%]+?" if name in _NUMBERS else r"\S+?" if name in _NAMES else r".+?"


def _each(write: Callable[[str], str]) -> Callable[[str], str]:
    """Return what writes a list of names, however the server joined them."""
    names = re.compile(r"[\w ]*\w")
    return lambda value: "、".join(write(name.strip()) for name in names.findall(value.replace(" or ", ", ")))


def _word(value: str) -> str:
    """Write a state, or a thing, by its word."""
    plain = value.strip("'").replace("_", " ")
    for words in (STATES, LIVES):
        if value.strip("'").replace(" ", "_") in words:
            return known(words)(value.strip("'").replace(" ", "_"))
    return _(plain) if plain in nouns.WORDS else value


_WRITTEN: dict[str, Callable[[str], str]] = {
    "state": _word,
    "was": _word,
    "states": _each(_word),
    "what": _word,
    "kind": lambda value: _(KINDS[value]) if value in KINDS else _word(value),
    "transition": _each(transition),
    "ways": _each(transition),
    "roles": _each(known(ROLES)),
    "role": known(ROLES),
    "has": known(ROLES),
    "outcome": known(OUTCOMES),
    "outcomes": _each(known(OUTCOMES)),
    "need": known(NEEDS),
    "parcel": known(SHIPMENTS),
    "cause": known(REASONS),
    "details": _each(known(NEEDS)),
}
"""How a parameter is written that names something which pages have a word for."""


def _move_why(why: str | None) -> str | Markup:
    """Write why a move is worth it, as a sentence with its full stop."""
    text = said((why or "").removesuffix("."))
    return Markup("{}{}").format(text, _("."))


FILTERS: dict[str, Callable[..., str | Markup]] = {"said": said, "move_why": _move_why}
