"""E6, E7 of a stop: the price and the size of a close on either side of the book, and what joins a run late.

Found missing by tests.planted: closes were shown by what they did to a long, in an even book, at fresh prices.
"""

from __future__ import annotations

import pytest

from core.domain.events import HeldPosition, OpenOrder, ReadReply
from core.domain.order import LIMIT, MARKET, REDUCE_ONLY, STOP, Request
from core.domain.units import BUY, SELL
from core.execution.closeout import TOUCH_FRESH_NS, Closeout
from core.execution.closing import BANDS, Closing, Grid, Touch, next_slice
from core.execution.emergency import Emergency
from core.execution.stopping import Tick, Trigger
from tests.unit.execution.test_emergency import T0, S, TinyVenue, plan, run

GRID = Grid(0, min_lots=2, max_lots=10_000, unit=1000)
BID, ASK = 9_990, 10_010


def close(mine: int, touch: Touch | None, closing: Closing | None = None, grid: Grid = GRID) -> Request:
    request = next_slice(mine, grid, touch, closing or Closing(), 1)
    assert request is not None
    return request


def touch(bid: int = BID, ask: int = ASK, buy: int = 400, sell: int = 400) -> Touch:
    return Touch(0, T0, bid, ask, (buy, buy, buy), (sell, sell, sell))


@pytest.mark.parametrize("band", range(len(BANDS)))
def test_each_side_closes_through_the_market_and_inside_its_band(band: int) -> None:
    """R-E6: a limit that could not fill is no close."""
    sold, bought = (close(mine, touch(), Closing(band=band)) for mine in (50, -50))
    assert (sold.side, bought.side, sold.type, bought.type) == (SELL, BUY, LIMIT, LIMIT)
    mid = (BID + ASK) / 2
    assert sold.px <= BID and sold.px >= mid * (1 - BANDS[band])
    assert bought.px >= ASK and bought.px <= mid * (1 + BANDS[band])


def test_a_slice_is_a_quarter_of_the_side_that_it_takes_from() -> None:
    uneven = touch(buy=80, sell=4_000)
    assert (close(-500, uneven).qty, close(500, uneven).qty) == (20, 500)


@pytest.mark.parametrize(("bid", "ask"), [(ASK, BID), (BID, BID), (0, ASK), (-1, ASK), (0, 0)])
def test_a_crossed_or_half_empty_book_gives_no_price_and_the_close_goes_to_market(bid: int, ask: int) -> None:
    request = close(50, touch(bid, ask))
    assert (request.type, request.px, request.qty) == (MARKET, 0, 50)


def test_more_than_one_order_can_hold_leaves_a_rest_that_an_order_can_close() -> None:
    grid = Grid(0, min_lots=10, max_lots=100, unit=1)
    for lots, first in ((250, 100), (105, 95), (110, 100), (100, 100), (95, 95)):
        assert close(lots, None, grid=grid).qty == first


def test_the_venues_own_close_of_dust_is_asked_for_once() -> None:
    """R-E7: what it does not close is reported, not asked for again for ever."""
    venue = TinyVenue(0, {0: 1})
    venue.ignore_closes = 99
    stop = Emergency(plan(grids=(Grid(0, 2, 100, 1000, close_any=True),)))
    run(stop, venue)
    assert (len(venue.seen), stop.finished(), stop.progress().dust) == (1, True, ((0, 1),))


@pytest.mark.parametrize(("old", "kind"), [(TOUCH_FRESH_NS, LIMIT), (TOUCH_FRESH_NS + 1, MARKET)])
def test_an_old_price_is_no_price(old: int, kind: int) -> None:
    closeout = Closeout(plan())
    closeout.touch[0] = touch()
    (request,) = closeout.slices([HeldPosition(0, 50, 0, 0)], False, T0 + old, T0 + old)
    assert request.type == kind


def test_dust_without_a_price_is_more_than_any_bound() -> None:
    """RELIABILITY 5: exit 0 wants dust of a known and small value."""
    venue = TinyVenue(0, {0: 1})
    stop = Emergency(plan(grids=(Grid(0, 2, 100, 1000, dust_value=10**15),)))
    run(stop, venue, prices=False)
    assert (stop.finished(), stop.exit_code()) == (True, 6)


@pytest.mark.parametrize("verb", ["halt", "flatten"])
def test_a_stop_that_is_joined_by_one_for_the_whole_account_takes_everything(verb: str) -> None:
    """RELIABILITY 5: any number of triggers join the run, and scopes only widen, before and after its end."""
    for ended in (False, True):
        venue = TinyVenue(2, {0: 40, 99: -5})
        venue.orders[50] = OpenOrder(0, 0, 50, 0, 100, 5, 0)
        stop = Emergency(plan(verb))
        if ended:
            run(stop, venue)
            assert list(venue.orders) == [50] and venue.pos[99] == -5
        stop.on(Trigger(verb, "panic", "account"), T0 + 9 * S)
        run(stop, venue, now=T0 + 9 * S)
        assert stop.finished() and venue.orders == {}
        assert venue.pos == ({0: 0, 99: 0} if verb == "flatten" else {0: 40, 99: -5})


def test_a_run_that_has_ended_asks_nothing_more() -> None:
    stop = Emergency(plan("halt"))
    actions = stop.on(Tick(), T0)
    for _ in range(2):
        actions = stop.on(ReadReply("orders", actions.reads[0].nonce, T0), T0)
    assert stop.finished()
    after = stop.on(Tick(), T0 + 60 * S)
    assert (after.reads, after.requests, after.wake_at) == ((), (), 0)


def test_a_halt_that_is_halted_again_neither_flattens_nor_reaches_further() -> None:
    """RELIABILITY 5: one press halts; every further one only cancels again."""
    for ended in (False, True):
        venue = TinyVenue(2, {0: 40, 99: -5})
        venue.orders[50] = OpenOrder(0, 0, 50, 0, 100, 5, 0)
        stop = Emergency(plan("halt"))
        if ended:
            run(stop, venue)
        stop.on(Trigger("halt", "again"), T0 + 9 * S)
        run(stop, venue, now=T0 + 9 * S)
        assert (stop.state(), stop.exit_code(), venue.pos, list(venue.orders)) == ("HALTED", 2, {0: 40, 99: -5}, [50])


def test_a_leg_that_may_not_be_closed_yet_is_held_and_never_called_flat() -> None:
    """RELIABILITY 5, one leg unreachable: held, waited for, closed once it may be."""
    venue = TinyVenue(0, {0: 40, 3: 8})
    stop = Emergency(plan())
    stop.keep(frozenset({0}), T0)
    run(stop, venue, limit_s=20)
    assert (stop.finished(), venue.pos) == (False, {0: 40, 3: 0})
    assert (stop.state(), stop.exit_code(), stop.progress().positions_left) == ("FLATTENING", 3, 1)
    stop.keep(frozenset(), T0 + 30 * S)
    run(stop, venue, now=T0 + 30 * S)
    assert (stop.state(), venue.pos) == ("FLAT", {0: 0, 3: 0})


def test_a_halt_keeps_a_stop_only_if_it_is_conditional_and_can_only_reduce() -> None:
    """RELIABILITY 5: zero open orders that could add risk; a resting reduce-only order is no protection either."""
    venue = TinyVenue()
    for n, flags in enumerate((REDUCE_ONLY | STOP, STOP, REDUCE_ONLY, 0), 1):
        venue.orders[n] = OpenOrder(0, 1_000 + n, n, 1, 90, 5, flags)
    stop = Emergency(plan("halt"))
    run(stop, venue)
    assert (stop.finished(), list(venue.orders)) == (True, [1])
