"""Signatures as Standard Webhooks has them, the pace of attempts, and what a message says."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from tagdock_cloud.webhooks.message import Delivery, payload, words
from tagdock_cloud.webhooks.pace import LONGEST_PAUSE_S, MOST_ATTEMPTS, next_attempt_s, pause_s
from tagdock_cloud.webhooks.signing import new_secret, signed_headers


def delivery(**changes: Any) -> Delivery:
    at = datetime(2026, 1, 5, 8, tzinfo=UTC)
    values: dict[str, Any] = {
        "delivery_id": UUID(int=1), "webhook_id": UUID(int=2), "topic": "alert", "site": "s1", "queued_at": at,
        "body": {"message": "Stock of X is 3, below 5", "severity": "warning", "change": "raised", "value": 3},
        "attempts": 1, "claimed_until": at, "url": "https://u.example/geheim", "secret": "whsec_Z2VoZWlt",
        "is_enveloped": True,
    }  # fmt: skip
    return Delivery(**{**values, **changes})


def test_the_signature_is_that_of_the_standards_example() -> None:
    headers = signed_headers("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                             b'{"test": 2432232314}')  # fmt: skip
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_secrets_are_new_each_time_and_sign_what_is_checked_with_them() -> None:
    first, second = new_secret(), new_secret()
    assert first != second and first.startswith("whsec_")
    key = base64.b64decode(first.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, b"id.5.{}", hashlib.sha256)).decode()
    assert len(key) == 32 and signed_headers(first, "id", 5, b"{}")["webhook-signature"] == f"v1,{expected}"


def test_attempts_spread_over_about_a_day_and_end() -> None:
    waits = [next_attempt_s(attempts) for attempts in range(1, MOST_ATTEMPTS)]
    assert all(wait is not None for wait in waits)
    assert 16 * 3600 < sum(wait or 0 for wait in waits) < 27 * 3600
    assert next_attempt_s(MOST_ATTEMPTS) is None
    assert all(before < after for before, after in pairwise(waits[:7]))  # type: ignore[operator]
    assert len({next_attempt_s(1) for _ in range(50)}) > 25  # jittered


def test_a_receiver_may_ask_for_more_time_but_not_for_ever() -> None:
    assert next_attempt_s(1, 120.0) == 120.0
    assert next_attempt_s(1, 1e9) == 3600.0


def test_a_receiver_that_fails_is_left_alone_ever_longer() -> None:
    assert max(pause_s(1) for _ in range(100)) <= 1.0
    assert 0.5 * LONGEST_PAUSE_S <= pause_s(10_000) <= LONGEST_PAUSE_S


def test_a_message_says_type_time_and_data_and_is_the_same_at_every_attempt() -> None:
    assert json.loads(payload(delivery())) == {
        "type": "alert", "timestamp": "2026-01-05T08:00:00Z", "site": "s1",
        "data": {"message": "Stock of X is 3, below 5", "severity": "warning", "change": "raised", "value": 3},
    }  # fmt: skip
    assert payload(delivery(attempts=1)) == payload(delivery(attempts=9))
    assert json.loads(payload(delivery(is_enveloped=False, body={"a": 1}))) == {"a": 1}


def test_people_get_a_subject_and_lines() -> None:
    subject, text = words(delivery())
    assert subject == "[warning] Stock of X is 3, below 5"
    assert "value: 3" in text and "site: s1" in text and str(UUID(int=1)) in text
    cleared = {"message": "Stock of X is 9", "severity": "info", "change": "cleared"}
    assert words(delivery(body=cleared))[0] == "[info] Stock of X is 9 (cleared)"
    assert words(delivery(topic="session", body={"door": "D1"}))[0] == "[tagdock] session"


def test_a_subject_is_one_short_line_whatever_came_in_over_the_wire() -> None:
    subject, _ = words(delivery(body={"message": "x\r\nBcc: all@world.example\u2028" + "y" * 900, "severity": "info"}))
    assert "\r" not in subject and "\n" not in subject and "\u2028" not in subject and len(subject) == 200


def test_neither_address_nor_secret_is_in_a_deliverys_repr() -> None:
    assert "geheim" not in repr(delivery()) and "whsec" not in repr(delivery())


@pytest.mark.parametrize("body", [{"a": 1}, [1, 2], "text", 5, None], ids=str)
def test_any_json_can_be_said(body: Any) -> None:
    assert payload(delivery(body=body)) and all(words(delivery(body=body)))
