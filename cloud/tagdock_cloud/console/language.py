"""The language that a person reads the console in: which one it is, and what a message is in it.

Messages are written in English where they are used; `scripts/languages.py` keeps their catalogues in `languages/`.
"""

import gettext as catalogues
import json
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DOMAIN = "console"
FOLDER = Path(__file__).parent / "languages"
LONGEST_HEADER = 200
"""Characters of Accept-Language that are looked at; browsers send fewer."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language: `code` names its catalogue, `tag` (BCP 47) goes into the page, `name` is its own for itself."""

    code: str
    tag: str
    name: str


LANGUAGES = {one.code: one for one in (Language("en", "en", "English"), Language("zh", "zh-Hans", "中文"))}
"""By code; the first is the one that messages are written in and that who says nothing is answered in."""
_DEFAULT = next(iter(LANGUAGES.values()))
_CURRENT: ContextVar[Language] = ContextVar("language", default=_DEFAULT)


def speak(language: Language) -> None:
    """Set what this task, and those that it starts, write in."""
    _CURRENT.set(language)


def spoken() -> Language:
    """Return what this task writes in."""
    return _CURRENT.get()


def choose(cookie: str, accepted: str) -> Language:
    """Return the language that a person chose, else the first that their browser asks for, else the default.

    `accepted`: an Accept-Language header. Source: RFC 9110 section 12.5.4; lookup as in RFC 4647 section 3.4.
    """
    if cookie in LANGUAGES:
        return LANGUAGES[cookie]
    wanted = sorted(_ranges(accepted[:LONGEST_HEADER]), key=lambda pair: -pair[1])
    known = (LANGUAGES.get(tag.split("-")[0]) for tag, quality in wanted if quality > 0)
    return next((language for language in known if language is not None), _DEFAULT)


def _ranges(accepted: str) -> list[tuple[str, float]]:
    """Return the languages of an Accept-Language header with their weights; what cannot be read weighs nothing."""
    pairs = []
    for part in accepted.lower().split(","):
        tag, _, weight = part.replace(" ", "").partition(";q=")
        try:
            pairs.append((tag, float(weight or 1)))
        except ValueError:
            continue
    return pairs


@cache
def _catalogue(code: str) -> catalogues.NullTranslations:
    """Read a language's catalogue; English has none, because its messages are what they say."""
    if code == _DEFAULT.code:
        return catalogues.NullTranslations()
    return catalogues.translation(DOMAIN, FOLDER, [code])


def gettext(message: str) -> str:
    """Return a message in the person's language."""
    return _catalogue(spoken().code).gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """Return the form of a message that fits a count."""
    return _catalogue(spoken().code).ngettext(one, many, count)


def later(message: str) -> str:
    """Mark a message that is written in one place and translated in another."""
    return message


@cache
def _script_words(code: str) -> dict[str, str]:
    """Return what scripts say, by its English; nothing for English."""
    path = FOLDER / code / "scripts.json"
    words: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return words


def script_words() -> dict[str, str]:
    """Return what scripts say in the person's language, by its English."""
    return _script_words(spoken().code)
