"""Faults of private news on the real wire: doubled, late, lost, and a stream that ends, whatever its venue calls it.

Fills are a set by trade id: order and repeats do not matter, and what no frame told the cross-check finds in time.
"""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.order import ACCEPTED, FILLED
from core.domain.units import NS_PER_S
from core.venues.wire.faults import Rule
from tests.venues.ccxt.fault_hall import BINANCE, BOTH, HYPERLIQUID, LIVELY, Hall, Venue, equal, quoting, settled
from tests.venues.ccxt.live_hall import LiveCore, eventually, trading

FOUND_NS = 6 * NS_PER_S  # R-O4


class Lag:
    """How long after each of the venue's fills our ledger counted it, ns; looked at after each turn of the driver."""

    def __init__(self, core: LiveCore, at: Venue) -> None:
        self.core, self.at = core, at
        self.counted: list[int] = []
        core.driver.after = self.look

    def look(self) -> None:
        n = sum(self.core.ledger.n_fills)
        self.counted += [self.core.clock.now()] * (n - len(self.counted))

    def worst_ns(self) -> int:
        """Of the fills that are counted, oldest first on both sides."""
        trades = sorted(self.at.exchange.books.trades, key=lambda trade: trade.ts)
        return max(seen - trade.ts for seen, trade in zip(self.counted, trades, strict=False))


@BOTH
@pytest.mark.row("R-O2")
@pytest.mark.slow
async def test_private_events_that_come_twice_are_counted_once(hall: Hall) -> None:
    async with hall.venue(Rule("double", at=hall.ws_private), character=LIVELY) as at:
        core = hall.core(at)
        async with trading(core):
            await eventually(lambda: len(at.exchange.books.trades) >= 2, "fills", 30.0)
            await equal(core, at)
        settled(core, at)
        assert at.fired("double") >= 4


@BOTH
@pytest.mark.row("R-O2")
@pytest.mark.slow
async def test_private_events_out_of_order_end_in_the_same_books(hall: Hall) -> None:
    """Every second frame comes 0.4 s late, so news of the end overtake the fill and the acknowledgement."""
    async with hall.venue(Rule("late", at=hall.ws_private, chance=0.5, seconds=0.4), character=LIVELY) as at:
        core = hall.core(at)
        async with trading(core):
            await eventually(lambda: len(at.exchange.books.trades) >= 3, "fills", 40.0)
            await equal(core, at)
        settled(core, at)
        assert at.fired("late") >= 3


@BOTH
@pytest.mark.row("R-O4")
@pytest.mark.slow
async def test_a_missing_fill_frame_is_found_within_six_seconds(hall: Hall) -> None:
    """From the venue's own time of the trade to our ledger's count, when no frame tells of it."""
    async with hall.venue(Rule("gap", at=hall.ws_fills), character=LIVELY) as at:
        core = hall.core(at)
        lag = Lag(core, at)
        async with trading(core):
            await eventually(lambda: len(lag.counted) >= 1, "fills that were found", 40.0)
            await equal(core, at)
        settled(core, at)
        assert at.fired("gap") >= 1
        print(f"{hall.name}: {len(lag.counted)} fills without a frame, found in {lag.worst_ns() / NS_PER_S:.2f} s")
        assert NS_PER_S // 100 < lag.worst_ns() <= FOUND_NS


@BOTH
@pytest.mark.row("R-O4")
@pytest.mark.slow
async def test_a_fill_whose_news_come_after_the_last_stop_is_counted_before_the_core_ends(hall: Hall) -> None:
    """The core is told to end in the instant of a fill, and the frame of it comes three seconds later."""
    async with hall.venue(character=LIVELY) as at:
        core = hall.core(at)
        async with trading(core):
            at.fault("late", hall.ws_private, seconds=3.0)
            await eventually(lambda: at.exchange.books.trades, "a fill", 30.0)
            assert sum(core.ledger.n_fills) < len(at.exchange.books.trades)
        settled(core, at)


async def ended(hall: Hall, *, by: Any, said: str) -> None:
    """The private stream ends while fills come; it comes back by itself and what it missed is counted."""
    async with hall.venue(character=LIVELY) as at:
        core = hall.core(at)
        lag = Lag(core, at)
        async with trading(core):
            await quoting(core, at)
            before = len(core.reports)
            by(at)
            await eventually(lambda: core.told(said), f"the operator told of {said}", 10.0)
            opened = len(at.exchange.books.orders)
            await eventually(
                lambda: any(r.kind == ACCEPTED and r.ts > 0 for _, r in core.reports[before:])
                and len(at.exchange.books.orders) > opened, "orders and news again", 20.0,
            )  # fmt: skip
            await eventually(lambda: len(lag.counted) >= 1, "fills", 30.0)
            await equal(core, at)
        settled(core, at)
        assert lag.worst_ns() <= FOUND_NS
        assert core.kinds(FILLED)


@pytest.mark.row("S3-44")
@pytest.mark.slow
async def test_an_expired_listen_key_is_replaced_and_no_fill_is_lost() -> None:
    """ccxt ignores `listenKeyExpired` and would wait for ever; the operator is told, a new key is asked for."""
    await ended(BINANCE, by=lambda at: at.fault("listen_key_expired"), said="listen_key")


def closes_user_streams(at: Venue) -> None:
    """Hyperliquid has no key: its private news end by the end of the connection."""
    for stream in list(at.server.streams):
        stream.close(1012)


@pytest.mark.slow
async def test_a_closed_user_stream_is_opened_again_and_no_fill_is_lost() -> None:
    """What stands for an expired key on Hyperliquid."""
    await ended(HYPERLIQUID, by=closes_user_streams, said="stream")


@pytest.mark.slow
async def test_a_user_stream_that_was_unsubscribed_behind_our_back_loses_no_fill() -> None:
    """The connection lives and says nothing of us any more: only the cross-check can find what happened."""
    async with HYPERLIQUID.venue(character=LIVELY) as at:
        core = HYPERLIQUID.core(at)
        lag = Lag(core, at)
        async with trading(core):
            await quoting(core, at)
            for wants in at.dialect.feeds.wants.values():
                for key in [key for key in wants if key[0] in ("userFills", "orderUpdates")]:
                    del wants[key]
            seen = len(at.exchange.books.trades)
            await eventually(lambda: len(lag.counted) >= seen + 1, "a fill that no stream told", 30.0)
            await equal(core, at)
        settled(core, at)
        assert lag.worst_ns() <= FOUND_NS
