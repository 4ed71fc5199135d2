"""Events as they leave: documents, and EPCs in the form that was asked for. Pure.

Source: EPCIS 2.0, sections 10.2 (documents), 12.5 (GS1-EPC-Format).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, get_args

from tagdock_cloud.epcis.document import STANDARD_CONTEXT, own_context
from tagdock_cloud.epcis.formats import write_time
from tagdock_cloud.epcis.links import canonical
from tagdock_cloud.epcis.telling import told_event

EpcFormat = Literal["Always_GS1_Digital_Link", "Always_EPC_URN", "No_Preference", "Never_Translates"]
EPC_FORMATS: Final[tuple[EpcFormat, ...]] = get_args(EpcFormat)
DEFAULT_FORMAT: Final[EpcFormat] = "Always_GS1_Digital_Link"
"""The standard's own default."""

_EPC_LISTS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_QUANTITY_LISTS = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")


def event_of(row: Mapping[str, Any], epc_format: EpcFormat) -> dict[str, Any]:
    """Write one found event: ours from the log, a captured one as it came with our time of record."""
    if "digest" in row:
        event = told_event(row)
    else:
        event = {**row["body"], "eventID": row["event_id"], "recordTime": write_time(row["recorded_at"])}
    return linked(event) if epc_format == "Always_GS1_Digital_Link" else event


def linked(event: Mapping[str, Any]) -> dict[str, Any]:
    """Write an event's EPCs, classes and places as Digital Links; what is no key of GS1 stays as it is.

    There is no way back: a link does not tell how long its company prefix is. `Always_EPC_URN` therefore leaves links.
    """
    out = dict(event)
    for name in _EPC_LISTS:
        if name in out:
            out[name] = list(dict.fromkeys(canonical(epc) for epc in out[name]))
    if "parentID" in out:
        out["parentID"] = canonical(out["parentID"])
    for name in _QUANTITY_LISTS:
        if name in out:
            out[name] = [{**quantity, "epcClass": canonical(quantity["epcClass"])} for quantity in out[name]]
    for name in ("readPoint", "bizLocation"):
        if name in out:
            out[name] = {**out[name], "id": canonical(out[name]["id"])}
    return out


def query_document(
    events: Sequence[Mapping[str, Any]], created_at: datetime, *, name: str, subscription: str | None = None
) -> dict[str, Any]:
    """Write an EPCISQueryDocument. Events with prefixes of their own bring them along."""
    results: dict[str, Any] = {"queryName": name, "resultsBody": {"eventList": list(events)}}
    if subscription is not None:
        results["subscriptionID"] = subscription
    return {
        "@context": [STANDARD_CONTEXT],
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": write_time(created_at),
        "epcisBody": {"queryResults": results},
    }


def single_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Write an event that stands alone, with its whole context."""
    return {**event, "@context": [STANDARD_CONTEXT, *own_context(event.get("@context", []))]}


def collection(members: Sequence[str]) -> dict[str, Any]:
    """Write a list of resources."""
    return {"@context": [STANDARD_CONTEXT], "type": "Collection", "member": list(members)}
