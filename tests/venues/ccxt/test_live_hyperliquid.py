"""The whole live path against Hyperliquid's wire on the loopback (UC-10): nothing of ccxt or of ours is replaced."""

from __future__ import annotations

import asyncio

import pytest

from core.clock import SteadyClock
from core.config.instruments import find_instrument
from core.domain.commands import Flatten, Halt
from core.domain.events import Asked, Read
from core.domain.order import CANCEL, CREATE, FILLED, IOC, REDUCE_ONLY, REJECTED
from core.engine.inbox import Inbox
from core.venues.ccxt.hyperliquid import Hyperliquid
from core.venues.ccxt.instances import Access
from core.venues.ccxt.venue import CcxtVenue
from core.venues.wire.faults import Rule
from core.venues.wire.hyperliquid.dialect import Rules
from tests.venues.ccxt.live_hall import LiveCore, agree, eventually, request, trading, with_fees
from tests.venues.wire.hyperliquid_hall import KEY, USER, Venue, settings, venue

FREE_RULES = Rules(dead_man_volume=0, book_ms=50, weight_per_minute=0, free_requests=10**9)
BTC = with_fees(find_instrument("hyperliquid", "BTC"))
NEAR = {
    "strategies.0.venue": "hyperliquid",
    "strategies.0.symbol": "BTC",
    "strategies.0.params.minSpread": 0.00002,
    "strategies.0.params.feeBuffer": 0.0,
    "strategies.0.params.maxLayers": 4,
}


def access(at: Venue) -> Access:
    return Access("loopback", {"walletAddress": USER, "privateKey": KEY}, settings(at)["urls"]["api"])


def adapter(at: Venue, inbox: Inbox) -> CcxtVenue:
    return CcxtVenue(Hyperliquid(), access(at), [(0, BTC)], inbox, SteadyClock(), epoch=9)


@pytest.mark.row("UC-10")
async def test_place_cancel_position_balance_and_fills_go_through_the_real_wire() -> None:
    """S3-32: each REST action, and what the venue's own books say of it."""
    async with venue(rules=FREE_RULES) as at:
        inbox = Inbox(1)
        made = adapter(at, inbox)
        await made.open()
        try:
            bid = at.exchange.top(0)[0]
            await made.send(request(CREATE, 5, px=bid - 100))
            listed = await made.read(Read("orders", 1))
            assert [(o.cl_id, o.px, o.left) for o in listed.orders] == [(5 * 128 + 1, bid - 100, 100)]
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
            assert (REJECTED, 7) in kinds
            await eventually(lambda: [r for r in inbox.take_reports() if r.kind == FILLED] or True, "news")
        finally:
            await made.close()
        assert at.dialect.actions.refused == {"approveBuilderFee": 0, "setReferrer": 0, "builder": 0}


async def test_an_order_that_arrives_after_its_lifetime_is_refused_by_the_venue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RELIABILITY 2.3: creates carry an expiry that is part of what is signed."""
    async with venue(rules=FREE_RULES) as at:
        inbox = Inbox(1)
        made = adapter(at, inbox)
        await made.open()
        try:
            bid = at.exchange.top(0)[0]
            monkeypatch.setattr(Hyperliquid, "lifetime", lambda self, now: {"expiresAfter": now // 1_000_000 - 50})
            await made.send(request(CREATE, 5, px=bid - 100))
            assert at.exchange.books.orders == []
            assert [r.kind for r in inbox.take_reports()] != []
        finally:
            await made.close()


async def test_no_order_carries_a_builder_and_nothing_is_asked_before_it_is_needed() -> None:
    async with venue(rules=FREE_RULES) as at:
        made = adapter(at, Inbox(1))
        await made.open()
        await made.close()
        assert not [place for place in at.places() if place.startswith("POST /exchange:approve")]
        assert sum(at.dialect.actions.refused.values()) == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_market_making_session_under_faults_ends_with_both_ledgers_equal(seed: int) -> None:
    """UC-10, R-O1, R-O2, R-O4: the venue's own books and ours agree in every order, fill, fee and lot."""
    print("seed", seed)
    rules = (
        Rule("drop_after", at="POST /exchange:order", chance=0.05, until_s=14.0),
        Rule("hang_after", at="POST /exchange:order", chance=0.03, until_s=12.0, seconds=7.0),
        Rule("status_after", at="POST /exchange:*", chance=0.03, until_s=14.0, status=502, text="bad gateway"),
        Rule("status", at="POST /info:*", chance=0.05, until_s=14.0, status=503, text="unavailable"),
        Rule("gap", at="ws:userFills", chance=0.2, until_s=14.0),
        Rule("double", at="ws:*", chance=0.05, until_s=14.0),
        Rule("late", at="ws:orderUpdates", chance=0.1, until_s=14.0, seconds=0.5),
        Rule("poison", at="ws:trades", chance=0.02, until_s=14.0),
        Rule("close", at="ws:l2Book", times=1, skip=60, status=1006),
    )
    async with venue(*rules, rules=FREE_RULES) as at:
        core = LiveCore(Hyperliquid(), access(at), BTC, {**NEAR, "seed": seed})
        async with trading(core):
            await eventually(lambda: core.engine.state.run == "RUNNING", "RUNNING")
            await asyncio.sleep(16.0)
            books = at.exchange.books
            await eventually(lambda: len(books.orders) > 10 and books.trades, "orders and fills", 60.0)
            await eventually(lambda: not agree(core, at.exchange), "ledgers that agree", 25.0)
            assert core.engine.state.run in ("RUNNING", "PAUSED") or "latched" in core.codes
        assert agree(core, at.exchange) == [] and at.exchange.books.open_of() == []
        clients = [order.client for order in at.exchange.books.orders]
        assert len(clients) == len(set(clients)) > 10, "R-O1: one intent, one order"
        assert at.exchange.books.trades and len(at.server.faults.done) >= 4, at.server.faults.done
        assert sum(at.dialect.actions.refused.values()) == 0


async def test_halt_and_flatten_reach_the_real_wire() -> None:
    """R-E3, R-E8: done is what the venue lists."""
    async with venue(rules=FREE_RULES) as at:
        core = LiveCore(Hyperliquid(), access(at), BTC, NEAR)
        async with trading(core):
            await eventually(lambda: at.exchange.books.open_of(), "quotes at the venue")
            core.closed = True
            core.driver.push(Asked(Halt(id="h", who="test")))
            await eventually(lambda: core.engine.state.run == "HALTED", "HALTED")
            assert at.exchange.books.open_of() == []
            core.driver.push(Asked(Flatten(id="f", who="test")))
            await eventually(lambda: core.engine.state.run == "FLAT", "FLAT")
            assert at.exchange.position(0)[0] == 0 and at.exchange.books.open_of() == []
