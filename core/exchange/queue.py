"""Queue position of a resting order (Rigtorp 2013; FORMULAS.md 13): pure formulas, no state.

Risk-averse: only trades advance us. Probability models: a share of each cancellation was ahead of us.
"""

from __future__ import annotations

import math

from core.exchange.blocks import LOG, RISK_AVERSE
from core.kernel import kernel


@kernel
def raised(model: int, n: float, x: float) -> float:
    """f(x): x**n (POWER) or ln(1 + x) (LOG) for x >= 0. Whole n by multiplication, so both kernel forms agree."""
    if x <= 0.0:
        return 0.0
    if model == LOG:
        return math.log(1.0 + x)
    if n == math.floor(n) and 0.0 < n <= 8.0:
        y = x
        for _ in range(int(n) - 1):
            y = y * x
        return y
    return math.exp(n * math.log(x))


@kernel
def behind(model: int, variant: int, n: float, front: float, back: float) -> float:
    """Probability that a decrease of the level was behind us; 1 where nothing tells (0/0)."""
    front = max(front, 0.0)
    back = max(back, 0.0)
    if variant == 3:
        if front + back <= 0.0:
            return 1.0
        return 1.0 - raised(model, n, front / (front + back))
    below = raised(model, n, back + front)
    if variant == 1:
        below = raised(model, n, back) + raised(model, n, front)
    if below <= 0.0:
        return 1.0
    return raised(model, n, back) / below


@kernel
def after_depth(model: int, variant: int, n: float, front: float, prev: float, new: float, traded: float) -> float:
    """Lots ahead after the level went from `prev` to `new`, of which `traded` is already taken off `front`.

    May come out below zero in the probability models; the caller clamps (a cancel ahead fills nobody).
    """
    if model == RISK_AVERSE:
        return min(front, new)
    chg = prev - new - traded
    if chg < 0.0:
        return min(front, new)
    back = prev - front
    p = behind(model, variant, n, front, back)
    return min(front - (1.0 - p) * chg + min(back - p * chg, 0.0), new)


@kernel
def after_trade(front: float, qty: int) -> float:
    """Lots ahead after a trade at the price; below zero = this much of us is filled."""
    return front - qty


@kernel
def fillable(front: float) -> int:
    """Whole lots that an exhausted queue position (front < 0) gives."""
    if front >= 0.0:
        return 0
    return int(math.floor(-front))
