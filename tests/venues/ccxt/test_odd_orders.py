"""Orders that a venue lists and that have no size or no market here: read as they are, stopped where they can be, named
where they cannot (R-E3, R-E5)."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from core.control.outcome import FLAT_SEALED, ORDERS_ZERO, UNVERIFIED
from core.control.stopping import VenueStop
from core.domain.events import OpenOrder, Read, ReadReply
from core.domain.order import REDUCE_ONLY, STOP, Report, Request
from core.execution.closing import Grid
from tests.venues.ccxt.told_hall import Told, algo, now_ms, order, told

ALGOS, REGULAR = "GET /fapi/v1/openAlgoOrders", "GET /fapi/v1/openOrders"
CANCELED = {"status": "ok", "response": {"type": "cancel", "data": {"statuses": ["success"]}}}
SIZES: list[Any] = ["0", "0.000", None, "", ...]


def resting(coin: str, oid: int) -> dict[str, Any]:
    return {
        "coin": coin, "side": "A", "limitPx": "0.5", "sz": "20.0", "oid": oid, "timestamp": now_ms(),
        "triggerCondition": "N/A", "isTrigger": False, "triggerPx": "0.0", "children": [], "isPositionTpsl": False,
        "reduceOnly": False, "orderType": "Limit", "origSz": "20.0", "tif": "Gtc", "cloid": None,
    }  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
async def test_a_stop_that_closes_all_is_an_order_of_no_lots_beside_the_others(size: Any) -> None:
    """It made every order of its symbol unreadable, so that neither reconciling nor a stop ever ended."""
    async with told("binance_usdm") as at:
        at.say(ALGOS, [algo(closePosition=True, quantity=size), algo(algoId=5)])
        reply = await at.read("orders")
        assert reply.error == ""
        assert [(one.venue_id, one.left, one.flags & REDUCE_ONLY) for one in reply.orders] == [
            (2_148_719, 0, REDUCE_ONLY), (5, 1, 0),
        ]  # fmt: skip
        at.say(ALGOS, [])
        at.say(REGULAR, [order(origQty="0" if size is ... else size, closePosition=True, stopPrice="7000")])
        assert [(one.left, one.flags) for one in (await at.read("orders")).orders] == [(0, REDUCE_ONLY | STOP)]


@pytest.mark.parametrize("size", ["0", None, "", "x", ...])
async def test_any_other_order_without_a_size_is_still_no_answer(size: Any) -> None:
    async with told("binance_usdm") as at:
        at.say(ALGOS, [algo(quantity=size)])
        assert (await at.read("orders")).error


@pytest.mark.parametrize("size", SIZES)
async def test_a_stop_of_the_account_cancels_what_closes_all_and_a_stop_of_ours_lists_it(size: Any) -> None:
    async with told("binance_usdm") as at:
        at.say(ALGOS, [algo(closePosition=True, quantity=size)])
        at.say("DELETE /fapi/v1/algoOrder", {"algoId": 2_148_719, "clientAlgoId": "web_2", "code": "200"})
        account = at.account()
        try:
            (found,) = await account.orders()
            assert (found.cl_id, found.left, found.flags) == (0, 0, REDUCE_ONLY | STOP)
            await account.cancel([found.venue_id])
        finally:
            await account.close()
        assert at.count("DELETE /fapi/v1/algoOrder") == 1
        assert not any("refused" in text for _, _, text in at.notes), at.notes


class Stopped:
    """The account as the loop of a stop sees it."""

    name, symbols, grids, q_ns, patience_s = "venue", ("BTC",), (Grid(0, 1, 10**9, 1_000),), 1_000_000, 20.0

    def __init__(self, rows: list[OpenOrder], unreachable: tuple[int, str]) -> None:
        self.rows, self.unreachable, self.cancels = rows, unreachable, 0

    def read(self, read: Read) -> ReadReply:
        return ReadReply(read.what, read.nonce, now_ms() * 1_000_000, tuple(self.rows) if read.what == "orders" else ())

    def send(self, requests: tuple[Request, ...]) -> list[Report]:
        self.cancels += len(requests)
        gone = {request.venue_id for request in requests}
        self.rows = [row for row in self.rows if row.venue_id not in gone]
        return []

    def touch(self) -> tuple[()]:
        return ()

    def close(self) -> None:
        return None


@pytest.mark.parametrize("scope", ["account", "ours"])
def test_scope_decides_whether_an_order_that_closes_all_goes(scope: str) -> None:
    """R-E3: somebody else's stop stays in scope `ours`, and is counted."""
    from core.clock import SystemClock

    venue: Any = Stopped([OpenOrder(0, 0, 7, 1, 750, 0, REDUCE_ONLY | STOP)], (0, ""))
    outcome = VenueStop(venue, "flatten", SystemClock(), lambda *_: None, scope, give_up=threading.Event()).run()
    assert (outcome.code, venue.cancels) == (FLAT_SEALED, int(scope == "account"))
    assert ("1 orders" in outcome.text) == (scope == "ours")


@pytest.mark.parametrize(("symbol", "code"), [("", UNVERIFIED), ("BTC", ORDERS_ZERO)])
def test_orders_that_nobody_can_cancel_end_the_stop_with_exit_3_and_their_names(symbol: str, code: int) -> None:
    """No loop; a stop of one symbol has nothing to do with them."""
    from core.clock import SystemClock

    words = "not reachable from here, cancel by hand: #5160 (1 order)"
    venue: Any = Stopped([OpenOrder(0, 9, 7, 1, 750, 5, 0)], (1, words))
    outcome = VenueStop(venue, "halt", SystemClock(), lambda *_: None, "account", symbol).run()
    assert (outcome.code, outcome.orders_left) == (code, int(code == UNVERIFIED))
    assert (words in outcome.text, outcome.verified == "unverified") == (code == UNVERIFIED, code == UNVERIFIED)


async def listed(at: Told, *rows: dict[str, Any], whole: bool = True) -> tuple[list[int], str]:
    at.say("frontendOpenOrders", list(rows))
    account = at.account(whole)
    try:
        found = [one.venue_id for one in await account.orders()]
        await account.orders()
        return found, account.unlisted.text()
    finally:
        await account.close()


async def test_coins_without_a_market_are_named_once_and_the_others_are_given() -> None:
    """`#5160` (an outcome), `@999` (a spot pair that is not listed), a coin of another dex."""
    async with told("hyperliquid") as at:
        rows = [resting(coin, n + 1) for n, coin in enumerate(("#5160", "BTC", "@999", "xyz:XYZ100", "@999"))]
        found, words = await listed(at, *rows)
        assert found == [2]
        assert words == (
            "not reachable from here, cancel by hand: #5160 (1 order), @999 (2 orders), xyz:XYZ100 (1 order)"
        )
        assert [text for _, step, text in at.notes if step == "unreachable"] == [f"hyperliquid: {words}"]


async def test_a_stop_of_ours_has_nothing_to_do_with_them() -> None:
    async with told("hyperliquid") as at:
        assert await listed(at, resting("#5160", 1), whole=False) == ([1], "")


async def test_a_market_that_an_old_list_does_not_have_is_looked_for_before_it_is_called_unreachable() -> None:
    """A coin of today, and the list of yesterday."""
    async with told("hyperliquid") as at:
        at.say("frontendOpenOrders", [resting("HYPE", 1)])
        account = at.account()
        try:
            await account.open()
            del account.exchange.markets["HYPE/USDC:USDC"]
            account.unlisted.old = True
            assert [one.venue_id for one in await account.orders()] == [1]
            assert account.unlisted.text() == "" and not account.unlisted.old
        finally:
            await account.close()
