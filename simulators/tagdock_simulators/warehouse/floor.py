"""The floor: parallel aisles of racks with doors at the front, filled as houses do that never thought about it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OUTBOUND_DOORS = ("D1", "D2", "D3", "D4", "D5", "D6")
INBOUND_DOORS = ("D7", "D8")
DOORS = OUTBOUND_DOORS + INBOUND_DOORS
SENDING_DOOR, RETURNS_DOOR = "R1", "R2"
RETURN_DOORS = (SENDING_DOOR, RETURNS_DOOR)
"""Parcels leave by the one, what customers send back comes in by the other."""

_PITCH_M, _CELL_M, _END_GAP_M = 3.0, 1.0, 1.0
_DOOR_GAP_M = 4.0  # from a door to the front cross-aisle: room for a waiting load
_LEVELS_M = (0.0, 1.5, 3.0)
_SIDES = ("L", "R")
_BIN_M3, _BIN_KG = 1.2, 500.0
BINS_A_SKU = 1.05
"""Some bins stay free, as a house needs them to move things about."""


@dataclass(frozen=True, slots=True)
class Floor:
    """The layout as the cloud's API takes it, and the bin where each SKU stands."""

    layout: dict[str, Any]
    bin_of: dict[str, str]


def build_floor(skus: Sequence[str], bins_a_sku: float = BINS_A_SKU, doors: Sequence[str] = DOORS) -> Floor:
    """Build a floor with a bin for each SKU; SKUs stand aisle by aisle in the order given, whoever asks for them."""
    aisles, cells = _shape(math.ceil(len(skus) * bins_a_sku))
    bins = [bin_ for aisle in range(aisles) for cell in range(cells) for bin_ in _rack(aisle, cell)]
    bin_of = {sku: bin_["id"] for sku, bin_ in zip(skus, bins, strict=False)}
    for sku, bin_ in zip(skus, bins, strict=False):
        bin_["skus"] = [sku]
    layout = {
        "v": 1,
        "name": "Demo warehouse",
        "aisles": {
            "count": aisles,
            "pitch_m": _PITCH_M,
            "cells": cells,
            "cell_m": _CELL_M,
            "front_gap_m": _END_GAP_M,
            "back_gap_m": _END_GAP_M,
            "cross_aisles": [],
        },
        "doors": [_door(door, place, aisles, len(doors)) for place, door in enumerate(doors)],
        "bins": bins,
        "bin_door_m": None,
        "bin_bin_m": None,
    }
    return Floor(layout, bin_of)


def rearranged(floor: Floor, bin_of: Mapping[str, str]) -> Floor:
    """Return the same floor with each SKU in the bin that `bin_of` gives; a bin without any is free."""
    kept: dict[str, list[str]] = {}
    for sku, bin_name in bin_of.items():
        kept.setdefault(bin_name, []).append(sku)
    bins = [{**bin_, "skus": kept.get(bin_["id"], [])} for bin_ in floor.layout["bins"]]
    return Floor({**floor.layout, "bins": bins}, dict(bin_of))


def _shape(bins: int) -> tuple[int, int]:
    """Choose aisles and cells so that the hall is about as wide as it is deep, and at least a door wide."""
    cells_needed = max(1, math.ceil(bins / (len(_SIDES) * len(_LEVELS_M))))
    aisles = max(len(DOORS), round(math.sqrt(cells_needed * _CELL_M / _PITCH_M)))
    return aisles, math.ceil(cells_needed / aisles)


def _rack(aisle: int, cell: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{aisle + 1:02d}-{cell + 1:02d}-{side}{level}",
            "x_m": aisle * _PITCH_M,
            "y_m": _END_GAP_M + cell * _CELL_M,
            "z_m": z_m,
            "aisle": aisle,
            "cell": cell,
            "zone": "ambient",
            "volume_m3": _BIN_M3,
            "mass_kg": _BIN_KG,
            "items_at_most": 1,
            "skus": [],
        }
        for side in _SIDES
        for level, z_m in enumerate(_LEVELS_M, start=1)
    ]


def _door(door: str, place: int, aisles: int, doors: int) -> dict[str, Any]:
    """Place the doors evenly along the front."""
    aisle = int((place + 0.5) * aisles / doors)
    return {
        "id": door,
        "x_m": aisle * _PITCH_M,
        "y_m": -_DOOR_GAP_M,
        "aisle": aisle,
        "end": "front",
        "gap_m": _DOOR_GAP_M,
    }
