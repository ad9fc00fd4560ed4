"""Prices of the synthetic market: an efficient price that nobody sees, and quotes that follow it late.

The efficient price is a martingale with volatility regimes and rare jumps; the lag of the quotes behind it is what
informed flow exploits and what a passive order pays for. Owns no book and no trades.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from core.domain.units import NS_PER_MS, NS_PER_S
from core.market.dice import Dice

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BLOCK_NS = 30 * NS_PER_S
STEPS = 120  # book updates a block: one about every 250 ms


class Character(NamedTuple):
    """What kind of market it is; the defaults are calibrated to the recordings (docs/markets.md).

    bps figures are of the price; sigma_bps per square root of a second in the normal regime.
    """

    sigma_bps: float = 1.3
    lag_s: float = 0.35  # of quotes that chase the efficient price
    hold_bps: float = 3.0  # quotes stand still until the gap is this wide, then they chase
    release_bps: float = 0.25  # and stand still again below this gap
    jump_rate: float = 0.05  # a block, in the normal regime
    jump_bps: float = 5.0
    spread_bps: float = 0.06  # mean of what comes on top of one tick
    gap_bps: float = 0.27  # mean distance of occupied price levels
    level_quote: float = 25_000.0  # median notional of one level
    level_sigma: float = 0.9
    orders_per_s: float = 1.4  # aggressive orders, each of one or more prints
    order_quote: float = 1_300.0
    order_sigma: float = 1.9
    excite: float = 0.45  # share of orders that follow others within a second
    repeat: float = 0.05  # orders that copy the last one's side
    informed: float = 1.8  # weight of the hidden gap in an order's side and rate


REGIMES = ("calm", "normal", "high", "extreme")
SCALE = (0.55, 1.0, 1.9, 3.5)
MOVE = (  # a block's chance of the next regime
    (0.940, 0.058, 0.002, 0.000),
    (0.060, 0.912, 0.026, 0.002),
    (0.010, 0.110, 0.860, 0.020),
    (0.000, 0.050, 0.150, 0.800),
)


class Path(NamedTuple):
    """One block of STEPS book updates.

    first_ms: ns of the block's first whole millisecond. t: ns of each update. efficient, quote: ticks after each.
    hidden: (efficient - quote before the update) in halves of the gap that quotes hold. fair: of all venues together,
    ticks, None where the quote is all that is known of it. All of one shape.
    """

    first_ms: int
    t: Ints
    efficient: Floats
    quote: Floats
    hidden: Floats
    scale: float
    fair: Floats | None = None


class Process(Protocol):
    """What a market asks of its prices."""

    def block(self, start_ns: int) -> Path: ...


class PriceProcess:
    """Draws block after block from one generator; the state between blocks is regime, efficient price and quote."""

    def __init__(self, character: Character, generator: Dice, price_ticks: float) -> None:
        self.character, self.dice = character, generator
        self.efficient = self.quote = price_ticks
        self.regime = 1
        self.chasing = False

    def hold_at(self, scale: float) -> float:
        """How far quotes let the efficient price go in a regime of this scale, a fraction."""
        return self.character.hold_bps * 1e-4 * math.sqrt(scale)

    def block(self, start_ns: int) -> Path:
        """The path of one block from `start_ns` on."""
        c, dice = self.character, self.dice
        self.regime = int(np.searchsorted(np.cumsum(MOVE[self.regime])[:-1], dice.random(), "right"))
        scale = SCALE[self.regime]
        step_ns = BLOCK_NS // STEPS
        early = (dice.random(STEPS) * 0.8 * step_ns).astype(np.int64)
        t = start_ns + np.arange(1, STEPS + 1) * step_ns - early
        t = t // NS_PER_MS * NS_PER_MS
        first_ms = -(-start_ns // NS_PER_MS) * NS_PER_MS
        t[0] = max(int(t[0]), first_ms)
        dt = np.diff(t, prepend=t[0] - step_ns // 2) / NS_PER_S
        move = c.sigma_bps * scale * np.sqrt(dt) * dice.standard_normal(STEPS)
        if dice.random() < c.jump_rate * scale:
            size = dice.exponential(c.jump_bps) * math.sqrt(scale)
            move[dice.integers(STEPS)] += size if dice.random() < 0.5 else -size
        efficient = self.efficient * np.exp(np.cumsum(move) * 1e-4 - 0.5e-8 * np.cumsum(move * move))
        quote, hidden = np.empty(STEPS), np.empty(STEPS)
        hold, release = self.hold_at(scale), c.release_bps * 1e-4 * math.sqrt(scale)
        follow = (1.0 - np.exp(-dt / c.lag_s)).tolist()
        now = self.quote
        for k, price in enumerate(efficient.tolist()):
            gap = price - now
            hidden[k] = gap / (0.5 * hold * now)
            self.chasing = abs(gap) > (release if self.chasing else hold) * now
            now += gap * (follow[k] if self.chasing else 0.0)
            quote[k] = now
        self.efficient, self.quote = float(efficient[-1]), float(now)
        return Path(first_ms, t, efficient, quote, np.clip(hidden, -4.0, 4.0), scale)
