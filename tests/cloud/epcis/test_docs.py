"""The guide's examples, run in their order."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tagdock_cloud.epcis.routes_options import PATHS
from tagdock_cloud.epcis.tell import tell

GUIDE = (Path(__file__).parents[3] / "docs" / "epcis.md").read_text(encoding="utf-8")
_EXAMPLE = re.compile(r"```http\n(GET|POST) (\S+)\n(?:([\w-]+): (\S+)\n)?\n?(.*?)```\n```json\n(.*?)```", re.DOTALL)


def is_like(value: Any, documented: Any) -> bool:
    """Compare an answer with a documented one, in which "..." stands for any text."""
    if documented == "...":
        return isinstance(value, str) and value != ""
    if isinstance(documented, dict) and isinstance(value, dict):
        return documented.keys() == value.keys() and all(is_like(value[key], documented[key]) for key in documented)
    if isinstance(documented, list) and isinstance(value, list):
        return len(documented) == len(value) and all(map(is_like, value, documented))
    return bool(value == documented)


def test_every_example_answers_as_it_is_written(service: Any, helpers: Any, run: Callable[..., None]) -> None:
    at = datetime(2026, 1, 5, 8, 0, 0, 123456, UTC)
    service.sql("insert into sites (site) values ('docs-1')")
    service.sql("select ensure_partitions(%s, %s)", [at, at])
    helpers.add_movements(
        service, [helpers.movement(at, "urn:epc:id:sgtin:9521234.000001.17", site="docs-1", direction="in")]
    )
    run(tell)
    service.as_("integrator").post("/epcis/v2/capture", content=_EMPTY, headers={"Content-Type": "application/json"})
    examples = _EXAMPLE.findall(GUIDE)
    assert len(examples) == GUIDE.count("```http")
    for method, path, header, value, body, documented in examples:
        content = {"json": json.loads(body)} if body.strip() else {}
        headers = {header: value} if header else {}
        answer = service.as_("admin").request(method, path, headers=headers, **content)
        assert answer.status_code in (200, 201), (path, answer.text)
        assert is_like(answer.json(), json.loads(documented)), (path, answer.json())


_EMPTY = (
    b'{"@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", "type": "EPCISDocument",'
    b' "schemaVersion": "2.0", "creationDate": "2026-01-05T08:00:00Z", "epcisBody": {"eventList": []}}'
)


def test_the_guide_names_every_resource() -> None:
    for path in PATHS:
        assert f"/{path.split('/')[1] if path else 'epcis'}" in GUIDE, path
