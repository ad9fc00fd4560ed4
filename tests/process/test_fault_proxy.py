"""A live core behind a broken network, over both wires (R-N1, R-N2, R-O1): black hole after accept, RST, one byte a
second, a far side that is gone, a frame cut in its middle; on public streams, on the private one, and on requests.

The venue's own books judge. `PERP_FAULTS=n` runs every fault n times, longer; without it the worst once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import pytest

from core.domain.order import CREATE, REDUCE_ONLY
from core.domain.units import NS_PER_MS, NS_PER_S
from core.venues.ccxt.traits import LIFETIME_MS
from tests.process.prompt import FAULTS
from tests.support.fault_proxy import FaultProxy
from tests.venues.ccxt.fault_hall import BINANCE, BOTH, HYPERLIQUID, LIVELY, FaultCore, Hall, Venue, equal, quoting
from tests.venues.ccxt.fault_hall import settled as books_agree
from tests.venues.ccxt.live_hall import eventually, trading
from tests.venues.ccxt.test_faults_private import FOUND_NS, Lag
from tests.venues.ccxt.test_faults_streams import LastBook, quotes

pytestmark = pytest.mark.slow
PULLED_NS = NS_PER_S  # R-N1: after the book is older than its limit
HEALED_NS = 3 * NS_PER_S  # R-N1: to the next whole book
SLACK_NS = NS_PER_S // 2  # of a loaded machine, where an outage was long; 0.1 to 1.5 s are usual
BACK_S = (HEALED_NS + SLACK_NS) / NS_PER_S
OUTAGE_S = 8.0  # long enough for every wait that doubles to show
LIFETIME_NS = LIFETIME_MS * NS_PER_MS  # of a create, by the venue's own check
FLYING_NS = NS_PER_S // 4  # what left before the fault, and a loaded machine


def kind_of(line: str) -> str:
    """Which connection it is, by the first line of its request."""
    path = line.split(" ")[1] if " " in line else ""
    if "/ws-fapi" in path:
        return "orders"
    if "/private" in path or "listenKey" in path:
        return "private"
    return "public" if path.startswith(("/ws", "/public", "/market", "/stream")) else "rest"


def chosen(*kinds: str, first: int = 1) -> list[str]:
    """All faults, again and again, or the first ones."""
    return list(kinds) * FAULTS or list(kinds[:first])


@contextlib.asynccontextmanager
async def behind(hall: Hall, **more: object) -> AsyncIterator[tuple[Venue, Venue, FaultProxy]]:
    """(the venue, the venue as the core reaches it, what lies between)."""
    async with hall.venue(**more) as at:  # type: ignore[arg-type]
        with FaultProxy(at.port, kind_of) as proxy:
            yield at, replace(at, port=proxy.port), proxy


def risk_since(at: Venue, since: int, until: int) -> list[int]:
    """When orders that could add risk came to the venue in this time."""
    flags = ((order.created, order.flags) for order in at.exchange.books.orders)
    return [
        created - since for created, flag in flags if since + FLYING_NS < created < until and not flag & REDUCE_ONLY
    ]


async def stream_faults(hall: Hall, *kinds: str) -> None:
    async with behind(hall) as (at, way, proxy):
        core = hall.core(way)
        seen = LastBook(core)
        async with trading(core):
            await quoting(core, at)
            for do in kinds:
                await public_fault(hall, core, at, proxy, seen, do)
        books_agree(core, at)
        assert all(proxy.seen[kind] > 0 for kind in ("public", "rest"))


async def public_fault(hall: Hall, core: FaultCore, at: Venue, proxy: FaultProxy, seen: LastBook, do: str) -> None:
    """Pulled in time, nothing new in between, a whole book soon after it healed."""
    began = core.clock.now()
    proxy.fault("public", do)
    await eventually(lambda: not quotes(at), f"{do}: no quotes at the venue", 15.0)
    late = core.clock.now() - max(seen.ts, began) - hall.instrument.book_stale_ns
    print(f"{hall.name} public {do}: quotes gone {late / NS_PER_S:+.2f} s after the book was stale")
    assert late <= PULLED_NS
    pulled = core.clock.now()
    await asyncio.sleep(2.0 + 6.0 * min(FAULTS, 1))
    proxy.heal()
    healed = core.clock.now()
    assert risk_since(at, pulled, healed) == [], f"{do}: an order while the book was stale"
    await eventually(lambda: seen.ts > healed, f"{do}: a book again", 20.0)
    print(f"{hall.name} public {do}: a book again {(seen.ts - healed) / NS_PER_S:.2f} s after it healed")
    assert seen.ts - healed <= HEALED_NS
    await quoting(core, at)
    await equal(core, at)


@BOTH
@pytest.mark.row("R-N1")
async def test_a_network_that_swallows_the_public_streams_pulls_the_quotes_in_time_and_is_found_healed(
    hall: Hall,
) -> None:
    """Black hole after accept, one byte a second, RST of every dial. Hyperliquid has all its streams on one socket."""
    await stream_faults(hall, *chosen("hole", "reset", "trickle", first=2))


def back(core: FaultCore, at: Venue, seen: LastBook, kind: str, healed: int) -> bool:
    """A book of after it healed, a new private socket, an answer to a request: what a kind of connection is for."""
    if kind == "rest":
        return bool(at.server.asked) and at.server.asked[-1].ts > healed
    if kind == "private":
        clients = (core.venue.instances.data.clients or {}).items()
        return any("/private" in url and client.isConnected for url, client in clients)
    return seen.ts > healed


async def outage(hall: Hall, do: str, kind: str) -> None:
    """Every connection of a kind, and every dial of it, for OUTAGE_S."""
    async with behind(hall) as (at, way, proxy):
        core = hall.core(way)
        seen = LastBook(core)
        async with trading(core):
            await quoting(core, at)
            dials = core.venue.instances.dials.made
            proxy.fault(kind, do)
            await asyncio.sleep(OUTAGE_S)
            dials = core.venue.instances.dials.made - dials
            proxy.heal()
            healed = core.clock.now()
            await eventually(partial(back, core, at, seen, kind, healed), f"{kind} again", 20.0)
            late = core.clock.now() - healed
            print(f"{hall.name} {do} of {kind}: back {late / NS_PER_S:.2f} s after it healed, {dials} dials in it")
            assert late <= HEALED_NS + SLACK_NS
            await equal(core, at)
        books_agree(core, at)


@BOTH
@pytest.mark.row("R-N1")
async def test_after_a_long_outage_of_any_kind_of_connection_the_book_is_back_within_three_seconds(hall: Hall) -> None:
    """RST of each connection and each dial: no wait that doubled meanwhile outlives the outage."""
    kinds = [kind for kind in ("*", "public", "private", "rest") if (hall, kind) != (HYPERLIQUID, "private")]
    for kind in chosen(*kinds, first=2):
        await outage(hall, "reset", kind)


@BOTH
@pytest.mark.row("R-N1")
async def test_a_network_that_is_gone_for_long_is_dialled_anew_before_the_old_dials_give_up(hall: Hall) -> None:
    """Half open: what was dialled into the outage never says a word, and is not waited for alone."""
    await outage(hall, "half_open", "*")


async def test_a_frame_that_is_cut_in_its_middle_and_a_far_side_that_is_gone_are_dialled_anew() -> None:
    """R-N1."""
    async with behind(BINANCE) as (at, way, proxy):
        core = BINANCE.core(way)
        seen = LastBook(core)
        async with trading(core):
            await quoting(core, at)
            for do in ("cut", "half_open"):
                before = proxy.seen["public"]
                proxy.fault("public", do)
                await eventually(lambda do=do: proxy.hit["public"], do)  # type: ignore[misc]
                await eventually(lambda before=before: proxy.seen["public"] > before, "a new dial", 15.0)  # type: ignore[misc]
                proxy.heal()
                healed = core.clock.now()
                await eventually(partial(back, core, at, seen, "public", healed), "a book again", BACK_S)
                proxy.hit.clear()
                await quoting(core, at)
                await equal(core, at)
        books_agree(core, at)


@pytest.mark.row("R-O4")
async def test_fills_behind_a_broken_private_stream_are_found_in_time_and_its_news_come_again() -> None:
    """What no frame tells the cross-check finds; after it healed news come by the stream."""
    async with behind(BINANCE, character=LIVELY) as (at, way, proxy):
        core = BINANCE.core(way)
        lag = Lag(core, at)
        async with trading(core):
            await quoting(core, at)
            for do in chosen("hole", "trickle", "reset"):
                proxy.fault("private", do)
                fills = len(at.exchange.books.trades)
                await eventually(lambda fills=fills: len(at.exchange.books.trades) > fills, "a fill", 40.0)  # type: ignore[misc]
                fills = len(at.exchange.books.trades)
                await eventually(lambda fills=fills: len(lag.counted) >= fills, "the fill found", 15.0)  # type: ignore[misc]
                assert proxy.hit["private"] or do == "hole"
                proxy.heal()
                await equal(core, at)
            news = sum(stream.batches for stream in core.venue.streams if stream.name in ("orders", "own trades"))
            await eventually(
                lambda: sum(s.batches for s in core.venue.streams if s.name in ("orders", "own trades")) > news + 2,
                "news by the stream", 20.0,
            )  # fmt: skip
            await equal(core, at)
        books_agree(core, at)
        print(f"private: {len(lag.counted)} fills, the last found after {lag.worst_ns() / NS_PER_S:.2f} s at most")
        assert lag.worst_ns() <= FOUND_NS


async def request_fault(core: FaultCore, at: Venue, proxy: FaultProxy, do: str, seconds: float) -> None:
    began = core.clock.now()
    proxy.fault("rest", do)
    await asyncio.sleep(seconds)
    proxy.heal()
    healed = core.clock.now()
    assert risk_since(at, began, healed) == [], f"{do}: an order while no request could arrive"
    sent = [ts for ts, request in core.requests if began < ts < healed and request.kind == CREATE]
    print(f"requests {do}: {len(sent)} creates left meanwhile, {core.most_unknown} unknown at most")
    await equal(core, at, 25.0)
    await quoting(core, at)
    left = {core.venue.ids.text(request.cl_id): ts for ts, request in core.requests if request.kind == CREATE}
    late = [order.created - left[order.client] for order in at.exchange.books.orders if order.created > began]
    assert max(late, default=0) <= LIFETIME_NS + FLYING_NS, f"{do}: an order that came too late"


@BOTH
@pytest.mark.row("R-O1")
async def test_requests_into_a_broken_network_are_never_an_order_too_late_nor_two(hall: Hall) -> None:
    """What the black hole held arrives when it heals: its lifetime is over by then, and the venue refuses it."""
    async with behind(hall) as (at, way, proxy):
        core = hall.core(way)
        async with trading(core):
            await quoting(core, at)
            for do in chosen("hole", "reset", "trickle"):
                await request_fault(core, at, proxy, do, 4.0 + 9.0 * min(FAULTS, 1))
        books_agree(core, at)
        clients = [order.client for order in at.exchange.books.orders]
        assert len(clients) == len(set(clients))
