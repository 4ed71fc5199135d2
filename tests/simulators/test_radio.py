"""The link budget, the waves and what a reader measures follow the laws that they name."""

import numpy as np
import pytest
from tagdock_simulators.chance import Chance
from tagdock_simulators.radio import DENSE, ETSI, FAST, FCC, MODES, Gen2Mode, Radio, Sight, one_way_db
from tagdock_simulators.radio.link import NULL, beam_db, dipole_db, through_m
from tagdock_simulators.radio.measuring import doppler_hz, phase_deg, phase_noise_rad, rssi_dbm
from tagdock_simulators.radio.waves import ECHOES, luckiest, power_db, rician, shadow_db

RADIO = Radio()
WAVELENGTH_M = 299_792_458 / 865.7e6


def down(*metres: float) -> Sight:
    """Tags straight under the antenna."""
    return Sight.along(np.array([[0.0, 0.0, -distance] for distance in metres]))


def test_free_space_takes_20_db_a_decade() -> None:
    near, far = one_way_db(down(0.5, 5.0), RADIO)
    assert near - far == pytest.approx(20.0)


def test_the_first_metre_is_friis() -> None:
    plain = Radio(reader_gain_dbi=0, polarisation_loss_db=0, tag_gain_dbi=0)
    assert one_way_db(down(1.0), plain)[0] == pytest.approx(-20 * np.log10(4 * np.pi / WAVELENGTH_M), abs=1e-5)


def test_the_beam_is_half_as_strong_at_half_its_width_and_never_under_the_back_lobe() -> None:
    half_width = np.radians(32.77)  # cos^4 is one half there: a beam of 65.5 degrees
    aside, behind = beam_db(np.array([np.cos(half_width), -1.0]), RADIO)
    assert aside == pytest.approx(-3.01, abs=0.01)
    assert behind == pytest.approx(-20.0)


def test_a_tag_is_deaf_along_its_axis_and_follows_a_half_wave_dipole() -> None:
    angles = np.radians([25.0, 45.0, 60.0, 90.0])
    half_wave = (np.cos(np.pi / 2 * np.cos(angles)) / np.sin(angles)) ** 2
    assert dipole_db(np.cos(angles)) == pytest.approx(10 * np.log10(half_wave), abs=0.05)
    assert dipole_db(np.array([1.0]))[0] == pytest.approx(10 * np.log10(NULL), abs=0.001)


def test_a_way_leaves_the_goods_through_the_nearest_side_that_it_meets() -> None:
    box = tuple((np.full(3, low), np.full(3, high)) for low, high in ((-0.6, 0.6), (-0.4, 0.4), (0.3, 1.6)))
    place = np.zeros(3), np.zeros(3), np.full(3, 1.0)  # in the middle of the pallet
    up, aside, slanting = (0.0, 0.0, -2.0), (0.0, 2.0, 0.0), (-1.0, 0.0, -1.0)
    way = tuple(np.array(column) for column in zip(up, aside, slanting, strict=True))
    shares = through_m(place, way, box)
    assert shares == pytest.approx([0.6 / 2.0, 0.4 / 2.0, 0.6])


def test_a_tag_under_a_portal_is_as_strong_as_readers_report() -> None:
    rssi = RADIO.transmit_dbm + 2 * one_way_db(down(2.0), RADIO) - RADIO.modulation_loss_db
    assert -60 < rssi[0] < -35


def faded_db(k_db: float, count: int) -> np.ndarray:
    """Fading of a tag in the middle of the beam, at many places."""
    turns = list(Chance(1).uniform(ECHOES, count) + 1.0)
    return power_db(*rician(np.ones(count), np.full(count, 10 ** (-k_db / 20)), turns))


@pytest.mark.parametrize("k_db", [16.0, 3.0, -40.0], ids=str)
def test_fading_keeps_the_mean_power_and_never_lifts_more_than_it_says(k_db: float) -> None:
    fade_db = faded_db(k_db, 200_000)
    assert np.mean(10 ** (fade_db / 10)) == pytest.approx(1.0 + 10 ** (-k_db / 10), rel=0.02)
    assert fade_db.max() <= 20 * np.log10(1.0 + luckiest(k_db)) + 0.001


@pytest.mark.parametrize("k_db", [16.0, 6.0], ids=str)
def test_fading_has_the_spread_of_rices_distribution(k_db: float) -> None:
    normal = Chance(2).normal(2, 200_000) * 10 ** (-k_db / 20) / np.sqrt(2)
    rice_db = 10 * np.log10((1.0 + normal[0]) ** 2 + normal[1] ** 2)
    ours_db = faded_db(k_db, 200_000)
    assert ours_db.std() == pytest.approx(rice_db.std(), rel=0.05)
    assert np.quantile(ours_db, 0.05) == pytest.approx(np.quantile(rice_db, 0.05), abs=0.5)


def test_shadowing_has_its_spread_and_its_bound() -> None:
    shadow = shadow_db(2.0, list(Chance(1).uniform(4, 100_000)))
    assert shadow.std() == pytest.approx(2.0, rel=0.02)
    assert abs(shadow).max() <= 2.0 * np.sqrt(8.0)


def test_a_measured_power_has_steps_of_half_a_decibel_and_the_readers_noise() -> None:
    measured = rssi_dbm(np.full(50_000, -50.2), Chance(1).bell(50_000), RADIO)
    assert set(measured % 0.5) == {0.0}
    assert measured.mean() == pytest.approx(-50.2, abs=0.02)
    assert measured.std() == pytest.approx(np.hypot(0.5, 0.5 / np.sqrt(12)), rel=0.05)


def test_phases_are_whole_steps_of_a_turn_and_never_360() -> None:
    degrees = phase_deg(np.array([0.0, 0.25, 0.99999, 7.5, -0.25]))
    assert degrees == pytest.approx([0.0, 90.0, 0.0, 180.0, 270.0])


def test_weak_tags_have_the_worse_phases() -> None:
    weak, strong = phase_noise_rad(np.array([-75.0, -40.0]), np.full(2, RADIO.weakest_dbm(FAST)), RADIO)
    assert strong == pytest.approx(np.radians(3.0), rel=0.05)
    assert weak > 4 * strong


@pytest.mark.parametrize(("mode", "useful"), [(FAST, False), (DENSE, True)], ids=["fast", "dense"])
def test_doppler_is_right_on_average_and_only_of_use_in_a_slow_mode(mode: Gen2Mode, useful: bool) -> None:
    many, wrong_rad = 20_000, 0.05 * Chance(1).bell(20_000)
    shift = doppler_hz(np.full(many, 2.0), np.full(many, WAVELENGTH_M), wrong_rad, np.full(many, mode.epc_s))
    assert shift.mean() == pytest.approx(2 * 2.0 / WAVELENGTH_M, abs=1.0)
    assert bool(shift.std() < 2 * 2.0 / WAVELENGTH_M) is useful


@pytest.mark.parametrize(
    ("mode", "tags_per_s"),
    [("fast", (1000, 1500)), ("hybrid", (800, 1100)), ("dense", (150, 300)), ("thorough", (60, 130))],
)
def test_a_mode_counts_as_many_tags_as_its_bits_allow(mode: str, tags_per_s: tuple[float, float]) -> None:
    assert tags_per_s[0] < 1 / MODES[mode].tag_s < tags_per_s[1]


def test_a_reply_takes_the_bits_of_the_standard() -> None:
    assert FAST.epc_s == pytest.approx((6 + 128 + 1) / 640e3)  # FM0: preamble, PC + EPC + CRC, dummy bit
    assert DENSE.epc_s == pytest.approx((10 + 128 + 1) * 4 / 274e3)
    assert DENSE.gain_db == pytest.approx(10 * np.log10(640 / (274 / 4)))


def test_regions_have_the_channels_of_their_rules() -> None:
    assert ETSI.channels_mhz == (865.7, 866.3, 866.9, 867.5)
    assert (len(FCC.channels_mhz), FCC.channels_mhz[0], FCC.channels_mhz[-1]) == (50, 902.75, 927.25)
