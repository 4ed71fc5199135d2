"""Heatmaps of the floor: what is picked where, and what each bin loses against the plan."""

import numpy as np

from tagdock_slotting.model import Amounts, Model, Units
from tagdock_slotting.pictures.colours import GAIN, LOSS, bounds, nth_shade, shade
from tagdock_slotting.pictures.floor import Floor
from tagdock_slotting.pictures.sheet import MARGIN, SMALL, WIDTH, Sheet, number

ROUNDING_M = 1e-6


def flow_a_day(model: Model, units: Units) -> Amounts:
    """Return the order lines that are picked from each bin in a day."""
    return np.asarray(np.bincount(units.bin, (model.picks / model.needed)[units.item], model.bins), dtype=np.float64)


def regret_m_per_day(model: Model, today: Units, planned: Units) -> Amounts:
    """Return for each of today's bins what picking its goods there costs more than where the plan puts them."""
    costs = [np.bincount(units.item, model.unit_costs(units), model.items) for units in (today, planned)]
    lost = costs[0] - costs[1]
    places = np.bincount(today.item, minlength=model.items)
    return np.asarray(np.bincount(today.bin, (lost / np.maximum(places, 1))[today.item], model.bins), dtype=np.float64)


def draw_flow(sheet: Sheet, model: Model, floor: Floor, flow: Amounts, limits: tuple[float, ...]) -> None:
    """Draw a floor whose bins are the darker, the more is picked from them."""
    top = floor.begin(sheet)
    for place, box, value in zip(model.problem.bins, floor.boxes, flow.tolist(), strict=True):
        look = {"class_": shade(value, limits) if value > 0 else "empty"}
        size = {"x": box.x, "y": top + box.y, "width": box.width, "height": box.height}
        sheet.shape("rect", f"{place.id}: {value:.3g} lines a day", **size, **look)
    floor.doors_on(sheet, top)
    sheet.down = top + floor.height


def flow_legend(sheet: Sheet, limits: tuple[float, ...]) -> None:
    """Explain the shades."""
    sheet.down += 6
    sheet.say("Order lines a day from a bin", size=SMALL)
    entries = [("none", {"class_": "empty"})]
    entries += [(f"to {limit:g}", {"class_": nth_shade(place, len(limits))}) for place, limit in enumerate(limits)]
    _swatches(sheet, entries)


def draw_regret(sheet: Sheet, model: Model, floor: Floor, regret: Amounts) -> None:
    """Draw what each bin's goods would save elsewhere (vermilion), or give up so that others can save (blue)."""
    top = floor.begin(sheet)
    sizes = np.abs(regret)
    limits = bounds(sizes.tolist())
    for place, box, value in zip(model.problem.bins, floor.boxes, regret.tolist(), strict=True):
        size = {"x": box.x, "y": top + box.y, "width": box.width, "height": box.height}
        if abs(value) < ROUNDING_M:
            sheet.shape("rect", place.id, **size, class_="empty")
            continue
        strength = (1 + sum(abs(value) > limit for limit in limits)) / max(len(limits), 1)
        words = "better" if value > 0 else "worse"
        sheet.shape(
            "rect",
            f"{place.id}: its goods lie {number(abs(value))} m a day {words} with the plan",
            **size,
            fill=LOSS if value > 0 else GAIN,
            fill_opacity=min(1.0, 0.2 + 0.8 * strength),
        )
    floor.doors_on(sheet, top)
    sheet.down = top + floor.height + 6
    largest = float(sizes.max(initial=0.0))
    sheet.say(f"Metres a day, at most {number(largest)} for one bin", size=SMALL)
    _swatches(
        sheet, [("stay", {"class_": "empty"}), ("lose where they lie", {"fill": LOSS}), ("make room", {"fill": GAIN})]
    )


def _swatches(sheet: Sheet, entries: list[tuple[str, dict[str, str]]]) -> None:
    step = (WIDTH - 2 * MARGIN) / len(entries)
    for place, (name, look) in enumerate(entries):
        x = MARGIN + place * step
        sheet.shape("rect", x=x, y=sheet.down, width=14.0, height=12.0, **look)
        sheet.text(x + 18, sheet.down + 10, name)
    sheet.down += 16
