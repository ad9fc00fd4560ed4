"""Hostile frames beside a trading core: engine, driver and ccxt on a loopback venue that goes on honestly meanwhile.

What garbage must not do is seen at the venue: every order that was sent lies at its market, and both ledgers are equal
at the end.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
from aiohttp import WSMessage, WSMsgType

from core.domain.order import CREATE
from tests.hostile.mutate import Mutations
from tests.venues.ccxt.fault_hall import BOTH, Hall, equal, quoting, settled
from tests.venues.ccxt.live_hall import eventually, trading

FRAMES = int(os.environ.get("PERP_FRAMES", "1200"))
NEAR = 0.02  # of the price: the venue's market moves less in a run


def tap(exchange: Any, heard: list[tuple[Any, str]]) -> None:
    """Keeps the newest frames of every socket: what is mutated is what the venue says now."""
    whole = exchange.client

    def client(url: str) -> Any:
        made = whole(url)
        if not hasattr(made, "tapped"):
            made.tapped, inner = True, made.handle_message

            def handle(message: Any) -> None:
                if isinstance(message.data, str):
                    heard.append((made, message.data))
                    del heard[:-60]
                inner(message)

            made.handle_message = handle
            made.untapped = inner
        return made

    exchange.client = client


@BOTH
@pytest.mark.row("R-N3")
@pytest.mark.slow
@pytest.mark.timeout(3_600)
async def test_no_order_comes_of_garbage_and_both_ledgers_are_equal_after_it(hall: Hall, seed: int) -> None:
    """Garbage of every kind and torn bytes, no plain lies: a venue that lies is outside the model."""
    mutations = Mutations(seed)
    async with hall.venue() as at:
        core = hall.core(at)
        heard: list[tuple[Any, str]] = []
        tap(core.venue.instances.data, heard)
        async with trading(core):
            await quoting(core, at)
            sent = 0
            while sent < FRAMES // 2:
                for client, text in mutations.dice.sample(heard, min(6, len(heard))):
                    raw, _ = mutations.garbage(text) if mutations.dice.random() < 0.7 else mutations.cut(text)
                    client.untapped(WSMessage(WSMsgType.TEXT, raw.decode("utf-8", "replace"), None))
                    sent += 1
                await asyncio.sleep(0.02)
            await eventually(lambda: all(stream.up for stream in core.venue.streams), "every stream", 30.0)
            await quoting(core, at)
            await equal(core, at, 30.0)
        assert core.fatals == []
        wild = [r for _, r in core.requests if r.kind == CREATE
                and abs(r.px * hall.instrument.tick / hall.price - 1) > NEAR]  # fmt: skip
        assert wild == []
        counters = core.venue.instances.wires["data"].counters
        print(f"{hall.name}: {sent} frames, {counters.poisoned} poisoned, {len(core.requests)} requests")
        assert counters.poisoned > sent // 10
        settled(core, at)
