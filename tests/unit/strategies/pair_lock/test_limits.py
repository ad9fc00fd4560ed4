"""Stop of a leg, funding guard, liquidation bound: edges, both sides, and what happens when they cannot be seen."""

from __future__ import annotations

import math

import pytest

from core.domain.pair import CUT, LONG, NO_LEG, NONE, SHORT, UNLOCK_A, UNLOCK_B
from core.strategies.pair_lock.blocks import (
    FUNDING_GUARD,
    GUARD_BLIND,
    LIQUIDATION,
    LIQUIDATION_BLIND,
    STOP_BLIND,
    STOP_LOSS,
)
from core.strategies.pair_lock.limits import hit_first_leg_sl, liquidation_buffer
from tests.unit.strategies.pair_lock.desk import HOUR, PairDesk, S, perpetual

LEGS = [LONG, SHORT]
SIGN = (1, -1)
SINGLE = [(1, LONG), (1, SHORT), (2, LONG), (2, SHORT), (4, LONG), (5, SHORT)]


def test_stop_is_hit_at_equality_and_by_what_is_unknown() -> None:
    """S1-22, S1-45."""
    assert [hit_first_leg_sl(x, 0.01) for x in (-0.0099999, -0.01, -0.0100001, 0.02, math.nan)] == [
        False, True, True, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(("state", "leg"), SINGLE)
@pytest.mark.parametrize(("move", "hit"), [(499.99, False), (500.0, True), (500.01, True)])
@pytest.mark.parametrize("busy", [0, 1])
def test_stop_of_the_leg_cuts_in_every_one_legged_state(
    state: int, leg: int, move: float, hit: bool, busy: int
) -> None:  # fmt: skip
    """S1-22, S1-42: -1 % closes it, also while the saga is at work; in S2 everything that is held goes."""
    desk = PairDesk()
    desk.declare(state, first=leg, busy=busy, unlock_px=50_000.0)
    desk.price(leg, 50_000.0 - SIGN[leg] * move)
    wish = desk.decide()
    assert (wish.kind == CUT) == hit
    if hit:
        expected = NO_LEG if state == 2 else leg
        assert (wish.reason, wish.leg, wish.share) == (STOP_LOSS, expected, 1.0)
        assert (wish.value, wish.limit) == (pytest.approx(-move / 50_000), -0.01)


@pytest.mark.parametrize("leg", LEGS)
def test_stop_of_an_unlocked_leg_counts_from_the_unlock(leg: int) -> None:
    """K-36: what the leg lost while the other one hedged it is no reason to stop it; one more percent is."""
    desk = PairDesk()
    desk.declare(4 + leg, unlock_px=50_000.0)
    desk.hold(leg, 10, entry=50_000.0 * (1 + 0.03 * SIGN[leg]))
    assert desk.decide().kind == NONE
    desk.price(leg, 50_000.0 * (1 - 0.01 * SIGN[leg]))
    assert (desk.decide().kind, desk.wish.s.reason, desk.wish.s.value) == (CUT, STOP_LOSS, pytest.approx(-0.01))


def test_a_locked_pair_has_no_stop_of_one_leg() -> None:
    desk = PairDesk()
    desk.declare(3)
    desk.price(LONG, 45_000.0)
    desk.price(SHORT, 45_000.0)
    assert desk.decide().kind == NONE


@pytest.mark.parametrize(("state", "leg"), SINGLE)
def test_stop_that_cannot_be_seen_is_hit_after_its_bound_and_not_before(state: int, leg: int) -> None:
    """A silent feed: 2 s until the price is stale, then `limitBlindMs` 10 s; a price in between stops the clock."""
    desk = PairDesk()
    desk.declare(state, first=leg)
    desk.decide()
    desk.fresh[leg] = False
    assert desk.decide(2 * S + 1).kind == NONE
    assert desk.decide(10 * S).kind == NONE
    assert (desk.decide(1).kind, desk.wish.s.reason) == (CUT, STOP_BLIND)
    desk.fresh[leg] = True
    assert desk.decide(S).kind == NONE
    desk.fresh[leg] = False
    assert desk.decide(3 * S).kind == NONE


def test_stop_is_not_armed_before_the_first_price() -> None:
    """RELIABILITY 5: armed once its input was there; a start before the first book cuts nothing."""
    desk = PairDesk()
    desk.fresh = [False, False]
    desk.now += 60 * S
    desk.declare(1)
    for _ in range(30):
        assert desk.decide(S).kind == NONE
    desk.price(LONG, 49_400.0)
    assert (desk.decide().kind, desk.wish.s.reason) == (CUT, STOP_LOSS)


@pytest.mark.parametrize(("apr", "cuts"), [(-0.50, False), (0.30, False), (0.31, True)])
@pytest.mark.parametrize(("state", "first"), [(1, LONG), (1, SHORT), (3, LONG), (4, LONG), (5, SHORT)])
def test_funding_guard_reduces_above_its_limit(state: int, first: int, apr: float, cuts: bool) -> None:
    """S1-25: +0.30 ok, +0.31 reduces, -0.50 (income) ok; rates per hour on a 1e-8 grid, so 0.30 is 0.0876 / 2920."""
    desk = PairDesk(
        long=perpetual("a", funding_interval_ns=3 * HOUR), short=perpetual("b", funding_interval_ns=3 * HOUR)
    )
    desk.declare(state, first=first)
    desk.bands(-40.0, 40.0)
    rate = apr / 2920
    longs_pay = (rate, 0.0) if first == LONG or state in (3, 4) else (0.0, -rate)
    desk.funding(LONG, longs_pay[0])
    desk.funding(SHORT, longs_pay[1])
    desk.p.s.funding_guard_apr = max(0.30, round(0.30 / 2920 * 1e8) / 1e8 * 2920)  # 0.30 on the grid
    wish = desk.decide()
    assert desk.state.s.guard_apr == pytest.approx(apr, abs=2e-5)
    assert (wish.kind == CUT) == cuts
    if cuts:
        assert (wish.reason, wish.share) == (FUNDING_GUARD, 1.0)
        assert wish.leg == (NO_LEG if state == 3 else first)


@pytest.mark.parametrize(
    ("long", "short", "kind"),
    [(0.0005, 0.0, UNLOCK_B), (0.0, -0.0005, UNLOCK_A), (0.001, 0.0, UNLOCK_B), (0.0006, -0.0006, CUT)],
)
def test_guard_can_cut_only_the_paying_leg(long: float, short: float, kind: int) -> None:
    """`guard_action: cut_leg` unlocks, unless the leg that would stay is over the limit by itself."""
    desk = PairDesk(guard_action="cut_leg")
    desk.declare(3)
    desk.bands(-40.0, 40.0)
    desk.funding(LONG, long)
    desk.funding(SHORT, short)
    wish = desk.decide()
    assert (wish.kind, wish.reason) == (kind, FUNDING_GUARD)
    desk.status.s.busy = 1
    assert desk.decide().kind == (CUT if kind == CUT else NONE)


def test_guard_that_lost_its_rate_is_hit_after_its_bound() -> None:
    for seen in (True, False):
        desk = PairDesk()
        if not seen:
            desk.funding(SHORT, None)
        desk.declare(3)
        desk.decide()
        desk.funding(SHORT, None)
        assert desk.decide(S).kind == NONE
        assert desk.decide(10 * S).kind == NONE
        desk.decide(1)
        assert (desk.wish.s.kind == CUT and desk.wish.s.reason == GUARD_BLIND) == seen


@pytest.mark.parametrize("leg", LEGS)
@pytest.mark.parametrize(("buffer", "cuts"), [(0.0501, False), (0.05, False), (0.049, True), (-0.01, True)])
@pytest.mark.parametrize("state", [3, 4])
def test_liquidation_bound_cuts_a_slice(leg: int, buffer: float, cuts: bool, state: int) -> None:
    """S1-55, S0-40: redline 5 % of the mark, signed; a locked pair is cut in step."""
    desk = PairDesk()
    desk.declare(state + leg if state == 4 else state)
    desk.bands(-40.0, 40.0)
    desk.status.s.liquidation_px[leg] = round(500_000 * (1 - SIGN[leg] * buffer))
    desk.status.s.liquidation_ts[leg] = desk.now
    wish = desk.decide()
    assert (wish.kind == CUT) == cuts
    if cuts:
        assert (wish.reason, wish.leg, wish.share) == (LIQUIDATION, NO_LEG if state == 3 else leg, 0.25)
        assert wish.value == pytest.approx(buffer)


def test_liquidation_bound_of_the_nearer_leg_is_reported() -> None:
    desk = PairDesk()
    desk.declare(3)
    for leg, buffer in ((LONG, 0.01), (SHORT, 0.04)):
        desk.status.s.liquidation_px[leg] = round(500_000 * (1 - SIGN[leg] * buffer))
        desk.status.s.liquidation_ts[leg] = desk.now
    assert desk.decide().value == pytest.approx(0.01)


def test_liquidation_bound_is_armed_by_the_first_read_and_then_hit_when_unknown() -> None:
    """-1 = not known, a read older than a minute, no mark: after `limitBlindMs` each counts as hit; never read: not."""
    for spoil in ("never", "none", "unknown", "old", "mark"):
        desk = PairDesk()
        desk.declare(3)
        desk.decide()
        desk.now += 120 * S
        desk.decide()
        ts = desk.status.s.liquidation_ts
        ts[LONG] = 0 if spoil == "never" else desk.now - (61 * S if spoil == "old" else 0)
        desk.status.s.liquidation_px[LONG] = {"none": 0, "unknown": -1}.get(spoil, 300_000)
        if spoil == "mark":
            desk.views[LONG].s.mark = 0
        assert desk.decide().kind == NONE
        desk.decide(10 * S)
        desk.decide(1)
        hit = desk.wish.s.kind == CUT
        assert hit == (spoil in ("unknown", "old", "mark"))
        if hit:
            assert (desk.wish.s.reason, desk.wish.s.share) == (LIQUIDATION_BLIND, 0.25)


def test_one_liquidation_read_cuts_one_slice() -> None:
    """After a cut the position is another: the old read is out, a new one is awaited for a minute, then blind."""
    desk = PairDesk()
    desk.declare(4)
    desk.decide()
    desk.status.s.liquidation_px[LONG], desk.status.s.liquidation_ts[LONG] = 490_000, desk.now
    assert (desk.decide().kind, desk.wish.s.reason) == (CUT, LIQUIDATION)
    desk.hold(LONG, 7)
    assert desk.decide(S).kind == NONE
    desk.status.s.liquidation_ts[LONG] = desk.now
    assert (desk.decide().kind, desk.wish.s.reason) == (CUT, LIQUIDATION)
    desk.hold(LONG, 5)
    assert desk.decide(S).kind == NONE
    assert desk.decide(60 * S).kind == NONE
    assert desk.decide(1).kind == NONE  # from here on the read is missing
    assert desk.decide(10 * S).kind == NONE
    assert (desk.decide(1).kind, desk.wish.s.reason) == (CUT, LIQUIDATION_BLIND)


def test_signed_buffer_of_a_hand_case() -> None:
    assert liquidation_buffer(LONG, 100.0, 96.0) == pytest.approx(0.04)
    assert liquidation_buffer(SHORT, 100.0, 104.0) == pytest.approx(0.04)
    assert liquidation_buffer(SHORT, 100.0, 99.0) == pytest.approx(-0.01)
    assert math.isnan(liquidation_buffer(LONG, 0.0, 96.0))


def test_the_most_urgent_limit_speaks() -> None:
    """All three at once: liquidation, then the stop, then the guard."""
    desk = PairDesk()
    desk.declare(4, unlock_px=50_000.0)
    desk.price(LONG, 49_000.0)
    desk.funding(LONG, 0.001)
    desk.status.s.liquidation_px[LONG], desk.status.s.liquidation_ts[LONG] = 480_000, desk.now
    assert desk.decide().reason == LIQUIDATION
    desk.status.s.liquidation_px[LONG] = 0
    assert (desk.decide().reason, desk.wish.s.value) == (STOP_LOSS, pytest.approx(-0.02))
    desk.price(LONG, 50_000.0)
    assert (desk.decide().reason, desk.wish.s.value) == (FUNDING_GUARD, pytest.approx(1.095))
