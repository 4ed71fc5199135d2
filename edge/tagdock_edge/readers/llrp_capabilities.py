"""What an LLRP reader says that it can do, and whether that is what was asked for. Pure.

Source: EPCglobal LLRP 1.0.1 (2007), section 9.2 (capabilities) and 15.2.1.1 (Gen2 capabilities).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tagdock_edge.errors import ReaderError

IMPINJ = 25882
"""Impinj's number among IANA's private enterprises."""
_MODULATIONS = ("FM0", "Miller 2", "Miller 4", "Miller 8")
_SPECTRA = ("", ", one reader alone", ", several readers", ", many readers")
IMPINJ_MODES: Mapping[str, int] = MappingProxyType(
    {
        "max-throughput": 0,
        "hybrid": 1,
        "dense-reader-m4": 2,
        "dense-reader-m8": 3,
        "max-miller": 4,
        "dense-reader-m4-two": 5,
        "autoset-dense-reader": 1000,
        "autoset-dense-reader-deep-scan": 1002,
        "autoset-static-fast": 1003,
        "autoset-static-dense-reader": 1004,
    }
)
"""Source: Impinj support, article 360000046899 ("Reader Modes (RF Modes) Made Easy")."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One row of a reader's table of modulations; `modulation` and `spectrum` are the standard's codes."""

    number: int
    modulation: int
    bit_per_s: int
    spectrum: int

    def __str__(self) -> str:
        kind = _MODULATIONS[self.modulation] if self.modulation < len(_MODULATIONS) else "?"
        crowd = _SPECTRA[self.spectrum] if self.spectrum < len(_SPECTRA) else ""
        return f"{self.number} ({kind}, {self.bit_per_s / 1000:.0f} kbit/s{crowd})"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What matters here of a reader's capabilities; `powers_dbm` is its table of powers by their index."""

    vendor: int
    antennas: int
    inputs: int
    powers_dbm: Mapping[int, float]
    modes: tuple[Mode, ...]
    filters: int
    hop_table: int = 1
    """The first hop table's number; 1 where the reader stays on a channel, which then does not matter."""

    @property
    def is_impinj(self) -> bool:
        """Tell whether Impinj's extensions may be asked for."""
        return self.vendor == IMPINJ

    def power(self, wanted_dbm: float | None) -> tuple[int, float]:
        """Return index and dBm of the highest power not above the wanted one. Raises ValueError with the remedy."""
        index, most_dbm = max(self.powers_dbm.items(), key=lambda entry: entry[1])
        if wanted_dbm is None:
            return index, most_dbm
        fitting = [(dbm, index) for index, dbm in self.powers_dbm.items() if dbm <= wanted_dbm + 1e-6]
        if not fitting or wanted_dbm > most_dbm + 1e-6:
            least_dbm = min(self.powers_dbm.values())
            raise ValueError(f"this reader sends {least_dbm:g} to {most_dbm:g} dBm; choose a power from these")
        dbm, index = max(fitting)
        return index, dbm

    def mode(self, wanted: int | str) -> int:
        """Return the number of a mode given by number or name. Raises ValueError with the remedy."""
        known = {mode.number for mode in self.modes}
        number = IMPINJ_MODES.get(wanted) if isinstance(wanted, str) and self.is_impinj else wanted
        if isinstance(number, int) and number in known:
            return number
        listed = ", ".join(map(str, self.modes))
        names = ", ".join(name for name, number in IMPINJ_MODES.items() if number in known)
        if self.is_impinj:
            raise ValueError(f"this reader has {names}, or by number {listed}; choose one of these")
        raise ValueError(f"this reader has modes by number, not by name: {listed}; choose one of these")


def capabilities(told: Mapping[str, Any]) -> Capabilities:
    """Read a decoded GET_READER_CAPABILITIES_RESPONSE (parameters by name, as sllurp gives them).

    Raises ReaderError where the reader has no region, or leaves out what no reader may.
    """
    try:
        general = told["GeneralDeviceCapabilities"]
        band = told["RegulatoryCapabilities"].get("UHFBandCapabilities", {})
        powers = {row["Index"]: row["TransmitPowerValue"] for row in band.get("TransmitPowerLevelTableEntry", ())}
        modes = band.get("UHFC1G2RFModeTable", {}).get("UHFC1G2RFModeTableEntry", ())
        hop_tables = band.get("FrequencyInformation", {}).get("FrequencyHopTable", ())
        if not powers:
            raise ReaderError(
                "region: this reader declares no transmit power, as readers do whose region is not set; "
                "set the country in the reader's own settings"
            )
        return Capabilities(
            vendor=general["DeviceManufacturerName"],
            antennas=general["MaxNumberOfAntennaSupported"],
            inputs=general.get("GPIOCapabilities", {}).get("NumGPIs", 0),
            powers_dbm={index: _signed(value) / 100 for index, value in powers.items()},
            modes=tuple(Mode(row["ModeIdentifier"], row["Mod"], row["BDR"], row["M"]) for row in modes),
            filters=told.get("C1G2LLRPCapabilities", {}).get("MaxNumSelectFiltersPerQuery", 0),
            hop_table=hop_tables[0]["HopTableId"] if hop_tables else 1,
        )
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ReaderError(f"declared capabilities that can't be read ({error!r}); is its firmware broken?") from error


def _signed(value: int) -> int:
    """Mend a 16-bit power: signed by the standard (in 1/100 dBm), but sllurp reads it without a sign."""
    return value - 0x10000 if value >= 0x8000 else value
