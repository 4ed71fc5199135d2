"""The tables say what may happen when; everything else is refused."""

from itertools import product

from tagdock_simulators.llrp.rospec import ROSpecState
from tagdock_simulators.llrp.states import CONNECTION, ROSPEC, Connection, Life, Link


def test_a_rospec_can_only_be_started_or_stopped_when_it_is_enabled() -> None:
    refused = set(product(ROSpecState, Life)) - ROSPEC.keys()
    assert refused == {(ROSpecState.DISABLED, Life.START), (ROSpecState.DISABLED, Life.STOP)}


def test_a_rospec_can_be_disabled_from_everywhere() -> None:
    assert {ROSPEC[state, Life.DISABLE] for state in ROSpecState} == {ROSpecState.DISABLED}


def test_a_second_client_is_never_accepted() -> None:
    accepting = {state for state, link in CONNECTION if link in (Link.ACCEPT, Link.ACCEPT_HOLDING)}
    assert accepting == {Connection.NONE}


def test_every_connection_can_be_lost() -> None:
    connected = set(Connection) - {Connection.NONE}
    assert {state for state, link in CONNECTION if link is Link.LOSE} == connected
