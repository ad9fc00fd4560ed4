"""The last look at several accounts (R-E6): what stands at one venue is cancelled while another is still silent."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from core.clock import VirtualClock
from core.domain.events import OpenOrder, Read, ReadReply
from core.domain.order import CANCEL, Request
from core.domain.units import BUY
from core.engine.inbox import Inbox
from core.engine.lastlook import last_look


async def test_an_order_that_stands_is_cancelled_while_another_venue_is_silent() -> None:
    engine: Any = SimpleNamespace(end_verified=True, places={})
    cancelled, sent = asyncio.Event(), []

    async def ask(read: Read) -> ReadReply:
        if read.account == 0:
            await cancelled.wait()
            return ReadReply(read.what, read.nonce, 1, account=0)
        standing = (OpenOrder(0, 7, 70, BUY, 10, 1, 0),) if read.what == "orders" else ()
        return ReadReply(read.what, read.nonce, 1, orders=standing, account=read.account)

    async def send(request: Request) -> None:
        sent.append((request.kind, request.cl_id))
        cancelled.set()

    async with asyncio.timeout(5.0):
        await last_look(engine, Inbox(1), (0, 1), ask, send, VirtualClock(1))
    assert sent == [(CANCEL, 7)] and not engine.end_verified
