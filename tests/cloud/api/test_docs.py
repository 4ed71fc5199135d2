"""The documentation's examples, run in their order against a real service: `docs/api.md`, then `docs/api/*.md`."""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3] / "docs"
PAGES = [ROOT / "api.md", *sorted((ROOT / "api").glob("*.md"))]
_EXAMPLE = re.compile(
    r"```http\n(?P<method>GET|PUT|POST|PATCH|DELETE) (?P<path>\S+)\n"
    r"(?P<headers>(?:[A-Z][A-Za-z-]+: [^\n]*\n)*)\n?(?P<body>.*?)```"
    r"(?:\n```(?P<kind>json|csv|ndjson)\n(?P<answer>.*?)```)?",
    re.DOTALL,
)
"""Request line, headers, body; then the answer. An example without one answers with nothing (204)."""


def is_like(value: Any, documented: Any) -> bool:
    """Compare an answer with a documented one, in which "..." stands for any text or number."""
    if documented == "...":
        return isinstance(value, str | int) and value != ""
    if isinstance(documented, dict) and isinstance(value, dict):
        return documented.keys() == value.keys() and all(is_like(value[key], documented[key]) for key in documented)
    if isinstance(documented, list) and isinstance(value, list):
        return len(documented) == len(value) and all(map(is_like, value, documented))
    return bool(value == documented)


def check(example: re.Match[str], answer: Any) -> None:
    """Compare one answer with what the page says."""
    assert answer.status_code in (200, 201, 202, 204), (example["path"], answer.status_code, answer.text)
    documented = example["answer"] or ""
    if example["kind"] == "json":
        assert is_like(answer.json(), json.loads(documented)), (example["path"], answer.json())
    else:
        pattern = re.escape(documented.strip()).replace(re.escape("..."), '[^,"\n]+')
        assert re.fullmatch(pattern, answer.text.replace("\r\n", "\n").strip()), (example["path"], answer.text)


def test_every_example_answers_as_it_is_written(service: Any) -> None:
    count = 0
    for page in PAGES:
        for example in _EXAMPLE.finditer(page.read_text(encoding="utf-8")):
            headers = dict(line.split(": ", 1) for line in example["headers"].splitlines())
            body = example["body"].strip()
            if body:
                headers.setdefault("Content-Type", "application/json")
            answer = service.as_("admin").request(example["method"], example["path"], content=body, headers=headers)
            check(example, answer)
            count += 1
    assert count >= 7


def test_every_path_of_the_interface_is_documented(service: Any) -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    written = re.findall(r"(?:/api/v1|/epcis|/healthz|/readyz|/metrics)[^\s`?)\"]*", text)
    described = service.as_("viewer").get("/api/v1/openapi.json").json()["paths"]
    assert [path for path in described if not any(is_written(path, one) for one in written)] == []


def is_written(path: str, written: str) -> bool:
    """Tell whether a path stands on a page, with some name or another for each in braces."""
    pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path))
    return re.fullmatch(pattern, written.rstrip(".,;:")) is not None
