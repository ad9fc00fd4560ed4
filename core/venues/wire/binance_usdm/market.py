"""The public side of one symbol: book with update numbers, trades, mark, funding history.

Fed by the public events of the exchange behind; knows no account but shows its resting orders in the book, as the real
venue does. Every visible change of the book gets the next update number.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from core.domain.book import F_BBO, F_BOOK, F_MARK, F_TRADE
from core.domain.instrument import Instrument
from core.domain.units import BUY, FAR, NS_PER_MS
from core.venues.wire.behind import Public, WireExchange
from core.venues.wire.figures import E8, decimals_of, fixed8, units_in
from core.venues.wire.orders import Trade

Json = dict[str, Any]
Levels = tuple[dict[int, int], dict[int, int]]
KEPT_TRADES = 1_000
FIRST_TRADE = 1_000_000
DEPTHS = (5, 10, 20, 50, 100, 500, 1_000)


class Grid:
    """Ticks and lots of one instrument as this venue writes them: as many decimals as the step has; sizes in contracts
    of so many coins."""

    def __init__(self, instrument: Instrument, contract: int = 1) -> None:
        self.tick, self.lot = round(instrument.tick * E8), round(instrument.lot * E8 / contract)
        self.px_decimals, self.sz_decimals = decimals_of(instrument.tick), decimals_of(self.lot / E8)

    def px(self, ticks: int) -> str:
        return fixed8(ticks * self.tick, self.px_decimals)

    def off(self, ticks: int, side: int) -> str:
        """A price beside the grid, as the venue's own closes have: a third of a tick better than `ticks`."""
        step = self.tick * 8 // 25
        return fixed8(ticks * self.tick + (-step if side == BUY else step))

    def sz(self, lots: int) -> str:
        return fixed8(lots * self.lot, self.sz_decimals)

    def average(self, ticks_lots: int, lots: int) -> str:
        """Mean price of `ticks_lots` (sum of ticks x lots) over `lots`, cut at 1e-8; "0" without any."""
        return fixed8(ticks_lots * self.tick // lots) if lots else "0"

    def ticks(self, text: str) -> int | None:
        return units_in(text, self.tick)

    def lots(self, text: str) -> int | None:
        return units_in(text, self.lot)


class Symbol:
    """One perpetual. `own` False hides our resting orders from the book."""

    def __init__(self, exchange: WireExchange, i: int, own: bool) -> None:
        self.exchange, self.i, self.own = exchange, i, own
        self.instrument: Instrument = exchange.instruments[i]
        self.name = self.instrument.symbol
        self.grid = Grid(self.instrument)
        self.trades: deque[tuple[int, int, int, int, int]] = deque(maxlen=KEPT_TRADES)  # ms, px, lots, aggressor, id
        self.traded = FIRST_TRADE  # id of the newest public trade
        self.index = 0
        self.rate = self.instrument.funding_rate
        self.next_funding = 0
        self.update_id = 1_000_000
        self.fundings: list[tuple[int, int, int]] = []  # ms, rate 1e-8, mark ticks
        self._shown: Levels = ({}, {})
        marked = exchange.last.get((i, F_MARK))
        if marked is not None:
            self._on_mark(marked)

    # what happens --------------------------------------------------------------------------------------------------

    def hear(self, event: Public) -> None:
        """One public event of this symbol."""
        if event.kind == F_MARK:
            self._on_mark(event)
        elif event.kind == F_TRADE:
            px, lots, side, _ = event.values
            self._traded(event.ts // NS_PER_MS, px, lots, side)
        elif event.kind in (F_BOOK, F_BBO):
            self.look()

    def own_trade(self, trade: Trade) -> None:
        """A fill of ours that took liquidity is in the public stream too; a resting one is there already."""
        self._traded(trade.ts // NS_PER_MS, trade.px, trade.qty, 1 - 2 * trade.side)

    def _traded(self, ms: int, px: int, lots: int, aggressor: int) -> None:
        """Public trade ids count up by one, whoever traded."""
        self.traded += 1
        self.trades.append((ms, px, lots, aggressor, self.traded))

    def _on_mark(self, event: Public) -> None:
        mark, index, rate, settles = event.values
        if self.next_funding and event.ts >= self.next_funding:
            self.fundings.append((self.next_funding // NS_PER_MS, self.rate, mark))
        self.index = index or mark
        if rate != FAR:
            self.rate = rate
        if settles not in (0, FAR):
            self.next_funding = settles

    # the book ------------------------------------------------------------------------------------------------------

    def look(self) -> Levels:
        """The book as it is now; its update number grows by one for each level that differs from the last look."""
        found = self._levels()
        changed = sum(len(changes(old, new)) for old, new in zip(self._shown, found, strict=True))
        self.update_id += changed
        self._shown = found
        return found

    def _levels(self) -> Levels:
        px, sz = self.exchange.depth(self.i)
        out: list[dict[int, int]] = []
        for side in range(2):
            at = {int(p): int(q) for p, q in zip(px[side], sz[side], strict=True) if p > 0 and q > 0}
            if self.own:
                for order in self.exchange.books.open_of(self.i):
                    if order.side == side and order.px > 0:
                        at[order.px] = at.get(order.px, 0) + order.left
            out.append(at)
        return out[0], out[1]

    def rows(self, side: int, levels: dict[int, int], limit: int = 1_000) -> list[list[str]]:
        """[price, size] best first."""
        prices = sorted(levels, reverse=side == BUY)[:limit]
        return [[self.grid.px(px), self.grid.sz(levels[px])] for px in prices]

    @property
    def mark(self) -> int:
        """Ticks."""
        return self.exchange.mark(self.i)

    @property
    def last_px(self) -> int:
        """Ticks of the newest trade; 0 before the first."""
        return self.trades[-1][1] if self.trades else 0

    def best(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """((bid px, lots), (ask px, lots)); 0 = none."""
        bids, asks = self._shown
        bid, ask = max(bids, default=0), min(asks, default=0)
        return (bid, bids.get(bid, 0)), (ask, asks.get(ask, 0))

    # rows of answers -------------------------------------------------------------------------------------------------

    def depth(self, limit: int, now_ms: int) -> Json:
        """A snapshot with its update number."""
        bids, asks = self.look()
        return {
            "lastUpdateId": self.update_id, "E": now_ms, "T": now_ms,
            "bids": self.rows(0, bids, limit), "asks": self.rows(1, asks, limit),
        }  # fmt: skip

    def trade_row(self, row: tuple[int, int, int, int, int]) -> Json:
        ms, px, lots, aggressor, number = row
        return {
            "id": number, "price": self.grid.px(px), "qty": self.grid.sz(lots),
            "quoteQty": fixed8(px * lots * self.instrument.unit), "time": ms, "isBuyerMaker": aggressor < 0,
        }  # fmt: skip

    def aggregate_row(self, row: tuple[int, int, int, int, int]) -> Json:
        """One trade as an aggregate of itself: ours are never joined."""
        ms, px, lots, aggressor, number = row
        return {
            "a": number, "p": self.grid.px(px), "q": self.grid.sz(lots), "f": number, "l": number, "T": ms,
            "m": aggressor < 0,
        }  # fmt: skip

    def premium(self, now_ms: int) -> Json:
        return {
            "symbol": self.name, "markPrice": fixed8(self.mark * self.grid.tick),
            "indexPrice": fixed8(self.index * self.grid.tick),
            "estimatedSettlePrice": fixed8(self.mark * self.grid.tick),
            "lastFundingRate": fixed8(self.rate), "interestRate": "0.00010000",
            "nextFundingTime": self.next_funding // NS_PER_MS, "time": now_ms,
        }  # fmt: skip

    def book_ticker(self, now_ms: int) -> Json:
        self.look()
        (bid, bid_lots), (ask, ask_lots) = self.best()
        return {
            "symbol": self.name, "bidPrice": self.grid.px(bid), "bidQty": self.grid.sz(bid_lots),
            "askPrice": self.grid.px(ask), "askQty": self.grid.sz(ask_lots), "time": now_ms,
            "lastUpdateId": self.update_id,
        }  # fmt: skip

    def funding_rows(self, start_ms: int, end_ms: int) -> list[Json]:
        """Oldest first."""
        return [
            {
                "symbol": self.name, "fundingTime": ms, "fundingRate": fixed8(rate),
                "markPrice": fixed8(mark * self.grid.tick),
            }
            for ms, rate, mark in self.fundings
            if start_ms <= ms <= end_ms
        ]  # fmt: skip


def changes(old: dict[int, int], new: dict[int, int]) -> dict[int, int]:
    """price -> new size (0 = gone) of every level that differs."""
    out = {px: lots for px, lots in new.items() if old.get(px) != lots}
    out.update((px, 0) for px in old if px not in new)
    return out
