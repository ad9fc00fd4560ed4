"""Trades of two instruments of one account, read together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from core.domain.order import FILLED, Report
from core.venues.ccxt.reads import Reader
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.unread import Unread


async def test_trade_ids_count_by_instrument_as_venues_count_them() -> None:
    """R-O4: two fills of one number at two symbols are two fills; the same one on two pages is one."""

    class Exchange:
        async def fetch_my_trades(
            self, symbol: str, since: int, limit: int, params: dict[str, Any]
        ) -> list[dict[str, Any]]:
            return [{"symbol": symbol, "id": 7, "timestamp": 5_000}] * 2

    async def report(exchange: Any, listing: Any, trade: dict[str, Any]) -> Report:
        return Report(listing.number, FILLED, trade["timestamp"] * 10**6, trade_id=trade["id"], qty=1)

    reader: Any = Reader.__new__(Reader)
    reader.listings = {n: SimpleNamespace(number=n, symbol=f"S{n}") for n in (0, 1)}
    reader.traits, reader.clock = Traits(), SimpleNamespace(now=lambda: 6 * 10**9)
    reader.unread = Unread(reader.traits, reader.clock, lambda *note: None)
    reader.claims = SimpleNamespace(report=report)
    reader.since_ns = reader._newest_ns = 0
    reader._answered_ns = 6 * 10**9
    found = (await reader._trades(Exchange()))["trades"]
    assert [(one.instrument, one.trade_id) for one in found] == [(0, 7), (1, 7)]
