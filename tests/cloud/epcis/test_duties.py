"""The duties as a worker does them, from the movement to the queue of webhooks."""

import threading
from collections.abc import Callable
from typing import Any

from tagdock_cloud.config import WorkConfig
from tagdock_cloud.epcis.duties import DUTIES
from tagdock_cloud.work import duties as listed
from tagdock_cloud.work.run import Worker


def test_a_worker_knows_them() -> None:
    assert {duty.name for duty in DUTIES} == {
        "epcis-tell", "epcis-capture", "epcis-deliver", "epcis-forget", "epcis-forget-said",
    }  # fmt: skip
    assert set(DUTIES) <= set(listed.DUTIES)


def test_a_worker_tells_and_delivers_by_itself(
    service: Any, move: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    client = service.as_("manager")
    client.post("/epcis/v2/queries", json={"name": "picked", "query": {"EQ_bizStep": ["picking"]}})
    body = {"dest": "https://93.184.216.34/", "signatureToken": "0123456789abcdef", "stream": True}
    assert client.post("/epcis/v2/queries/picked/subscriptions", json=body).status_code == 201
    worker = Worker(WorkConfig(service.database), DUTIES)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        move("urn:epc:id:sgtin:9521234.022222.1", door=None, bin="A-1", direction="out")
        found = "select body from deliveries join webhooks using (webhook_id) where name = 'EPCIS query picked'"
        wait_until(lambda: service.sql(found), 60.0)
    finally:
        worker.stop()
        thread.join(60)
    assert not thread.is_alive()
    assert service.sql("select duty, error from duties where duty like 'epcis%' and error is not null") == []
