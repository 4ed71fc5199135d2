"""Events that nobody wants to keep any longer are forgotten, and none that somebody still has to be told."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tagdock_cloud.epcis.deliver import deliver
from tagdock_cloud.epcis.forget import forget, forget_said
from tagdock_cloud.epcis.tell import tell
from tagdock_cloud.keeping.retention import keep
from tagdock_cloud.store import pool

_serials = itertools.count(1)
Run, Move = Callable[..., None], Callable[..., dict[str, Any]]
OLD = "interval '100 days'"


@pytest.fixture(autouse=True)
def kept_for_60_days(service: Any) -> Iterator[None]:
    """Keep events for 60 days, and afterwards for ever as before."""
    with pool.connect(service.database) as connection:
        keep(connection, "epcis", 60)
    yield
    service.sql("delete from epcis_subscriptions")
    service.sql("update epcis_keeping set keep_days = null, begins_at = null")


@pytest.fixture
def tell_old(service: Any, run: Run, move: Move) -> Callable[..., str]:
    """A function that tells of a new item as if it had been so long ago; returns its EPC."""

    def store(ago: str = OLD, **fields: Any) -> str:
        epc = f"urn:epc:id:sgtin:9521234.051515.{next(_serials)}"
        move(epc, **fields)
        run(tell)
        service.sql(f"update epcis_told set recorded_at = now() - {ago} where epc = %s", [epc])
        return epc

    return store


def is_there(service: Any, epc: str) -> bool:
    return bool(service.sql("select epc from epcis_told where epc = %s", [epc]))


def test_what_is_older_than_somebody_asked_for_is_forgotten(
    service: Any, run: Run, tell_old: Callable[..., str]
) -> None:
    old, young = tell_old(), tell_old("interval '59 days'")
    run(forget)
    assert (is_there(service, old), is_there(service, young)) == (False, True)
    run(tell)
    assert not is_there(service, old)  # and is not told again


def test_nothing_is_forgotten_where_nobody_asked_for_it(service: Any, run: Run, tell_old: Callable[..., str]) -> None:
    service.sql("update epcis_keeping set keep_days = null")
    old = tell_old()
    run(forget)
    assert is_there(service, old)


def test_nothing_is_forgotten_before_every_subscriber_had_it(
    service: Any, run: Run, tell_old: Callable[..., str]
) -> None:
    client = service.as_("manager")
    client.post("/epcis/v2/queries", json={"name": "kept", "query": {"EQ_bizStep": ["picking"]}})
    body = {"dest": "https://93.184.216.34/", "signatureToken": "0123456789abcdef", "stream": True}
    body["initialRecordTime"] = "2020-01-01T00:00:00Z"
    assert client.post("/epcis/v2/queries/kept/subscriptions", json=body).status_code == 201
    old = tell_old(door=None, bin="A-1", direction="out")
    run(forget)
    assert is_there(service, old)
    run(deliver)
    run(forget)
    assert not is_there(service, old)
    (sent,) = service.sql(
        "select count(*) from deliveries join webhooks using (webhook_id) where name = 'EPCIS query kept'"
        " and body::text like %s",
        [f'%/21/{old.rsplit(".", 1)[1]}"%'],
    )
    assert sent["count"] == 1


def test_what_is_forgotten_goes_in_steps(service: Any, run: Run, tell_old: Callable[..., str]) -> None:
    old = [tell_old() for _ in range(5)]
    counted = "select count(*) as count from epcis_told"
    before, _, after = (
        service.sql(sql)[0] for sql in (counted, "select epcis_forget(epcis_forgettable(), 2)", counted)
    )
    assert before["count"] - after["count"] == 2
    run(lambda connection: forget(connection, 2))
    assert not any(is_there(service, epc) for epc in old)


def test_captured_events_and_finished_jobs_are_forgotten_alike(service: Any, run: Run) -> None:
    epc = f"urn:epc:id:sgtin:9521234.051515.{next(_serials)}"
    event = {
        "type": "ObjectEvent", "eventTime": "2026-01-04T17:20:00Z", "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE", "epcList": [epc],
    }  # fmt: skip
    document = {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"], "type": "EPCISDocument",
        "schemaVersion": "2.0", "creationDate": "2026-01-05T08:00:00Z", "epcisBody": {"eventList": [event]},
    }  # fmt: skip
    answer = service.as_("integrator").post("/epcis/v2/capture", json=document)
    assert answer.status_code == 202
    job = answer.headers["location"].rsplit("/", 1)[1]
    service.sql(f"update epcis_captured set recorded_at = now() - {OLD} where body::text like %s", [f"%{epc}%"])
    service.sql(f"update epcis_jobs set finished_at = now() - {OLD} where job_id = %s", [job])
    run(forget)
    assert service.sql("select name from epcis_names where name like %s", [f"%/21/{epc.rsplit('.', 1)[1]}"]) == []
    assert service.as_("integrator").get(f"/epcis/v2/capture/{job}").status_code == 404


def test_what_only_forgotten_events_said_goes_with_them(service: Any, run: Run, tell_old: Callable[..., str]) -> None:
    site = f"forgotten-{next(_serials)}"
    service.sql("insert into sites (site) values (%s)", [site])
    prefix = {"uri_prefix": f"https://forgotten.example/{site}/"}
    service.as_("admin").put(f"/api/v1/sites/{site}/epcis", json=prefix, headers={"If-Match": "*"})
    old = [tell_old(site=site, direction="out"), tell_old("interval '1 day'", site=site, direction="in")]
    said = "select said from epcis_said where said::text like %s"
    assert len(service.sql(said, [f"%{site}%"])) == 2
    run(forget)
    with pool.connect(service.database) as connection:
        tell(connection)  # holds what is said, until it is done
        run(forget_said)
        assert len(service.sql(said, [f"%{site}%"])) == 2
    run(forget_said)
    (left,) = service.sql(said, [f"%{site}%"])
    assert "bizLocation" in left["said"] and [is_there(service, epc) for epc in old] == [False, True]


def test_a_correction_of_what_was_forgotten_says_nothing(service: Any, run: Run, move: Move) -> None:
    epc = f"urn:epc:id:sgtin:9521234.051515.{next(_serials)}"
    movement = move(epc, direction="out")
    run(tell)
    service.sql("delete from epcis_told where epc = %s", [epc])
    service.sql("update epcis_keeping set begins_at = now() + interval '1 hour'")
    service.sql(
        "select correct_movements(jsonb_build_array(jsonb_build_object('site', 'here', 'observed_at', %s::text,"
        " 'event_id', %s::text, 'kind', 'decided', 'by', 'ann', 'direction', 'in')))",
        [movement["observed_at"].isoformat(), str(movement["event_id"])],
    )
    run(tell)
    assert not is_there(service, epc)
