"""The default life of bins, their names, and what a bin can hold."""

import json
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile

import pytest
from tagdock_simulators.sensors.contents import BinTruth, read_truths, truth_line
from tagdock_simulators.sensors.draws import Draws
from tagdock_simulators.sensors.life import bin_life, bin_names, live

BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
GOOD = BinTruth(BEGIN, "A-01-1", 3, 0.5, 0.25)


def month(name: str, seed: int = 1) -> list[BinTruth]:
    return list(takewhile(lambda truth: truth.at < BEGIN + timedelta(days=30), bin_life(name, seed, BEGIN)))


@pytest.mark.parametrize("name", bin_names(8))
def test_bins_are_picked_from_by_day_and_filled_up_again(name: str) -> None:
    truths = month(name)
    assert all(a.at < b.at for a, b in pairwise(truths))
    changes = [b.count - a.count for a, b in pairwise(truths)]
    assert all(change != 0 for change in changes)
    assert min(changes) >= -4
    assert sum(change > 0 for change in changes) >= 1
    picked_at = [b.at for a, b in pairwise(truths) if b.count < a.count]
    assert {at.hour for at in picked_at} <= set(range(6, 21))
    assert all(0 <= truth.fill <= 1 and truth.count >= 0 for truth in truths)
    assert max(truth.mass_kg for truth in truths) <= 40.0


def test_all_lives_together_are_each_life_in_order_of_time() -> None:
    names = bin_names(3)
    together = list(islice(live(names, 1, BEGIN), 200))
    assert all(a.at <= b.at for a, b in pairwise(together))
    for name in names:
        own = [truth for truth in together if truth.bin == name]
        assert own == list(islice(bin_life(name, 1, BEGIN), len(own)))


def test_names_are_places_in_a_rack() -> None:
    assert bin_names(7)[-2:] == ("A-02-1", "A-02-2")
    assert len(set(bin_names(5200))) == 5200
    with pytest.raises(ValueError, match="1 to 5,200"):
        bin_names(5201)


def test_waits_are_exponential() -> None:
    draws = Draws(1, "test")
    waits = [draws.waiting(10.0) for _ in range(20_000)]
    assert sum(waits) / len(waits) == pytest.approx(10.0, rel=0.03)
    assert sum(wait > 23.03 for wait in waits) / len(waits) == pytest.approx(0.1, abs=0.01)
    assert max(waits) <= 160


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bin", ""),
        ("bin", "a/b"),
        ("bin", "a+"),
        ("bin", "#"),
        ("bin", "x" * 65),
        ("bin", "a\nb"),
        ("at", datetime(2026, 1, 5)),  # noqa: DTZ001  # the mistake itself
        ("count", -1),
        ("count", 1_000_001),
        ("unit_mass_kg", -0.1),
        ("unit_mass_kg", float("nan")),
        ("fill", 1.1),
        ("fill", float("nan")),
    ],
)
def test_a_truth_that_cannot_be_names_its_field(field: str, value: object) -> None:
    told = {name: getattr(GOOD, name) for name in GOOD.__slots__} | {field: value}
    with pytest.raises(ValueError, match=f"`{field}`"):
        BinTruth(**told)


def test_a_truth_is_a_line() -> None:
    assert json.loads(truth_line(GOOD)) == {
        "bin": "A-01-1",
        "at": "2026-01-05T08:00:00.000000Z",
        "count": 3,
        "unit_mass_kg": 0.5,
        "fill": 0.25,
    }


def test_lines_are_read_as_they_were_written() -> None:
    truths = list(islice(live(bin_names(3), 1, BEGIN), 50))
    lines = [truth_line(truth) for truth in truths]
    assert [truth_line(truth) for truth in read_truths(lines)] == lines
    fault = b'{"fault": "silent", "on": "A-01-1", "at": "2026-01-05T07:00:00Z", "until": null}\n'
    assert len(list(read_truths([fault, *lines]))) == 50


def line(**other: object) -> bytes:
    return json.dumps(json.loads(truth_line(GOOD)) | other).encode()


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"[" * 4000, "is no JSON"),
        (b"[]", "is no JSON object"),
        (b" " * 5000, "4,096 at most"),
        (line(at="yesterday"), "`at`: "),
        (line(at=5), "`at`: "),
        (line(at="2026-01-05T07:00:00Z"), "`at` goes back"),
        (line(count=1.5), "`count` is 1.5; a int is needed"),
        (line(count=True), "`count` is True"),
        (line(fill="full"), "`fill` is 'full'; a number is needed"),
        (line(fill=2), "`fill` is 2.0; it must be 0 to 1"),
        (line(bin=""), "`bin` must be a printable name"),
        (line(unit_mass_kg=None), "`unit_mass_kg` is None"),
    ],
    ids=lambda each: each[:40] if isinstance(each, str) else "",
)
def test_a_line_that_cannot_be_names_its_number_and_the_field(second: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^line 2: ") as caught:
        list(read_truths([truth_line(GOOD), second]))
    assert reason in str(caught.value)
