"""Figures of the price difference of one coin at two venues, as a calibration measures them. Pure functions."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from core.domain.book import Feed
from core.domain.units import NS_PER_S
from core.market.figures import Figures, quoted

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
JUMP_BPS = 1.0  # a change within a second beyond this counts as a jump


def mids(feed: Feed, tick: float) -> tuple[Ints, Floats]:
    """Exchange times in ns and mids in quote units, one for each row that sets the touch."""
    at, bid, ask = quoted(feed)
    return feed.ts_exch[at], 0.5 * (bid + ask) * tick


def sampled_bps(a: tuple[Ints, Floats], b: tuple[Ints, Floats], every_ns: int = NS_PER_S) -> Floats:
    """(a - b) / b in bps at even times of the interval that both cover, each mid as it last stood."""
    first, second = held_together(a, b, every_ns)
    out: Floats = 1e4 * (first / second - 1.0)
    return out


def held_together(a: tuple[Ints, Floats], b: tuple[Ints, Floats], every_ns: int = NS_PER_S) -> tuple[Floats, Floats]:
    """Both mids as they last stood at even times of the interval that both cover."""
    start, end = max(int(a[0][0]), int(b[0][0])), min(int(a[0][-1]), int(b[0][-1]))
    t = np.arange(-(-start // every_ns) * every_ns, end, every_ns)
    return a[1][np.searchsorted(a[0], t, "right") - 1], b[1][np.searchsorted(b[0], t, "right") - 1]


def half_life(samples: Floats) -> float | None:
    """In samples, from the lag-1 autocorrelation; None where it is not positive or not below one."""
    kept = float(np.corrcoef(samples[:-1], samples[1:])[0, 1])
    return -math.log(2.0) / math.log(kept) if 0.0 < kept < 1.0 else None


def spread_figures(samples: Floats) -> Figures:
    """Of samples a second apart: mean, sd, half-life in s, sd of the changes, jumps a minute and their mean size."""
    change = np.abs(np.diff(samples))
    jumps = change[change > JUMP_BPS]
    figures: Figures = {
        "seconds": float(len(samples)),
        "mean_bps": float(samples.mean()),
        "sd_bps": float(samples.std(ddof=1)),
        "half_life_s": half_life(samples),
        "change_sd_bps": float(np.diff(samples).std(ddof=1)),
        "jumps_per_min": 60.0 * len(jumps) / len(change),
        "jump_bps": float(jumps.mean()) if len(jumps) else None,
    }
    return {name: None if value is None else float(f"{value:.5g}") for name, value in figures.items()}


def lag_figures(a: tuple[Ints, Floats], b: tuple[Ints, Floats], step_ns: int, reach: int = 20) -> Figures:
    """Which of two mids moves first: cross-correlation of their changes over `step_ns`, up to `reach` steps apart.

    lag_ms: steps at the largest correlation, > 0 where `a` leads `b`; lead_share: of the squared correlations at lags
    other than 0, those where `a` leads (0.5 = neither).
    """
    moves = [np.diff(np.log(mid)) for mid in held_together(a, b, step_ns)]
    if len(moves[0]) < 3 * reach:
        raise ValueError(f"Expected at least {3 * reach} steps, was {len(moves[0])}")
    found = {k: _correlation(moves[0], moves[1], k) for k in range(-reach, reach + 1)}
    best = max(found, key=lambda k: (found[k], -abs(k)))
    ahead, behind = (sum(c * c for k, c in found.items() if k * way > 0) for way in (1, -1))
    figures: Figures = {
        "lag_ms": best * step_ns / 1e6,
        "lag_correlation": found[best],
        "lead_share": ahead / (ahead + behind) if ahead + behind > 0.0 else None,
    }
    return {name: None if value is None else float(f"{value:.5g}") for name, value in figures.items()}


def _correlation(a: Floats, b: Floats, k: int) -> float:
    """Of a now with b `k` steps later; 0 where one of them never moves."""
    early, late = (a[: len(a) - k], b[k:]) if k >= 0 else (a[-k:], b[: len(b) + k])
    if early.std() == 0.0 or late.std() == 0.0:
        return 0.0
    return float(np.corrcoef(early, late)[0, 1])


def regime_slope(a: tuple[Ints, Floats], b: tuple[Ints, Floats], window: int = 30) -> float | None:
    """How the basis widens with volatility: slope of log(sd of its changes) over log(sd of the returns of `b`).

    Of samples a second apart, in windows of so many; None where fewer than three windows move.
    """
    first, second = held_together(a, b)
    change, move = np.diff(1e4 * (first / second - 1.0)), 1e4 * np.diff(np.log(second))
    n = len(change) // window * window
    wide, wild = (samples[:n].reshape(-1, window).std(axis=1) for samples in (change, move))
    moved = (wide > 0.0) & (wild > 0.0)
    if moved.sum() < 3 or np.ptp(wild[moved]) == 0.0:
        return None
    return float(f"{np.polyfit(np.log(wild[moved]), np.log(wide[moved]), 1)[0]:.5g}")
