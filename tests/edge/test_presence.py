"""Which bin a tag is in: EdgeX's scenarios replayed, its formula, and what holds whatever comes."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tagdock_contract import GatewayAddress, TagRead, encode
from tagdock_edge.clock import SECOND_US, to_us
from tagdock_edge.config import PresenceConfig, ShelfAntenna, ShelfConfig
from tagdock_edge.config_file import load
from tagdock_edge.errors import SnapshotError
from tagdock_edge.pipeline import Pipeline, replay
from tagdock_edge.presence import Change, Presence, movement
from tagdock_edge.presence.rule import needed_db

GATEWAY = GatewayAddress("hangzhou-1", "gw-1")
START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
TAGS = [f"3034257BF7194E40000000{number:02X}" for number in range(10)]
SHELVES = (
    ShelfConfig("BACK-1", (ShelfAntenna("back-1", 1),)),
    ShelfConfig("BACK-2", (ShelfAntenna("back-2", 1), ShelfAntenna("back-2", 2))),
    ShelfConfig("BACK-3", (ShelfAntenna("back-3", 1),)),
)
# EdgeX app-rfid-llrp-inventory, internal/inventory/testdataset_utility_test.go: -95, -55 and the thirds between.
MIN, WEAK, STRONG, MAX = -95.0, -82.0, -68.0, -55.0


def read(reader: str, rssi_dbm: float, at_s: float = 0.0, *, epc: str = TAGS[0], antenna: int = 1) -> TagRead:
    at = START + timedelta(microseconds=round(at_s * 1e6))
    return TagRead(at=at, reader=reader, antenna=antenna, epc=epc, rssi_dbm=rssi_dbm)


def us(at_s: float) -> int:
    return to_us(START) + round(at_s * 1e6)


def told(presence: Presence, reads: Iterable[TagRead]) -> list[tuple[str, str, str]]:
    """Add reads; return (tag, direction, bin) of what follows at once."""
    for each in reads:
        presence.add(each)
    return [(change.epc_hex, change.direction, change.bin) for change in presence.flush()]


@pytest.fixture
def presence() -> Presence:
    return Presence(SHELVES, PresenceConfig())


# What EdgeX documents (and tests in internal/inventory/tagprocessor_test.go)


def test_a_tag_that_is_read_has_arrived(presence: Presence) -> None:
    """TestBasicArrival."""
    arrivals = told(presence, [read("back-1", WEAK, epc=epc) for epc in TAGS])
    assert arrivals == [(epc, "in", "BACK-1") for epc in TAGS]


def test_a_clearly_stronger_place_takes_the_tag_and_a_weaker_one_does_not(presence: Presence) -> None:
    """TestTagMoveWeakRssi, TestMoveBetweenSensors."""
    told(presence, [read("back-1", MIN, epc=epc) for epc in TAGS])
    moves = told(presence, [read("back-2", STRONG, epc=epc) for epc in TAGS for _ in range(4)])
    assert moves == [(epc, *step) for epc in TAGS for step in (("out", "BACK-1"), ("in", "BACK-2"))]
    assert told(presence, [read("back-3", WEAK, epc=epc) for epc in TAGS]) == []


@pytest.mark.parametrize("antenna", [2, 4, 33, 15, 99])
def test_antennas_of_one_reader_are_places_of_their_own(antenna: int) -> None:
    """TestMoveAntennaLocation."""
    shelves = [ShelfConfig(f"A-{number}", (ShelfAntenna("shelf", number),)) for number in (1, antenna)]
    presence = Presence(shelves, PresenceConfig())
    assert told(presence, [read("shelf", MIN)]) == [(TAGS[0], "in", "A-1")]
    moved = told(presence, [read("shelf", STRONG, antenna=antenna)] * 4)
    assert moved == [(TAGS[0], "out", "A-1"), (TAGS[0], "in", f"A-{antenna}")]


def test_a_tag_departs_and_arrives_again(presence: Presence) -> None:
    """TestAggregateDepartedTask: gone after more than 600 s; back when it is read again, and not gone within 600 s."""
    told(presence, [read("back-1", MIN, epc=epc) for epc in TAGS for _ in range(10)])
    assert presence.advance(us(600)) == []
    gone = presence.advance(us(1200))
    assert [(change.epc_hex, change.direction, change.bin) for change in gone] == [(e, "out", "BACK-1") for e in TAGS]
    assert presence.tags == 0
    again = told(presence, [read("back-1", MIN, 1500, epc=epc) for epc in TAGS])
    assert again == [(epc, "in", "BACK-1") for epc in TAGS]
    assert presence.advance(us(1800)) == []


def test_a_departure_does_not_wait_for_somebody_to_look(presence: Presence) -> None:
    steps = told(presence, [read("back-1", MIN), read("back-1", MIN, 600), read("back-1", MIN, 1200.1)])
    assert steps == [(TAGS[0], "in", "BACK-1"), (TAGS[0], "out", "BACK-1"), (TAGS[0], "in", "BACK-1")]


def test_an_older_read_does_not_make_a_tag_older(presence: Presence) -> None:
    """TestLastRead_AlwaysIncreasing."""
    told(presence, [read("back-1", MIN, at_s) for at_s in (0, 300, 0)])
    assert presence.advance(us(900)) == []
    assert len(presence.advance(us(900.1))) == 1


def test_bins_give_the_places_their_names(presence: Presence) -> None:
    """TestEventLocationMatchesAlias: what EdgeX calls an alias of reader and antenna is the bin here."""
    assert told(presence, [read("back-1", MIN)] * 10) == [(TAGS[0], "in", "BACK-1")]
    assert told(presence, [read("back-2", MAX)] * 10) == [(TAGS[0], "out", "BACK-1"), (TAGS[0], "in", "BACK-2")]
    assert [(c.direction, c.bin) for c in presence.advance(us(99 * 3600))] == [("out", "BACK-2")]


# The formula: min(T, slope * dt + T - slope * holdoff), with T 6 dB, holdoff 500 ms, slope -0.008 dB/ms


@pytest.mark.parametrize(("silent_ms", "db"), [(0, 6), (500, 6), (750, 4), (1250, 0), (2000, -6), (-100, 6)])
def test_the_lead_that_another_place_needs(silent_ms: int, db: float) -> None:
    assert needed_db(silent_ms * 1000, PresenceConfig()) == pytest.approx(db, abs=1e-9)


@pytest.mark.parametrize(
    ("profile", "at_once_db"),
    [((6.0, 0.5, -8.0), 10.0), ((6.0, 60.0, -0.5), 36.0), ((7.0, 0.35, -100.0), 42.0), ((13.0, 1.25, -49.0), 74.25)],
)
def test_edgexs_other_profiles(profile: tuple[float, float, float], at_once_db: float) -> None:
    """TestNewMobilityProfile_yIntercept: where the falling line would begin (ours is cut off at the threshold)."""
    threshold, holdoff, slope = profile
    presence = PresenceConfig(threshold, holdoff, slope)
    later_us = round((at_once_db / -slope) * SECOND_US)
    assert needed_db(later_us, presence) == pytest.approx(0, abs=1e-4), "it crosses zero where the line says"
    assert needed_db(0, presence) == threshold


LEADS = {
    "still heard, 6 dB more": (0.2, 6.0, False),
    "still heard, 6.5 dB more": (0.2, 6.5, True),
    "silent for 1 s, 2 dB more": (1.0, 2.0, False),
    "silent for 1 s, 2.5 dB more": (1.0, 2.5, True),
    "silent for 2 s, 5 dB less": (2.0, -5.0, True),
    "silent for 2 s, 7 dB less": (2.0, -7.0, False),
}


@pytest.mark.parametrize(("silent_s", "lead_db", "moves"), LEADS.values(), ids=LEADS)
def test_how_much_louder_the_other_place_has_to_be(
    presence: Presence, silent_s: float, lead_db: float, moves: bool
) -> None:
    told(presence, [read("back-1", -70)] * 5)
    changes = told(presence, [read("back-2", -70 + lead_db, silent_s)] * 2)
    assert bool(changes) is moves


def test_one_read_moves_nothing(presence: Presence) -> None:
    told(presence, [read("back-1", MIN)] * 5)
    assert told(presence, [read("back-2", MAX, 30)]) == []
    assert told(presence, [read("back-2", MAX, 30.1)]) != []


def test_a_mean_goes_over_twenty_reads(presence: Presence) -> None:
    told(presence, [read("back-1", -50)] * 100 + [read("back-1", -70)] * 19)
    assert told(presence, [read("back-2", -63.5)] * 2) == [], "one loud read is still among the twenty"
    assert told(presence, [read("back-1", -70), read("back-2", -63.5)]) != []


def test_antennas_of_one_bin_are_one_place(presence: Presence) -> None:
    told(presence, [read("back-2", MIN, antenna=1)])
    assert told(presence, [read("back-2", MAX, 1, antenna=2)] * 5) == []
    assert told(presence, [read("back-1", -70, 1.1)] * 2) == [], "it is compared with the antenna that hears it best"


# What goes to the cloud


def test_the_order_of_a_move_and_of_a_departure_is_clear(presence: Presence) -> None:
    """The cloud takes an item's latest movement by time: out has to come after in, and before the next in."""
    for reader, rssi_dbm in (("back-1", -80), ("back-2", -60), ("back-1", -40)):
        for each in [read(reader, rssi_dbm)] * 25:
            presence.add(each)
    changes = presence.flush() + presence.advance(us(700))
    assert [c.direction for c in changes] == ["in", "out", "in", "out", "in", "out"]
    times = [c.observed_us for c in changes]
    assert times == sorted(set(times)), "all at one instant of the reads, and yet one after the other"


def test_a_departure_is_observed_at_the_last_read(presence: Presence) -> None:
    told(presence, [read("back-1", MIN), read("back-1", MIN, 5)])
    (gone,) = presence.advance(us(3600))
    assert gone.observed_us == us(5) + 1


def test_evidence_tells_a_person_why(presence: Presence) -> None:
    for each in [*[read("back-1", -72)] * 3, *[read("back-2", -61.5, 1)] * 2]:
        presence.add(each)
    arrived, _, moved = presence.flush()
    assert arrived.evidence.reason == "arrived: read for the first time, at BACK-1"
    assert moved.evidence.reason == (
        "moved from BACK-1 to BACK-2: 2 reads of -61.5 dBm on average are +10.5 dB to the -72.0 dBm of 3 at BACK-1, "
        "which was silent for 1.0 s; more than +2.0 dB were needed"
    )
    assert [(a.reader, a.reads) for a in moved.evidence.antennas] == [("back-2", 2), ("back-1", 3)]
    (gone,) = presence.advance(us(900))
    assert gone.evidence.reason == "departed from BACK-2: not read for more than 600 s"


def test_a_movement_names_bin_and_tag_and_says_the_same_twice() -> None:
    def run() -> list[bytes]:
        presence = Presence(SHELVES, PresenceConfig())
        for each in [read("back-1", MIN), *[read("back-2", MAX, 1)] * 2]:
            presence.add(each)
        changes = presence.flush() + presence.advance(us(900))
        return [encode(movement(change, GATEWAY)) for change in changes]

    once, twice = run(), run()
    assert once == twice
    assert len({line[:80] for line in once}) == len(once) == 4, "each has an id of its own"
    assert b'"bin":"BACK-1"' in once[0] and b'"door"' not in once[0]


# Bounds, late reads, snapshots


def test_reads_that_are_older_than_a_departure_are_counted(presence: Presence) -> None:
    told(presence, [read("back-1", MIN)])
    presence.advance(us(601))
    assert told(presence, [read("back-1", MIN, 0.5)]) == []
    assert presence.counts.late == 1
    assert told(presence, [read("door-1", MIN, 601)]) == []
    assert presence.counts.elsewhere == 1


def test_memory_has_a_bound_and_says_so() -> None:
    presence = Presence(SHELVES, PresenceConfig(), tags_at_most=3)
    for number, epc in enumerate(TAGS[:4]):
        presence.add(read("back-1", MIN, number, epc=epc))
        presence.add(read("back-1", MIN, 10 if epc == TAGS[0] else number, epc=epc))
    gone = [change for change in presence.flush() if change.direction == "out"]
    assert [change.epc_hex for change in gone] == [TAGS[1]], "the one that was silent for longest"
    assert "given up for room: more than 3 tags" in gone[0].evidence.reason
    assert presence.tags == 3
    assert presence.counts.departed_early == 1


def test_windows_of_one_tag_have_a_bound() -> None:
    shelves = [ShelfConfig(f"A-{number}", (ShelfAntenna("shelf", number),)) for number in range(1, 100)]
    presence = Presence(shelves, PresenceConfig())
    told(presence, [read("shelf", MAX, antenna=1)] * 3)
    for number in range(2, 100):
        assert told(presence, [read("shelf", MIN, number / 1000, antenna=number)]) == [], "where it is stays known"
    assert presence.snapshot().count(b"shelf") <= 7


def test_coming_and_going_leaves_nothing_behind(presence: Presence) -> None:
    """A tag that departs only when it is read again, a hundred times over."""
    for hour in range(100):
        told(presence, [read("back-1", MIN, hour * 3600)])
    presence.advance(us(99 * 3600 + 1))
    assert len(presence._due) == 1


STEPS = st.lists(
    st.tuples(
        st.sampled_from(TAGS[:3]),
        st.sampled_from([("back-1", 1), ("back-2", 1), ("back-2", 2), ("back-3", 1), ("door", 1)]),
        st.integers(-95, -40),
        st.sampled_from([-700.0, -1.0, 0.0, 0.1, 0.4, 1.0, 5.0, 300.0, 601.0]),
    ),
    max_size=60,
)


def run(
    steps: list[tuple[str, tuple[str, int], int, float]],
    meanwhile: Callable[[Presence, int], Presence],
    config: PresenceConfig | None = None,
) -> tuple[Presence, list[Change]]:
    presence, at_s, changes = Presence(SHELVES, config or PresenceConfig()), 1000.0, []
    for number, (epc, (reader, antenna), rssi_dbm, gap_s) in enumerate(steps):
        at_s = max(0.0, at_s + gap_s)
        presence.add(read(reader, rssi_dbm, at_s, epc=epc, antenna=antenna))
        changes += presence.advance(us(at_s))
        presence = meanwhile(presence, number)
    return presence, changes + presence.flush()


@given(STEPS)
def test_a_tag_is_in_one_bin_at_a_time_and_time_goes_on(steps: list[tuple[str, tuple[str, int], int, float]]) -> None:
    presence, changes = run(steps, lambda presence, _: presence)
    changes += presence.advance(us(10**6))
    for epc in TAGS[:3]:
        own = [change for change in changes if change.epc_hex == epc]
        assert [change.direction for change in own] == ["in", "out"] * (len(own) // 2)
        assert all(first.bin == second.bin for first, second in zip(own[::2], own[1::2], strict=True))
        assert all(first.observed_us < second.observed_us for first, second in zip(own[::2], own[1::2], strict=True))
    identities = {(c.epc_hex, c.bin, c.direction, c.cause_us) for c in changes}
    assert len(identities) == len(changes)


SHORT = PresenceConfig(departed_after_s=30)
SHORT_STEPS = STEPS.map(
    lambda steps: [(epc, place, rssi_dbm, min(gap_s, 50.0)) for epc, place, rssi_dbm, gap_s in steps]
)


@settings(max_examples=50)
@given(SHORT_STEPS, st.sets(st.integers(0, 59)))
def test_a_snapshot_goes_on_as_if_nothing_had_happened(
    steps: list[tuple[str, tuple[str, int], int, float]], cuts: set[int]
) -> None:
    def restart(presence: Presence, number: int) -> Presence:
        if number not in cuts:
            return presence
        other = Presence(SHELVES, SHORT)
        other.restore(presence.snapshot())
        return other

    plain, expected = run(steps, lambda presence, _: presence, SHORT)
    restarted, changes = run(steps, restart, SHORT)
    assert changes == expected
    assert [restarted.advance(us(at_s)) for at_s in (0, 10**6)] == [plain.advance(us(at_s)) for at_s in (0, 10**6)]


@pytest.mark.parametrize("first", ["read", "look"])
def test_what_a_gateway_did_not_hear_while_it_was_off_departs_nobody(presence: Presence, first: str) -> None:
    told(presence, [read("back-1", MIN, epc=epc) for epc in TAGS])
    presence.advance(us(10))
    morning = Presence(SHELVES, PresenceConfig())
    morning.restore(presence.snapshot())
    morning.wake()
    if first == "read":
        assert told(morning, [read("back-1", MIN, 36_000)]) == []
    assert morning.advance(us(36_000)) == []
    gone = morning.advance(us(36_601))
    assert {change.epc_hex for change in gone} == set(TAGS)
    assert {change.observed_us for change in gone if change.epc_hex != TAGS[0]} == {us(0) + 1}


def test_another_layout_takes_a_snapshot(presence: Presence) -> None:
    told(presence, [read("back-1", -60, epc=TAGS[0])] * 3 + [read("back-2", -60, epc=TAGS[1])] * 3)
    other = Presence(
        [ShelfConfig("NEW", (ShelfAntenna("back-2", 1),)), ShelfConfig("BACK-3", (ShelfAntenna("back-3", 1),))],
        PresenceConfig(),
    )
    other.restore(presence.snapshot())
    assert told(other, [read("back-2", -60, 1, epc=TAGS[1])]) == [(TAGS[1], "out", "BACK-2"), (TAGS[1], "in", "NEW")]
    assert told(other, [read("back-3", MIN, 1)]) == [(TAGS[0], "out", "BACK-1"), (TAGS[0], "in", "BACK-3")]
    assert {c.bin for c in other.advance(us(3600))} == {"NEW", "BACK-3"}


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x92\x01\x91\x01", b"nonsense" * 9])
def test_what_is_no_snapshot_is_told(presence: Presence, data: bytes) -> None:
    with pytest.raises(SnapshotError, match="the shelves' part is damaged"):
        presence.restore(data)


# Beside doors, in the gateway


CONFIG = """
[gateway]
id = "gw-1"
site = "hangzhou-1"
broker = "mqtt://127.0.0.1:1883"

[[reader]]
name = "dock-1"
driver = "llrp"
host = "10.0.0.21"

[[door]]
name = "D1"
antennas = [
  { reader = "dock-1", antenna = 1, side = "outside" },
  { reader = "dock-1", antenna = 2, side = "inside" },
]

[[shelf]]
bin = "A-01-1"
antennas = [{ reader = "dock-1", antenna = 3 }]

[[shelf]]
bin = "A-01-2"
antennas = [{ reader = "dock-1", antenna = 4 }]

[presence]
departed_after_s = 60
"""


def test_doors_and_shelves_share_a_reader(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(CONFIG)
    config = load(file, {})
    shelf = [read("dock-1", -60, at_s, antenna=antenna) for at_s, antenna in ((0, 3), (1, 3), (5, 4), (5.1, 4))]
    door = [read("dock-1", -50, 10 + step / 10, antenna=1 if step < 10 else 2) for step in range(20)]
    movements = list(replay([*shelf, *door, read("dock-1", -60, 120, epc=TAGS[1], antenna=3)], config))
    in_bins = [
        [(each.bin, each.direction) for each in movements if each.bin and each.epc_hex == epc] for epc in TAGS[:2]
    ]
    assert in_bins == [
        [("A-01-1", "in"), ("A-01-1", "out"), ("A-01-2", "in"), ("A-01-2", "out")],
        [("A-01-1", "in")],  # that the recording ends does not make it depart
    ]
    assert [(each.door, each.epc_hex) for each in movements if each.door] == [("D1", TAGS[0])]


def test_a_pipelines_snapshot_holds_what_is_in_the_bins(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(CONFIG)
    before, after = Pipeline(load(file, {})), Pipeline(load(file, {}))
    before.add([read("dock-1", -60, 0, antenna=3)])
    assert len(before.advance(us(0))) == 1
    after.restore(before.snapshot())
    after.add([read("dock-1", -60, 1, antenna=3)])
    assert after.advance(us(1)) == [], "it did not arrive again"
    assert [(each.bin, each.direction) for each in after.advance(us(62))] == [("A-01-1", "out")]
