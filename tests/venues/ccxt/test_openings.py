"""What a venue says at the opening that an account or an instrument of ours is not made for: refused, with a next step
(S3-30, R-B4)."""

from __future__ import annotations

from typing import Any

import pytest

from core.clock import SystemClock
from core.codec.reasons import Hostile
from core.config.instruments import find_instrument
from core.domain.errors import Refused
from core.engine.inbox import Inbox
from core.venues.ccxt.setup import set_up
from core.venues.ccxt.venue import CcxtVenue
from tests.venues.ccxt.told_hall import Told, told

YES = {"status": "ok", "response": {"type": "default"}}
LEVERAGE = "exchange updateLeverage"


async def opened(at: Told, symbol: str = "BTC") -> None:
    x = find_instrument("hyperliquid", symbol)
    venue = CcxtVenue(at.traits, at.access, [(0, x)], Inbox(1), SystemClock(), epoch=1)
    try:
        await venue.open(listen=False)
    finally:
        await venue.close()


@pytest.mark.parametrize("kind", ["unifiedAccount", "portfolioMargin", "somethingNew"])
async def test_an_account_whose_spot_and_perpetuals_share_a_balance_is_refused(kind: str) -> None:
    """Its wallet would be read from the wrong place; the operator is told what to do."""
    async with told("hyperliquid", **{"userAbstraction": kind, LEVERAGE: YES}) as at:
        with pytest.raises(Refused, match=f"{kind}.*Switch the unified account off.*start again"):
            await opened(at)


@pytest.mark.parametrize("kind", ["default", "disabled", "dexAbstraction"])
async def test_an_account_with_a_balance_for_perpetuals_is_taken(kind: str) -> None:
    async with told("hyperliquid", **{"userAbstraction": kind, LEVERAGE: YES}) as at:
        await opened(at)
        assert at.instances.data.options["enableUnifiedMargin"] is False


async def test_a_set_up_that_is_answered_with_nothing_is_no_set_up() -> None:
    async with told("hyperliquid", **{LEVERAGE: (200, "null")}) as at:
        with pytest.raises(Hostile):
            await set_up(at.traits, at.instances.data, at.listings, "loopback")


@pytest.mark.parametrize(
    ("symbol", "mark", "finer"),
    [
        ("SOL", "202.5", 0.0), ("SOL", "99.99", 0.001), ("SOL", "1202.5", 0.0), ("SOL", "9.1", 0.0001),
        ("BTC", "66653", 0.0), ("BTC", "110000", 0.0), ("BTC", "9999.5", 0.1), ("SOL", "0", 0.0), ("SOL", "", 0.0),
    ],
)  # fmt: skip
async def test_a_tick_that_is_finer_at_the_mark_than_ours_is_refused(symbol: str, mark: str, finer: float) -> None:
    """Prices between our ticks would make its book unreadable; a coarser one is no matter of reading."""
    async with told("hyperliquid", symbol, **{LEVERAGE: YES}) as at:
        market: Any = {"info": {"markPx": mark, "szDecimals": 2 if symbol == "SOL" else 5}}
        assert at.traits.finer_tick(market, at.instrument.tick) == pytest.approx(finer)
        at.marks[symbol] = mark or "0"
        if not finer:
            await opened(at, symbol)
            return
        with pytest.raises(Refused, match=f"tick at the mark is {finer:g}, ours {at.instrument.tick:g}"):
            await opened(at, symbol)
