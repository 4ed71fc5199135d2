"""A comparison as a table for people."""

from tagdock_slotting.plan import Saving
from tagdock_slotting.whatif.compare import Comparison, Row

MOST_RULES = 5


def table(found: Comparison) -> str:
    """Write the comparison: a line a layout, and below each its savings on orders."""
    width = max(12, *(len(row.name) for row in found.rows)) + 2
    lines = [f"{'layout':<{width}}{'m a day':>14}{'saves':>14}{'SKUs moved':>12}"]
    for row in found.rows:
        lines.append(
            f"{row.name:<{width}}{row.objective_m_per_day:>14,.1f}{row.saves_m_per_day:>14,.1f}{row.moved_skus:>12,}"
        )
    lines += _orders(found, width)
    for row in found.rows:
        lines += [f"broken in {row.name}: {rule}" for rule in row.broken_rules[:MOST_RULES]]
        if len(row.broken_rules) > MOST_RULES:
            lines.append(f"broken in {row.name}: {len(row.broken_rules) - MOST_RULES:,} more (--json lists them)")
    return "\n".join(lines)


def _orders(found: Comparison, width: int) -> list[str]:
    lines = []
    sets = (f"the problem's {found.training_orders:,} orders", f"{found.held_out_orders:,} held-out orders")
    for number, orders in enumerate(sets):
        if not any(_of(row, number) for row in found.rows):
            continue
        left_out = f", {found.held_out_lines_left_out:,} lines of unknown SKUs left out" if number else ""
        lines.append(f"\nmean tour on {orders}{left_out} (95 % interval of what is saved)")
        for row in found.rows:
            for saving in _of(row, number):
                lines.append(
                    f"{row.name:<{width}}{saving.policy:<12}{saving.mean_tour_m:>10,.1f} m"
                    f"{saving.saves:>10.1%}  ({saving.low:.1%} to {saving.high:.1%})"
                )
    return lines


def _of(row: Row, number: int) -> tuple[Saving, ...]:
    return row.held_out if number else row.training
