"""What is refused before anything trades: keys, permissions, clocks, symbols, closed markets, changed filters.

Each is one clear refusal with the operator's next step; not one order or change of the account reaches the venue.
"""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from core.domain.errors import Refused
from core.domain.order import CANCEL, CREATE, REJECTED
from core.domain.reasons import VENUE_CLOSED
from core.engine.inbox import Inbox
from core.venues.wire.binance_usdm.dialect import Rules
from tests.venues.ccxt.fault_hall import BINANCE, BOTH, HYPERLIQUID, Hall, Venue, equal, quoting, settled
from tests.venues.ccxt.live_hall import eventually, request, trading
from tests.venues.wire.hyperliquid_hall import STRANGER_KEY

WRONG = {"binance_usdm": {"apiKey": "w" * 64}, "hyperliquid": {"privateKey": STRANGER_KEY}}
ACTS = ("POST /fapi/v1/order", "PUT /fapi/v1/order", "POST /exchange:order", "POST /exchange:batchModify")


def untouched(at: Venue) -> None:
    """No order was sent."""
    assert not [place for place in at.places() if place in ACTS]
    assert at.exchange.books.orders == []


async def refused(hall: Hall, at: Venue, match: str, **keys: str) -> None:
    made = hall.adapter(at, **keys)
    with pytest.raises(Refused, match=match) as caught:
        await made.open()
    for secret in (*keys.values(), *hall.keys.values()):
        assert secret not in str(caught.value) or secret == hall.keys.get("walletAddress")
    untouched(at)


@BOTH
async def test_a_wrong_key_is_refused_at_the_start_in_the_venues_own_words(hall: Hall) -> None:
    words = "Invalid API-key" if hall is BINANCE else "does not exist"
    async with hall.venue() as at:
        await refused(hall, at, words, **WRONG[hall.name])


async def test_a_key_that_may_withdraw_is_refused_at_the_start() -> None:
    """Hyperliquid's agents cannot withdraw and its API does not say what a key may do: there is nothing to ask."""
    async with BINANCE.venue(rules=Rules(0, 0, 0, withdraws=True)) as at:
        await refused(BINANCE, at, "this key may withdraw. Make one that may only trade")
    async with HYPERLIQUID.venue() as at:
        made = HYPERLIQUID.adapter(at)
        assert await HYPERLIQUID.traits().may_withdraw(made.instances.data) is None
        await made.close()


@BOTH
async def test_a_symbol_that_the_venue_does_not_list_is_refused_by_name(hall: Hall) -> None:
    async with hall.venue() as at:
        wrong = msgspec.structs.replace(hall.instrument, base="DOGEX", symbol="DOGEX")
        made = hall.adapter(at, instrument=wrong)
        with pytest.raises(Refused, match=r"Expected DOGEX/USDC:USDC at .*, the venue does not list it"):
            await made.open()
        untouched(at)


async def test_a_market_that_is_closed_is_refused_at_the_start() -> None:
    async with BINANCE.venue() as at:
        at.exchange.inject(0, "cancel_only", (1,))
        await refused(BINANCE, at, "the market is closed")


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [("tick", 0.05, "tick is 0.01, ours 0.05"), ("lot", 0.01, "lot is 0.001, ours 0.01")],
)
async def test_a_tick_or_lot_that_changed_since_the_config_was_written_is_refused(
    field: str, value: float, says: str
) -> None:
    """R-N5: with both figures and the file to correct."""
    async with BINANCE.venue() as at:
        ours = msgspec.structs.replace(BINANCE.instrument, **{field: value})
        made = BINANCE.adapter(at, instrument=ours)
        with pytest.raises(Refused, match=f"{says}.*Correct configs/venues of binance_usdm ETHUSDC"):
            await made.open()
        untouched(at)


async def test_a_lot_that_changed_on_hyperliquid_is_refused() -> None:
    async with HYPERLIQUID.venue() as at:
        ours = msgspec.structs.replace(HYPERLIQUID.instrument, lot=0.001)
        made = HYPERLIQUID.adapter(at, instrument=ours)
        with pytest.raises(Refused, match=r"lot is 1e-05, ours 0.001.*Correct configs/venues of hyperliquid BTC"):
            await made.open()
        untouched(at)


@BOTH
@pytest.mark.row("R-N4")
@pytest.mark.slow
async def test_a_clock_more_than_a_second_off_takes_no_risk_and_recovers(hall: Hall) -> None:
    """State `clock` with its next step; creates are refused here, cancels go; the measured skew ends and quoting goes
    on by itself."""
    async with hall.venue() as at:
        core = hall.core(at)
        async with trading(core):
            await quoting(core, at)
            at.fault("skew", seconds=3.0)
            core.venue.upkeep._measured_at -= 61 * 10**9  # the next minute's measurement is due
            await eventually(lambda: core.venue.condition.state.name == "clock", "state `clock`", 5.0)
            await eventually(lambda: "clock" in core.states(), "the operator told", 3.0)
            assert "set the machine's clock (ntp)" in core.told("venue_clock")
            created = len(at.exchange.books.orders)
            await asyncio.sleep(1.0)
            assert len(at.exchange.books.orders) == created, "no create"
            at.fault("skew", seconds=0.0)
            await eventually(lambda: core.venue.condition.state.name == "ok", "recovery", 8.0)
            await equal(core, at)
        settled(core, at)


@BOTH
@pytest.mark.row("R-N6")
async def test_a_market_that_closes_while_running_is_a_named_reject_and_cancels_go(hall: Hall) -> None:
    async with hall.venue() as at:
        inbox = Inbox(1)
        made = hall.adapter(at, inbox)
        await made.open()
        try:
            bid = at.exchange.top(0)[0]
            await made.send(request(CREATE, 5, px=bid - 100))
            at.exchange.inject(0, "cancel_only", (1,))
            await made.send(request(CREATE, 6, px=bid - 100))
            await made.send(request(CANCEL, 5))
            said = [(r.kind, r.cl_id // 128, r.code) for r in inbox.take_reports()]
            assert (REJECTED, 6, VENUE_CLOSED) in said
            assert at.exchange.books.open_of() == []
        finally:
            await made.close()
