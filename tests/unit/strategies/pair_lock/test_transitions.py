"""S1 to S5: lock, unlock, time-out and exits, each threshold just under, at and just over, on both sides."""

from __future__ import annotations

import math

import pytest

from core.domain.pair import CUT, EXIT, LOCK, LONG, NONE, OPEN, SHORT, UNLOCK_A, UNLOCK_B
from core.strategies.pair_lock.blocks import (
    BAD_STATE,
    BELOW_LOCK,
    BUSY,
    EXIT_TIME,
    FUNDING_UNKNOWN,
    GUARD_AHEAD,
    HOLDING,
    INSIDE_BANDS,
    LOCK_PRICE,
    LOCKING,
    LOWER_BAND,
    NO_BANDS,
    NO_ENTRIES,
    NO_POSITION,
    NO_PRICE,
    REBOUND,
    TAKE_PROFIT,
    TIMEOUT,
    UPPER_BAND,
)
from core.strategies.pair_lock.why import band_figures, gate_figures, leg_figures, sentence
from tests.unit.strategies.pair_lock.desk import NOON, PairDesk, S

LEGS = [LONG, SHORT]
SIGN = (1, -1)


def single(leg: int, **params: object) -> PairDesk:
    """S4 or S5: the leg entered at 50,000, unlocked at 50,000 at noon."""
    desk = PairDesk(**params)
    desk.declare(4 + leg, unlock_ts=NOON, unlock_px=50_000.0)
    return desk


def locked(**params: object) -> PairDesk:
    desk = PairDesk(**params)
    desk.declare(3, lock_ts=NOON)
    desk.bands(-40.0, 60.0)
    return desk


@pytest.mark.parametrize("first", LEGS)
@pytest.mark.parametrize(("move", "locks"), [(249.999, False), (250.0, True), (250.001, True), (-250.0, False)])
def test_second_leg_locks_at_g(first: int, move: float, locks: bool) -> None:
    """S1-18, K-13: long entry x 1.005, short mirrored (x 0.995)."""
    desk = PairDesk()
    desk.declare(1, first=first)
    desk.price(first, 50_000.0 + SIGN[first] * move)
    wish = desk.decide()
    if locks:
        assert (wish.kind, wish.reason, wish.leg, wish.side) == (LOCK, LOCK_PRICE, 1 - first, 1 - first)
        assert (wish.value, wish.limit) == (pytest.approx(move / 50_000), 0.005)
    else:
        assert (wish.kind, wish.reason) == (NONE, BELOW_LOCK)


@pytest.mark.parametrize("first", LEGS)
def test_lock_needs_both_prices_and_a_held_first_leg(first: int) -> None:
    for spoil, reason in (("price", NO_PRICE), ("position", NO_POSITION)):
        desk = PairDesk()
        desk.declare(1, first=first)
        desk.price(first, 50_000.0 + SIGN[first] * 300)
        if spoil == "price":
            desk.fresh[1 - first] = False
            desk.now += 3 * S
        else:
            desk.hold(first, 0)
        assert (desk.decide().kind, desk.wish.s.reason) == (NONE, reason)


def test_no_lock_into_a_pair_that_the_funding_guard_would_cut() -> None:
    desk = PairDesk()
    desk.declare(1)
    desk.price(LONG, 50_300.0)
    desk.funding(SHORT, -0.0003)
    assert (desk.decide().kind, desk.wish.s.reason) == (NONE, GUARD_AHEAD)


@pytest.mark.parametrize(
    ("spread", "kind", "reason", "closes"),
    [
        (59.999, NONE, INSIDE_BANDS, -1), (60.0, UNLOCK_A, UPPER_BAND, SHORT), (60.001, UNLOCK_A, UPPER_BAND, SHORT),
        (-39.999, NONE, INSIDE_BANDS, -1), (-40.0, UNLOCK_B, LOWER_BAND, LONG), (-40.001, UNLOCK_B, LOWER_BAND, LONG),
    ],
)  # fmt: skip
def test_bands_unlock_equality_included(spread: float, kind: int, reason: int, closes: int) -> None:
    """S1-39, S1-40: at UB the short is bought back (S4 stays long), at LB the long is sold (S5 stays short)."""
    desk = locked()
    desk.price(LONG, 50_000.0 + spread)
    wish = desk.decide()
    assert (wish.kind, wish.reason, wish.leg) == (kind, reason, closes)
    assert wish.side == (1 - closes if closes >= 0 else -1)


@pytest.mark.parametrize(("spread", "band"), [(30.0, 60.0), (-30.0, -40.0)])
def test_inside_the_bands_the_nearer_one_is_shown(spread: float, band: float) -> None:
    desk = locked()
    desk.price(LONG, 50_000.0 + spread)
    assert (desk.decide().reason, desk.wish.s.value, desk.wish.s.limit) == (INSIDE_BANDS, pytest.approx(spread), band)


@pytest.mark.parametrize("mode", ["sigma", "quantile"])
def test_unlock_on_bands_that_were_really_sampled(mode: str) -> None:
    """S1-19: 620 s of spreads -3 .. 3, then the edge of the printed band and half a tick inside it."""
    desk = PairDesk(band_mode=mode)
    desk.declare(3)
    for i in range(620):
        desk.price(LONG, 50_000.0 + (i * 5) % 7 - 3)
        desk.decide(S)
    desk.price(LONG, 50_000.0)
    desk.decide(S)
    lb, ub = desk.window.s.lb, desk.window.s.ub
    assert desk.window.s.ok == 1
    assert -3.0 <= lb < 0.0 < ub <= 3.0
    for spread, kind in ((ub, UNLOCK_A), (ub - 0.05, NONE), (lb + 0.05, NONE), (lb, UNLOCK_B)):
        desk.price(LONG, 50_000.0 + spread)
        assert desk.decide().kind == kind


@pytest.mark.parametrize(("seconds", "out"), [(14_399, False), (14_400, True), (14_401, True)])
@pytest.mark.parametrize(("rates", "kind"), [((0.0003, 0.0001), UNLOCK_A), ((0.0001, 0.0002), UNLOCK_B)])
def test_timeout_keeps_the_leg_with_the_better_funding(
    seconds: int, out: bool, rates: tuple[float, float], kind: int
) -> None:
    """S1-20, S1-41: at 14,400 s; both branches. -0.01 % kept long earns, so does +0.02 % kept short."""
    desk = locked()
    desk.funding(LONG, -rates[0] if kind == UNLOCK_A else rates[0])
    desk.funding(SHORT, rates[1])
    desk.now = NOON + seconds * S
    wish = desk.decide()
    assert (wish.kind, wish.reason) == ((kind, TIMEOUT) if out else (NONE, INSIDE_BANDS))


def test_timeout_without_funding_or_prices_stays_locked() -> None:
    """Hedged is the safe place to wait; and a band goes before the clock."""
    desk = locked()
    desk.now = NOON + 20_000 * S
    desk.fresh = [True, False]
    assert (desk.decide().kind, desk.wish.s.reason) == (NONE, NO_PRICE)
    desk.fresh = [True, True]
    desk.state.s.rate_seen[LONG] = 0
    desk.funding(LONG, None)
    assert (desk.decide().kind, desk.wish.s.reason) == (NONE, FUNDING_UNKNOWN)
    desk.price(LONG, 50_060.0)
    assert (desk.decide().kind, desk.wish.s.reason) == (UNLOCK_A, UPPER_BAND)


def test_without_a_lock_stamp_the_first_sight_of_s3_counts() -> None:
    desk = PairDesk(t_max_sec=100)
    desk.declare(3)
    assert (desk.decide().kind, desk.wish.s.reason) == (NONE, NO_BANDS)
    assert desk.decide(99 * S).kind == NONE
    assert (desk.decide(S).kind, desk.wish.s.reason) == (UNLOCK_B, TIMEOUT)  # both rates > 0: the short leg earns


@pytest.mark.parametrize("leg", LEGS)
@pytest.mark.parametrize(("move", "hit"), [(499.999, False), (500.0, True), (500.001, True)])
def test_single_leg_takes_profit_since_its_entry(leg: int, move: float, hit: bool) -> None:
    """S1-42, K-36: exit_take_pct 0.01; the rebound is out of the way."""
    desk = single(leg, exit_rebound_pct=0.5)
    desk.price(leg, 50_000.0 + SIGN[leg] * move)
    wish = desk.decide()
    assert (wish.kind, wish.reason) == ((EXIT, TAKE_PROFIT) if hit else (NONE, HOLDING))
    if hit:
        assert (wish.leg, wish.side) == (leg, 1 - leg)


@pytest.mark.parametrize("leg", LEGS)
@pytest.mark.parametrize(("move", "hit"), [(199.0, False), (200.0, True), (201.0, True)])
def test_single_leg_leaves_on_a_rebound_since_the_unlock(leg: int, move: float, hit: bool) -> None:
    """S1-42, K-36: 0.005 of the 40,000 (60,000) at which it was unlocked; entry is far away."""
    desk = single(leg)
    start = 40_000.0
    desk.hold(leg, 10, entry=start * (1 - 0.003 * SIGN[leg]))
    desk.status.s.unlock_px = start
    desk.price(leg, start + SIGN[leg] * move)
    wish = desk.decide()
    assert (wish.kind, wish.reason) == ((EXIT, REBOUND) if hit else (NONE, HOLDING))


@pytest.mark.parametrize("leg", LEGS)
@pytest.mark.parametrize(("seconds", "hit"), [(3599, False), (3600, True), (3601, True)])
def test_single_leg_leaves_after_an_hour_even_without_a_price(leg: int, seconds: int, hit: bool) -> None:
    """S1-42, K-36; time needs no price."""
    for fresh in (True, False):
        desk = single(leg, limit_blind_ms=600_000)
        desk.decide()
        desk.now = NOON + seconds * S
        desk.fresh = [fresh, fresh]
        desk.signals[leg].s.ts_priced = NOON
        wish = desk.decide()
        assert (wish.kind, wish.reason) == ((EXIT, EXIT_TIME) if hit else (NONE, HOLDING))


@pytest.mark.parametrize("leg", LEGS)
def test_without_unlock_stamp_and_price_the_first_sight_counts(leg: int) -> None:
    desk = PairDesk()
    desk.declare(4 + leg)
    desk.fresh = [False, False]
    desk.now += 60 * S
    assert desk.decide().kind == NONE
    desk.price(leg, 50_100.0)
    assert desk.decide().kind == NONE
    assert (desk.state.s.seen_px, desk.state.s.seen_since) == (50_100.0, desk.now)
    desk.price(leg, 50_100.0 * (1 + 0.005 * SIGN[leg]))
    assert (desk.decide().kind, desk.wish.s.reason) == (EXIT, REBOUND)


@pytest.mark.parametrize("state", [0, 1, 3, 4, 5])
def test_a_busy_saga_is_left_alone(state: int) -> None:
    """Everything is due: gate, lock, band, take profit."""
    for busy in (0, 1):
        desk = PairDesk()
        desk.trend(0.001)
        desk.declare(state, busy=busy, first=SHORT if state == 5 else LONG)
        desk.price(LONG, 50_600.0)
        desk.price(SHORT, 49_400.0)
        if state == 3:
            desk.bands(-1.0, 1.0)
        wish = desk.decide()
        expected = {0: OPEN, 1: LOCK, 3: UNLOCK_A, 4: EXIT, 5: EXIT}[state]
        assert (wish.kind, wish.reason == BUSY) == ((NONE, True) if busy else (expected, False))


def test_s2_waits_for_the_saga() -> None:
    """S1-37: S2 is the saga's; nothing but a limit is wished there."""
    desk = PairDesk()
    desk.declare(2)
    desk.price(LONG, 50_600.0)
    assert (desk.decide().kind, desk.wish.s.reason) == (NONE, LOCKING)


@pytest.mark.parametrize(("state", "first"), [(-1, 0), (6, 0), (1, 2), (1, -1)])
def test_a_state_that_nobody_knows_wishes_nothing(state: int, first: int) -> None:
    desk = PairDesk()
    desk.trend(0.01)
    desk.status.s.state, desk.status.s.first = state, first
    assert (desk.decide().kind, desk.wish.s.reason) == (NONE, BAD_STATE)


@pytest.mark.parametrize("state", [1, 3, 4, 5])
def test_a_declared_leg_that_is_not_held_is_named(state: int) -> None:
    desk = PairDesk()
    desk.declare(state)
    desk.bands(-1.0, 1.0)
    desk.price(LONG, 50_600.0)
    for leg in LEGS:
        desk.ledgers[leg].s.pos = -desk.ledgers[leg].s.pos  # the wrong sign is not the leg
    assert (desk.decide().kind, desk.wish.s.reason) == (NONE, NO_POSITION)


def test_risk_without_room_bars_what_opens_and_nothing_else() -> None:
    """S1-26: a lock that the gate would refuse is not begun (the first leg would be closed for it); exits go on."""
    for state, kind in ((1, NONE), (3, UNLOCK_A), (4, EXIT)):
        desk = PairDesk()
        desk.declare(state)
        desk.price(LONG, 50_600.0)
        desk.bands(-1.0, 1.0)
        assert desk.decide(allowed=0).kind == kind
        assert kind != NONE or (desk.wish.s.reason == NO_ENTRIES and desk.decide().kind == LOCK)


@pytest.mark.parametrize("state", [0, 1, 3, 4, 5])
@pytest.mark.parametrize("spoil", ["nan", "none", "stale"])
def test_without_prices_nothing_is_opened_locked_or_unlocked(state: int, spoil: str) -> None:
    """NaN, a missing price, a silent feed: no wish (limits wait for `limit_blind`)."""
    desk = PairDesk()
    desk.trend(0.001)
    desk.declare(state, unlock_px=49_000.0, lock_ts=NOON, unlock_ts=NOON)
    desk.bands(-1.0, 1.0)
    desk.decide()
    for leg in LEGS:
        desk.price(leg, 50_600.0 if leg == LONG else 49_400.0)
        if spoil == "nan":
            desk.signals[leg].s.mid = math.nan
        elif spoil == "none":
            desk.signals[leg].s.priced = 0
        else:
            desk.fresh[leg] = False
    assert desk.decide(3 * S).kind == NONE
    assert desk.wish.s.kind != CUT


def test_a_wish_keeps_the_time_at_which_it_was_first_made() -> None:
    desk = PairDesk()
    desk.trend(0.001)
    desk.decide()
    first, number = desk.wish.s.ts, desk.wish.s.id
    desk.trend(0.002)
    assert (desk.decide(S // 2).ts, desk.wish.s.kind, desk.wish.s.id) == (first, OPEN, number)
    desk.status.s.busy = 1
    assert (desk.decide(S // 4).ts, desk.wish.s.id) == (desk.now, number + 1)


def test_a_standing_wish_gets_a_new_id_every_second() -> None:
    """The saga answers an id once: what was refused (a thin book) is wished again, not before `wishRepeatMs`."""
    desk = PairDesk()
    desk.trend(0.001)
    ids = [desk.decide(S // 4).id for _ in range(9)]
    assert [one - ids[0] for one in ids] == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    assert desk.wish.s.kind == OPEN


def test_the_account_names_the_figures_that_decided() -> None:
    """For the `why not` screen."""
    desk = PairDesk()
    desk.declare(1)
    desk.price(LONG, 50_100.0)
    desk.decide()
    assert sentence(desk.status, desk.wish) == "S1 first leg: none: below the lock price (0.002 against 0.005)"
    desk.declare(0)
    desk.trend(0.0004)
    desk.decide()
    assert sentence(desk.status, desk.wish) == "S0 idle: none: too few conditions (1 against 2)"
    figures = {one.name: one for one in gate_figures(desk.p, desk.state, LONG)}
    assert (figures["trend"].holds, figures["net target return"].holds, figures["filters"].holds) == (False, True, True)
    assert figures["minutes to settlement"].value == pytest.approx(240.0)
    assert all(one.value is None or one.name in ("spread", "samples") for one in band_figures(desk.state, desk.window))
    desk.bands(-40.0, 60.0)
    shown = {one.name: one.value for one in band_figures(desk.state, desk.window)}
    assert (shown["lower band"], shown["upper band"], shown["z"]) == (-40.0, 60.0, pytest.approx((100 - 10) / 62.5))


@pytest.mark.parametrize(
    ("state", "first", "expected"),
    [
        (1, LONG, {"stop price": 49_500.0, "lock price": 50_250.0}),
        (1, SHORT, {"stop price": 50_500.0, "lock price": 49_750.0}),
        (3, LONG, {"seconds left": 14_300.0}),
        (4, LONG, {"stop price": 49_500.0, "seconds left": 3500.0}),
        (5, LONG, {"stop price": 50_500.0, "seconds left": 3500.0}),
    ],
)
def test_the_account_names_what_a_state_waits_for(state: int, first: int, expected: dict[str, float]) -> None:
    """S1-18, S1-22, S1-38: lock price, stop and time left, for the screen."""
    desk = PairDesk()
    desk.declare(state, first=first, lock_ts=NOON, unlock_ts=NOON, unlock_px=50_000.0)
    desk.decide(100 * S)
    shown = {one.name: one.value for one in leg_figures(desk.p, desk.state, desk.status)}
    assert {name: shown[name] for name in expected} == pytest.approx(expected)
    assert shown["funding paid, annualised"] is not None
