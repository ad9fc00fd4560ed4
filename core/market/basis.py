"""The price difference of one coin between two venues: Ornstein-Uhlenbeck on two time scales, with jumps.

A slow part that hours remove, a fast one that seconds remove, and jumps that fade as the fast part does. Knows no book
and no time of day; the figures come from recordings (core/market/basis_calibration.json).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.market.dice import Dice

Floats = npt.NDArray[np.float64]


class BasisCharacter(NamedTuple):
    """What kind of basis; bps of the price. Defaults: two liquid BTC perpetuals (`tools.calibrate_basis`).

    mean, sd and half_life_h are those of samples an hour apart, fast_sd and fast_half_life_s of samples a second apart
    within some minutes. Jumps come `jumps_per_min` times and are Laplace with mean size `jump_bps`. Where the price is
    x times as volatile as usual, the basis moves x ** regime_slope times as far.
    """

    mean_bps: float = -0.2
    sd_bps: float = 2.0
    half_life_h: float = 2.7
    fast_sd_bps: float = 0.6
    fast_half_life_s: float = 2.5
    jumps_per_min: float = 8.0
    jump_bps: float = 0.65
    regime_slope: float = 0.25

    @property
    def slow(self) -> tuple[float, float]:
        """Standard deviation in bps and time constant in s of the slow part.

        Samples an hour apart see the fast part as noise of their own: the slow part is slower than they show.
        """
        share = 1.0 - (self.fast_sd_bps / self.sd_bps) ** 2
        kept = 0.5 ** (1.0 / self.half_life_h) / share
        if not 0.0 < kept < 1.0:
            raise ValueError(f"Expected a half-life longer than the fast part explains, was {self.half_life_h} h")
        return self.sd_bps * math.sqrt(share), -3600.0 / math.log(kept)

    @property
    def fast(self) -> tuple[float, float]:
        """Standard deviation in bps without the jumps, and time constant in s, of the fast part."""
        tau = self.fast_half_life_s / math.log(2.0)
        jumps = self.jumps_per_min / 60.0 * self.jump_bps * self.jump_bps * tau  # of a Laplace: E[x^2] = 2 b^2
        left = self.fast_sd_bps * self.fast_sd_bps - jumps
        if left < 0.0:
            raise ValueError(f"Expected jumps within the fast sd {self.fast_sd_bps} bps, was {math.sqrt(jumps):.2f}")
        return math.sqrt(left), tau


class BasisProcess:
    """Draws a basis step after step. `start_bps`: where it begins; None draws that too.

    The same generator and the same steps give the same basis, in however many calls.
    """

    def __init__(self, character: BasisCharacter, generator: Dice, start_bps: float | None = None) -> None:
        self.character, self.dice = character, generator
        self._slow_sd, self._slow_tau = character.slow
        self._fast_sd, self._fast_tau = character.fast
        drawn = generator.standard_normal(2).tolist()
        if start_bps is None:
            self._slow, self._fast = self._slow_sd * drawn[0], character.fast_sd_bps * drawn[1]
        else:
            self._slow, self._fast = start_bps - character.mean_bps, 0.0

    @property
    def now_bps(self) -> float:
        """The basis after the last step."""
        return self.character.mean_bps + self._slow + self._fast

    def walk(self, dt_s: Floats, wide: float = 1.0) -> Floats:
        """The basis in bps after each of the steps (seconds, >= 0), same shape. wide: factor on all that is drawn."""
        c, n = self.character, len(dt_s)
        draws = self.dice.random((n, 4))  # four a step, so that no split of the steps changes one
        far = np.sqrt(-2.0 * np.log1p(-draws[:, 0]))
        normal_slow, normal_fast = (far * turn(2.0 * math.pi * draws[:, 1]) for turn in (np.cos, np.sin))
        jumped = draws[:, 2] < -np.expm1(-c.jumps_per_min / 60.0 * dt_s)
        off = draws[:, 3] - 0.5
        sizes = -c.jump_bps * np.sign(off) * np.log1p(-np.minimum(2.0 * np.abs(off), 1.0 - 1e-16))
        keep_slow, keep_fast = np.exp(-dt_s / self._slow_tau), np.exp(-dt_s / self._fast_tau)
        push_slow = self._slow_sd * np.sqrt(1.0 - keep_slow * keep_slow) * normal_slow
        push_fast = self._fast_sd * np.sqrt(1.0 - keep_fast * keep_fast) * normal_fast + np.where(jumped, sizes, 0.0)
        out = np.empty(n)
        push_slow, push_fast = wide * push_slow, wide * push_fast
        slow, fast = self._slow, self._fast
        steps = zip(keep_slow.tolist(), push_slow.tolist(), keep_fast.tolist(), push_fast.tolist(), strict=True)
        for k, (keep_s, add_s, keep_f, add_f) in enumerate(steps):
            slow = keep_s * slow + add_s
            fast = keep_f * fast + add_f
            out[k] = slow + fast
        self._slow, self._fast = slow, fast
        return c.mean_bps + out
