"""What is scanned while counting adds up."""

import pytest
from tagdock_cloud.console.tallies import tally


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("", []),
        ("A\nB\nA\n", [("A", 2), ("B", 1)]),
        ("A\r\n12\r\nB", [("A", 12), ("B", 1)]),
        ("A\n12\nA\n", [("A", 13)]),
        ("A\n0\nB", [("A", 0), ("B", 1)]),
        (" 09521234000013 \n3\n", [("09521234000013", 3)]),
        ("12345678\n999999", [("12345678", 999_999)]),
    ],
    ids=repr,
)
def test_scans_add_up_and_a_number_says_how_many(text: str, units: list[tuple[str, int]]) -> None:
    assert tally(text) == units


@pytest.mark.parametrize("text", ["7", "A\n2\n3", "\n12\nA"])
def test_a_number_that_follows_no_scan_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="scan first"):
        tally(text)
