"""Rates of mistakes are read whole, with an error that says what is possible."""

import pytest
from tagdock_simulators.warehouse.world.settings import DEFAULT_RATES, MISTAKES, Settings, read_rates


def test_rates_are_read() -> None:
    assert read_rates("wrong-pallet=0.01, stolen=1e-3") == {"wrong-pallet": 0.01, "stolen": 0.001}
    assert read_rates("none") == {}
    assert set(DEFAULT_RATES) == set(MISTAKES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "stolen",
        "stolen=",
        "stolen=2",
        "stolen=-0.1",
        "stolen=nan",
        "fire=0.1",
        "stolen=0.1,stolen=0.2",
        "stolen=0.1,",
    ],
)
def test_rates_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"as KIND=SHARE|a number of 0 to 1"):
        read_rates(text)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rates": {"fire": 0.1}}, "no kind of mistake"),
        ({"rates": {"stolen": 1.5}}, "a share of 0 to 1"),
        ({"pickers": 0}, "1 to 1000 people"),
    ],
    ids=["kind", "share", "people"],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Settings(**settings)  # type: ignore[arg-type]
