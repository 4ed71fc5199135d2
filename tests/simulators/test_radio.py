"""The link budget follows the laws it names."""

import numpy as np
import pytest
from tagdock_simulators.chance import Chance
from tagdock_simulators.radio import Radio, Sight, doppler_hz, one_way_db, phase_deg, rician_db

RADIO = Radio()
WAVELENGTH_M = 299_792_458 / 865.7e6


def down(*metres: float) -> Sight:
    """Tags straight under the antenna."""
    return Sight.along(np.array([[0.0, 0.0, -distance] for distance in metres]))


def test_free_space_takes_20_db_a_decade() -> None:
    near, far = one_way_db(down(0.5, 5.0), RADIO)
    assert near - far == pytest.approx(20.0)


def test_the_first_metre_is_friis() -> None:
    plain = Radio(reader_gain_dbi=0, polarisation_loss_db=0, tag_gain_dbi=0, material_loss_db=0)
    assert one_way_db(down(1.0), plain)[0] == pytest.approx(-20 * np.log10(4 * np.pi / WAVELENGTH_M))


def test_the_beam_is_half_as_strong_at_half_its_width() -> None:
    half_width = np.radians(32.77)  # cos^4 is one half there: a beam of 65.5 degrees
    aside = Sight(np.array([1.0]), np.array([np.cos(half_width)]))
    assert one_way_db(down(1.0), RADIO)[0] - one_way_db(aside, RADIO)[0] == pytest.approx(3.01, abs=0.01)


def test_behind_the_antenna_is_the_back_lobe() -> None:
    behind = Sight(np.array([1.0]), np.array([-1.0]))
    assert one_way_db(down(1.0), RADIO)[0] - one_way_db(behind, RADIO)[0] == pytest.approx(20.0)


def test_a_tag_under_a_portal_is_as_strong_as_readers_report() -> None:
    rssi_dbm = RADIO.transmit_dbm + 2 * one_way_db(down(2.0), RADIO) - RADIO.modulation_loss_db
    assert -60 < rssi_dbm[0] < -35


def test_fading_keeps_the_mean_power_and_grows_without_a_direct_path() -> None:
    pair = Chance(1).normal(2, 200_000)
    strong, weak = (rician_db(k_db, pair) for k_db in (10.0, -40.0))
    assert np.mean(10 ** (strong / 10)) == pytest.approx(1.0, abs=0.02)
    assert np.mean(10 ** (weak / 10)) == pytest.approx(1.0, abs=0.02)
    assert strong.std() < weak.std()


def test_phase_turns_once_every_half_wavelength() -> None:
    places = np.array([1.0, 1.0 + WAVELENGTH_M / 2, 1.0 + WAVELENGTH_M / 4])
    first, turned, half = phase_deg(places, np.array([1, 1, 1]), np.zeros(3))
    assert turned == pytest.approx(first)
    assert abs(half - first) == pytest.approx(180.0)


def test_doppler_is_positive_for_what_comes_nearer() -> None:
    coming, going = doppler_hz(np.array([2.0, -2.0]), np.array([1, 1]))
    assert coming == pytest.approx(2 * 2.0 / WAVELENGTH_M)
    assert going == -coming
