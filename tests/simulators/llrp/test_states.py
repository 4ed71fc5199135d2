"""The tables say what may happen when; everything else is refused."""

from itertools import product

from tagdock_simulators.llrp.accessspec import AccessSpecState
from tagdock_simulators.llrp.rospec import ROSpecState
from tagdock_simulators.llrp.states import ACCESSSPEC, CONNECTION, ROSPEC, AccessLife, Connection, Life, Link


def test_a_rospec_can_only_be_started_or_stopped_when_it_is_enabled() -> None:
    refused = set(product(ROSpecState, Life)) - ROSPEC.keys()
    disabled, inactive = ROSpecState.DISABLED, ROSpecState.INACTIVE
    never = {(disabled, Life.START), (disabled, Life.STOP), (disabled, Life.PREEMPT), (inactive, Life.PREEMPT)}
    assert refused == never


def test_a_rospec_can_be_disabled_from_everywhere() -> None:
    assert {ROSPEC[state, Life.DISABLE] for state in ROSpecState} == {ROSpecState.DISABLED}


def test_an_access_spec_can_do_anything_from_everywhere() -> None:
    assert ACCESSSPEC.keys() == set(product(AccessSpecState, AccessLife))
    assert {ACCESSSPEC[state, AccessLife.DELETE] for state in AccessSpecState} == {None}


def test_a_second_client_is_never_accepted() -> None:
    accepting = {state for state, link in CONNECTION if link in (Link.ACCEPT, Link.ACCEPT_HOLDING)}
    assert accepting == {Connection.NONE}


def test_every_connection_can_be_lost() -> None:
    connected = set(Connection) - {Connection.NONE}
    assert {state for state, link in CONNECTION if link is Link.LOSE} == connected
