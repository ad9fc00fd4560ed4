"""The last look of a process that ends: our orders are gone, but the news of a last fill may still be on its way.

The venues list it (R-O4). What a limit or a fault refused is asked again, for a bounded time: an end is verified by the
venue's word alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from core import tasks
from core.domain.events import Read, ReadReply
from core.domain.order import FUNDED, Request
from core.domain.ports import Clock
from core.domain.units import NS_PER_S
from core.engine import ending
from core.engine.engine import Engine
from core.engine.inbox import Inbox
from core.engine.stopping import NONCE_BASE
from core.execution.asking import Retrying
from core.execution.closing import cancel_of
from core.execution.fills import is_seen
from core.execution.stopping import AUTH_FAILED, UNVERIFIED, Venue

AGAIN_NS = 10 * NS_PER_S  # nothing is asked again after so long
Ask = Callable[[Read], Awaitable[ReadReply]]
Send = Callable[[Request], Awaitable[None]]


async def last_look(
    engine: Engine, inbox: Inbox, accounts: Sequence[int], ask: Ask, send: Send, clock: Clock
) -> None:  # fmt: skip
    """At every account, none waits for another. What no ledger has counted is in the inbox then."""
    await asyncio.gather(*(_look(engine, inbox, account, ask, send, clock) for account in accounts))


async def _look(engine: Engine, inbox: Inbox, account: int, ask: Ask, send: Send, clock: Clock) -> None:
    """Its orders, then its trades. An order of ours that stands after all is cancelled, and the end is not verified;
    nor is one without a list, or a flat one without its trades."""
    listed = await _asked(Read("orders", NONCE_BASE, account=account), ask, clock)
    left = [order for order in listed.orders if order.cl_id]
    if left or listed.error:
        engine.end_verified = False
    await asyncio.gather(*(send(cancel_of(order)) for order in left))
    told = await _asked(Read("trades", NONCE_BASE, account=account), ask, clock)
    if told.error:
        engine.end_verified = engine.end_verified and not ending.flat(engine)
        inbox.input(told)
    for trade in told.trades:
        key = -trade.trade_id if trade.kind == FUNDED else trade.trade_id
        posts = engine.places.get(trade.instrument, ())
        if posts and not any(is_seen(post.ledger.s, key) for post in posts):
            inbox.report(trade)


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
