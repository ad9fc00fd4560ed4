"""When we saw an event: recorded receive times put right, or modelled where a file has one clock.

Owns clock offset, latency draws and the promise of `Feed`: receive times never step back, never before the exchange.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from core import rng
from core.domain.instrument import Latency
from core.market.dice import Dice

Ints = npt.NDArray[np.int64]

ONE_WAY_MIN_NS = 5_000_000  # assumed fastest delivery where the recorder's clock runs behind; the worse side of 1-5 ms
_Z99 = 2.3263478740408408  # the 99 % quantile of a standard normal


def offset_corrected(ts_exch: Ints, ts_recv: Ints) -> tuple[Ints, int]:
    """Receive times shifted so that the fastest event took ONE_WAY_MIN_NS, and the recorder's clock offset in ns.

    Only a clock that is provably behind (some event received before it happened) is corrected; offset 0 = left alone.
    """
    if not len(ts_exch):
        return ts_recv, 0
    fastest = int((ts_recv - ts_exch).min())
    if fastest >= 0:
        return ts_recv, 0
    return ts_recv + (ONE_WAY_MIN_NS - fastest), fastest


def latency_draws(latency: Latency, n: int, generator: Dice) -> Ints:
    """`n` delays in ns of one leg (FORMULAS.md 13): constant p50, or lognormal fitted to p50 and p99."""
    if latency.model == "constant" or latency.p99_ns <= latency.p50_ns or latency.p50_ns <= 0:
        return np.full(n, max(latency.p50_ns, 0), np.int64)
    sigma = math.log(latency.p99_ns / latency.p50_ns) / _Z99
    draws: Ints = np.rint(np.exp(math.log(latency.p50_ns) + sigma * generator.standard_normal(n))).astype(np.int64)
    return draws


def modelled(ts_exch: Ints, latency: Latency, seed: int, name: str) -> Ints:
    """Receive times of a one-clock file: exchange time + a draw, in order. Same seed and name, same times."""
    draws = latency_draws(latency, len(ts_exch), rng.stream(seed, f"feed latency/{name}"))
    return in_order(ts_exch, ts_exch + draws)


def in_order(ts_exch: Ints, ts_recv: Ints, before: int = 0) -> Ints:
    """Receive times that never step back (running maximum, not below `before`) and are >= the exchange time."""
    if not len(ts_recv):
        return ts_recv
    late = np.maximum(ts_recv, ts_exch)
    late[0] = max(int(late[0]), before)
    return np.maximum.accumulate(late)
