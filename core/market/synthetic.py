"""The synthetic perpetual market: seeded, endless, with adverse selection; the console's embedded market.

Generated in fixed blocks and handed out in chunks of any length: the same seed gives the same events whoever asks how
often. Figures are held inside those of the recordings (core/market/calibration.json). No real venue is meant.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from core import rng
from core.domain.book import F_BOOK, F_MARK, F_TRADE, Feed, empty_feed
from core.domain.errors import Refused
from core.domain.instrument import Instrument
from core.domain.units import FAR, NS_PER_S
from core.market.dice import Dice
from core.market.receive import in_order, latency_draws
from core.market.shifted import settlements
from core.market.synthetic_book import DepthTable
from core.market.synthetic_flow import OrderFlow
from core.market.synthetic_price import BLOCK_NS, Character, Ints, Path, PriceProcess, Process

DEFAULT_PRICE = 2500.0
BASIS_BPS = -0.5  # mark against index
MEAN_RATE, RATE_SD, RATE_PULL = 10_000.0, 600.0, 0.02  # funding 1e-8 an interval, a block


class Rates(Protocol):
    """What a market asks of its funding: the rate of the next block, 1e-8 an interval."""

    def block(self) -> int: ...


class OwnRates:
    """Funding of a market that stands alone."""

    def __init__(self, instrument: Instrument, generator: Dice) -> None:
        self.cap = abs(instrument.funding_cap) or 1 << 40
        self.dice, self.rate = generator, MEAN_RATE

    def block(self) -> int:
        """A step of the rate."""
        self.rate += RATE_PULL * (MEAN_RATE - self.rate) + RATE_SD * float(self.dice.standard_normal())
        return int(np.clip(round(self.rate), -self.cap, self.cap))


class SyntheticMarket:
    """Events of one instrument from `start_ns` on. `price` in quote units; `prices` and `rates` replace its own.

    Raises Refused when the price and the instrument's grid leave no room for a book.
    """

    def __init__(
        self,
        instrument: Instrument,
        seed: int,
        start_ns: int,
        price: float = DEFAULT_PRICE,
        character: Character | None = None,
        prices: Process | None = None,
        rates: Rates | None = None,
    ) -> None:
        ticks = price / instrument.tick
        if not 1_000.0 <= ticks <= 1e9:
            raise Refused(f"Expected a price of 1,000 to 1e9 ticks of {instrument.tick:g}, was {price:g}")
        self.instrument, self.seed, self.start_ns = instrument, seed, start_ns
        character = character or Character()
        self._price = prices or PriceProcess(character, self._dice("price"), ticks)
        self._depth = DepthTable(character, instrument, self._dice("depth"), ticks)
        self._flow = OrderFlow(character, instrument, self._dice("flow"), ticks)
        self._rates = rates or OwnRates(instrument, self._dice("funding"))
        self._delay_dice = self._dice("feed latency")
        self._next_block = start_ns
        self._seen = start_ns
        self._held: list[Feed] = []

    def _dice(self, what: str) -> Dice:
        dice: Dice = rng.stream(self.seed, f"synthetic/{self.instrument.venue}/{self.instrument.symbol}/{what}")
        return dice

    def chunk(self, until_ns: int) -> Feed:
        """All events with ts_exch < `until_ns` that were not given yet; a time in the past gives an empty feed."""
        ready: list[Feed] = []
        while self._held or self._next_block < until_ns:
            feed = self._held.pop(0) if self._held else self._block()
            end = int(np.searchsorted(feed.ts_exch, until_ns, "left"))
            if end:
                ready.append(_rows(feed, 0, end))
            if end < len(feed.ts_exch):
                self._held.insert(0, _rows(feed, end, len(feed.ts_exch)))
                break
        return joined(ready)

    def _block(self) -> Feed:
        start = self._next_block
        self._next_block += BLOCK_NS
        path = self._price.block(start)
        px, sz = self._depth.block(path)
        trades = self._flow.block(path, px, sz)
        marks = self._marks(path, start)
        n_trade, n_mark, n_book = len(trades), len(marks), len(path.t)
        exch = np.concatenate([trades[:, 0], marks[:, 0], path.t])
        kind = np.repeat(np.array([F_TRADE, F_MARK, F_BOOK], np.int64), [n_trade, n_mark, n_book])
        order = np.argsort(exch, kind="stable")  # trades before marks before books at equal time
        exch, kind = exch[order], kind[order]
        small = np.concatenate([trades[:, 1:], marks[:, 1:]])[order[order < n_trade + n_mark]]
        is_book = kind == F_BOOK
        row = np.where(is_book, np.cumsum(is_book) - 1, np.cumsum(~is_book) - 1)
        delay = latency_draws(self.instrument.feed, len(exch), self._delay_dice)
        recv = in_order(exch, exch + delay, self._seen)
        self._seen = int(recv[-1])
        return Feed(exch, recv, kind, row, px, sz, small)

    def _marks(self, path: Path, start: int) -> Ints:
        """One row a second: time, mark, index (ticks), funding rate 1e-8, next settlement ns."""
        rate = self._rates.block()
        t = np.arange(-(-start // NS_PER_S) * NS_PER_S, start + BLOCK_NS, NS_PER_S)
        at = np.clip(np.searchsorted(path.t, t, "right") - 1, 0, len(path.t) - 1)
        mark = np.rint(path.quote[at])
        known = path.quote * (1.0 - BASIS_BPS * 1e-4) if path.fair is None else path.fair
        index = np.rint(known[at])
        settles = settlements(t, self.instrument)
        return np.stack([t, mark.astype(np.int64), index.astype(np.int64), np.full(len(t), rate), settles], axis=1)


def _rows(feed: Feed, first: int, last: int) -> Feed:
    """Rows first..last-1 with their own books and small rows, which must stand in order of the rows."""
    book = feed.kind == F_BOOK
    b0, b1 = int(book[:first].sum()), int(book[:last].sum())
    s0, s1 = first - b0, last - b1
    row = np.where(book[first:last], feed.row[first:last] - b0, feed.row[first:last] - s0)
    return Feed(
        feed.ts_exch[first:last].copy(),
        feed.ts_recv[first:last].copy(),
        feed.kind[first:last].copy(),
        row,
        feed.book_px[b0:b1].copy(),
        feed.book_sz[b0:b1].copy(),
        feed.small[s0:s1].copy(),
    )


def joined(feeds: list[Feed]) -> Feed:
    """Feeds of consecutive times as one; row numbers are shifted. F_GAP rows are not shifted (they name no row)."""
    if not feeds:
        return empty_feed()
    if len(feeds) == 1:
        return feeds[0]
    rows, books, smalls = [], 0, 0
    for feed in feeds:
        shift = np.where(feed.kind == F_BOOK, books, np.where(feed.kind <= F_MARK, smalls, 0))
        rows.append(feed.row + shift)
        books, smalls = books + len(feed.book_px), smalls + len(feed.small)
    whole = [np.concatenate(columns) for columns in zip(*feeds)]
    return Feed(*whole)._replace(row=np.concatenate(rows))


class SyntheticSource:
    """Synthetic markets as a `core.market.source.Source`, without end unless `last_ns` says when it comes.

    `how`: what belongs together in them. `end_ns` is None as long as more rows are to come, then it is `last_ns`.
    """

    live = False

    def __init__(self, markets: list[SyntheticMarket], how: str = "", last_ns: int = FAR) -> None:
        self.markets, self.how, self.last_ns = markets, how, last_ns
        self._given = [market.start_ns for market in markets]

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        return tuple(market.instrument for market in self.markets)

    @property
    def ref(self) -> dict[str, Any]:
        return {
            "kind": "synthetic",
            "names": [market.instrument.symbol for market in self.markets],
            "sha256s": [],
            "seed": self.markets[0].seed,
            "start_ns": self.start_ns,
            **({"how": self.how} if self.how else {}),
        }

    @property
    def start_ns(self) -> int:
        return min(market.start_ns for market in self.markets)

    @property
    def end_ns(self) -> int | None:
        return self.last_ns if min(self._given) >= self.last_ns else None

    def extend(self, i: int, until_ns: int) -> Feed | None:
        if self._given[i] >= self.last_ns:
            return None
        self._given[i] = min(until_ns, self.last_ns)
        return self.markets[i].chunk(self._given[i])
