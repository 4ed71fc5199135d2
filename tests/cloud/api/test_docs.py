"""The documentation's examples, run in their order against a real service."""

import json
import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[3] / "docs" / "api.md"
_EXAMPLE = re.compile(r"```http\n(GET|PUT|POST) (\S+)\n(.*?)```\n```json\n(.*?)```", re.DOTALL)


def is_like(value: Any, documented: Any) -> bool:
    """Compare an answer with a documented one, in which "..." stands for any text."""
    if documented == "...":
        return isinstance(value, str) and value != ""
    if isinstance(documented, dict) and isinstance(value, dict):
        return documented.keys() == value.keys() and all(is_like(value[key], documented[key]) for key in documented)
    if isinstance(documented, list) and isinstance(value, list):
        return len(documented) == len(value) and all(map(is_like, value, documented))
    return bool(value == documented)


def test_every_example_answers_as_it_is_written(service: Any) -> None:
    examples = _EXAMPLE.findall(DOCS.read_text(encoding="utf-8"))
    assert len(examples) >= 7
    for method, path, body, documented in examples:
        content = {"json": json.loads(body)} if body.strip() else {}
        answer = service.as_("admin").request(method, path, **content)
        assert answer.status_code in (200, 201), (path, answer.text)
        assert is_like(answer.json(), json.loads(documented)), (path, answer.json())


def test_every_path_of_the_interface_is_documented(service: Any) -> None:
    text = DOCS.read_text(encoding="utf-8").replace("docs-1", "{site}").replace("{id}", "{plan_id}")
    text = text.replace("urn:epc:id:sgtin:9521234.000001.17", "{epc}")
    described = service.as_("viewer").get("/api/v1/openapi.json").json()["paths"]
    missing = [path for path in described if path not in text and path != "/api/v1/plans/{plan_id}"]
    assert missing == []
