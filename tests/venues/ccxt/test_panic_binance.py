"""`panic` without a core at Binance's wire: native cancel-all, the second book of conditional orders, market closes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.config.instruments import find_instrument
from core.control.outcome import AUTH_FAILED, FLAT_SEALED, ORDERS_ZERO
from core.control.venue_record import KeySource, VenueRecord, traded_of, write_venues
from core.domain.order import GTC, IOC, LIMIT
from core.domain.units import BUY
from core.venues.ccxt.binanceusdm import BinanceUsdm
from core.venues.identity import Identity, text_of
from core.venues.wire.faults import Rule
from tests.venues.ccxt.panic_hall import EPOCH, OTHER_EPOCH, panic
from tests.venues.wire.binance_hall import KEY, SECRET, Venue, client, venue
from tests.venues.wire.hyperliquid_hall import eventually

KEYS = {"apiKey": KEY, "secret": SECRET}
SYMBOL = "ETH/USDC:USDC"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second empty read after 0.3 s instead of Q."""
    for name in ("LIFETIME_NS", "SKEW_NS", "LAG_NS"):
        monkeypatch.setattr(f"core.control.live_account.{name}", 100_000_000)


def client_id(number: int, epoch: int = EPOCH) -> str:
    return text_of(Identity(epoch, 1, number * 128 + 1), "pc")


def rest(at: Venue, *clients: str, instrument: int = 0) -> None:
    bid = at.exchange.top(instrument)[0]
    for n, name in enumerate(clients):
        assert at.exchange.create(name, instrument, BUY, bid - 1_000 - 10 * n, 100, LIMIT, GTC).open


def long(at: Venue, lots: int = 500, instrument: int = 0) -> None:
    ask = at.exchange.top(instrument)[1]
    at.exchange.create(client_id(9_999), instrument, BUY, ask + 500, lots, LIMIT, IOC)
    assert at.exchange.position(instrument)[0] > 0


async def stops(at: Venue, *clients: str) -> None:
    """Conditional orders of the second book: reduce-only stops under the market."""
    async with client(at) as exchange:
        price = at.exchange.top(0)[0] * at.exchange.instruments[0].tick
        for name in clients:
            params = {"triggerPrice": round(price * 0.8, 2), "clientOrderId": name, "reduceOnly": True}
            await exchange.create_order(SYMBOL, "market", "sell", 0.1, None, params)


async def conditional(at: Venue) -> int:
    async with client(at) as exchange:
        return len(await exchange.fetch_open_orders(SYMBOL, None, None, {"trigger": True}))


def record(at: Venue, state_dir: Path) -> None:
    instrument = find_instrument("binance_usdm", "ETHUSDC")
    traded = (traded_of(instrument, BinanceUsdm().symbol(instrument)),)
    made = VenueRecord("binance_usdm", "loopback", KeySource(), traded, EPOCH, url=at.url)
    write_venues(state_dir, [made])


@pytest.mark.row("S3-55")
async def test_panic_leaves_nothing_in_either_book_and_no_position(state_dir: Path) -> None:
    """R-E3, R-E5, R-E8: regular and conditional orders, an instrument that no record names."""
    async with venue(symbols=("ETHUSDC", "BTCUSDT")) as at:
        rest(at, *(client_id(n) for n in range(1, 26)), client_id(50, OTHER_EPOCH), "somebody-else")
        rest(at, "web_abc", instrument=1)
        long(at)
        long(at, 50, instrument=1)
        await stops(at, client_id(60), "foreign-stop")
        record(at, state_dir)
        code, evidence = await asyncio.to_thread(panic, state_dir, lambda _: KEYS)
        assert code == FLAT_SEALED, evidence.body()
        assert at.exchange.books.open_of() == [] and await conditional(at) == 0
        assert [at.exchange.position(i)[0] for i in range(2)] == [0, 0]
        assert at.places().count("DELETE /fapi/v1/allOpenOrders") >= 1, "natively first"
        assert at.places().count("DELETE /fapi/v1/order") <= 3


async def test_scope_ours_never_uses_the_native_cancel_all(state_dir: Path) -> None:
    async with venue() as at:
        rest(at, *(client_id(n) for n in range(1, 14)), "somebody-else")
        await stops(at, "foreign-stop")
        record(at, state_dir)
        code, _ = await asyncio.to_thread(panic, state_dir, lambda _: KEYS, scope="ours", verb="halt")
        assert code == ORDERS_ZERO
        assert [order.client for order in at.exchange.books.open_of()] == ["somebody-else"]
        assert await conditional(at) == 1
        assert "DELETE /fapi/v1/allOpenOrders" not in at.places()


async def test_halt_keeps_protective_stops_that_rest_at_the_venue(state_dir: Path) -> None:
    async with venue() as at:
        rest(at, client_id(1), client_id(2))
        long(at)
        await stops(at, client_id(60))
        record(at, state_dir)
        code, _ = await asyncio.to_thread(panic, state_dir, lambda _: KEYS, verb="halt")
        assert (code, at.exchange.books.open_of(), await conditional(at)) == (ORDERS_ZERO, [], 1)


@pytest.mark.parametrize("seconds", [-30.0, 30.0])
async def test_machine_whose_clock_is_wrong_stops_all_the_same(state_dir: Path, seconds: float) -> None:
    """R-N4: the venue's own time goes into signatures and lifetimes."""
    async with venue(Rule("skew", at="venue", times=1, seconds=seconds)) as at:
        rest(at, client_id(1), client_id(2))
        long(at)
        record(at, state_dir)
        await eventually(lambda: at.exchange.skew_ns != 0, "the clocks differ")
        code, evidence = await asyncio.to_thread(panic, state_dir, lambda _: KEYS)
        assert code == FLAT_SEALED, evidence.body()
        assert at.exchange.books.open_of() == [] and at.exchange.position(0)[0] == 0


@pytest.mark.slow
async def test_venue_whose_clock_jumps_during_the_stop_is_measured_again(state_dir: Path) -> None:
    down = Rule("status", at="GET /fapi/v1/openOrders", times=3, status=503)
    async with venue(down) as at:
        rest(at, client_id(1))
        record(at, state_dir)
        stop = asyncio.create_task(asyncio.to_thread(panic, state_dir, lambda _: KEYS))
        await eventually(
            lambda: "GET /fapi/v1/openOrders" in at.places(), "the clock was measured, orders are asked for"
        )
        at.exchange.skew_ns = 40_000_000_000
        code, evidence = await stop
        assert (code, at.exchange.books.open_of()) == (FLAT_SEALED, [])
        assert any("-1021" in step.text for step in evidence.steps), "signed with the old time once"


async def test_key_that_the_venue_refuses_is_exit_4(state_dir: Path) -> None:
    async with venue() as at:
        rest(at, client_id(1))
        record(at, state_dir)
        code, evidence = await asyncio.to_thread(panic, state_dir, lambda _: {"apiKey": "x" * 64, "secret": SECRET})
        assert code == AUTH_FAILED
        assert "by hand: open binance.com" in evidence.outcomes[0].text
