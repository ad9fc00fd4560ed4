"""The public side of one coin as the venue shows it: book, trades, contexts, candles, funding history, its spot twin.

Fed by the public events of the exchange behind; knows no account, but shows our resting orders in the book as the real
venue does. The spot market is the perpetual's book moved by a fixed basis, for reading only.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from core.domain.book import F_MARK, F_TRADE
from core.domain.units import BUY, FAR, NS_PER_MS
from core.venues.wire.behind import Public, WireExchange
from core.venues.wire.hyperliquid.candles import Candles
from core.venues.wire.hyperliquid.text import Grid, text8
from core.venues.wire.orders import Trade

Json = dict[str, Any]
SPOT_INDEX = {"BTC": 142, "ETH": 151, "SOL": 156}  # universe index of the coin's spot market on the real venue
DEPTH = 20
KEPT_TRADES = 500


def trade_hash(number: int) -> str:
    """A transaction hash that is ours to make."""
    return f"0x{number:064x}"


class Coin:
    """One perpetual and its spot twin. `own` False hides our resting orders from the book."""

    def __init__(self, exchange: WireExchange, i: int, spot_basis_bps: float, own: bool) -> None:
        self.exchange, self.i, self.own = exchange, i, own
        self.instrument = exchange.instruments[i]
        self.name = self.instrument.base
        self.spot_index = SPOT_INDEX.get(self.name, 200 + i)
        self.spot_name = f"@{self.spot_index}"
        self.basis_bps = spot_basis_bps
        self.grid = Grid(self.instrument)
        self.candles = Candles(self.grid)
        self.trades: deque[tuple[int, int, int, int, int]] = deque(maxlen=KEPT_TRADES)  # ms, px, lots, aggressor, id
        self.index = 0
        self.rate = self.instrument.funding_rate
        self.next_funding = 0
        self.first_px = 0
        self.traded_e8 = 0
        self.fundings: list[tuple[int, int, int]] = []  # ms, rate 1e-8, premium 1e-8
        marked = exchange.last.get((i, F_MARK))
        if marked is not None:
            self._on_mark(marked)

    # what happens --------------------------------------------------------------------------------------------------

    def hear(self, event: Public) -> None:
        """One public event of this coin."""
        if event.kind == F_MARK:
            self._on_mark(event)
        elif event.kind == F_TRADE:
            px, lots, side, number = event.values
            self.print_trade(event.ts // NS_PER_MS, px, lots, side, number)

    def print_trade(self, ms: int, px: int, lots: int, aggressor: int, number: int) -> None:
        """A trade of the market, or a taking one of ours."""
        self.trades.append((ms, px, lots, aggressor, number))
        self.first_px = self.first_px or px
        self.traded_e8 += px * lots * self.instrument.unit
        self.candles.take(ms, px, lots)

    def own_trade(self, trade: Trade) -> None:
        """A fill of ours that took liquidity is in the public stream too; a resting one is there already."""
        self.print_trade(trade.ts // NS_PER_MS, trade.px, trade.qty, 1 - 2 * trade.side, (1 << 48) + trade.id)

    def _on_mark(self, event: Public) -> None:
        mark, index, rate, settles = event.values
        if self.next_funding and event.ts >= self.next_funding:
            self.fundings.append((self.next_funding // NS_PER_MS, self.rate, self._premium(mark)))
        self.index = index or mark
        if rate != FAR:
            self.rate = rate
        if settles not in (0, FAR):
            self.next_funding = settles
        self.first_px = self.first_px or mark

    def _premium(self, mark: int) -> int:
        return (mark - self.index) * 100_000_000 // self.index if self.index else 0

    # what is shown -------------------------------------------------------------------------------------------------

    @property
    def mark(self) -> int:
        """Ticks."""
        return self.exchange.mark(self.i)

    @property
    def mid(self) -> str | None:
        """Between the best prices; None without a book."""
        bid, ask = self.exchange.top(self.i)
        return text8((bid + ask) * self.grid.tick // 2) if bid and ask else None

    @property
    def shift(self) -> int:
        """Ticks by which spot lies below the perpetual."""
        return round(self.mark * self.basis_bps * 1e-4)

    def levels(self, spot: bool) -> list[list[Json]]:
        """Bids and asks, best first."""
        px, sz = self.exchange.depth(self.i)
        shift = self.shift if spot else 0
        sides: list[list[Json]] = []
        for side in range(2):
            at = {int(p): [int(q), 1] for p, q in zip(px[side], sz[side], strict=True) if p > 0 and q > 0}
            if self.own and not spot:
                for order in self.exchange.books.open_of(self.i):
                    if order.side == side and order.px > 0:
                        level = at.setdefault(order.px, [0, 0])
                        level[0], level[1] = level[0] + order.left, level[1] + 1
            prices = sorted(at, reverse=side == BUY)[:DEPTH]
            sides.append([{"px": self.grid.px(p - shift), "sz": self.grid.sz(at[p][0]), "n": at[p][1]} for p in prices])
        return sides

    def book(self, spot: bool, ms: int) -> Json:
        return {"coin": self.spot_name if spot else self.name, "time": ms, "levels": self.levels(spot)}

    def trade_row(self, row: tuple[int, int, int, int, int], spot: bool) -> Json:
        ms, px, lots, aggressor, number = row
        return {
            "coin": self.spot_name if spot else self.name,
            "side": "A" if aggressor < 0 else "B",
            "px": self.grid.px(px - (self.shift if spot else 0)),
            "sz": self.grid.sz(lots),
            "hash": trade_hash(number),
            "time": ms,
            "tid": number,
            "users": [trade_hash(1)[:42], trade_hash(2)[:42]],
        }

    def context(self) -> Json:
        """The asset context of the perpetual."""
        bid, ask = self.exchange.top(self.i)
        return {
            "funding": text8(self.rate),
            "openInterest": "0.0",
            "prevDayPx": self.grid.px(self.first_px),
            "dayNtlVlm": text8(self.traded_e8),
            "premium": text8(self._premium(self.mark)),
            "oraclePx": self.grid.px(self.index),
            "markPx": self.grid.px(self.mark),
            "midPx": self.mid,
            "impactPxs": [self.grid.px(bid), self.grid.px(ask)] if bid and ask else None,
            "dayBaseVlm": "0.0",
        }

    def spot_context(self) -> Json:
        """The asset context of the spot twin."""
        bid, ask = self.exchange.top(self.i)
        mid = text8((bid + ask - 2 * self.shift) * self.grid.tick // 2) if bid and ask else None
        return {
            "prevDayPx": self.grid.px(self.first_px),
            "dayNtlVlm": "0.0",
            "markPx": self.grid.px(self.mark - self.shift),
            "midPx": mid,
            "circulatingSupply": "0.0",
            "coin": self.spot_name,
            "totalSupply": "0.0",
            "dayBaseVlm": "0.0",
        }

    def funding_history(self, start_ms: int, end_ms: int) -> list[Json]:
        return [
            {"coin": self.name, "fundingRate": text8(rate), "premium": text8(premium), "time": ms}
            for ms, rate, premium in self.fundings
            if start_ms <= ms <= end_ms
        ]
