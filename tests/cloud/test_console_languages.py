"""The console's languages: which one a person gets, and that every text is marked, translated and compiled."""

import gettext
import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from babel.numbers import format_decimal, format_percent
from tagdock_cloud.console.language import FOLDER, LANGUAGES, choose, speak
from tagdock_cloud.console.templating import templates
from tagdock_cloud.console.words import number, percent

TOOL = Path(__file__).parents[2] / "scripts" / "languages.py"
HOW = "run .venv/bin/python scripts/languages.py and translate what it names"
TEMPLATES = sorted((FOLDER.parent / "templates").glob("*.html"))
NO_WORDS = re.compile(
    r"(?:Tagdock|SKUs?|EPC(?:IS)?|GTIN|UTC|PostgreSQL|dBm|CSV|[GM]B|m/day|kg|[A-C01-3mgsB]|[×·…–−⤢%°→?.,:;()/|+#&=!\s-]|m[²³])*"
)
"""Names, units and signs: the same in every language. A, B, C and 01, 02, 03 are how aisles are named."""
EXAMPLES = {"hangzhou-1", "85123A=2, 22423=0.5", "3, 4", "12:0-29", "travel=1, ergonomics=0.5"}
"""What may be typed, as a field shows it."""


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tagdock_languages", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    yield
    speak(LANGUAGES["en"])


OTHERS = [code for code in LANGUAGES if code != "en"]


@pytest.mark.parametrize("code", OTHERS)
def test_every_message_is_translated(tool: Any, code: str) -> None:
    said = {message.id for message in tool.said() if message.id}
    kept = {message.id: message for message in tool.kept(code) if message.id}
    assert sorted(map(str, said - kept.keys())) == [], HOW
    assert sorted(map(str, kept.keys() - said)) == [], f"nobody says this any more: {HOW}"
    assert tool.missing(tool.kept(code)) == [], HOW


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_fills_in_what_its_message_does(tool: Any, code: str) -> None:
    def places(text: str) -> set[str]:
        return set(re.findall(r"%\(\w+\)s|%%", text))

    wrong = []
    for message in tool.kept(code):
        if message.id:
            singular, *_, plural = (message.id, message.id) if isinstance(message.id, str) else message.id
            forms = [message.string] if isinstance(message.string, str) else message.string
            wrong += [form for form in forms if places(form) not in (places(plural), places(singular))]
    assert wrong == []


@pytest.mark.parametrize("code", OTHERS)
def test_what_is_compiled_is_what_is_written(tool: Any, code: str) -> None:
    catalog = tool.kept(code)
    made = {path.name: content for path, content in tool.files(code, catalog).items()}
    compiled = gettext.translation("console", FOLDER, [code])
    wrong = [
        message.id
        for message in catalog
        if isinstance(message.id, str) and message.id and compiled.gettext(message.id) != message.string
    ]
    assert wrong == [], HOW
    assert json.loads((FOLDER / code / "scripts.json").read_text("utf-8")) == json.loads(made["scripts.json"]), HOW


def unmarked(source: str) -> Iterator[str]:
    """Yield texts of a template that a person reads and that nothing marks for translation."""
    source = re.sub(r"\{#.*?#\}|\{% trans\b.*?\{% endtrans %\}", "", source, flags=re.DOTALL)
    for code in re.findall(r"\{\{.*?\}\}|\{%.*?%\}", source, flags=re.DOTALL):
        bare = re.sub(r"\bn?gettext\([^)]*\)|\b_\([^)]*\)", "", code)
        if not re.match(r"\{%-?\s*(?:include|extends|import)", code):
            yield from (text for text in re.findall(r"\"([^\"]*)\"", bare) if re.search(r"[A-Za-z]{2,} [A-Za-z]", text))
    html = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", source, flags=re.DOTALL)
    html = re.sub(r"<(code|script|style)\b[^>]*>.*?</\1>", "", html, flags=re.DOTALL)
    shown = re.findall(r"\b(?:title|alt|placeholder|aria-label|label)=\"([^\"]*)\"", html)
    shown += re.sub(r"&\w+;", "", re.sub(r"<[^>]*>", "\n", html)).splitlines()
    yield from (text for text in map(str.strip, shown) if not NO_WORDS.fullmatch(text) and text not in EXAMPLES)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_no_text_that_is_not_marked(template: Path) -> None:
    source = template.read_text("utf-8").replace("{% macro on(site) %}{% if site %}?site=", "")
    assert list(unmarked(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>Some words</p>",
        '<a title="More words"></a>',
        '{{ "two words" if x }}',
        "<p>{% trans %}a{% endtrans %} Rest</p>",
    ],
)
def test_a_text_that_is_not_marked_is_seen(source: str) -> None:
    assert len(list(unmarked(source))) == 1


@pytest.mark.parametrize(
    ("cookie", "accepted", "code"),
    [
        ("", "", "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("", "en-GB,zh;q=0.5", "en"),
        ("", "zh;q=0.4, en;q=0.6", "en"),
        ("", "de, fr;q=0.9, zh-Hant;q=0.2", "zh"),
        ("", "de-DE,*;q=0.1", "en"),
        ("", "zh;q=0", "en"),
        ("", "zh;q=much,en", "en"),
        ("zh", "en", "zh"),
        ("en", "zh", "en"),
        ("xx", "zh", "zh"),
        ("", "," * 5000 + "zh", "en"),
    ],
)
def test_a_person_gets_the_language_that_they_chose_or_that_their_browser_asks_for(
    cookie: str, accepted: str, code: str
) -> None:
    assert choose(cookie, accepted).code == code


@pytest.mark.parametrize("code", LANGUAGES)
def test_numbers_are_written_as_the_language_writes_them(code: str, tool: Any) -> None:
    locale = tool.LOCALES.get(code, code)
    for value in (0, 7, 1234, 1234567, -4321):
        assert number(value) == format_decimal(value, locale=locale)
    assert number(1234.56, 1) == format_decimal(1234.6, "#,##0.0", locale=locale)
    assert percent(0.12) == format_percent(0.12, locale=locale)


def test_a_value_in_a_sentence_stays_text() -> None:
    speak(LANGUAGES["zh"])
    template = templates.env.from_string("{% trans name=who %}Nothing goes by {{ name }}.{% endtrans %}")
    assert template.render(who="<b>") == "没有名为 &lt;b&gt; 的内容。"
