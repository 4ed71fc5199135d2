"""By what events are told apart, and what they name: keys, EPCs, classes, transactions. Pure."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tagdock_cloud.epcis.links import canonical
from tagdock_cloud.epcis.words import bare

_HASH_ID: Final = re.compile(r"ni:///sha-256;([0-9a-f]{64})\?ver=CBV2\.0")
_LISTS: Final = {"epcList": "epc", "childEPCs": "child", "inputEPCList": "input", "outputEPCList": "output"}
_QUANTITIES: Final = {
    "quantityList": "class", "childQuantityList": "child_class", "inputQuantityList": "input_class",
    "outputQuantityList": "output_class",
}  # fmt: skip


def event_key(event_id: str) -> bytes:
    """Return what an event id is looked up by: the digest in a CBV hash id, 33 bytes for any other."""
    match = _HASH_ID.fullmatch(event_id)
    return bytes.fromhex(match[1]) if match else b"\x01" + hashlib.sha256(event_id.encode()).digest()


def names_of(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a sound event names, each canonical, with the role that it has there."""
    for name, role in _LISTS.items():
        for epc in event.get(name, ()):
            yield canonical(epc), role
    if "parentID" in event:
        yield canonical(event["parentID"]), "parent"
    for name, role in _QUANTITIES.items():
        for quantity in event.get(name, ()):
            yield canonical(quantity["epcClass"]), role
    for transaction in event.get("bizTransactionList", ()):
        kind = bare("bizTransaction", transaction.get("type", ""))
        yield canonical(transaction["bizTransaction"]), f"transaction:{kind}"
