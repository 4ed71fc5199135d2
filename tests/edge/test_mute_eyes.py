"""Photo-eyes that are stuck or silent are told of, and no others."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tagdock_contract import InputChange
from tagdock_edge.clock import to_us
from tagdock_edge.config_file import load
from tagdock_edge.passage.eyes import SILENT_AFTER, STUCK_US
from tagdock_edge.pipeline import Pipeline

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
TOML = """
[gateway]
id = "gw-1"
site = "s1"
broker = "mqtt://127.0.0.1:1883"
[[reader]]
name = "dock-1"
driver = "llrp"
host = "10.0.0.21"
[[door]]
name = "D1"
antennas = [{ reader = "dock-1", antenna = 1, side = "outside" }]
photo_eyes = { reader = "dock-1", outside_gpi = 1, inside_gpi = 2 }
[[door]]
name = "D2"
antennas = [{ reader = "dock-1", antenna = 2, side = "inside" }]
photo_eyes = { reader = "dock-1", outside_gpi = 3 }
[[door]]
name = "D3"
antennas = [{ reader = "dock-1", antenna = 3, side = "inside" }]
"""
SOUND = {("D1", "outside"): False, ("D1", "inside"): False, ("D2", "outside"): False}


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    file = tmp_path / "gateway.toml"
    file.write_text(TOML)
    return Pipeline(load(file, {}))


def pass_by(pipeline: Pipeline, *gpis: int, times: int) -> int:
    """Break beams, one after the other and so many times; returns when the last one came clear, microseconds."""
    at = AT
    for _ in range(times):
        for gpi in gpis:
            for state in (True, False):
                at += timedelta(seconds=1)
                pipeline.add([InputChange(at, "dock-1", gpi, state)])
    return to_us(at)


def test_eyes_that_see_are_not_mute_and_one_that_is_not_wired_is_none(pipeline: Pipeline) -> None:
    assert pipeline.eyes(to_us(AT)) == SOUND
    assert pipeline.eyes(pass_by(pipeline, 1, 2, 3, times=SILENT_AFTER)) == SOUND


def test_an_eye_that_sees_nothing_while_the_other_one_does_is_mute_until_it_sees_again(pipeline: Pipeline) -> None:
    assert pipeline.eyes(pass_by(pipeline, 1, times=SILENT_AFTER - 1)) == SOUND
    assert pipeline.eyes(pass_by(pipeline, 1, times=1)) == SOUND | {("D1", "inside"): True}
    assert pipeline.eyes(pass_by(pipeline, 2, times=1)) == SOUND


def test_a_beam_that_stays_broken_is_mute_until_it_comes_clear(pipeline: Pipeline) -> None:
    pipeline.add([InputChange(AT, "dock-1", 3, True)])
    assert pipeline.eyes(to_us(AT) + STUCK_US) == SOUND
    assert pipeline.eyes(to_us(AT) + STUCK_US + 1) == SOUND | {("D2", "outside"): True}
    pipeline.add([InputChange(AT + timedelta(seconds=70), "dock-1", 3, False)])
    assert pipeline.eyes(to_us(AT) + 2 * STUCK_US) == SOUND
