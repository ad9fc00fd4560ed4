"""A venue changes an instrument's terms while the live core runs: tick, lot, contract size, bounds, trading state.

Over both loopback wires, driver and ccxt as the program has them. Whatever changes, both ledgers end equal.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.domain.commands import Flatten, Rearm
from core.domain.events import Asked
from core.domain.order import REDUCE_ONLY, REJECTED
from core.domain.reasons import FILTER_STEP, POST_ONLY_CROSS, VENUE_CLOSED
from core.domain.units import NS_PER_S
from core.engine.runstate import FLAT, HALTED
from tests.venues.ccxt.fault_hall import (
    BINANCE,
    BOTH,
    HYPERLIQUID,
    LIVELY,
    FaultCore,
    Hall,
    Venue,
    equal,
    quoting,
    settled,
)
from tests.venues.ccxt.live_hall import eventually, trading

NEXT_STEP = "start anew"
SOON_S = 0.4  # a period of the watch for what nothing hints at
ON_ITS_WAY_NS = NS_PER_S // 4  # an order that left before its core had read the new terms


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account is cross-checked more often: these tests are of the outcome."""
    monkeypatch.setattr("core.engine.crosscheck.PERIOD_NS", 2 * NS_PER_S)


def terms(at: Venue, text: str) -> None:
    """The fault by its name, as a plan of an operator has it."""
    at.fault("terms", text=f"{at.exchange.instruments[0].symbol} {text}")


def watched(core: FaultCore, every_s: float = SOON_S) -> FaultCore:
    """A core that reads terms so often."""
    core.venue.listed.watch.every_ns = round(every_s * NS_PER_S)
    return core


def said(core: FaultCore, code: str) -> str:
    """The newest text of the engine under a code, "" where it was never said."""
    return next((text for _, found, text in reversed(core.said) if found == code), "")


async def holding(core: FaultCore, at: Venue) -> int:
    """Until a position of several lots is held."""
    await eventually(lambda: abs(at.exchange.position(0)[0]) > 0, "a position", 40.0)
    return at.exchange.position(0)[0]


async def halted(core: FaultCore) -> None:
    await eventually(lambda: core.engine.state.run == HALTED, "HALTED", 20.0)


@pytest.mark.row("R-N5", "R-O6")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("hall", "change"),
    [(BINANCE, "tick=7"), (BINANCE, "lot=7"), (HYPERLIQUID, "lot=10")],  # Hyperliquid lists no price step
    ids=lambda value: getattr(value, "name", value),
)
async def test_a_coarser_grid_halts_after_the_first_refusals_and_says_what_was_and_what_is(
    hall: Hall, change: str
) -> None:
    """R-N5: at most three rejects a change. The refusal itself has the terms read: the period is ten minutes here."""
    async with hall.venue() as at:
        core = hall.core(at)
        async with trading(core):
            await quoting(core, at)
            terms(at, change)
            at.exchange.inject(0, "cancel_order", (0,))
            await halted(core)
            text = said(core, "relisted")
            assert change.split("=")[0] in text and " was " in text and NEXT_STEP in text, text
            assert at.exchange.books.open_of() == []
            assert "latched" in core.codes and core.closed
            core.driver.push(Asked(Rearm(id="again", who="test", word="arm", reason="try")))
            await asyncio.sleep(0.5)
            assert core.engine.state.run == HALTED, "what is not on the grid is not re-armed"
            await equal(core, at)
        settled(core, at)
        refused = [r for r in core.kinds(REJECTED) if r.code == FILTER_STEP]
        assert len(refused) <= 8, "R-N5"
        assert len({r.ts // (200 * 10**6) for r in refused}) <= 3, "R-N5: in three wakes at most"


@BOTH
@pytest.mark.row("R-N5", "R-E7")
@pytest.mark.slow
async def test_flatten_after_a_lot_change_closes_whole_new_lots_and_names_the_rest_as_dust(hall: Hall) -> None:
    """Nothing is rounded up, nothing is sent that the venue must refuse for its size, and the stop ends."""
    async with hall.venue(character=LIVELY) as at:
        core = watched(hall.core(at))
        async with trading(core):
            await holding(core, at)
            terms(at, "lot=10")
            await halted(core)
            held, halted_at = at.exchange.position(0)[0], at.exchange.clock.now()
            core.driver.push(Asked(Flatten(id="out", who="test", reason="the lot changed")))
            await eventually(lambda: core.engine.state.run == FLAT, "FLAT", 20.0)
            left = at.exchange.position(0)[0]
            assert left == (abs(held) % 10) * (1 if held > 0 else -1), (held, left)
            closes = [
                order for order in at.exchange.books.orders if order.flags & REDUCE_ONLY and order.created > halted_at
            ]
            assert [order.qty % 10 for order in closes] == [0] * len(closes), "floored, and nothing else was tried"
            assert "rejected" not in {order.status for order in closes}
            progress = core.engine.stopping.progress()
            assert progress is not None and dict(progress.dust) == ({0: left} if left else {})
            await equal(core, at)
        settled(core, at)


@pytest.mark.row("R-N5")
@pytest.mark.slow
async def test_a_contract_size_that_changes_halts_and_flatten_closes_all_of_it_in_the_new_unit() -> None:
    """Binance's wire can list one; sizes on it are then contracts of ten coins."""
    hall = BINANCE
    async with hall.venue(character=LIVELY) as at:
        core = watched(hall.core(at))
        async with trading(core):
            await holding(core, at)
            terms(at, "contract=10")
            await halted(core)
            assert "contract size was 1, is 10" in said(core, "relisted")
            core.driver.push(Asked(Flatten(id="out", who="test", reason="the contract changed")))
            await eventually(lambda: core.engine.state.run == FLAT, "FLAT", 20.0)
            assert at.exchange.position(0)[0] == 0
        assert at.exchange.books.open_of() == []


@BOTH
@pytest.mark.row("R-N5")
@pytest.mark.slow
async def test_a_finer_lot_halts_too_for_fills_come_in_parts_that_no_lot_of_ours_counts(hall: Hall) -> None:
    async with hall.venue() as at:
        core = watched(hall.core(at))
        async with trading(core):
            await quoting(core, at)
            terms(at, "lot=0.1")
            await halted(core)
            assert "lot was" in said(core, "relisted")
            await equal(core, at)
        settled(core, at)


@pytest.mark.row("R-N5")
@pytest.mark.slow
async def test_bounds_that_tighten_are_followed_in_place_and_never_looser_than_configured() -> None:
    """No stop, and no refusal once they are read: the next orders fit."""
    hall = BINANCE
    async with hall.venue() as at:
        core = watched(hall.core(at))
        async with trading(core):
            await quoting(core, at)
            spec, x = core.engine.posts[0].spec.s, core.engine.posts[0].instrument
            terms(at, f"min={x.lot * 5:g} notional={x.min_notional / 1e8 * 1.5:g} max={x.lot * 900:g}")
            await eventually(lambda: spec.min_lots == 5, "the new bounds", 10.0)
            assert (spec.max_lots, spec.min_notional) == (900, x.min_notional * 3 // 2)
            assert "Followed" in said(core, "relisted")
            followed = at.exchange.clock.now() + ON_ITS_WAY_NS
            await asyncio.sleep(2.0)
            late = [r for r in core.kinds(REJECTED) if r.ts > followed and r.code != POST_ONLY_CROSS]
            assert late == [] and core.engine.state.run == "RUNNING"
            terms(at, f"min={x.lot:g} max={x.lot * x.max_lots * 2:g}")
            await eventually(lambda: spec.min_lots == x.min_lots, "the old bound", 10.0)
            assert spec.max_lots == x.max_lots, "never looser than the configuration"
            await equal(core, at)
        settled(core, at)


@BOTH
@pytest.mark.row("R-N6")
@pytest.mark.slow
async def test_a_market_that_stops_trading_gets_nothing_new_and_goes_on_by_itself_when_it_opens(hall: Hall) -> None:
    async with hall.venue() as at:
        core = watched(hall.core(at))
        async with trading(core):
            await quoting(core, at)
            terms(at, "state=SETTLING")
            await eventually(lambda: said(core, "market_closed"), "its state", 10.0)
            assert "cancels and closes are" in said(core, "market_closed")
            at.exchange.inject(0, "cancel_order", (0,))
            await asyncio.sleep(0.3)
            created = at.places().count(hall.create)
            await asyncio.sleep(1.5)
            assert at.places().count(hall.create) == created, "R-N6: no new-risk order reaches it"
            assert {r.code for r in core.kinds(REJECTED)} <= {VENUE_CLOSED, POST_ONLY_CROSS}
            terms(at, "state=TRADING")
            await eventually(lambda: said(core, "market_open"), "its state again", 80.0)
            assert core.engine.state.run != HALTED
            await equal(core, at)
        settled(core, at)


@BOTH
@pytest.mark.row("R-N5", "R-B4")
@pytest.mark.slow
async def test_reads_that_fail_are_no_change_and_are_said_once_when_they_are_old(hall: Hall) -> None:
    place = "GET /fapi/v1/exchangeInfo" if hall.name == "binance_usdm" else "POST /info:metaAndAssetCtxs"
    async with hall.venue() as at:
        core = watched(hall.core(at))
        async with trading(core):
            await quoting(core, at)
            at.fault("status", place, status=500, text="not now")
            await eventually(lambda: core.told("terms_stale"), "the alarm", 20.0)
            assert [code for _, code, _ in core.notes].count("terms_stale") == 1
            assert core.engine.state.run == "RUNNING" and not core.engine.relisted
            at.server.faults.clear()
            watch = core.venue.listed.watch
            await eventually(lambda: watch.age_ns < watch.every_ns, "terms again", 20.0)
            await equal(core, at)
        settled(core, at)


@BOTH
@pytest.mark.row("R-N5")
@pytest.mark.slow
@pytest.mark.parametrize("broken", ["broken=yes", "listed=no"])
async def test_an_answer_that_cannot_be_stops_new_risk_at_once_and_halts_when_it_comes_again(
    hall: Hall, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.venues.ccxt.termswatch.DOUBT_NS", NS_PER_S)
    async with hall.venue() as at:
        core = watched(hall.core(at))
        async with trading(core):
            await quoting(core, at)
            terms(at, broken)
            await eventually(lambda: said(core, "market_closed"), "doubt", 10.0)
            assert core.engine.state.run != HALTED, "one answer is believed by nobody"
            await halted(core)
            assert "twice in a row" in said(core, "relisted")
            await equal(core, at)
        settled(core, at)


@BOTH
@pytest.mark.row("R-N5")
@pytest.mark.slow
async def test_a_truncated_list_that_is_whole_again_lifts_the_doubt_without_a_halt(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.venues.ccxt.termswatch.DOUBT_NS", NS_PER_S)
    async with hall.venue() as at:
        core = watched(hall.core(at))
        async with trading(core):
            await quoting(core, at)
            terms(at, "listed=no")
            await eventually(lambda: said(core, "market_closed"), "doubt", 10.0)
            terms(at, "listed=yes")
            await eventually(lambda: said(core, "market_open"), "the end of it", 10.0)
            assert "latched" not in core.codes
            await equal(core, at)
        settled(core, at)


@pytest.mark.row("R-N2")
@pytest.mark.slow
async def test_no_terms_are_read_inside_a_retry_after() -> None:
    hall: Any = BINANCE
    async with hall.venue() as at:
        core = watched(hall.core(at))
        async with trading(core):
            await quoting(core, at)
            at.fault("status", hall.time, status=429, code=-1003, text="Too many requests", retry_after=3, times=1)
            core.venue.upkeep._measured_at = 0
            await eventually(lambda: at.fired("status") == 1, "a 429", 10.0)
            seen = len(at.places())
            await asyncio.sleep(2.0)
            inside = [place for place in at.places()[seen:] if "exchangeInfo" in place]
            assert inside == [], "R-N2"
            await eventually(lambda: "GET /fapi/v1/exchangeInfo" in at.places()[seen:], "a read after it", 10.0)
            await equal(core, at)
        settled(core, at)
