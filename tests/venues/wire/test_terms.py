"""The fault `terms`: one line of text changes what a loopback venue lists and takes, on both dialects."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.errors import Refused
from core.domain.order import GTC, LIMIT
from core.domain.reasons import FILTER_MIN_QTY, FILTER_STEP, OK, VENUE_CLOSED
from core.domain.units import BUY
from core.venues.wire.faults import Faults, Plan, Rule
from core.venues.wire.terms import relist
from tests.venues.wire import binance_hall, hyperliquid_hall

HALLS: dict[str, Any] = {"ETHUSDC": binance_hall, "BTC": hyperliquid_hall}


def code(at: Any, lots: int, ticks: int = 0) -> int:
    """The reason for which a bid far below the market is refused."""
    bid = at.exchange.top(0)[0] - 2_000
    order = at.exchange.create(f"0x{at.exchange._number + 1:032x}", 0, BUY, bid - bid % 7 + ticks, lots, LIMIT, GTC)
    return int(order.code)


@pytest.mark.parametrize("symbol", list(HALLS))
async def test_steps_bounds_and_state_are_listed_and_in_force_at_once(symbol: str) -> None:
    async with HALLS[symbol].venue() as at, HALLS[symbol].client(at) as exchange:
        before = await listed(exchange)
        assert code(at, 700) == OK
        relist(at.exchange, f"{symbol} lot=10 tick=7")
        after = await listed(exchange)
        assert after["precision"]["amount"] == pytest.approx(before["precision"]["amount"] * 10)
        assert (code(at, 705), code(at, 700, ticks=1), code(at, 700)) == (FILTER_STEP, FILTER_STEP, OK)
        relist(at.exchange, f"{symbol} min={at.exchange.instruments[0].lot * 1_000:g}")
        assert code(at, 700) == FILTER_MIN_QTY
        relist(at.exchange, f"{symbol} state=SETTLING")
        assert (await listed(exchange))["active"] is False and code(at, 2_000) == VENUE_CLOSED
        relist(at.exchange, f"{symbol} state=TRADING listed=no")
        assert await listed(exchange) is None and code(at, 2_000) == OK
        relist(at.exchange, f"{symbol} listed=yes")
        assert (await listed(exchange))["active"] is True


async def listed(exchange: Any) -> Any:
    swaps = [market for market in await exchange.fetch_markets() if market["swap"]]
    return swaps[0] if swaps else None


async def test_sizes_are_contracts_where_a_contract_has_more_than_one_coin() -> None:
    async with binance_hall.venue() as at, binance_hall.client(at) as exchange:
        assert code(at, 700) == OK
        at.server._venue_fault(Rule("terms", text="ETHUSDC contract=10"))
        market = await listed(exchange)
        (order,) = await exchange.fetch_open_orders(market["symbol"])
        assert market["contractSize"] == 10 and order["amount"] == pytest.approx(0.07)


@pytest.mark.parametrize(
    "text",
    ["", "ETHUSDC", "ETHUSDC size=3", "ETHUSDC lot=0", "ETHUSDC lot=-1", "ETHUSDC listed=no!", "BTC lot=9"],
)  # fmt: skip
async def test_what_is_no_change_is_refused_in_words(text: str) -> None:
    async with binance_hall.venue() as at:
        with pytest.raises(Refused, match="Expected"):
            relist(at.exchange, text)


def test_a_plan_with_a_word_that_does_not_exist_is_refused_before_it_runs() -> None:
    with pytest.raises(Refused, match="Expected a term of tick"):
        Faults(Plan(rules=(Rule("terms", text="ETHUSDC lots=10"),)), 0)
