"""Whose orders and positions a panic takes, on both dialects: by their ids and by what a core recorded as not ours in
scope `ours`, everything in scope `account`; two books, a thousand orders, dust (RELIABILITY.md section 5, E3-E8)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.clock import SystemClock
from core.control.outcome import DUST, FLAT_SEALED, ORDERS_ZERO
from core.control.stopping import VenueStop
from core.control.venue_record import write_venues
from core.execution.closing import Grid
from core.venues.ccxt.roster import Roster
from tests.unit.control.venue import ListVenue
from tests.venues.ccxt.emergency_hall import At, both
from tests.venues.wire import binance_hall, hyperliquid_hall

pytestmark = pytest.mark.usefixtures("quick")
CREATES = ("POST /fapi/v1/order", "POST /fapi/v1/batchOrders", "POST /exchange:order")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second empty read after 0.3 s instead of Q."""
    for name in ("LIFETIME_NS", "SKEW_NS", "LAG_NS"):
        monkeypatch.setattr(f"core.control.live_account.{name}", 100_000_000)


async def stops(at: At, *numbers: int, ours: bool = True) -> None:
    """Reduce-only stops of the leg's instrument: the second book of Binance, triggers of Hyperliquid."""
    price = at.exchange.top(0)[0] * at.exchange.instruments[0].tick
    binance = at.name == "binance_usdm"
    hall: Any = binance_hall if binance else hyperliquid_hall
    async with hall.client(at.venue) as exchange:
        for number in numbers:
            client = at.client(number) if ours else at.stranger(number)
            trigger = float(exchange.price_to_precision(symbol(at), price * 0.8))
            params = {"triggerPrice": trigger, "clientOrderId": client, "reduceOnly": True}
            limit = None if binance else trigger
            await exchange.create_order(symbol(at), "market", "sell", 0.01, limit, params)


def symbol(at: At) -> str:
    return "BTC/USDT:USDT" if at.name == "binance_usdm" else "BTC/USDC:USDC"


async def waiting(at: At) -> set[str]:
    """Client ids of conditional orders, as the venue lists them."""
    hall: Any = binance_hall if at.name == "binance_usdm" else hyperliquid_hall
    params = {"trigger": True} if at.name == "binance_usdm" else {}
    async with hall.client(at.venue) as exchange:
        found = await exchange.fetch_open_orders(symbol(at), None, None, params)
    return {str(one["clientOrderId"]) for one in found if one.get("triggerPrice")}


def outcomes(evidence: Any) -> dict[str, Any]:
    return {one.venue.split()[0]: one for one in evidence.outcomes}


@pytest.mark.slow
async def test_scope_ours_takes_ours_alone_and_counts_what_stays(state_dir: Path) -> None:
    """R-E3, R-E5: by id and by instrument, less the lots that the core had found to be somebody else's."""
    async with both(state_dir) as at:
        for one, strangers in zip(at.each, (7, 700), strict=True):
            one.rest(4)
            one.rest(2, ours=False, first=50)
            one.rest(1, instrument=1, ours=False, first=70)
            one.hold(strangers, ours=False)
            one.hold(2 * strangers)
            one.hold(60, 1, ours=False)
            await stops(one, 90)
            await stops(one, 91, ours=False)
        write_venues(state_dir, [at.binance.record(foreign=7), at.hyperliquid.record(foreign=700)])
        code, evidence = await asyncio.to_thread(at.panic, scope="ours")
        assert code == FLAT_SEALED, evidence.body()
        for one, strangers in zip(at.each, (7, 700), strict=True):
            orders, leg, other = one.left
            assert (leg, other) == (strangers, 60), "reduce-only protects zero, not somebody else's lots"
            assert await waiting(one) == {one.stranger(91)}
            names = {order.client for order in one.exchange.books.open_of()}
            assert {one.stranger(50), one.stranger(51), one.stranger(70)} <= names and orders <= 4
            text = outcomes(evidence)[one.name].text
            assert "foreign: 4 orders, 2 positions, not touched" in text, text


@pytest.mark.slow
async def test_scope_account_takes_both_books_of_every_instrument_and_reads_them_again(state_dir: Path) -> None:
    """R-E3, R-E4: regular and conditional, ours and others', what no record names; a second read of each book."""
    async with both(state_dir) as at:
        for one in at.each:
            one.rest(3)
            one.rest(2, instrument=1, ours=False, first=50)
            one.hold(60, 1, ours=False)
            one.hold(20)
            await stops(one, 90)
            await stops(one, 91, ours=False)
        at.recorded()
        code, evidence = await asyncio.to_thread(at.panic)
        assert (code, at.binance.left, at.hyperliquid.left) == (FLAT_SEALED, (0, 0, 0), (0, 0, 0)), evidence.body()
        for one in at.each:
            assert await waiting(one) == set()
            places = one.venue.places()
            lists = ["GET /fapi/v1/openOrders", "GET /fapi/v1/openAlgoOrders"]
            for place in lists if one is at.binance else ["POST /info:frontendOpenOrders"]:
                assert places.count(place) >= 4, "one that finds them, two that seal, one after the closes"


async def test_a_halt_keeps_protective_stops_and_says_how_many(state_dir: Path) -> None:
    """`on_halt.keep_stops`: shown as "stops kept n", gone with the flatten."""
    async with both(state_dir) as at:
        for one in at.each:
            one.rest(2)
            one.hold(20)
            await stops(one, 90, 91)
        at.recorded()
        code, evidence = await asyncio.to_thread(at.panic, verb="halt")
        assert code == ORDERS_ZERO
        for one in at.each:
            assert len(await waiting(one)) == 2
            assert "stops kept 2" in outcomes(evidence)[one.name].text
        code, evidence = await asyncio.to_thread(at.panic)
        assert code == FLAT_SEALED and "stops kept" not in outcomes(evidence)["hyperliquid"].text
        for one in at.each:
            assert await waiting(one) == set() and one.lots() == 0


@pytest.mark.slow
async def test_a_thousand_orders_on_two_venues_are_all_gone(state_dir: Path) -> None:
    """No page is missed: every order of a long list is cancelled, in batches, and the last read is empty."""
    async with both(state_dir) as at:
        for one in at.each:
            one.rest(150)
            one.rest(100, ours=False, first=2_000)
            one.rest(250, instrument=1, ours=False, first=3_000)
            one.hold(20)
        at.recorded()
        code, evidence = await asyncio.to_thread(at.panic)
        assert (code, at.binance.left, at.hyperliquid.left) == (FLAT_SEALED, (0, 0, 0), (0, 0, 0)), evidence.body()
        cancels = [
            p for one in at.each for p in one.venue.places() if p.startswith(("DELETE", "POST /exchange:cancel"))
        ]
        assert len(cancels) <= 30, len(cancels)


async def test_panic_a_second_time_only_verifies(state_dir: Path) -> None:
    """Idempotent: reads, and not one cancel or close."""
    async with both(state_dir) as at:
        for one in at.each:
            one.rest(3)
            one.hold(20)
        at.recorded()
        assert (await asyncio.to_thread(at.panic))[0] == FLAT_SEALED
        marks = [len(one.venue.places()) for one in at.each]
        code, evidence = await asyncio.to_thread(at.panic)
        assert code == FLAT_SEALED
        for one, mark in zip(at.each, marks, strict=True):
            later = one.venue.places()[mark:]
            assert later and not [p for p in later if p.startswith(("DELETE", "POST /exchange")) or p in CREATES], later
        assert len({path.name for path in (state_dir / "reports").glob("emergency-*.md")}) == 2
        assert evidence.stop["state"] == "FLAT", "the stop of the first one, joined"


async def test_less_than_the_smallest_order_is_dust_with_its_value_and_exit_6(state_dir: Path) -> None:
    """R-E7, on an instrument that is recorded; what the other venue holds is closed all the same."""
    async with both(state_dir) as at:
        at.binance.hold(20)
        at.hyperliquid.hold(20)
        record = at.hyperliquid.record()
        coarse = msgspec.structs.replace(record.traded[0], min_lots=50)
        write_venues(state_dir, [at.binance.record(), msgspec.structs.replace(record, traded=(coarse,))])
        code, evidence = await asyncio.to_thread(at.panic)
        assert code == DUST and at.binance.lots() == 0 and at.hyperliquid.lots() == 20
        text = outcomes(evidence)["hyperliquid"].text
        value = float(text.rpartition("value ")[2].split(";")[0])
        assert "dust BTC 20 lots" in text and 20 < value < 24, text


def test_dust_of_an_instrument_that_no_record_names_ends_the_stop(state_dir: Path) -> None:
    """The smallest order is the venue's own word, not one lot: a close that is always refused is not sent for ever."""
    market = {"precision": {"price": 0.01, "amount": 0.001}, "limits": {"amount": {"min": 0.02, "max": 5.0}}}
    entry = Roster().entry("X/USDT:USDT", market)
    assert (entry.min_lots, entry.max_lots, entry.unit, entry.ours) == (20, 5_000, 1_000, False)
    for told in ({}, {"limits": {"amount": {"min": None, "max": "junk"}}}, {"limits": None}, None):
        blank = Roster().entry("X/USDT:USDT", told)
        assert (blank.min_lots, blank.max_lots) == (1, 1 << 45)

    venue = ListVenue(eth=19)
    venue.grids = ()
    venue.listed_grids = (Grid(0, entry.min_lots, entry.max_lots, entry.unit),)  # type: ignore[attr-defined]
    found = VenueStop(venue, "flatten", SystemClock(), lambda *_: None).run()
    assert (found.code, venue.held, "close" in venue.calls) == (DUST, [19, 0], False)
    assert "dust ETHUSDC 19 lots, value" in found.text
    venue = ListVenue(eth=19)
    venue.grids = ()
    venue.listed_grids = (Grid(0, entry.min_lots, entry.max_lots, entry.unit),)  # type: ignore[attr-defined]
    found = VenueStop(venue, "flatten", SystemClock(), lambda *_: None, "ours").run()
    assert (found.code, venue.held) == (FLAT_SEALED, [19, 0]), "nobody's grid makes it ours"
    assert "foreign: 0 orders, 1 positions, not touched" in found.text
