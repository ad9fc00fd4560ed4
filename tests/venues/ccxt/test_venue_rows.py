"""Venues & streams of a real wire on the loopback: the row of a venue that trades, and of one that falls silent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from core.build.desk import EngineDesk
from core.build.venue_rows import VenueRows
from core.venues.ccxt.binanceusdm import BinanceUsdm
from core.venues.wire.faults import Rule
from tests.venues.ccxt.live_hall import LiveCore, eventually, trading
from tests.venues.ccxt.test_live_binance import ETH, NEAR, access
from tests.venues.wire.binance_hall import venue


async def test_the_row_follows_the_wire() -> None:
    async with venue() as at:
        made = LiveCore(BinanceUsdm(), access(at), ETH, NEAR, "configs/paper.yml")
        rows = VenueRows(EngineDesk(made.engine, made.wire, lambda lines: ()))
        protection: Any = SimpleNamespace(each=lambda mono: {"binance_usdm": "NO DEAD-MAN"})
        rows.live([made.venue], protection)
        async with trading(made):
            await eventually(lambda: made.engine.check.clean, "a reconciled account")
            await eventually(lambda: sum(stream.up for stream in made.venue.streams) >= 3, "three streams")
            (row,) = rows.rows(made.clock.now())
            assert (row.venue, row.condition, row.reconciled, row.why) == ("binance_usdm", "ok", True, "")
            assert row.requests == made.venue.instances.requests and row.errors is not None
            assert row.latency_ms is not None and 0 < row.latency_ms < 5_000
            assert row.weight_used is not None and 0 < row.weight_used <= (row.weight_limit or 0)
            assert row.clock_offset_ns is not None and abs(row.clock_offset_ns) < 10**9
            assert row.terms_age_ns is not None and 0 <= row.terms_age_ns < 60 * 10**9 and row.terms_why == ""
            assert row.foreign_orders == row.foreign_positions == 0
            names = [stream.name.split()[0] for stream in row.streams]
            assert names == ["book", "mark", "trades", "orders", "own"]
            book = row.streams[0]
            assert book.up and book.stale_ns == ETH.book_stale_ns and book.age_ns is not None
            at.server.faults.add(Rule("silent", at="ws:*", seconds=30.0))
            await eventually(lambda: not rows.rows(made.clock.now())[0].streams[0].up, "a book that is down")
            assert "silent" in rows.rows(made.clock.now())[0].streams[0].why
            at.server.faults.clear()
