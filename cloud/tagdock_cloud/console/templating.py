"""Templates and what they may call."""

from pathlib import Path
from urllib.parse import urlencode

from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request

from tagdock_cloud.console import language, report_words, return_words, sayings, shipping_words, task_words, words
from tagdock_cloud.console.once import once

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"


def way_back(request: Request) -> str:
    """Return where a person is, to come back to. Of a login only where it leads is kept: the rest are secrets."""
    if request.method != "GET":
        return "/"
    asked = dict(request.query_params)
    if request.url.path.startswith("/login"):
        asked = {"to": asked["to"]} if "to" in asked else {}
    return request.url.path + (f"?{urlencode(asked)}" if asked else "")


_environment = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
)
_environment.policies["ext.i18n.trimmed"] = True
_environment.install_gettext_callables(language.gettext, language.ngettext, newstyle=True)  # type: ignore[attr-defined]
_environment.filters.update(words.FILTERS | task_words.FILTERS | return_words.FILTERS | shipping_words.FILTERS)
_environment.filters.update(sayings.FILTERS | report_words.FILTERS)
_environment.globals.update(
    spoken=language.spoken,
    languages=language.LANGUAGES.values(),
    script_words=language.script_words,
    way_back=way_back,
    once=once,
)
templates = Jinja2Templates(env=_environment)
