"""The last look of a process that ends: our orders are gone, but the news of a last fill may still be on its way.

The venues list it (R-O4). What a limit or a fault refused is asked again, for a bounded time: an end is verified by the
venue's word alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from core import tasks
from core.domain.events import Read, ReadReply
from core.domain.order import FUNDED, Report
from core.domain.ports import Clock
from core.domain.units import NS_PER_S
from core.engine import ending
from core.engine.engine import Engine
from core.engine.stopping import NONCE_BASE
from core.execution.asking import Retrying
from core.execution.fills import is_seen
from core.execution.stopping import AUTH_FAILED, UNVERIFIED, Venue

AGAIN_NS = 10 * NS_PER_S  # nothing is asked again after so long
Ask = Callable[[Read], Awaitable[ReadReply]]


async def last_orders(engine: Engine, accounts: Sequence[int], ask: Ask, clock: Clock) -> list[ReadReply]:
    """Every account's list. An order of ours that stands after all, or no list: the end is not verified."""
    listed = await _of_all("orders", accounts, ask, clock)
    if any(reply.error or any(order.cl_id for order in reply.orders) for reply in listed):
        engine.end_verified = False
    return listed


async def last_trades(engine: Engine, accounts: Sequence[int], ask: Ask, clock: Clock) -> list[ReadReply]:
    """Every account's own trades; a flat end without them is not verified."""
    told = await _of_all("trades", accounts, ask, clock)
    if any(reply.error for reply in told):
        engine.end_verified = engine.end_verified and not ending.flat(engine)
    return told


def unseen(engine: Engine, replies: Iterable[ReadReply]) -> list[Report]:
    """The trades of these that no ledger has counted."""
    news = []
    for trade in (trade for reply in replies for trade in reply.trades):
        key = -trade.trade_id if trade.kind == FUNDED else trade.trade_id
        posts = engine.places.get(trade.instrument, ())
        if posts and not any(is_seen(post.ledger.s, key) for post in posts):
            news.append(trade)
    return news


async def _of_all(what: str, accounts: Sequence[int], ask: Ask, clock: Clock) -> list[ReadReply]:
    return await asyncio.gather(*(_asked(Read(what, NONCE_BASE, account=account), ask, clock) for account in accounts))


async def _asked(read: Read, ask: Ask, clock: Clock) -> ReadReply:
    """The answer, or the refusal that was the last in time; what refuses the keys is not asked again."""
    until, retrying, venue = clock.now() + AGAIN_NS, Retrying(()), Venue(UNVERIFIED, "", 0)
    while (reply := await ask(read)).error:
        now = clock.now()
        venue, wake = retrying.after(reply.error, venue, now)
        if venue.status == AUTH_FAILED or wake > until:
            break
        await tasks.sleep((wake - now) / NS_PER_S)
    return reply
