"""Which row saw the tag first: how the difference between the rows' power changes while the tag is in the field.

In dB a row's power over time is a constant (its own losses) plus a bump. Both rows' bumps have the same shape, so

    rssi(row, t) = level(row) + a t + b t^2 + change * side(row) * t,    side: outside -1/2, inside +1/2

`change` tells the way: positive for goods that come in, negative for goods that go out, near zero for goods that stand,
pass along the wall or turn round. `middle`, the inside level over the outside one half-way through, tells goods that
went through (about equal) from goods that kept to one side. Fitted by least squares (ridge on the shared shape, so that
few looks stay harmless), in one pass over the looks.
"""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

RIDGE = (0.02, 0.02, 0.3, 0.3, 0.1)
"""Added to the normal equations: levels, shared slope, shared bend, change; worth a fraction of one look each."""
NOISE_SHARE = 0.4
"""So much of what the fit leaves over is noise, the rest is the bump's own shape, which both rows share; found on goods
that turn round, whose change is 0 but for noise."""
NOISE_DB, NOISE_LOOKS = 4.0, 3.0
"""What the noise of a look is taken for beforehand (fading of a Rician channel, one or two reads), and how many looks
outweigh that: few looks may seem more consistent than they are."""
_UNKNOWNS = 4
"""The levels, the shape: what the looks have to pay for before they tell a change."""
_REFERENCE_DB = 60.0
"""Brings dBm near zero so that sums of squares keep their digits, and the ridge pulls levels towards weak reads."""

Look = tuple[float, float]
"""Seconds, dBm."""


class Order(NamedTuple):
    """The rows' difference (inside over outside, dB): its change a standard deviation of time, its value half-way.

    `bend_db` is the bend of both rows' bump: power falls by so much a standard deviation away from the middle.
    """

    change_db: float
    change_error_db: float
    middle_db: float
    middle_error_db: float
    bend_db: float
    bend_error_db: float


def row_order(outside: Sequence[Look], inside: Sequence[Look]) -> Order:
    """Fit change and middle from each row's looks in any order; both rows need one at least."""
    times = [time for time, _ in outside] + [time for time, _ in inside]
    mean = sum(times) / len(times)
    scale = sqrt(sum((time - mean) ** 2 for time in times) / len(times)) or 1.0
    out, ins = _Sums.of(outside, mean, scale), _Sums.of(inside, mean, scale)
    matrix, right = _normal_equations(out, ins)
    columns = zip(matrix, RIDGE, right, *_ASKED, range(5), strict=True)
    fit = _solve([[*row[:i], row[i] + ridge, *row[i + 1 :], r, *ask] for row, ridge, r, *ask, i in columns])
    answer = [row[0] for row in fit]
    explained = sum(
        a * (2 * r - sum(m * b for m, b in zip(row, answer, strict=True)))
        for a, r, row in zip(answer, right, matrix, strict=True)
    )
    left_over = max(out.yy + ins.yy - explained, 0.0)
    freedom = max(len(times) - _UNKNOWNS, 0)
    noise = (left_over * NOISE_SHARE + NOISE_LOOKS * NOISE_DB**2) / (freedom + NOISE_LOOKS)
    return Order(
        answer[4],
        sqrt(noise * fit[4][1]),
        answer[1] - answer[0],
        sqrt(noise * max(fit[1][2] - fit[0][2], 0.0)),
        answer[3],
        sqrt(noise * fit[3][3]),
    )


_ASKED = ((0.0, 0.0, 0.0, 0.0, 1.0), (-1.0, 1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0, 0.0))
"""Of which sums of unknowns the error is asked: change, middle, bend."""


class _Sums(NamedTuple):
    """One row's moments: sums of u^k and u^k y over its looks (u: scaled time, y: dBm above a common reference)."""

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
    def of(cls, looks: Sequence[Look], mean: float, scale: float) -> "_Sums":
        u = uu = uuu = uuuu = y = uy = uuy = yy = 0.0
        for time, rssi_dbm in looks:
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
        return cls(float(len(looks)), u, uu, uuu, uuuu, y, uy, uuy, yy)


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


def _solve(rows: list[list[float]]) -> list[list[float]]:
    """Solve a small positive definite system for all its right-hand columns (Gauss-Jordan needs no pivoting here)."""
    size = len(rows)
    for i in range(size):
        pivot = rows[i][i]
        rows[i] = own = [value / pivot for value in rows[i]]
        for j in range(size):
            if j != i and rows[j][i]:
                factor = rows[j][i]
                rows[j] = [a - factor * b for a, b in zip(rows[j], own, strict=True)]
    return [row[size:] for row in rows]
