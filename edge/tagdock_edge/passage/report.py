"""A verdict as the movement that crosses the wire."""

from tagdock_contract import GatewayAddress, Movement, content_uuid7, write_evidence

from tagdock_edge.clock import from_us
from tagdock_edge.epc import epc_uri
from tagdock_edge.passage.judge import Verdict


def movement(verdict: Verdict, gateway: GatewayAddress) -> Movement:
    """Report a verdict as an event of this gateway.

    Its id says which passage it is (gateway, tag, first read), not what was decided: a replay gives the same id, and
    a verdict that comes out differently can't be stored beside the first one.
    """
    event_id = content_uuid7(
        verdict.first_us // 1000, gateway.site, gateway.gateway, verdict.epc_hex, str(verdict.first_us)
    )
    return Movement(
        event_id=event_id,
        observed_at=from_us(verdict.observed_us),
        site=gateway.site,
        epc=epc_uri(verdict.epc_hex),
        epc_hex=verdict.epc_hex,
        direction=verdict.direction,
        confidence=verdict.confidence,
        door=verdict.door,
        evidence=write_evidence(verdict.evidence),
    )
