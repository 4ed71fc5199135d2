"""The queue of deliveries: who is told, in whose transaction, what is claimed, and what goes first where it is full."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from tagdock_cloud.store import pool
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.webhooks.duties import DUTIES

Sql = Callable[..., list[dict[str, Any]]]
Tell = Callable[..., int]
States = Callable[[], Counter[str]]


def test_each_subscribed_webhook_gets_one_delivery_in_the_callers_transaction(
    sql: Sql, webhook: Any, tell: Tell, states: States
) -> None:
    webhook("/all")
    webhook("/here", sites=["s1"])
    webhook("/elsewhere", sites=["s2"])
    webhook("/other", topics=["session.differences"])
    sql("update webhooks set is_active = false where webhook_id = %s", [webhook("/off")])
    assert tell() == 2
    assert tell(site=None) == 1  # what is of no site goes to those that hear of all
    sql("begin")
    tell()
    sql("rollback")
    assert states() == {"waiting": 3}


def test_a_webhook_hears_of_alerts_that_are_severe_enough_for_it(sql: Sql, webhook: Any, tell: Tell) -> None:
    for severity in ("info", "warning", "critical"):
        webhook_id = webhook(f"/{severity}", topics=["alert", "session.differences"])
        sql("update webhooks set severity = %s where webhook_id = %s", [severity, webhook_id])
    told = [tell(json.dumps({"severity": severity})) for severity in ("info", "warning", "critical")]
    assert told == [1, 2, 3]
    assert tell(topic="session.differences") == 3  # what has no severity is for all


def test_a_webhook_that_is_being_removed_does_not_fail_the_work_that_tells_of_something(
    sql: Sql, webhook: Any, database: str, tell: Tell
) -> None:
    webhook()
    told: list[int] = []
    with pool.connect(database) as remover:
        remover.execute("delete from webhooks")
        teller = threading.Thread(target=lambda: told.append(tell()))
        teller.start()
        waiting = (
            "select count(*) as n from pg_stat_activity where wait_event_type = 'Lock' and query like '%tell_webhooks%'"
        )
        deadline = time.monotonic() + 20
        with pool.connect(database) as watcher:
            while not watcher.execute(waiting).fetchall()[0]["n"] and time.monotonic() < deadline:
                watcher.commit()
                time.sleep(0.02)
        remover.commit()
        teller.join(20)
    assert told == [0]


def test_a_claim_that_ended_leaves_the_later_one_alone(sql: Sql, webhook: Any, tell: Tell, states: States) -> None:
    queries = load_queries("tagdock_cloud.webhooks")
    webhook_id = webhook()
    tell()
    claim = {"busy": "{}", "of_one": 4, "most": 32, "claim_s": 0.0}
    (first,) = sql(queries["claim"], claim)
    (second,) = sql(queries["claim"], {**claim, "claim_s": 90.0})
    failed = {"wait_s": None, "status": 500, "error": "x", "is_gone": False, "pause_s": 1.0, "webhook_id": webhook_id}
    sql(queries["failed"], {**failed, "delivery_id": first["delivery_id"], "claimed_until": first["claimed_until"]})
    assert states() == {"waiting": 1}
    sql(queries["failed"], {**failed, "delivery_id": second["delivery_id"], "claimed_until": second["claimed_until"]})
    assert states() == {"dead": 1}


def test_a_full_queue_gives_up_the_oldest_and_what_is_too_large_is_not_kept(
    sql: Sql, webhook: Any, tell: Tell, states: States
) -> None:
    webhook_id = webhook()
    sql(
        "insert into deliveries (webhook_id, topic, site, body, queued_at) "
        "select %s, 'alert', 's1', to_jsonb(n), now() - interval '1 hour' + n * interval '1 millisecond' "
        "from generate_series(1, 10000) n",
        [webhook_id],
    )
    tell('"newest"')
    assert states() == {"waiting": 10_000, "dead": 1}
    assert sql("select body, error from deliveries where state = 'dead'") == [
        {"body": 1, "error": "the queue was full: the oldest went first"}
    ]
    tell(json.dumps("x" * 1_100_000))
    assert "larger than" in sql("select error from deliveries where state = 'dead' and body = '{}'")[0]["error"]


def test_old_letters_are_given_up_and_forgotten(database: str, sql: Sql, webhook: Any, states: States) -> None:
    webhook_id = webhook()
    rows = [("waiting", 30, 0), ("waiting", 20, 0), ("done", 80, 80), ("done", 60, 60), ("dead", 24 * 31, 24 * 31),
            ("dead", 24 * 29, 24 * 29)]  # fmt: skip
    for state, begun_h, ended_h in rows:
        sql(
            "insert into deliveries (webhook_id, topic, body, state, begun_at, next_at, ended_at) values (%s, 'alert', "
            "'{}', %s, now() - make_interval(hours => %s), now(), case when %s <> 'waiting' then "
            "now() - make_interval(hours => %s) end)",
            [webhook_id, state, begun_h, state, ended_h],
        )
    with pool.connect(database) as connection:
        DUTIES[0].run(connection)
    assert states() == {"waiting": 1, "dead": 2, "done": 1}
    (given_up,) = sql("select error from deliveries where state = 'dead' and begun_at > now() - interval '2 days'")
    assert given_up["error"] == "the receiver was away; given up after a day"
