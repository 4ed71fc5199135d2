"""Bring the console's catalogues up to what the code says, and compile them.

.venv/bin/python scripts/languages.py            # after changing a text: translate what it names, run it again
"""

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
CONSOLE = ROOT / "cloud" / "tagdock_cloud" / "console"
LANGUAGES = CONSOLE / "languages"
LOCALES = {"zh": "zh_Hans"}
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract"), ("static/**.js", "javascript")]
OPTIONS = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "later": None}
HEADER = "# What the console says in another language. scripts/languages.py keeps this file; translate in it.\n#"
VERSION = "1"
PEOPLE = {"msgid_bugs_address": "-", "last_translator": "Tagdock", "language_team": "Tagdock"}
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""Written into every catalogue, so that the same texts make the same files."""


def said() -> Catalog:
    """Return every message that code, templates and scripts hold, with the files that hold it."""
    catalog = Catalog(project="Tagdock", charset="utf-8", creation_date=MADE_AT)
    for name, _, message, comments, context in extract_from_dir(CONSOLE, METHODS, OPTIONS, KEYWORDS):
        catalog.add(message, None, [(name, 1)], auto_comments=comments, context=context)
    return catalog


def kept(code: str) -> Catalog:
    """Return a language's catalogue as it lies in the repository; an empty one for a language that is new."""
    path = LANGUAGES / code / "LC_MESSAGES" / "console.po"
    if not path.exists():
        return Catalog(locale=LOCALES[code], charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=LOCALES[code], domain="console")


def updated(code: str) -> Catalog:
    """Return a catalogue with exactly the messages that are said; nothing is guessed from what looks alike."""
    catalog = Catalog(LOCALES[code], "console", HEADER, "Tagdock", VERSION, **PEOPLE, fuzzy=False)
    catalog.creation_date = catalog.revision_date = MADE_AT
    before = kept(code)
    for message in said():
        old = before.get(message.id) if message.id else None
        if message.id:
            catalog.add(message.id, old.string if old else None, message.locations, old.flags if old else ())
    return catalog


def files(code: str, catalog: Catalog) -> dict[Path, bytes]:
    """Return what lies in the repository of a language: its texts, the same compiled, and those that scripts say."""
    texts, compiled = io.BytesIO(), io.BytesIO()
    write_po(texts, catalog, width=120, include_lineno=False, sort_output=True)
    write_mo(compiled, catalog)
    in_scripts = {
        message.id: message.string
        for message in sorted(catalog, key=lambda message: str(message.id))
        if message.id and message.string and any(name.endswith(".js") for name, _ in message.locations)
    }
    folder = LANGUAGES / code
    return {
        folder / "LC_MESSAGES" / "console.po": texts.getvalue(),
        folder / "LC_MESSAGES" / "console.mo": compiled.getvalue(),
        folder / "scripts.json": (json.dumps(in_scripts, ensure_ascii=False, indent=1) + "\n").encode(),
    }


def missing(catalog: Catalog) -> list[str]:
    """Return the messages that have no translation, or only a guessed one."""
    return [str(one.id) for one in catalog if one.id and (one.fuzzy or not one.string or not all(one.string))]


def main() -> None:
    """Write the files of every language; exit with 1 where a translation is missing."""
    left = 0
    for code in LOCALES:
        catalog = updated(code)
        for path, content in files(code, catalog).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for message in missing(catalog):
            print(f"{code}: not translated: {message}")
            left += 1
    print(f"languages: {left} messages are not translated", file=sys.stderr)
    sys.exit(1 if left else 0)


if __name__ == "__main__":
    main()
