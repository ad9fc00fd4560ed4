"""Depth of the synthetic market: twenty levels a side round the quote, from a table of who rests at which price.

A price keeps its size from one snapshot to the next (slow waves, a share of the table renewed each block), so that
queues mean something; the touch on the side that is about to move thins out before it does.
"""

from __future__ import annotations

import numpy as np

from core.domain.book import LEVELS
from core.domain.instrument import Instrument
from core.domain.units import BUY, MONEY, SELL
from core.market.dice import Dice
from core.market.synthetic_price import STEPS, Character, Floats, Ints, Path

TABLE = 8192  # prices are looked up modulo this many ticks
RENEWED = 0.08  # share of the table renewed each block
SPREAD_CHANGES = 0.2  # chance an update that the spread is drawn anew
_NS = 1e-9


class DepthTable:
    """Sizes by price; `block` gives snapshots for a path."""

    def __init__(self, character: Character, instrument: Instrument, generator: Dice, price: float) -> None:
        self.character, self.instrument, self.dice = character, instrument, generator
        tick_bps = 1e4 / price
        self.share = min(1.0, tick_bps / character.gap_bps)
        self.extra_ticks = character.spread_bps / tick_bps
        self.lots = max(1.0, character.level_quote * MONEY / (price * instrument.unit))
        self.draw = generator.random(TABLE)
        self.size = np.exp(character.level_sigma * generator.standard_normal(TABLE))
        self.phase = generator.random(TABLE) * 2.0 * np.pi
        self.pace = 0.05 + 0.4 * generator.random(TABLE)

    def block(self, path: Path) -> tuple[Ints, Ints]:
        """Snapshots after each update: px ticks, sz lots, shape (STEPS, 2, LEVELS)."""
        dice = self.dice
        renewed = dice.integers(TABLE, size=int(TABLE * RENEWED))
        self.draw[renewed] = dice.random(len(renewed))
        self.size[renewed] = np.exp(self.character.level_sigma * dice.standard_normal(len(renewed)))
        wide = self.extra_ticks * path.scale * (1.0 + 0.3 * np.abs(path.hidden))
        fresh = np.floor(dice.exponential(1.0, STEPS) * wide).astype(np.int64)
        drawn = dice.random(STEPS) < SPREAD_CHANGES
        drawn[0] = True
        spread = 1 + fresh[np.maximum.accumulate(np.where(drawn, np.arange(STEPS), 0))]
        bid = np.maximum(LEVELS, np.floor(path.quote - 0.5 * spread + 0.5)).astype(np.int64)
        ask = bid + spread
        reach = int(4 * LEVELS / self.share) + 2
        low, high = max(1, int(bid.min()) - reach), int(ask.max()) + reach
        prices = np.arange(low, high + 1)
        taken = prices[self.draw[prices % TABLE] < self.share]
        px, sz = np.zeros((STEPS, 2, LEVELS), np.int64), np.zeros((STEPS, 2, LEVELS), np.int64)
        px[:, BUY, 0], px[:, SELL, 0] = bid, ask
        below = np.searchsorted(taken, bid, "left")[:, None] - np.arange(1, LEVELS)
        above = np.searchsorted(taken, ask, "right")[:, None] + np.arange(LEVELS - 1)
        px[:, BUY, 1:] = np.where(below >= 0, taken[np.maximum(below, 0)], 0)
        px[:, SELL, 1:] = np.where(above < len(taken), taken[np.minimum(above, len(taken) - 1)], 0)
        key = px % TABLE
        wave = np.exp(0.35 * np.sin(self.phase[key] + self.pace[key] * (path.t[:, None, None] * _NS)))
        shown = self.lots * self.size[key] * wave * (1.0 + 0.05 * np.arange(LEVELS)) / np.sqrt(path.scale)
        shown[:, BUY, :2] *= _thinning(-self._pressure(path))[:, None]
        shown[:, SELL, :2] *= _thinning(self._pressure(path))[:, None]
        sz[:] = np.where(px > 0, np.maximum(1.0, np.rint(shown)), 0.0).astype(np.int64)
        return px, sz

    @staticmethod
    def _pressure(path: Path) -> Floats:
        """The gap that is left after the update, in the units of `hidden`: where the quote goes next."""
        typical = np.abs(path.hidden) / np.maximum(np.abs(path.efficient - path.quote), 1e-9)
        left: Floats = np.clip((path.efficient - path.quote) * np.median(typical), -3.0, 3.0)
        return left


def _thinning(pressure: Floats) -> Floats:
    """Factor on the touch of the side that `pressure` (> 0: towards it) is about to take away."""
    factor: Floats = np.exp(-0.5 * pressure)
    return factor
