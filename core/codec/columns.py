"""Recorded columns to ticks and lots, vectorised: the same rules as `core.codec.grid`, one fault code a value.

Owns the check of whole columns; which rows are dropped and which file is refused is decided by core.market.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from core.codec.grid import FLOAT_TOLERANCE, MAX_UNITS, ratio_of
from core.codec.reasons import FAULTS, INFINITE, NEGATIVE, NOT_A_NUMBER, OFF_GRID, TOO_LARGE

Ints = npt.NDArray[np.int64]
Faults = npt.NDArray[np.uint8]

F_NAN = FAULTS.index(NOT_A_NUMBER)
F_INF = FAULTS.index(INFINITE)
F_NEGATIVE = FAULTS.index(NEGATIVE)
F_LARGE = FAULTS.index(TOO_LARGE)
F_OFF_GRID = FAULTS.index(OFF_GRID)


def units_of(values: npt.NDArray[Any], step: float) -> tuple[Ints, Faults]:
    """Whole steps of a float column of any shape, and a fault code per value (0 = good, index into FAULTS).

    A value with a fault becomes 0. A float may miss the grid by 1e-6 of a step, or by the last bits of its own size.
    """
    x = np.asarray(values, np.float64)
    fault = np.zeros(x.shape, np.uint8)
    with np.errstate(all="ignore"):
        steps = x / step
        whole = np.rint(steps)
        slack = np.maximum(FLOAT_TOLERANCE, np.abs(steps) * 1e-14)
        fault[np.abs(steps - whole) > slack] = F_OFF_GRID
        fault[np.abs(steps) > MAX_UNITS] = F_LARGE
        fault[x < 0] = F_NEGATIVE
    fault[np.isinf(x)] = F_INF
    fault[np.isnan(x)] = F_NAN
    whole[fault != 0] = 0.0
    return whole.astype(np.int64), fault


def rescaled(values: npt.NDArray[Any], recorded_step: float | str, step: float | str) -> tuple[Ints, Faults]:
    """Whole steps of an integer column recorded in units of `recorded_step`, exact; faults as in `units_of`."""
    up, down = ratio_of(recorded_step, step)
    x = np.asarray(values).astype(np.int64)
    fault = np.zeros(x.shape, np.uint8)
    fault[np.abs(x) > MAX_UNITS // up] = F_LARGE
    fault[x < 0] = F_NEGATIVE
    x[fault != 0] = 0
    scaled = x * up
    if down != 1:
        off = (scaled % down != 0) & (fault == 0)
        fault[off] = F_OFF_GRID
        scaled = np.where(off, 0, scaled) // down
    return scaled, fault
