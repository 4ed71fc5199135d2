"""A floor drawn from a few numbers: parallel aisles with racks on one or both sides, doors at their ends. Pure.

Bins get both a seat in the aisles, by which tours are measured, and coordinates, by which they are drawn. Names are
those of most racks: aisle, bay, level, where bays on the left are odd and on the right even.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tagdock_cloud.layout.records import MOST_BINS, Layout
from tagdock_cloud.web.names import Amount, Label
from tagdock_cloud.web.problems import refused

_FIRST_LETTER = ord("A")
_LETTERS = 26
_RACK_SHARE = 0.32
"""A bin's middle lies this share of the pitch beside its aisle's: racks back to back, and room to walk between."""


class AislePlan(BaseModel):
    """What a person says of a floor. Lengths in metres; a cross-aisle lies after bay `cross_after` (0: none)."""

    model_config = ConfigDict(extra="forbid")

    aisles: Annotated[int, Field(ge=1, le=500)] = 12
    pitch_m: Annotated[float, Field(ge=0.5, le=50, allow_inf_nan=False)] = 3.0
    bays: Annotated[int, Field(ge=1, le=2000)] = 20
    bay_m: Annotated[float, Field(ge=0.1, le=20, allow_inf_nan=False)] = 1.2
    sides: Literal[1, 2] = 2
    levels: Annotated[int, Field(ge=1, le=50)] = 1
    level_m: Annotated[float, Field(ge=0.1, le=10, allow_inf_nan=False)] = 1.6
    cross_after: Annotated[int, Field(ge=0, le=2000)] = 0
    cross_m: Annotated[float, Field(ge=0, le=50, allow_inf_nan=False)] = 3.0
    front_gap_m: Annotated[float, Field(ge=0, le=200, allow_inf_nan=False)] = 4.0
    back_gap_m: Annotated[float, Field(ge=0, le=200, allow_inf_nan=False)] = 2.0
    doors_front: Annotated[int, Field(ge=0, le=250)] = 4
    doors_back: Annotated[int, Field(ge=0, le=250)] = 0
    names: Literal["letters", "numbers"] = "letters"
    zone: Label | None = None
    volume_m3: Amount | None = None
    mass_kg: Amount | None = None
    items_at_most: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


def lay_out(plan: AislePlan, name: str = "") -> Layout:
    """Return the layout that a plan of aisles describes. Raises Problem (422) where its numbers do not go together."""
    _check(plan)
    aisles = {
        "count": plan.aisles, "pitch_m": plan.pitch_m, "cells": plan.bays, "cell_m": plan.bay_m,
        "front_gap_m": plan.front_gap_m, "back_gap_m": plan.back_gap_m,
        "cross_aisles": [{"after_cell": plan.cross_after - 1, "width_m": plan.cross_m}] if plan.cross_after else [],
    }  # fmt: skip
    bins, doors = list(_bins(plan)), list(_doors(plan))
    return Layout.model_validate({"name": name, "aisles": aisles, "bins": bins, "doors": doors})


def _check(plan: AislePlan) -> None:
    count = plan.aisles * plan.bays * plan.sides * plan.levels
    if count > MOST_BINS:
        raise refused("bays", f"that makes {count:,} bins, and a floor has {MOST_BINS:,} at most")
    if plan.cross_after >= plan.bays:
        raise refused("cross_after", f"the cross-aisle lies after bay 1 to {plan.bays - 1}, or 0 for none")
    if plan.doors_front + plan.doors_back == 0:
        raise refused("doors_front", "a floor needs a door at least")
    for end in ("front", "back"):
        if getattr(plan, f"doors_{end}") > plan.aisles:
            raise refused(f"doors_{end}", f"doors lie at the ends of aisles, and there are {plan.aisles}")


def _bins(plan: AislePlan) -> Iterator[dict[str, Any]]:
    own = {"zone": plan.zone, "volume_m3": plan.volume_m3, "mass_kg": plan.mass_kg, "items_at_most": plan.items_at_most}
    bays = len(str(plan.bays * plan.sides))
    for aisle in range(plan.aisles):
        for cell in range(plan.bays):
            for side in range(plan.sides):
                bay = f"{cell * plan.sides + side + 1:0{max(2, bays)}d}"
                x_m = aisle * plan.pitch_m + (0.0 if plan.sides == 1 else (2 * side - 1) * _RACK_SHARE * plan.pitch_m)
                for level in range(plan.levels):
                    bin_id = f"{_aisle_name(aisle, plan)}-{bay}" + (f"-{level + 1}" if plan.levels > 1 else "")
                    place = {
                        "x_m": round(x_m, 3),
                        "y_m": round(_depth(cell, plan), 3),
                        "z_m": round(level * plan.level_m, 3),
                    }
                    yield {"id": bin_id, "aisle": aisle, "cell": cell, **place, **own}


def _doors(plan: AislePlan) -> Iterator[dict[str, Any]]:
    number = 0
    for end, y_m in (("front", 0.0), ("back", _depth(plan.bays - 1, plan) + plan.back_gap_m)):
        count = plan.doors_front if end == "front" else plan.doors_back
        for place in range(count):
            number += 1
            aisle = int((place + 0.5) * plan.aisles / count)  # spread evenly; never two at one aisle
            yield {
                "id": f"D{number}",
                "aisle": aisle,
                "end": end,
                "x_m": round(aisle * plan.pitch_m, 3),
                "y_m": round(y_m, 3),
            }


def _depth(cell: int, plan: AislePlan) -> float:
    """Return metres from the front to a cell, the cross-aisle included."""
    return (
        plan.front_gap_m + cell * plan.bay_m + (plan.cross_m if plan.cross_after and cell >= plan.cross_after else 0.0)
    )


def _aisle_name(aisle: int, plan: AislePlan) -> str:
    if plan.names == "numbers":
        return f"{aisle + 1:0{max(2, len(str(plan.aisles)))}d}"
    name = chr(_FIRST_LETTER + aisle % _LETTERS)
    return name if plan.aisles <= _LETTERS else f"{chr(_FIRST_LETTER + aisle // _LETTERS)}{name}"
