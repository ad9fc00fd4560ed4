"""The whole live path against Binance USD-M's wire on the loopback (UC-10): nothing of ccxt or of ours is replaced."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from core.clock import SteadyClock
from core.config.instruments import find_instrument
from core.domain.commands import Flatten, Halt
from core.domain.events import Asked, Read
from core.domain.order import AMEND, AMENDED, CANCEL, CREATE, FILLED, IOC, REDUCE_ONLY, REJECTED
from core.engine.inbox import Inbox
from core.venues.ccxt.binanceusdm import BinanceUsdm
from core.venues.ccxt.instances import Access
from core.venues.ccxt.venue import CcxtVenue
from core.venues.wire.faults import Rule
from tests.venues.ccxt.live_hall import LiveCore, agree, eventually, request, trading, with_fees
from tests.venues.wire.binance_hall import KEY, LIVELY, SECRET, Venue, urls, venue

ETH = with_fees(find_instrument("binance_usdm", "ETHUSDC"))
NEAR = {
    "strategies.0.params.minSpread": 0.00002,
    "strategies.0.params.feeBuffer": 0.0,
    "strategies.0.params.maxLayers": 4,
    "strategies.0.params.baseSize": 0.02,
}


def access(at: Venue) -> Access:
    return Access("loopback", {"apiKey": KEY, "secret": SECRET}, urls(at))


def adapter(at: Venue, inbox: Inbox) -> CcxtVenue:
    return CcxtVenue(BinanceUsdm(), access(at), [(0, ETH)], inbox, SteadyClock(), epoch=9)


@pytest.mark.row("UC-10")
async def test_place_amend_cancel_position_balance_and_fills_go_through_the_real_wire() -> None:
    """S3-32: each REST action, and what the venue's own books say of it."""
    async with venue() as at:
        inbox = Inbox(1)
        made = adapter(at, inbox)
        await made.open()
        try:
            bid = at.exchange.top(0)[0]
            await made.send(request(CREATE, 5, px=bid - 100))
            listed = await made.read(Read("orders", 1))
            assert [(o.cl_id, o.px, o.left) for o in listed.orders] == [(5 * 128 + 1, bid - 100, 100)]
            await made.send(request(AMEND, 5, px=bid - 120, qty=150))
            assert [(o.px, o.left) for o in (await made.read(Read("orders", 1))).orders] == [(bid - 120, 150)]
            await made.send(request(CANCEL, 5))
            assert (await made.read(Read("orders", 2))).orders == ()
            await made.send(request(CREATE, 6, px=bid + 600, tif=IOC))
            await eventually(lambda: at.exchange.books.trades, "a fill")
            held = (await made.read(Read("positions", 3))).positions
            assert [(p.pos, p.cost) for p in held] == [(100, at.exchange.position(0)[1])]
            trades = (await made.read(Read("trades", 4))).trades
            mine = at.exchange.books.trades
            assert [(t.trade_id, t.px, t.qty, t.fee) for t in trades] == [(t.id, t.px, t.qty, t.fee) for t in mine]
            assert (await made.read(Read("balance", 5))).balance == at.exchange.exchange.balance()
            await made.send(request(CREATE, 7, px=bid + 600))
            await made.send(request(CREATE, 8, side=1, px=bid - 600, tif=IOC, flags=REDUCE_ONLY))
            await eventually(lambda: at.exchange.position(0)[0] == 0, "a closed position")
            kinds = [(r.kind, r.cl_id // 128) for r in inbox.take_reports()]
            assert (REJECTED, 7) in kinds and (AMENDED, 5) in kinds
        finally:
            await made.close()


async def test_a_fill_whose_order_and_news_were_lost_is_claimed_from_the_list_of_trades() -> None:
    """R-O1, R-O4: the create timed out, every private frame was lost, and the trade names only a venue's order id."""
    lost = (
        Rule("drop_after", at="POST /fapi/v1/order", times=1),
        Rule("gap", at="ws:user:*"),
    )
    async with venue(*lost) as at:
        made = adapter(at, Inbox(1))
        await made.open()
        try:
            await made.send(request(CREATE, 6, px=at.exchange.top(0)[1] + 600, tif=IOC))
            assert len(at.exchange.books.trades) == 1
            reply = await made.read(Read("trades", 4))
            assert [(r.kind, r.cl_id, r.qty) for r in reply.trades] == [(FILLED, 6 * 128 + 1, 100)]
            at.exchange.create("somebody-else", 0, 0, at.exchange.top(0)[1] + 600, 50, tif=IOC)
            again = await made.read(Read("trades", 5))
            assert [(r.cl_id, r.qty) for r in again.trades] == [(6 * 128 + 1, 100)], "a stranger's fill is not ours"
            asked = made.reader.claims.asked
            await made.read(Read("trades", 6))
            assert made.reader.claims.asked == asked, "each order is asked for once"
        finally:
            await made.close()


def sent(at: Any) -> int:
    """Requests about orders that the venue has had."""
    return sum("/fapi/v1/order" in place for place in at.places())


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "amend"), [(1, True), (2, False), (3, False)])
async def test_a_market_making_session_under_faults_ends_with_both_ledgers_equal(seed: int, amend: bool) -> None:
    """UC-10, R-O1, R-O2, R-O4: the venue's own books and ours agree in every order, fill, fee and lot."""
    print("seed", seed)
    rules = (
        Rule("drop_after", at="POST /fapi/v1/order", chance=0.05, until_s=14.0),
        Rule("hang_after", at="POST /fapi/v1/order", chance=0.03, until_s=12.0, seconds=7.0),
        Rule("status_after", at="POST /fapi/v1/order", chance=0.03, until_s=14.0, status=502, text="bad gateway"),
        Rule("status_after", at="DELETE /fapi/v1/order", chance=0.05, until_s=14.0, status=503, code=-1000),
        Rule("status", at="GET /fapi/v1/openOrders", chance=0.05, until_s=14.0, status=503, text="unavailable"),
        Rule("gap", at="ws:user:ORDER_TRADE_UPDATE", chance=0.2, until_s=14.0),
        Rule("double", at="ws:*", chance=0.05, until_s=14.0),
        Rule("late", at="ws:user:ORDER_TRADE_UPDATE", chance=0.1, until_s=14.0, seconds=0.5),
        Rule("poison", at="ws:trade", chance=0.02, until_s=14.0),
        Rule("gap", at="ws:depth", chance=0.02, until_s=14.0),
        Rule("close", at="ws:depth", times=1, skip=60, status=1006),
        Rule("listen_key_expired", at="venue", times=1, from_s=6.0),
    )
    async with venue(*rules, character=LIVELY) as at:
        listed = msgspec.structs.replace(ETH, amend=amend)
        core = LiveCore(BinanceUsdm(), access(at), listed, {**NEAR, "seed": seed}, "configs/paper.yml")
        async with trading(core):
            await eventually(lambda: core.engine.state.run == "RUNNING", "RUNNING")
            await asyncio.sleep(16.0)
            await eventually(lambda: sent(at) > 15 and at.exchange.books.trades, "orders, changes and fills", 60.0)
            await eventually(lambda: not agree(core, at.exchange), "ledgers that agree", 25.0)
            assert core.engine.state.run in ("RUNNING", "PAUSED") or "latched" in core.codes
        assert agree(core, at.exchange) == [] and at.exchange.books.open_of() == []
        clients = [order.client for order in at.exchange.books.orders]
        assert len(clients) == len(set(clients)) > (3 if amend else 10), "R-O1: one intent, one order"
        assert len(at.server.faults.done) >= 4, at.server.faults.done


async def test_halt_and_flatten_reach_the_real_wire() -> None:
    """R-E3, R-E8: done is what the venue lists."""
    async with venue() as at:
        core = LiveCore(BinanceUsdm(), access(at), ETH, NEAR, "configs/paper.yml")
        async with trading(core):
            await eventually(lambda: at.exchange.books.open_of(), "quotes at the venue")
            core.closed = True
            core.driver.push(Asked(Halt(id="h", who="test")))
            await eventually(lambda: core.engine.state.run == "HALTED", "HALTED")
            assert at.exchange.books.open_of() == []
            core.driver.push(Asked(Flatten(id="f", who="test")))
            await eventually(lambda: core.engine.state.run == "FLAT", "FLAT")
            assert at.exchange.position(0)[0] == 0 and at.exchange.books.open_of() == []


async def test_an_order_that_arrives_after_its_lifetime_is_refused_by_the_venue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RELIABILITY 2.3: creates carry a window that the venue enforces."""
    seen: list[Any] = []
    async with venue() as at:
        inbox = Inbox(1)
        made = adapter(at, inbox)
        await made.open()
        try:
            made.instances.trade.options["timeDifference"] = 3_000  # stamps the request three seconds into the past
            await made.send(request(CREATE, 5, px=at.exchange.top(0)[0] - 100))
            seen = list(at.exchange.books.orders)
            assert [r.kind for r in inbox.take_reports()] == [REJECTED]
        finally:
            await made.close()
    assert seen == [] and at.dialect.access.refused == {-1021: 1}


async def test_the_key_of_the_private_stream_is_renewed_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """R-N1: a quiet account must not go deaf after an hour; ccxt renews once."""
    monkeypatch.setattr(BinanceUsdm, "keep_key_s", 0.6)
    async with venue(Rule("status", at="PUT /fapi/v1/listenKey", times=1, status=503, text="unavailable")) as at:
        made = adapter(at, Inbox(1))
        monkeypatch.setattr("core.venues.ccxt.upkeep.KEY_AGAIN_S", 0.3)
        await made.open()
        try:
            await eventually(lambda: at.places().count("PUT /fapi/v1/listenKey") >= 3, "three renewals")
        finally:
            await made.close()
