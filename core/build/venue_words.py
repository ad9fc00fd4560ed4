"""What the venues of a live core say of themselves: their lists of positions and orders, and what their wires count.

Reads only. A venue that does not answer in time is named, with what the others said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from core import tasks
from core.control.answers import listed
from core.domain.events import Read, ReadReply
from core.domain.ports import Clock
from core.engine.inbox import Inbox
from core.venues.ccxt.venue import CcxtVenue

LIST_S = 6.0


async def listed_at(venues: Sequence[CcxtVenue], symbols: Sequence[str], clock: Clock) -> dict[str, Any]:
    """Positions and orders as each venue lists them; `symbols` by the engine's number of the instrument. `error` names
    every venue that did not say: what stands beside it is not all."""
    body: dict[str, Any] = {"source": "venue", "ts": clock.now(), "positions": [], "orders": [], "foreign_orders": 0}
    questions = [_ask(venue, what) for venue in venues for what in ("positions", "orders")]
    answers = iter(await asyncio.gather(*questions))
    failed = []
    for venue in venues:
        held, alive = next(answers), next(answers)
        rows = listed(venue.traits.name, symbols, held.positions, alive.orders)
        body["positions"] += rows["positions"]
        body["orders"] += rows["orders"]
        body["foreign_orders"] += sum(order.cl_id == 0 for order in alive.orders)
        why = held.error or alive.error
        if why:
            failed.append(f"{venue.traits.name}: {why}" if len(venues) > 1 else why)
    return {**body, "error": "; ".join(failed)} if failed else body


async def _ask(venue: CcxtVenue, what: str) -> ReadReply:
    try:
        async with tasks.timeout(LIST_S):
            return await venue.read(Read(what, 0), True)
    except TimeoutError:
        return ReadReply(what, 0, venue.clock.now(), error=f"no answer in {LIST_S:g} s")


def heard_of(venues: Iterable[CcxtVenue], inbox: Inbox | None = None) -> tuple[tuple[int, int, int], ...]:
    """(instrument number, messages refused by the codec, rows conflated) of each feed."""
    return tuple(
        (number, sum(feed.dropped.values()), inbox.conflated(number) if inbox is not None else 0)
        for venue in venues
        for number, feed in venue.feeds.items()
    )


def told_of(venues: Sequence[CcxtVenue], inbox: Inbox, clock: Clock) -> dict[str, int]:
    """The wires' own figures for the screens (S0-28, S3-31): counts of all, the weight of the venue with least left."""
    now = clock.monotonic()
    budgets = [venue.instances.budget for venue in venues]
    tight = max(budgets, key=lambda budget: budget.used(now) / max(1, budget.limit))
    return {
        "requests": sum(venue.instances.requests for venue in venues),
        "errors": sum(venue.instances.errors for venue in venues),
        "weight_used": round(tight.used(now)),
        "weight_limit": tight.limit,
        "conflated": sum(inbox.conflated(n) for n in range(inbox.instruments)),
        "dropped": sum(sum(feed.dropped.values()) for venue in venues for feed in venue.feeds.values()),
    }
