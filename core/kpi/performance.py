"""Sharpe, Sortino, drawdown and Calmar with the edge cases of FORMULAS.md 8. Pure; None = no meaning."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

SECONDS_A_YEAR = 365 * 86_400  # a market that never closes
DAYS_TO_ANNUALISE = 30  # a shorter window is not annualised


def periods_a_year(step_s: float) -> float:
    """Sampling periods in 365 days, for annualising returns of `step_s` seconds."""
    return SECONDS_A_YEAR / step_s


def returns_of(equity: Sequence[float]) -> list[float]:
    """Simple returns between samples; a sample at or below zero ends the series (-1: everything is lost)."""
    out: list[float] = []
    for before, after in itertools.pairwise(equity):
        if before <= 0:
            break
        out.append(max(after / before - 1.0, -1.0))
    return out


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def volatility(returns: Sequence[float], periods: float = 1.0) -> float | None:
    """Sample standard deviation (ddof 1) times sqrt(periods); None below two returns."""
    if len(returns) < 2:
        return None
    mean = _mean(returns)
    return math.sqrt(math.fsum((r - mean) * (r - mean) for r in returns) / (len(returns) - 1) * periods)


def sharpe(returns: Sequence[float], periods: float, risk_free: float = 0.0) -> float | None:
    """mean(r - rf) / std(ddof 1) * sqrt(periods), `risk_free` per period; None without variance. FORMULAS.md 8."""
    sigma = volatility(returns)
    if sigma is None or sigma <= 1e-15 * max(1.0, max(abs(r) for r in returns)):
        return None
    return (_mean(returns) - risk_free) / sigma * math.sqrt(periods)


def downside_deviation(returns: Sequence[float], target: float = 0.0) -> float | None:
    """sqrt(sum(min(r - target, 0)^2) / N) over ALL N returns."""
    if not returns:
        return None
    return math.sqrt(math.fsum(min(r - target, 0.0) ** 2 for r in returns) / len(returns))


def sortino(returns: Sequence[float], periods: float, target: float = 0.0) -> float | None:
    """(mean - target) / downside deviation * sqrt(periods); None when nothing lies below the target."""
    deviation = downside_deviation(returns, target)
    if not deviation:
        return None
    return (_mean(returns) - target) / deviation * math.sqrt(periods)


def drawdown_path(equity: Sequence[float]) -> list[float]:
    """Fraction below the running peak at each sample, <= 0; the first sample is the starting equity and counts.

    Equity at or below zero is -1. Transfers must have been taken out before.
    """
    peak, out = -math.inf, []
    for value in equity:
        peak = max(peak, value)
        out.append(-1.0 if value <= 0 or peak <= 0 else value / peak - 1.0)
    return out


def max_drawdown(equity: Sequence[float]) -> float | None:
    """The deepest point of `drawdown_path`; None without a sample."""
    return min(drawdown_path(equity)) if equity else None


def equity_of(returns: Sequence[float], start: float = 1.0) -> list[float]:
    """Compounded equity with the starting value included, so that a first-period loss is a drawdown."""
    out = [start]
    for r in returns:
        out.append(out[-1] * (1.0 + r))
    return out


def annual_return(returns: Sequence[float], periods: float) -> float | None:
    """Compound annual growth; None without returns or once everything is lost."""
    if not returns:
        return None
    growth = equity_of(returns)[-1]
    return growth ** (periods / len(returns)) - 1.0 if growth > 0 else None


def calmar(returns: Sequence[float], periods: float) -> float | None:
    """Growth over |max drawdown|; below 30 days the plain return, not annualised. None without drawdown."""
    if not returns:
        return None
    depth = max_drawdown(equity_of(returns))
    if not depth:
        return None
    days = len(returns) / periods * 365
    growth = equity_of(returns)[-1] - 1.0 if days < DAYS_TO_ANNUALISE else annual_return(returns, periods)
    return None if growth is None else growth / abs(depth)
