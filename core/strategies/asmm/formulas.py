"""The market maker's formulas as pure functions, with the symbols of FORMULAS.md 4. No state, no blocks."""

from __future__ import annotations

import math

from core.kernel import kernel


@kernel
def reservation_price(s: float, q: float, gamma: float, sigma: float, tau: float) -> float:
    """Avellaneda & Stoikov 2008: r = s - q * gamma * sigma^2 * tau. Any unit of price, as long as it is one."""
    return s - q * gamma * sigma * sigma * tau


@kernel
def optimal_spread(gamma: float, sigma: float, tau: float, k: float) -> float:
    """Avellaneda & Stoikov 2008, TOTAL spread: gamma sigma^2 tau + (2 / gamma) ln(1 + gamma / k), k > 0."""
    if gamma / k < 1e-8:
        return gamma * sigma * sigma * tau + 2.0 / k
    return gamma * sigma * sigma * tau + 2.0 / gamma * math.log1p(gamma / k)


@kernel
def power(x: float, exponent: float) -> float:
    """x ** exponent for x >= 0, the same to the last bit in both forms."""
    if x <= 0.0:
        return 0.0
    return math.exp(exponent * math.log(x))


@kernel
def inventory_pressure(used: float, threshold: float, strength: float, exponent: float) -> float:
    """S3-10: strength * max(0, (u - threshold) / (1 - threshold)) ^ exponent, u = |position| / cap, at most 1."""
    u = min(1.0, used)
    if u <= threshold or threshold >= 1.0:
        return 0.0
    return strength * power((u - threshold) / (1.0 - threshold), exponent)


@kernel
def momentum_excess(momentum: float, threshold: float) -> float:
    """S3-09: signed part of the momentum beyond the threshold, bps; 0 up to and at the threshold."""
    excess = (abs(momentum) - threshold) * 1e4
    if excess <= 0.0:
        return 0.0
    if momentum < 0.0:
        return -excess
    return excess


@kernel
def ramp(x: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high`, linear between; low < high."""
    return min(1.0, max(0.0, (x - low) / (high - low)))


@kernel
def cap_factor(ratio: float, slope: float, loss: float, loss_at_zero: float, floor: float) -> float:
    """S3-77: share of netMax that may be held, `floor` .. 1.

    1 / (1 + slope * max(0, ratio - 1)) falls with the volatility ratio, 1 - loss / loss_at_zero with the loss.
    """
    by_volatility = 1.0 / (1.0 + slope * max(0.0, ratio - 1.0))
    by_loss = 1.0 - max(0.0, loss) / loss_at_zero
    return max(floor, min(1.0, by_volatility * max(0.0, by_loss)))
