"""Which row saw the tag first: how the difference between the rows' power changes while the tag is in the field.

In dB a row's power over time is a constant (its own losses) plus a bump. Both rows' bumps have the same shape, so

    rssi(row, t) = level(row) + a t + b t^2 + change * side(row) * t,    side: outside -1/2, inside +1/2

and `change` alone tells the way: positive for goods that come in, negative for goods that go out, near zero for goods
that stand, pass along the wall or turn round, however unequal the rows' levels are. Fitted by least squares (ridge on
the shared shape, so that few reads stay harmless), in one pass over the reads.
"""

from math import sqrt
from typing import NamedTuple

RIDGE = (0.0, 0.0, 0.3, 0.3, 0.1)
"""Added to the normal equations: the shared slope, the shared bend, the change; worth a fraction of one read each."""
NOISE_DB = 2.0
"""The least noise of one read (fading of a Rician channel); few reads may look more consistent than they are."""
_LEVELS = 2


class Order(NamedTuple):
    """How the rows' difference (inside over outside, dB) changes per standard deviation of the reads' times."""

    change_db: float
    error_db: float


def row_order(outside: list[tuple[float, float]], inside: list[tuple[float, float]]) -> Order:
    """Fit the change from each row's reads, (seconds, dBm) in any order; both rows need a read at least."""
    times = [time for time, _ in outside] + [time for time, _ in inside]
    mean = sum(times) / len(times)
    scale = sqrt(sum((time - mean) ** 2 for time in times) / len(times)) or 1.0
    out = _Sums.of(outside, mean, scale)
    ins = _Sums.of(inside, mean, scale)
    matrix, right = _normal_equations(out, ins)
    fit = _solve([[*row, r, float(i == 4)] for i, (row, r) in enumerate(zip(_ridged(matrix), right, strict=True))])
    answer, inverse_column = [row[0] for row in fit], [row[1] for row in fit]
    explained = sum(
        a * (2 * r - sum(m * b for m, b in zip(row, answer, strict=True)))
        for a, r, row in zip(answer, right, matrix, strict=True)
    )
    left_over = max(out.yy + ins.yy - explained, 0.0) / max(len(times) - _LEVELS - 2, 1)
    return Order(answer[4], sqrt(max(left_over, NOISE_DB**2) * inverse_column[4]))


class _Sums(NamedTuple):
    """One row's moments: sums of u^k and u^k y over its reads (u: scaled time, y: dBm above a common reference)."""

    n: float
    u: float
    uu: float
    uuu: float
    uuuu: float
    y: float
    uy: float
    uuy: float
    yy: float

    @classmethod
    def of(cls, reads: list[tuple[float, float]], mean: float, scale: float) -> "_Sums":
        u = uu = uuu = uuuu = y = uy = uuy = yy = 0.0
        for time, rssi_dbm in reads:
            x = (time - mean) / scale
            power = rssi_dbm + _REFERENCE_DB
            x2 = x * x
            u += x
            uu += x2
            uuu += x2 * x
            uuuu += x2 * x2
            y += power
            uy += x * power
            uuy += x2 * power
            yy += power * power
        return cls(float(len(reads)), u, uu, uuu, uuuu, y, uy, uuy, yy)


_REFERENCE_DB = 50.0
"""Brings dBm near zero so that sums of squares keep their digits; any constant gives the same fit."""


def _normal_equations(out: _Sums, ins: _Sums) -> tuple[list[list[float]], list[float]]:
    """Build X'X and X'y for the columns outside, inside, t, t^2, side * t."""
    uu, uuu, uuuu = (out[k] + ins[k] for k in (2, 3, 4))
    uu_side, uuu_side = (ins.uu - out.uu) / 2, (ins.uuu - out.uuu) / 2
    matrix = [
        [out.n, 0.0, out.u, out.uu, -out.u / 2],
        [0.0, ins.n, ins.u, ins.uu, ins.u / 2],
        [out.u, ins.u, uu, uuu, uu_side],
        [out.uu, ins.uu, uuu, uuuu, uuu_side],
        [-out.u / 2, ins.u / 2, uu_side, uuu_side, uu / 4],
    ]
    return matrix, [out.y, ins.y, out.uy + ins.uy, out.uuy + ins.uuy, (ins.uy - out.uy) / 2]


def _ridged(matrix: list[list[float]]) -> list[list[float]]:
    return [[value + (RIDGE[i] if i == j else 0.0) for j, value in enumerate(row)] for i, row in enumerate(matrix)]


def _solve(rows: list[list[float]]) -> list[list[float]]:
    """Solve a small positive definite system for all its right-hand columns (Gauss-Jordan needs no pivoting here)."""
    size = len(rows)
    for i in range(size):
        pivot = rows[i][i]
        rows[i] = [value / pivot for value in rows[i]]
        for j in range(size):
            if j != i and rows[j][i]:
                factor = rows[j][i]
                rows[j] = [a - factor * b for a, b in zip(rows[j], rows[i], strict=True)]
    return [row[size:] for row in rows]
