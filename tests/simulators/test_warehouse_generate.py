"""Generated orders have the shape of the real sample."""

from collections import Counter

from tagdock_simulators.warehouse.generate import generate_orders


def test_the_same_seed_gives_the_same_orders_and_another_seed_others() -> None:
    assert generate_orders(1, lines=500).lines == generate_orders(1, lines=500).lines
    assert generate_orders(1, lines=500).lines != generate_orders(2, lines=500).lines


def test_shares_are_those_of_the_sample() -> None:
    lines = generate_orders(7).lines
    invoices = Counter(line.invoice for line in lines if not line.is_return)
    ranked = sorted(Counter(line.sku for line in lines).values(), reverse=True)
    assert 0.015 < sum(line.is_return for line in lines) / len(lines) < 0.025  # the sample: 0.0195
    assert 0.35 < sum(size == 1 for size in invoices.values()) / len(invoices) < 0.43  # 0.388
    assert 2.8 < sum(invoices.values()) / len(invoices) < 3.4  # 3.13
    assert 0.36 < sum(ranked[: len(ranked) // 10]) / len(lines) < 0.44  # 0.40
    assert 3 <= sorted(line.quantity for line in lines)[len(lines) // 2] <= 5  # 4


def test_days_and_invoices_go_forward_and_leave_saturdays_out() -> None:
    lines = generate_orders(3, lines=3000).lines
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert {line.at.weekday() for line in lines} == {0, 1, 2, 3, 4, 6}
    assert all(line.is_return == line.invoice.startswith("C") for line in lines)
