"""A change as the movement that crosses the wire."""

from tagdock_contract import GatewayAddress, Movement, content_uuid7, write_evidence

from tagdock_edge.clock import from_us
from tagdock_edge.epc import epc_uri
from tagdock_edge.presence.stay import Change


def movement(change: Change, gateway: GatewayAddress) -> Movement:
    """Report a change as an event of this gateway.

    Its id says which change it is (gateway, tag, the read that showed it, bin, direction): a replay gives the same.
    The rule knows no degrees, so it is sure of what it says.
    """
    identity = (gateway.site, gateway.gateway, change.epc_hex, str(change.cause_us), change.bin, change.direction)
    return Movement(
        event_id=content_uuid7(change.observed_us // 1000, *identity),
        observed_at=from_us(change.observed_us),
        site=gateway.site,
        epc=epc_uri(change.epc_hex),
        epc_hex=change.epc_hex,
        direction=change.direction,
        confidence=1.0,
        bin=change.bin,
        evidence=write_evidence(change.evidence),
    )
