"""Requests made up from the description, right ones and wrong ones: no answer is a 5xx, and none is undocumented.

Deterministic, a few examples an operation; TAGDOCK_EXAMPLES=300 in the environment for a long run.
"""

import os
import re
import time
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tagdock_cloud.app import TOPICS, create_app
from tagdock_cloud.config import ApiConfig
from tagdock_cloud.epcis.describe import document
from tagdock_cloud.epcis.tell import tell
from tagdock_cloud.store import pool
from tagdock_cloud.web.describe import described

EXAMPLES = int(os.environ.get("TAGDOCK_EXAMPLES", "2"))
"""For each operation and each kind of request."""
ENDLESS = {f"/api/v1/stream/{topic.path}" for topic in TOPICS}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DOCUMENTS = [described(create_app(ApiConfig("postgresql://nowhere")).openapi()), document()]
OPERATIONS = [
    (method, path) for one in DOCUMENTS for path, item in one["paths"].items() for method in item if path not in ENDLESS
]
if "TAGDOCK_EXAMPLES" not in os.environ:  # what is of one make is asked once, and each of these less often
    ALIKE = re.compile(r"/epcis/v2/(eventTypes|bizSteps|dispositions|readPoints|bizLocations)")
    OPERATIONS = [(method, path) for method, path in OPERATIONS if method != "options" and not ALIKE.match(path)]


@pytest.fixture(scope="module")
def described_service(warehouse: Any) -> Any:
    """A filled service, and its descriptions as schemathesis reads them."""
    told(warehouse)
    schemas = []
    for path in ("/api/v1/openapi.json", "/epcis/v2/openapi.json"):
        schema = schemathesis.openapi.from_dict(warehouse.as_("viewer").get(path).json())
        schema.config.update(base_url=warehouse.url)
        schemas.append(schema)
    return warehouse, schemas


def told(service: Any) -> None:
    """Let there be events, a named query and a subscription."""
    with pool.connect(service.database) as connection:
        tell(connection)
    client = service.as_("admin")
    client.post("/epcis/v2/queries", json={"name": "known", "query": {"EQ_action": ["OBSERVE"]}})
    body = {"dest": "https://93.184.216.34/", "signatureToken": "0123456789abcdef", "stream": True}
    assert client.post("/epcis/v2/queries/known/subscriptions", json=body).status_code == 201


def known_names(service: Any, site: str) -> dict[str, str]:
    """What is really there, by the name of the parameter that asks for it: so that not every answer is 404."""
    (item,) = service.sql("select epc, sku, bin from items where bin is not null order by epc limit 1")
    return {
        **item, "site": site, "door": "D1", "zone": "cool", "gateway": "gw-1", "name": "known", "value": item["epc"],
        "kind": "door",
    }  # fmt: skip


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=str)
def test_no_answer_is_undocumented(
    described_service: Any, helpers: Any, method: str, path: str, mode: GenerationMode
) -> None:
    service, schemas = described_service
    operation = schemas[path.startswith("/epcis/")][path][method.upper()]
    examples = EXAMPLES if path.startswith("/api/") else max(EXAMPLES // 2, 1)
    names = known_names(service, helpers.SITE)

    @given(case=operation.as_strategy(mode), is_known=st.booleans())
    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def ask(case: Any, is_known: bool) -> None:
        if is_known and mode is GenerationMode.POSITIVE:
            for place in (case.path_parameters, case.query):
                place.update({name: value for name, value in names.items() if place and name in place})
        answer = send(case, service.as_("admin"))
        case.validate_response(answer, checks=CHECKS)

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # where nothing is asked for, nothing can be asked wrongly


def send(case: Any, client: httpx.Client) -> httpx.Response:
    """Send a request, again where the machine is too busy for the service to ask its database in time."""
    prepared = requests.Request(**case.as_transport_kwargs(base_url=str(client.base_url))).prepare()
    headers = {**prepared.headers, "Authorization": client.headers["Authorization"]}
    deadline = time.monotonic() + 20
    while True:
        answer = client.request(prepared.method or "", prepared.url or "", headers=headers, content=prepared.body)
        if answer.status_code != 503 or time.monotonic() > deadline:
            return answer
        time.sleep(0.1)
