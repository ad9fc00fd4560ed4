"""Aggressive orders of the synthetic market: clustered, persistent in side, and informed of where the quote will go.

An order takes what the last snapshot shows, level by level, in one or more prints of one millisecond; what it took is
missing in the next snapshot. Its side leans to the hidden gap, so trades precede the move that they announce.
"""

from __future__ import annotations

import math

import numpy as np

from core.domain.book import LEVELS
from core.domain.instrument import Instrument
from core.domain.units import BUY, MONEY, NS_PER_MS, NS_PER_S, SELL
from core.market.dice import Dice
from core.market.synthetic_price import STEPS, Character, Ints, Path

MAX_PRINTS = 40  # of one order
DECAY_S = 1.0  # how fast the excitement of an order fades


class OrderFlow:
    """Trades of block after block. State: excitement, the last side, the book that was last seen, the trade id."""

    def __init__(self, character: Character, instrument: Instrument, generator: Dice, price: float) -> None:
        self.character, self.dice = character, generator
        self.lots = max(1.0, character.order_quote * MONEY / (price * instrument.unit))
        self.excitement, self.side, self.trade_id = 0.0, 1, 0
        self.last: tuple[Ints, Ints] | None = None
        self.last_t = 0

    def block(self, path: Path, px: Ints, sz: Ints) -> Ints:
        """Trades as rows (ts_exch ns, px, sz, side, id) in order of time; takes what they consumed out of `sz`."""
        c, dice = self.character, self.dice
        rows: list[tuple[int, int, int, int, int]] = []
        uniform, normal = dice.random((STEPS, 2)), dice.standard_normal(STEPS)
        dt = np.diff(path.t, prepend=self.last_t or int(path.t[0])) / NS_PER_S
        base = c.orders_per_s * (1.0 - c.excite) * (0.5 + 0.5 * path.scale) / (1.0 + 0.4 * c.informed)
        times, hidden = path.t.tolist(), path.hidden.tolist()
        before = max(self.last_t, path.first_ms - NS_PER_MS)
        for k in range(STEPS):
            gap = hidden[k]
            rate = base * (1.0 + 0.5 * c.informed * gap * gap) + self.excitement
            n = int(dice.poisson(rate * dt[k])) if dt[k] > 0.0 else 0
            if n and self.last is not None:
                taken = self._orders(rows, min(n, 12), gap, before, times[k], uniform[k], normal[k])
                self._take_out(taken, px[k], sz[k])
                self.excitement += c.excite * n / DECAY_S
            self.excitement *= math.exp(-dt[k] / DECAY_S)
            self.last, before = (px[k], sz[k]), times[k]
        self.last_t = times[-1]
        self.last = (px[-1].copy(), sz[-1].copy())
        return np.array(rows, np.int64).reshape(-1, 5)

    def _orders(
        self,
        rows: list[tuple[int, int, int, int, int]],
        n: int,
        gap: float,
        before: int,
        now: int,
        uniform: np.ndarray[tuple[int], np.dtype[np.float64]],
        normal: float,
    ) -> dict[tuple[int, int], int]:
        """`n` orders between two snapshots; returns what they took, by (book side, price)."""
        c, dice = self.character, self.dice
        assert self.last is not None
        buy_share = 1.0 / (1.0 + math.exp(-c.informed * gap * abs(gap)))
        taken: dict[tuple[int, int], int] = {}
        span = max(0, (now - before) // NS_PER_MS - 1)
        stamps = np.sort(dice.integers(0, span + 1, n)).tolist() if n > 1 else [int(uniform[0] * (span + 1))]
        for i in range(n):
            draw = float(uniform[1]) if i == 0 else dice.random()
            if draw >= c.repeat:
                self.side = 1 if (draw - c.repeat) / (1.0 - c.repeat) < buy_share else -1
            z = float(normal) if i == 0 else dice.standard_normal()
            left = max(1, int(self.lots * math.exp(c.order_sigma * z)))
            self._walk(rows, left, before + (1 + stamps[i]) * NS_PER_MS, now, taken)
        return taken

    def _walk(
        self,
        rows: list[tuple[int, int, int, int, int]],
        left: int,
        ts: int,
        now: int,
        taken: dict[tuple[int, int], int],
    ) -> None:
        assert self.last is not None
        book = SELL if self.side > 0 else BUY
        prices, sizes = self.last[0][book].tolist(), self.last[1][book].tolist()
        ts, prints = min(ts, now), 0
        for level in range(LEVELS):
            px = prices[level]
            rest = sizes[level] - taken.get((book, px), 0)
            if px == 0 or left <= 0 or prints >= MAX_PRINTS:
                return
            if rest <= 0:
                continue
            here = min(left, rest)
            left -= here
            taken[book, px] = taken.get((book, px), 0) + here
            while here > 0 and prints < MAX_PRINTS:
                resting = max(1, int(rest * (0.2 + 0.8 * self.dice.random())))  # one resting order of the level
                size = min(here, resting)
                here -= size
                prints += 1
                self.trade_id += 1
                rows.append((ts, px, size, self.side, self.trade_id))

    @staticmethod
    def _take_out(taken: dict[tuple[int, int], int], px: Ints, sz: Ints) -> None:
        for (book, price), size in taken.items():
            for level in range(LEVELS):
                if px[book, level] == price:
                    sz[book, level] = max(1, int(sz[book, level]) - size)
                    break
