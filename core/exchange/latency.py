"""Latency of requests and reports: tables drawn ahead, because kernels may not roll dice.

Constant, lognormal with given p50 and p99, or recorded rows interpolated in time order (FORMULAS.md 13).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core import rng
from core.domain.instrument import Latency
from core.exchange.blocks import DRAWS

Z99 = 2.3263478740408408  # normal quantile at 0.99


def draws(model: Latency, seed: int, name: str, recorded: Sequence[int] = ()) -> npt.NDArray[np.int64]:
    """DRAWS latencies, ns, each at least 1. `recorded`: rows of one leg, interpolated to DRAWS points in their order.

    Raises ValueError for an unknown model, recorded without rows, or p99 < p50 of a lognormal.
    """
    if model.model == "constant":
        values = np.full(DRAWS, float(model.p50_ns))
    elif model.model == "recorded":
        if len(recorded) == 0:
            raise ValueError("Expected recorded latency rows, was none")
        at = np.linspace(0.0, len(recorded) - 1.0, DRAWS)
        values = np.interp(at, np.arange(len(recorded), dtype=float), np.asarray(recorded, dtype=float))
    elif model.model == "lognormal":
        if model.p50_ns <= 0 or model.p99_ns < model.p50_ns:
            raise ValueError(f"Expected 0 < p50 <= p99, was {model.p50_ns} and {model.p99_ns}")
        sigma = math.log(model.p99_ns / model.p50_ns) / Z99
        values = model.p50_ns * np.exp(sigma * rng.stream(seed, name).standard_normal(DRAWS))
    else:
        raise ValueError(f"Expected constant, lognormal or recorded, was {model.model!r}")
    return np.maximum(1, np.rint(values)).astype(np.int64)
