"""The emergency lane with 500 requests queued: from the call of the stop to its cancels in the venue's own log.

The whole live path in one process: engine, driver, ccxt and the loopback venue share one event loop, so this is dearer
than two machines would be in compute, and has no network in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import statistics
from collections.abc import Callable
from typing import Any

from core.domain.commands import Halt
from core.domain.events import Asked
from core.domain.order import CREATE
from core.domain.units import NS_PER_MS, NS_PER_S
from core.guard.memory import settle
from tests.bench.table import Row, judged, quantile, spread
from tests.venues.ccxt.fault_hall import BINANCE, HYPERLIQUID, FaultCore, Hall, Venue, places_of, quoting
from tests.venues.ccxt.live_hall import eventually, request, trading

QUEUED, LEAST = 500, 2  # requests that wait, quotes that stand
A_VENUE = 4  # runs on one venue
RUN_NS = 4 * NS_PER_S  # of market that one run uses at most
HANG_S = 0.3  # how long the venue holds what reached it
WANTED = "p99 < 50 ms"


def queue_up(core: FaultCore, at: Venue, hall: Hall, first: int, n: int = QUEUED) -> None:
    """`n` creates wait: some at a venue that does not answer, the rest in the driver."""
    at.fault("hang", hall.create, seconds=HANG_S)
    bid, now = at.exchange.top(0)[0], core.clock.now()
    core.driver.outgoing.take([request(CREATE, first + k, px=bid - 500) for k in range(n)], now)


async def full_queue(core: FaultCore, at: Venue, hall: Hall) -> None:
    """`QUEUED` requests wait. The gate drops what a standstill of the shared loop made too old: then once more."""
    for attempt in range(1, 4):
        queue_up(core, at, hall, attempt * 1_000_000)
        with contextlib.suppress(AssertionError):
            await eventually(lambda: core.driver.outgoing.in_flight >= QUEUED, "a full queue", 2.0)
            return
    raise AssertionError(f"Expected {QUEUED} requests that wait, was {core.driver.outgoing.in_flight}")


def market_ahead(at: Venue) -> None:
    """What is to come of the market is made now: that standstill of the shared loop is the venue's."""
    ready = at.exchange._covered + A_VENUE * RUN_NS
    while at.exchange._covered < ready:
        at.exchange._extend()


async def stop_once(at: Venue, hall: Hall) -> tuple[float, float] | None:
    """A core of its own, one halt over a full queue: ms to the first cancel at the venue, and to the last. None where
    the halt found the book of ours empty, between a cancel and its next order."""
    core = hall.core(at)
    async with trading(core):
        await quoting(core, at, LEAST)
        await full_queue(core, at, hall)
        await asyncio.sleep(0.05)
        settle()  # as a core does once it stands
        called = at.server.clock.now()
        core.driver.push(Asked(Halt(id="halt", who="bench")))
        await eventually(lambda: not at.exchange.books.open_of(), "no order at the venue")
        cancels = [asked.ts for asked in places_of(at, hall.cancel)() if asked.ts > called]
        at.server.faults.clear()
        await eventually(lambda: core.engine.state.run == "HALTED", "HALTED", 30.0)
    if not cancels:
        return None
    return (min(cancels) - called) / NS_PER_MS, (max(cancels) - called) / NS_PER_MS


async def measure(hall: Hall, runs: int) -> list[tuple[float, float]]:
    """First and last cancel of each run, ms. A new venue every few runs: what was filled meanwhile stays behind."""
    found: list[tuple[float, float]] = []
    while len(found) < runs:
        async with hall.venue(seed=1 + len(found)) as at:
            market_ahead(at)
            done = [await stop_once(at, hall) for _ in range(min(A_VENUE, runs - len(found)))]
            found += [one for one in done if one is not None]
    return found


def rows(folder: pathlib.Path, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """One row a dialect."""
    out = []
    for hall in (BINANCE, HYPERLIQUID):
        found = asyncio.run(measure(hall, 12 if quick else 60))
        first, last = [a for a, _ in found], [b for _, b in found]
        out.append(_row(hall, first, last))
        say(f"emergency: {hall.name} {out[-1].measured}")
    return out


def _row(hall: Any, first: list[float], last: list[float]) -> Row:
    p99 = quantile(last, 0.99)
    measured = (
        f"p50 {statistics.median(first):.1f} ms, p99 {quantile(first, 0.99):.1f} ms to the first cancel; "
        f"p50 {statistics.median(last):.1f} ms, p99 {p99:.1f} ms to the last (n {len(last)})"
    )
    title = f"{hall.name}: call of the stop to its cancels at the venue, {QUEUED} requests queued"
    return judged(title, WANTED, measured, p99 < 50.0, f"last cancel: {spread(last, 1, ' ms')}")
