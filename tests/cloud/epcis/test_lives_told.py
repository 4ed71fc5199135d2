"""Every step of a life as an EPCIS event: sound by our checks and by GS1's schema, whatever a site is called by."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from tagdock_cloud.epcis.naming import Naming
from tagdock_cloud.epcis.shape import faults_of_event
from tagdock_cloud.life.policy import shipped_policy
from tagdock_cloud.life.records import Entry, Wish
from tagdock_cloud.life.telling import event_of

AT = datetime(2026, 1, 5, 8, 0, 0, 123456, UTC)
EPC = "urn:epc:id:sgtin:9521234.012345.17"
NAMINGS = {
    "ours": Naming("hangzhou-1", {}),
    "prefix": Naming("hangzhou-1", {"uri_prefix": "https://goods.example/"}),
    "gln": Naming("hangzhou-1", {"gln": "9521234567899", "extension": None, "company_prefix_digits": 7,
                                 "party_gln": "9521234000020"}),
}  # fmt: skip


def told(name: str, naming: Naming) -> dict[str, Any]:
    transition = shipped_policy().transition[name]
    found: dict[str, Any] = {"grade": "C", "sealed": False} if "grade" in transition.needs else {}
    wish = Wish(name, "user:ivan", frozenset({"inspector"}), AT, **found)
    entry = Entry(UUID(int=1), "hangzhou-1", AT, "taken", 1, transition.to, "user:ivan", wish, case_ref="R 1/2")
    return event_of(shipped_policy(), EPC, entry, naming)


@pytest.mark.parametrize("naming", NAMINGS.values(), ids=NAMINGS)
def test_every_transition_is_a_sound_event(naming: Naming) -> None:
    for name, transition in shipped_policy().transition.items():
        event = told(name, naming)
        assert list(faults_of_event("event", event)) == [], name
        assert (event["bizStep"], event["tagdock:transition"]) == (transition.step, name)
        assert ("persistentDisposition" in event) == ("grade" in transition.needs)


def test_every_transition_is_sound_by_the_schema_of_the_standard(schema: Any) -> None:
    events = [told(name, naming) for name in shipped_policy().transition for naming in NAMINGS.values()]
    events = [{name: value for name, value in event.items() if name != "@context"} for event in events]
    context = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"tagdock": "urn:tagdock:epcis:"}]
    document = {
        "@context": context, "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-01-05T08:00:00Z",
        "epcisBody": {"eventList": events},
    }  # fmt: skip
    assert [error.message for error in schema.iter_errors(document)] == []
