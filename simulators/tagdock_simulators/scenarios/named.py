"""The scenarios by name: what each is hard about, and the numbers that make it so.

Speeds: loads on foot or on trucks 0.3 to 4 m/s (walking pace to a forklift that hurries). Belts that carry cartons run
at 0.3 to 2.5 m/s, fast sorters at 3 m/s and more; the fastest belt here runs at 3 m/s.
"""

from collections.abc import Mapping

from tagdock_simulators.radio import Radio
from tagdock_simulators.scenarios.scenario import Scenario

_ALL = (
    Scenario("clean-two-row", "nothing: every load passes one door, well read by both rows"),
    Scenario(
        "rush-hour",
        "all doors busy at once, large loads, little time between them",
        loads=120,
        tags=(30, 60),
        speed_m_per_s=(1.5, 3.0),
        gap_s=(1.0, 3.0),
    ),
    Scenario(
        "cross-talk",
        "pairs of loads pass narrow neighbouring doors at the same time, and both doors read both",
        pitch_m=3.0,
        gap_s=(3.0, 6.0),
        height_m=4.0,
        tags=(1, 20),
        materials={"cardboard": 0.6, "liquid": 0.2, "metal": 0.2},
        together=0.7,
        radio=Radio(transmit_dbm=33.0, shadowing_db=4.0, shield_db=0.0, rician_k_db=3.0),
    ),
    Scenario(
        "turn-round",
        "loads that come into the doorway, stop, and go back: nothing passed",
        behaviours={"in": 0.3, "out": 0.3, "turn": 0.4},
    ),
    Scenario(
        "parked-pallets",
        "pallets stand beside the lane for minutes, read all the time, while others pass the same door",
        behaviours={"in": 0.4, "out": 0.4, "park": 0.2},
    ),
    Scenario(
        "pass-by",
        "loads that drive along the wall outside, past the door",
        behaviours={"in": 0.25, "out": 0.25, "pass": 0.5},
    ),
    Scenario(
        "single-row",
        "one row of antennas at each door, turned inwards: the way shows in how the reads rise and fall",
        door_kind="single-row",
        turned_deg=45.0,
        tags=(1, 30),
    ),
    Scenario(
        "blind-row",
        "one row of antennas that look straight across: nothing in the reads says which way a load went",
        door_kind="single-row",
        tags=(1, 30),
    ),
    Scenario(
        "photo-eyes",
        "one row of antennas, and the way shows only in which of two light beams breaks first",
        door_kind="single-row",
        photo_eyes=True,
        tags=(1, 30),
        behaviours={"in": 0.4, "out": 0.4, "turn": 0.2},
    ),
    Scenario(
        "conveyor",
        "cartons one behind the other on fast belts: few reads each, and the next one is in the field already",
        doors=2,
        door_kind="conveyor",
        photo_eyes=True,
        pitch_m=3.0,
        loads=200,
        tags=(1, 2),
        speed_m_per_s=(0.5, 3.0),
        reach_m=1.5,
        behaviours={"in": 1.0},
        carriers={"carton": 1.0},
    ),
    Scenario(
        "metal-and-liquid",
        "goods that swallow or reflect the waves: tags with few reads, and some that never answer",
        materials={"cardboard": 0.5, "liquid": 0.35, "metal": 0.15},
        carriers={"pallet": 0.6, "cage": 0.4},
        unreadable=0.03,
    ),
    Scenario(
        "person",
        "one item carried by hand: a single tag, shadowed by a body, at walking pace",
        tags=(1, 1),
        speed_m_per_s=(0.8, 1.8),
        carriers={"person": 1.0},
    ),
    Scenario(
        "forklift",
        "each door's forklift has a tag of its own that goes in and out, with a load or empty, again and again",
        tags=(1, 30),
        carriers={"forklift": 0.5, "empty-forklift": 0.5},
        speed_m_per_s=(1.0, 3.0),
    ),
    Scenario(
        "slow-and-fast",
        "speeds from 0.3 to 4 m/s: from thousands of reads a tag to a handful",
        speed_m_per_s=(0.3, 4.0),
        tags=(1, 30),
    ),
    Scenario(
        "dense",
        "up to 150 tags a load: each gets few of the reader's turns",
        tags=(80, 150),
    ),
    Scenario(
        "many-doors",
        "sixteen doors in a row, two to a reader: its antennas take turns between them",
        doors=16,
        doors_a_reader=2,
        loads=160,
        tags=(1, 40),
    ),
    Scenario(
        "sessions",
        "readers in session S1, which silences a tag that was read for seconds: few reads, and gaps",
        tags=(1, 40),
        radio=Radio(session=1, target="single"),
    ),
    Scenario(
        "everything-at-once",
        "all of the above on one wall, but for belts and single rows",
        doors=8,
        doors_a_reader=2,
        photo_eyes=True,
        pitch_m=3.5,
        loads=160,
        tags=(1, 150),
        speed_m_per_s=(0.3, 4.0),
        gap_s=(2.0, 10.0),
        behaviours={"in": 0.35, "out": 0.35, "pass": 0.1, "turn": 0.1, "park": 0.1},
        carriers={"pallet": 0.45, "cage": 0.2, "person": 0.1, "forklift": 0.15, "empty-forklift": 0.1},
        materials={"cardboard": 0.7, "liquid": 0.15, "metal": 0.15},
        unreadable=0.01,
        together=0.3,
        radio=Radio(transmit_dbm=33.0, shadowing_db=4.0),
    ),
)

SCENARIOS: Mapping[str, Scenario] = {scenario.name: scenario for scenario in _ALL}
