"""Public market questions: trades, aggregates, marks, best prices, funding, depth. Knows no account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.venues.wire.binance_usdm.market import DEPTHS, Symbol
from core.venues.wire.binance_usdm.params import Params
from core.venues.wire.binance_usdm.refusals import Refusal
from core.venues.wire.binance_usdm.spans import limit_of, span_of

Json = dict[str, Any]


class PublicPages:
    """`find` gives the symbol of a request; times are ms of the venue."""

    def __init__(
        self, symbols: Sequence[Symbol], find: Callable[[Params], Symbol], now_ms: Callable[[], int]
    ) -> None:  # fmt: skip
        self.symbols, self.find, self.now_ms = symbols, find, now_ms

    def _asked(self, params: Params) -> list[Symbol]:
        return [self.find(params)] if params.values.get("symbol") else list(self.symbols)

    def depth(self, params: Params) -> Json:
        return self.find(params).depth(depth_limit(params), self.now_ms())

    def trades(self, params: Params) -> list[Json]:
        symbol = self.find(params)
        return [symbol.trade_row(row) for row in list(symbol.trades)[-limit_of(params, 500) :]]

    def aggregates(self, params: Params) -> list[Json]:
        """From an id or a time on, else the newest; oldest first."""
        symbol, first = self.find(params), params.whole("fromId", 0)
        limit, (start, end) = limit_of(params, 500), span_of(params)
        rows = [row for row in symbol.trades if row[4] >= first and start <= row[0] <= end]
        return [symbol.aggregate_row(row) for row in (rows[:limit] if first or start else rows[-limit:])]

    def premium(self, params: Params) -> Any:
        found = [symbol.premium(self.now_ms()) for symbol in self._asked(params)]
        return found[0] if params.values.get("symbol") else found

    def tickers(self, params: Params) -> Any:
        found = [symbol.book_ticker(self.now_ms()) for symbol in self._asked(params)]
        return found[0] if params.values.get("symbol") else found

    def funding(self, params: Params) -> list[Json]:
        """From a time on, else the newest; oldest first."""
        limit, (start, end) = limit_of(params, 100), span_of(params)
        rows = [row for symbol in self._asked(params) for row in symbol.funding_rows(start, end)]
        rows.sort(key=lambda row: int(row["fundingTime"]))
        return rows[:limit] if start else rows[-limit:]


def depth_limit(params: Params) -> int:
    """Raises Refusal for a number of levels that is not on the venue's list."""
    limit = params.whole("limit", 500)
    if limit not in DEPTHS:
        raise Refusal(-4021, f"{limit} is not valid depth limit.")
    return limit
