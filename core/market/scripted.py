"""A market that follows a script: what each venue's price, spread, depth and funding do at which second.

For demonstrations and end-to-end tests; no real venue is meant. Drawn are only the small waves on the prices and the
feed latency. Rows depend on the script and the seed alone, not on how often they are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from core import rng
from core.domain.book import F_BOOK, F_MARK, F_TRADE, LEVELS, Feed, empty_feed
from core.domain.errors import Refused
from core.domain.instrument import Instrument
from core.domain.units import BUY, NS_PER_MS, NS_PER_S, SELL
from core.market.receive import in_order, latency_draws

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BOOK_NS = 250 * NS_PER_MS
TRADE_NS = 800 * NS_PER_MS
MARK_NS = NS_PER_S
SWEEP = 4  # each so many-th trade takes the whole touch and more: a resting order there fills
TRADE_SHARE, SWEEP_SHARE = 0.2, 1.6  # of the size shown at the touch
GOLDEN = 0.6180339887498949  # multiples of it, modulo one, are spread evenly without dice
Points = tuple[tuple[float, float], ...]


class PlaceScript(NamedTuple):
    """One venue's part. `mids`: (second, price), straight lines between, level before the first and after the last.

    The others are steps, (second, value), the first one at second 0. spread_bps: of the mid. depth: base coins at each
    of the twenty levels. funding_bps: rate of the venue's own interval. down: (from, to) seconds without any row.
    wiggle_bps: height of the small waves on the mid, of a period of its own; their phase is the seed's.
    """

    mids: Points
    spread_bps: Points = ((0.0, 0.2),)
    depth: Points = ((0.0, 1.0),)
    funding_bps: Points = ((0.0, 0.0),)
    down: tuple[tuple[float, float], ...] = ()
    wiggle_bps: float = 0.2
    period_s: float = 7.0


class Script(NamedTuple):
    """`seconds` long, one part for each place, in their order."""

    name: str
    seconds: float
    places: tuple[PlaceScript, ...]


def step_at(points: Points, t: Floats) -> Floats:
    """The value of the last step at or before each second."""
    at = np.searchsorted(np.array([second for second, _ in points]), t, "right") - 1
    values: Floats = np.array([value for _, value in points])[np.maximum(at, 0)]
    return values


class ScriptedPlace:
    """Rows of one instrument, from `start_ns` to the script's end, or for ever at its last prices.

    Raises Refused for a script that cannot be.
    """

    def __init__(
        self, instrument: Instrument, part: PlaceScript, script: Script, seed: int, start_ns: int, number: int,
        endless: bool = False,
    ) -> None:  # fmt: skip
        for points in (part.mids, part.spread_bps, part.depth, part.funding_bps):
            seconds = [second for second, _ in points]
            if not points or seconds != sorted(seconds):
                raise Refused(f"Expected points in order of time for {instrument.venue}, was {seconds}")
        low = min(price for _, price in part.mids) / instrument.tick
        if low < 1_000.0:
            raise Refused(f"Expected prices of at least 1,000 ticks of {instrument.tick:g}, was {low:g}")
        self.instrument, self.part, self.start_ns = instrument, part, start_ns
        self.end_ns = None if endless else start_ns + round(script.seconds * NS_PER_S)
        self._offset = (number * 90 + 60) * NS_PER_MS  # venues do not speak at the same instant
        name = f"scripted/{script.name}/{instrument.venue}/{instrument.symbol}"
        self._phase = (2.0 * np.pi * rng.stream(seed, f"{name}/waves").random(2)).tolist()
        self._dice = rng.stream(seed, f"{name}/feed latency")
        self._given = start_ns
        self._seen = start_ns

    def mid(self, t: Floats) -> Floats:
        """Price in quote units at each second of the script."""
        p = self.part
        seconds, prices = (np.array(column) for column in zip(*p.mids, strict=True))
        turns = 2.0 * np.pi * t / p.period_s
        wave = np.sin(turns + self._phase[0]) + 0.5 * np.sin(turns / 0.37 + self._phase[1])
        out: Floats = np.interp(t, seconds, prices) * (1.0 + 1e-4 * p.wiggle_bps * wave)
        return out

    def chunk(self, until_ns: int) -> Feed | None:
        """Rows with ts_exch < `until_ns` not given before. A script that ends gives everything at once, then None."""
        if self.end_ns is not None and self._given >= self.end_ns:
            return None
        first, last = self._given, until_ns if self.end_ns is None else self.end_ns
        if last <= first:
            return empty_feed()
        self._given = last
        _, book_t = self._grid(first, last, BOOK_NS, self._offset)
        trade_n, trade_t = self._grid(first, last, TRADE_NS, self._offset + BOOK_NS // 2)
        _, mark_t = self._grid(first, last, MARK_NS, 0)
        exch = np.concatenate([trade_t, mark_t, book_t])
        kind = np.repeat(np.array([F_TRADE, F_MARK, F_BOOK], np.int64), [len(trade_t), len(mark_t), len(book_t)])
        order = np.argsort(exch, kind="stable")  # trades before marks before books at equal time
        exch, kind = exch[order], kind[order]
        px, sz = self._books(book_t)
        small = np.concatenate([self._trades(trade_n, trade_t), self._marks(mark_t)])[
            order[order < len(trade_t) + len(mark_t)]
        ]
        is_book = kind == F_BOOK
        row = np.where(is_book, np.cumsum(is_book) - 1, np.cumsum(~is_book) - 1)
        if not len(exch):
            return empty_feed()
        recv = in_order(exch, exch + latency_draws(self.instrument.feed, len(exch), self._dice), self._seen)
        self._seen = int(recv[-1])
        return Feed(exch, recv, kind, row, px, sz, small)

    def _grid(self, first: int, last: int, every: int, offset: int) -> tuple[Ints, Ints]:
        """Numbers and times of the rows of one kind in [first, last), the silent spans left out.

        A row stands up to a fifth of its period early, so that no two venues tick in step.
        """
        low = max(0, (first - self.start_ns - offset) // every - 1)
        high = (last - self.start_ns - offset) // every + 2
        n = np.arange(low, high, dtype=np.int64)
        early = (n * GOLDEN % 1.0 * 0.2 * every).astype(np.int64) if offset else np.zeros(len(n), np.int64)
        t = self.start_ns + offset + n * every - early // NS_PER_MS * NS_PER_MS
        kept = (t >= first) & (t < last)
        for start, end in self.part.down:
            kept &= ~((t >= self.start_ns + start * NS_PER_S) & (t < self.start_ns + end * NS_PER_S))
        return n[kept], t[kept]

    def _seconds(self, t: Ints) -> Floats:
        return (t - self.start_ns) / NS_PER_S

    def _touch(self, t: Ints) -> tuple[Ints, Ints, Ints]:
        """Best bid and ask in ticks, and lots at a level."""
        seconds, x = self._seconds(t), self.instrument
        mid = self.mid(seconds) / x.tick
        half = np.maximum(0.5, 0.5e-4 * step_at(self.part.spread_bps, seconds) * mid)
        bid = np.floor(mid - half + 0.5).astype(np.int64)
        ask = np.maximum(bid + 1, np.floor(mid + half + 0.5).astype(np.int64))
        lots = np.maximum(1, np.rint(step_at(self.part.depth, seconds) / x.lot)).astype(np.int64)
        return bid, ask, lots

    def _books(self, t: Ints) -> tuple[Ints, Ints]:
        """Twenty levels a side, a tenth of a basis point apart (at least one tick), sizes of gentle waves."""
        bid, ask, lots = self._touch(t)
        gap = np.maximum(1, np.rint(1e-5 * bid)).astype(np.int64)[:, None] * np.arange(LEVELS, dtype=np.int64)
        px = np.zeros((len(t), 2, LEVELS), np.int64)
        px[:, BUY], px[:, SELL] = bid[:, None] - gap, ask[:, None] + gap
        wave = 1.0 + 0.2 * np.sin(px * 0.7 + self._seconds(t)[:, None, None] * 0.3)
        sz: Ints = np.maximum(1, np.rint(lots[:, None, None] * wave)).astype(np.int64)
        return px, sz

    def _trades(self, n: Ints, t: Ints) -> Ints:
        """Buys and sells in turn at the touch; each `SWEEP`-th of a side is larger than what is shown there."""
        bid, ask, lots = self._touch(t)
        buy = n % 2 == 0
        share = np.where(n // 2 % SWEEP == 0, SWEEP_SHARE, TRADE_SHARE)
        size = np.maximum(1, np.rint(lots * share)).astype(np.int64)
        return np.stack([np.where(buy, ask, bid), size, np.where(buy, 1, -1).astype(np.int64), n + 1], axis=1)

    def _marks(self, t: Ints) -> Ints:
        """Mark, index (both the mid), funding rate 1e-8 an interval, next settlement by the venue's calendar."""
        x, seconds = self.instrument, self._seconds(t)
        mark = np.rint(self.mid(seconds) / x.tick).astype(np.int64)
        rate = np.rint(step_at(self.part.funding_bps, seconds) * 1e4).astype(np.int64)
        every, offset = x.funding_interval_ns, x.funding_offset_ns
        settles = (t - offset) // every * every + every + offset if every > 0 else np.zeros(len(t), np.int64)
        return np.stack([mark, mark, rate, settles], axis=1)


class ScriptedSource:
    """A script as a `core.market.source.Source`. Its rows are in no file, so they stand in the journal."""

    live = False

    def __init__(
        self, script: Script, instruments: Sequence[Instrument], seed: int, start_ns: int, endless: bool = False
    ) -> None:
        if len(instruments) != len(script.places):
            raise Refused(f"Expected {len(script.places)} instruments for {script.name}, was {len(instruments)}")
        self.script, self.seed = script, seed
        self.places = [
            ScriptedPlace(x, part, script, seed, start_ns, number, endless)
            for number, (x, part) in enumerate(zip(instruments, script.places, strict=True))
        ]

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        return tuple(place.instrument for place in self.places)

    @property
    def ref(self) -> dict[str, Any]:
        return {
            "kind": "scripted",
            "names": [place.instrument.symbol for place in self.places],
            "sha256s": [],
            "seed": self.seed,
            "start_ns": self.start_ns,
            "how": self.script.name,
        }

    @property
    def start_ns(self) -> int:
        return self.places[0].start_ns

    @property
    def end_ns(self) -> int | None:
        return self.places[0].end_ns

    def extend(self, i: int, until_ns: int) -> Feed | None:
        return self.places[i].chunk(until_ns)
