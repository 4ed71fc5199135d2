"""Valid JSON to be spoilt."""

import json
from collections.abc import Callable
from typing import Any

import pytest

EPOCH = "6d2c0f1e-9a4b-4c58-8d11-2f60b1a7c9e3"


@pytest.fixture
def movement() -> dict[str, Any]:
    return {
        "type": "movement",
        "event_id": "01890a5d-ac96-774b-bcce-b302099a8057",
        "observed_at": "2026-01-05T08:00:00.123456Z",
        "site": "hangzhou-1",
        "epc": "urn:epc:id:sgtin:9521234.012345.6789",
        "epc_hex": "30342545348C0E4000001A85",
        "direction": "out",
        "confidence": 0.97,
        "door": "D1",
    }


@pytest.fixture
def batch_bytes() -> Callable[..., bytes]:
    """Spell a batch out; `raw` replaces the JSON text `"RAW"` by bytes that no JSON writer would give."""

    def spell(*events: Any, raw: bytes = b"", **fields: Any) -> bytes:
        batch = {
            "v": 1,
            "epoch": EPOCH,
            "seq": 17,
            "sent_at": "2026-01-05T08:00:00.2Z",
            "events": list(events),
        } | fields
        return json.dumps(batch).encode().replace(b'"RAW"', raw)

    return spell
