"""What never left costs no weight: during an outage the questions that nobody could be dialled for must not use up the
minute in which the reconcile after it has to be done (R-N1, R-N2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import ccxt.pro
import pytest

from core.clock import SystemClock
from core.domain.units import NS_PER_S
from core.venues.budget import QUERY, WeightBudget
from core.venues.ccxt.hyperliquid import Hyperliquid
from core.venues.ccxt.wiring import Wire, wired

LIMIT = 1_200


@pytest.fixture
async def exchange() -> AsyncIterator[Any]:
    traits = Hyperliquid()
    made: Any = traits.subclass(wired(ccxt.pro.hyperliquid))(traits.options())
    made.wire = Wire(SystemClock(), WeightBudget(LIMIT))
    yield made
    await made.close()


async def asked(exchange: Any, port: int) -> type[BaseException] | None:
    """One request of weight 20; the error it ended in."""
    await exchange.throttle(20)
    try:
        await exchange.fetch(f"http://127.0.0.1:{port}/info", "POST", {}, "{}")
    except ccxt.NetworkError as error:
        return type(error)
    return None


async def test_a_request_that_nobody_took_gives_its_weight_back_and_one_that_was_dropped_does_not(
    exchange: Any,
) -> None:
    """A venue that accepted and hung up has counted it."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    budget, now = exchange.wire.budget, exchange.wire.clock.monotonic
    assert await asked(exchange, port) is not None
    assert budget.used(now()) >= 20
    spent = budget.used(now())
    server.close()
    await server.wait_closed()
    for _ in range(100):  # 2,000 of a limit of 1,200
        assert await asked(exchange, port) is ccxt.ExchangeNotAvailable
    assert budget.used(now()) == spent and budget.wait_ns(QUERY, 20, now()) == 0


def test_the_newest_weight_of_that_size_is_given_back() -> None:
    budget = WeightBudget(100)
    for at, cost in ((0, 5.0), (1, 20.0), (2, 5.0)):
        budget.spend(cost, at * NS_PER_S)
    budget.refund(5.0)
    budget.refund(7.0)  # none of that size: nothing
    assert budget.used(3 * NS_PER_S) == 25.0 and budget.used(60 * NS_PER_S) == 20.0
