"""Faults of public streams on the real wire: silence, half-open sockets, gaps, frames that cannot be read, closes.

Quotes leave within a second of the book's limit, a frame that cannot be read ends nothing, and a stream that ends
comes back with what was missed.
"""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.order import REDUCE_ONLY
from core.domain.units import NS_PER_S
from tests.venues.ccxt.fault_hall import BINANCE, BOTH, FaultCore, Hall, Venue, equal, quoting, settled
from tests.venues.ccxt.live_hall import eventually, trading


class LastBook:
    """When the newest book came, by our clock; the venue's books say when the quotes were gone."""

    def __init__(self, core: FaultCore) -> None:
        self.ts = 0
        inner = core.venue.sink.book

        def book(number: int, ts_exch: int, ts_recv: int, px: Any, sz: Any) -> None:
            self.ts = ts_recv
            inner(number, ts_exch, ts_recv, px, sz)

        core.venue.sink.book = book  # type: ignore[method-assign]


def connects(core: FaultCore) -> int:
    """Sockets that were opened since the start."""
    return int(core.venue.instances.wires["data"].counters.connects)


def quotes(at: Venue) -> list[Any]:
    """What stands at the venue and could add risk; exits may stand on (R-N1)."""
    return [order for order in at.exchange.books.open_of() if not order.flags & REDUCE_ONLY]


async def pulled_in_time(hall: Hall, do: str) -> None:
    """From the last book that came to the venue's own empty book: at most the book's limit and one second."""
    async with hall.venue() as at:
        core = hall.core(at)
        seen = LastBook(core)
        async with trading(core):
            await quoting(core, at)
            before = connects(core)
            at.fault(do, hall.ws_book, seconds=60.0)  # new connections as well, until it is cleared
            await eventually(lambda: at.fired(do), do)
            last = seen.ts
            await eventually(lambda: not quotes(at), "no quotes at the venue", 10.0)
            late = core.clock.now() - last - hall.instrument.book_stale_ns
            print(f"{hall.name} {do}: quotes gone {late / NS_PER_S:+.2f} s after the book was stale")
            assert -NS_PER_S // 4 < late <= NS_PER_S
            await eventually(lambda: "silent for" in core.told("stale"), "the operator told", 1.0)
            await eventually(lambda: connects(core) > before, "a new connection, as silent as the first")
            if hall is BINANCE:
                await eventually(lambda: core.venue.feeds[0].dropped.get("unheard"), "a snapshot that no stream told")
            assert seen.ts == last, "no book is taken from a stream that says nothing"
            at.server.faults.clear()
            healed = core.clock.now()
            await eventually(lambda: seen.ts > healed, "a book again", 6.0)
            print(f"{hall.name} {do}: a book again {(seen.ts - healed) / NS_PER_S:.2f} s after it healed")
            await quoting(core, at)
            await equal(core, at)
        settled(core, at)


@BOTH
@pytest.mark.row("R-N1")
@pytest.mark.slow
async def test_a_silent_stream_pulls_the_quotes_within_a_second_of_staleness_and_is_dialled_anew(hall: Hall) -> None:
    await pulled_in_time(hall, "silent")


@BOTH
@pytest.mark.row("R-N1")
@pytest.mark.slow
async def test_a_half_open_socket_pulls_the_quotes_as_a_silent_one_and_is_replaced(hall: Hall) -> None:
    """No pong, nothing sent, no end: ccxt alone would wait for the ping to time out."""
    await pulled_in_time(hall, "half_open")


@pytest.mark.row("S0-08")
@pytest.mark.slow
async def test_a_book_that_is_down_is_a_link_that_is_down_whatever_the_other_streams_say() -> None:
    """What /health reads: 500 while the book cannot be had, though trades and marks of the symbol come."""
    async with BINANCE.venue() as at:
        core = BINANCE.core(at)
        async with trading(core):
            await quoting(core, at)
            at.fault("silent", BINANCE.ws_book, seconds=60.0)
            await eventually(lambda: core.engine.links[0] is False, "a link that is down", 5.0)
            at.fault("close", BINANCE.ws_trades, times=1, status=1012)
            await eventually(lambda: at.fired("close"), "trades that end and come back")
            trades = core.venue.feeds[0].trades
            await eventually(lambda: core.venue.feeds[0].trades > trades, "trades again")
            assert core.engine.links[0] is False
            at.server.faults.clear()
            await eventually(lambda: core.engine.links[0], "a link that is up", 15.0)
            await equal(core, at)
        settled(core, at)


@pytest.mark.slow
async def test_a_sequence_gap_voids_the_book_until_the_next_whole_one() -> None:
    """Binance: a difference is lost; nothing is priced from the rest, a new snapshot is fetched, quotes come back."""
    async with BINANCE.venue() as at:
        core = BINANCE.core(at)
        async with trading(core):
            await quoting(core, at)
            gaps, snapshots = [], at.places().count("GET /fapi/v1/depth")
            inner = core.venue.sink.gap
            core.venue.sink.gap = lambda *row: (gaps.append(row), inner(*row))[1]  # type: ignore[method-assign]
            at.fault("gap", BINANCE.ws_book, times=1)
            await eventually(lambda: gaps, "the book is void")
            assert core.venue.instances.wires["data"].counters.gaps == 1
            await eventually(lambda: core.engine.posts[0].view.s.book_ok == 0, "a void book in the engine", 3.0)
            await eventually(lambda: at.places().count("GET /fapi/v1/depth") > snapshots, "a new snapshot", 5.0)
            await eventually(lambda: core.engine.posts[0].view.s.book_ok == 1, "a whole book", 5.0)
            view, depth = core.engine.posts[0].view.s, at.exchange.top(0)
            assert abs(view.px[0][0] - depth[0]) < 200
            await quoting(core, at)
            await equal(core, at)
        settled(core, at)
    from tests.venues.ccxt.fault_hall import HYPERLIQUID

    assert not HYPERLIQUID.traits.sequenced, "whole books, no numbers: a lost frame is made good by the next"


async def survives(hall: Hall, do: str) -> None:
    """A frame that cannot be read is counted; quoting goes on, the books stay equal."""
    async with hall.venue() as at:
        core = hall.core(at)
        async with trading(core):
            await quoting(core, at)
            counters = core.venue.instances.wires["data"].counters
            for place in (hall.ws_book, hall.ws_trades, hall.ws_private):
                at.fault(do, place, times=1)
            await eventually(lambda: at.fired(do) >= 2, f"{do} frames", 20.0)
            await eventually(lambda: counters.poisoned + counters.disconnects >= 1, "a frame that was not read", 5.0)
            books = core.venue.feeds[0].books
            await eventually(lambda: core.venue.feeds[0].books > books + 2, "books again", 10.0)
            await quoting(core, at)
            await equal(core, at)
        settled(core, at)


@BOTH
@pytest.mark.row("R-N3")
@pytest.mark.slow
async def test_a_torn_frame_ends_nothing(hall: Hall) -> None:
    await survives(hall, "torn")


@BOTH
@pytest.mark.row("R-N3")
@pytest.mark.slow
async def test_a_poison_frame_ends_nothing(hall: Hall) -> None:
    await survives(hall, "poison")


@BOTH
@pytest.mark.row("R-N3")
@pytest.mark.slow
async def test_a_frame_of_ten_megabytes_ends_nothing(hall: Hall) -> None:
    await survives(hall, "huge")


@BOTH
@pytest.mark.slow
async def test_a_stream_that_is_closed_comes_back_with_the_trades_that_were_missed(hall: Hall) -> None:
    """With 1006 and with 1012: both are dialled anew; every public trade from before to after is known, once."""
    async with hall.venue() as at:
        core = hall.core(at)
        known: list[int] = []
        inner = core.venue.sink.small

        def small(number: int, ts_exch: int, ts_recv: int, kind: int, values: tuple[int, int, int, int]) -> None:
            if len(values) == 4 and values[2] in (1, -1):
                known.append(values[3])
            inner(number, ts_exch, ts_recv, kind, values)

        core.venue.sink.small = small  # type: ignore[method-assign]
        async with trading(core):
            await quoting(core, at)
            await eventually(lambda: len(known) >= 2, "trades")
            before = connects(core)
            at.fault("close", hall.ws_book, times=1, status=1006)
            at.fault("gap", hall.ws_trades, times=2)  # the last two before the close are lost as well
            at.fault("close", hall.ws_trades, times=1, status=1012)
            await eventually(lambda: at.fired("close") == 2, "both closes", 20.0)
            await eventually(lambda: connects(core) > before, "a new socket", 10.0)
            count = len(known)
            await eventually(lambda: len(known) > count + 3, "trades again", 20.0)
            await quoting(core, at)
            await equal(core, at)
        settled(core, at)
        assert len(known) == len(set(known)), "each once"
        theirs = trade_ids(at)
        first, last = theirs.index(known[0]), theirs.index(max(known, key=theirs.index))
        assert set(theirs[first : last + 1]) == set(known), "none between the first and the last is missing"
        assert any("closing code" in text or "NetworkError" in text or "reconnect" in text for _, _, text in core.notes)


def trade_ids(at: Venue) -> list[int]:
    """The venue's public trades, oldest first."""
    parts = at.dialect.symbols if hasattr(at.dialect, "symbols") else at.dialect.coins
    return [row[4] for row in parts[0].trades]
