"""Every limit of the guard with its boundary. Rows S3-18..S3-28, S3-34, S3-66, S0-40, S0-41, R-L5, R-O6, K-18."""

# ruff: noqa: C408
from __future__ import annotations

import math

import pytest

from core.domain.order import ACCEPTED, FILLED, LOST, REJECTED
from core.domain.reasons import (
    BAD_REQUEST,
    DAILY_MAX,
    FILTER_STEP,
    LATENCY,
    LIQUIDATION_BUFFER,
    MISSING_INPUT,
    PNL_BOUNDS,
    POST_ONLY_CROSS,
    REDUCE_ONLY_MODE,
    REPEATED,
    SHOCK,
    STALE_DATA,
    STOP_LOSS,
    UNKNOWN_ORDER,
)  # fmt: skip
from core.domain.units import MONEY
from core.execution.slots import place
from core.risk.blocks import (
    COOLDOWN_MODE,
    HALTED_MODE,
    PAUSED_MODE,
    RUNNING,
    STYLE_MAKER,
    STYLE_MARKET,
    STYLE_NONE,
    STYLE_TAKER,
    Risk,
)  # fmt: skip
from core.risk.guard import start_round
from core.risk.modes import pause, rearm, resume
from core.risk.watch import watch_rejects
from tests.unit.execution.desk import MID, Desk

S = 10**9


def losing(desk: Desk, loss: float, lots: int = 100) -> int:
    """Step at the mid where an open position of `lots` (at MID) loses exactly `loss` quote units."""
    ticks = round(loss * MONEY / (abs(lots) * 1000))
    assert ticks * abs(lots) * 1000 == round(loss * MONEY)
    return desk.at(1, MID - ticks if lots > 0 else MID + ticks)


def realise(desk: Desk, amount: float) -> int:
    """A round result of `amount` quote units, flat."""
    desk.ledger.s.realised = round(amount * MONEY)
    return desk.at(1)


def fresh(lots: int = 0, **params: object) -> Desk:
    desk = Desk(params, band_ppm=0)
    if lots:
        desk.hold(lots)
    return desk


def test_a_quiet_market_runs_and_quotes() -> None:
    desk = fresh()
    assert desk.at(1) == RUNNING
    assert (desk.risk.s.pull_quotes, desk.risk.s.reduce_style) == (0, STYLE_NONE)


@pytest.mark.parametrize(("result", "mode"), [(-14.99, RUNNING), (-15.0, COOLDOWN_MODE)])
def test_pnl_min_of_the_round_cools_down(result: float, mode: int) -> None:
    """S3-20, S3-22: ends by itself after 300 s."""
    desk = fresh()
    assert realise(desk, result) == mode
    if mode == COOLDOWN_MODE:
        assert (desk.risk.s.why, desk.risk.s.pull_quotes) == (PNL_BOUNDS, 1)
        assert desk.risk.s.cooldown_until == desk.now + 300 * S
        assert desk.at(299) == COOLDOWN_MODE
        assert desk.at(1) == RUNNING  # not again until twice as much is lost


def test_the_third_cooldown_within_an_hour_halts() -> None:
    """S3-22"""
    desk = fresh()
    for loss, mode in ((-15, COOLDOWN_MODE), (-30, COOLDOWN_MODE), (-45, HALTED_MODE)):
        assert realise(desk, loss) == mode
        desk.at(400)
    desk = fresh()
    for loss in (-15, -30, -45):
        assert realise(desk, loss) == COOLDOWN_MODE
        desk.at(1850)


def test_pnl_max_flattens_and_then_pauses() -> None:
    """S3-20: not a halt."""
    assert realise(fresh(), 99.99) == RUNNING
    desk = fresh(40)
    assert realise(desk, 100) == PAUSED_MODE
    r = desk.risk.s
    assert (r.why, r.halted, r.want_flatten, r.pull_quotes) == (PNL_BOUNDS, 0, 0, 1)
    assert (r.reduce_lots, r.reduce_side, r.reduce_style) == (40, 1, STYLE_MARKET)
    desk.hold(-40)
    assert desk.at(1) == PAUSED_MODE
    assert r.reduce_style == STYLE_NONE


@pytest.mark.parametrize(("result", "halted"), [(-59.99, 0), (-60.0, 1)])
def test_stop_loss_flattens_and_latches(result: float, halted: int) -> None:
    """S3-21"""
    desk = fresh()
    realise(desk, result)
    assert desk.risk.s.halted == halted
    if halted:
        assert (desk.risk.s.halt_why, desk.risk.s.want_flatten) == (STOP_LOSS, STOP_LOSS)
        desk.ledger.s.realised = 0
        assert desk.at(90_000) == HALTED_MODE  # nothing ends a halt by itself
        assert resume(desk.risk.plain, desk.now) == HALTED_MODE
        assert rearm(desk.risk.plain, desk.now) == PAUSED_MODE


def test_daily_max_stops_new_risk_until_midnight_utc() -> None:
    """S3-18: the day's loss adds up over rounds."""
    desk = fresh()
    realise(desk, -49.99)
    assert desk.risk.s.day_stop == 0
    start_round(desk.risk.plain, desk.ledger.plain, desk.spec.plain, MID, 150 * MONEY, desk.now)
    realise(desk, -50)
    assert (desk.risk.s.day_stop, desk.risk.s.round_pnl) == (1, -0.01 * MONEY)
    assert desk.ask(dict())[0] in (DAILY_MAX, 7)
    midnight = (desk.now // (86_400 * S) + 1) * 86_400
    desk.at(midnight - desk.now // S - 1)
    assert desk.risk.s.day_stop == 1
    desk.at(1)
    assert (desk.risk.s.day_stop, desk.risk.s.day_pnl) == (0, 0)


def test_reduce_only_holds_from_the_threshold_until_well_below_it() -> None:
    """S3-23: 25 and back under 22.5."""
    desk = fresh(200)
    desk.ledger.s.realised = 30 * MONEY  # the round as such does not lose
    for loss, on in ((24.99, 0), (25, 1), (22.5, 1), (22.49, 0)):
        losing(desk, loss, 200)
        assert desk.risk.s.reduce_only == on
        assert (desk.risk.s.pull_why == REDUCE_ONLY_MODE) == (on == 1)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("loss", "lots"), [(4.99, 0), (5, 15), (8, 25), (12, 40)])
def test_each_band_reduces_its_fraction(sign: int, loss: float, lots: int) -> None:
    """S3-25, S3-34: long and short, at the boundary."""
    desk = fresh(100 * sign)
    losing(desk, loss, 100 * sign)
    assert desk.risk.s.reduce_lots == lots
    if lots:
        assert desk.risk.s.reduce_side == (1 if sign > 0 else 0)


def test_a_band_fires_once_and_again_only_after_the_loss_was_well_below_it() -> None:
    desk = fresh(100)
    losing(desk, 5)
    assert desk.risk.s.n_reduces == 1
    desk.risk.s.reduce_active = 0
    for loss, fired in ((6, 1), (4.9, 1), (5, 1), (4.49, 1), (5, 2)):
        desk.now += 130 * S
        losing(desk, loss)
        desk.risk.s.reduce_active = 0
        assert desk.risk.s.n_reduces == fired


def test_a_second_reduce_waits_for_the_cooldown() -> None:
    """S3-27"""
    desk = fresh(100)
    losing(desk, 5)
    losing(desk, 8)
    assert desk.risk.s.n_reduces == 1
    desk.at(118)
    assert desk.risk.s.n_reduces == 1
    desk.at(1)
    assert (desk.risk.s.n_reduces, desk.risk.s.reduce_lots) == (2, 25)


def test_reduce_work_ends_when_its_lots_are_gone_or_the_position_turned() -> None:
    for sold, active in ((14, 1), (15, 0), (150, 0)):
        desk = fresh(100)
        losing(desk, 5)
        px = desk.view.s.mark
        desk.trade += 1
        desk.report(dict(kind=FILLED, cl_id=1, side=1, px=px, qty=sold, trade_id=desk.trade))
        desk.at(1)
        assert desk.risk.s.reduce_active == active


def test_maker_first_then_taker_then_market() -> None:
    """S3-24, S3-26: 29.9 stays maker, 30 goes market."""
    desk = fresh(100)
    losing(desk, 5)
    assert desk.risk.s.reduce_style == STYLE_MAKER
    desk.at(14)
    assert desk.risk.s.reduce_style == STYLE_MAKER
    desk.at(1)
    assert desk.risk.s.reduce_style == STYLE_TAKER
    for loss, style in ((29.9, STYLE_MAKER), (30, STYLE_MARKET)):
        desk = fresh(100)
        losing(desk, loss)
        assert desk.risk.s.reduce_style == style
    desk = fresh(100, reduceMode="taker")
    losing(desk, 5)
    assert desk.risk.s.reduce_style == STYLE_TAKER


@pytest.mark.parametrize(("mid", "fires"), [(275_000 - 100, False), (275_000, True), (225_000 + 100, False),
                                            (225_000, True)])  # fmt: skip
def test_a_shock_within_sixty_seconds_cools_down(mid: int, fires: bool) -> None:
    """S3-28: 10 % either way."""
    desk = fresh()
    for _ in range(5):
        desk.at(10)
    assert desk.at(9, mid) == (COOLDOWN_MODE if fires else RUNNING)
    assert (desk.risk.s.why == SHOCK) == fires


def test_a_slow_move_of_the_same_size_is_no_shock() -> None:
    desk = fresh()
    for n in range(12):
        assert desk.at(20, MID + 2200 * n) == RUNNING


def test_latency_is_noticed_above_its_threshold() -> None:
    """S3-19"""
    desk = fresh()
    for ms, notice in ((150, 0), (151, 1), (160, 1), (100, 0), (151, 1)):
        desk.vitals.s.ts, desk.vitals.s.order_ack_p99_ns = desk.now, ms * 1_000_000
        desk.at(1)
        assert desk.risk.s.latency_notice == notice
    assert (desk.risk.s.n_latency, desk.risk.s.fired[LATENCY]) == (2, 2)


def test_noise_levels_rise_at_once_and_fall_one_by_one() -> None:
    """S3-66"""
    desk = fresh()

    def measure(errors: int, ms: int, seconds: float) -> int:
        v = desk.vitals.s
        v.ts, v.requests, v.request_errors, v.order_ack_p99_ns = desk.now, 100, errors, ms * 1_000_000
        desk.at(seconds)
        return desk.risk.s.noise_level

    assert [measure(4, 149, 1), measure(5, 0, 1), measure(0, 300, 1), measure(20, 0, 1)] == [0, 1, 2, 3]
    assert measure(19, 0, 1) == 3  # under the bound, above it less hysteresis
    assert [measure(0, 0, 5) for _ in range(13)] == [3] * 5 + [2] * 6 + [1] * 2


def test_lost_vitals_are_the_highest_noise_level_once_they_had_come() -> None:
    desk = fresh()
    desk.at(100)
    assert desk.risk.s.noise_level == 0
    desk.vitals.s.ts = desk.now
    desk.at(10)
    assert desk.risk.s.noise_level == 0
    desk.at(0.001)
    assert desk.risk.s.noise_level == 3


def test_stale_and_broken_books_pull_the_quotes() -> None:
    desk = fresh()
    desk.now += 2 * S
    desk.step()
    assert desk.risk.s.pull_quotes == 0
    desk.now += 1
    desk.step()
    assert (desk.risk.s.pull_quotes, desk.risk.s.pull_why) == (1, STALE_DATA)
    desk.book(MID)
    desk.step()
    assert desk.risk.s.pull_quotes == 0
    desk.view.s.book_ok = 0
    desk.step()
    assert desk.risk.s.pull_quotes == 1


def test_an_account_that_was_not_confirmed_for_ten_seconds_pulls_the_quotes_until_it_is() -> None:
    """R-N1, R-B4: the book may be fresh; without a cross-check that agreed nobody knows what is ours."""
    desk = fresh()
    desk.at(100)
    assert desk.risk.s.pull_quotes == 0, "not armed before the first one"
    desk.vitals.s.account_ts = desk.now
    desk.at(10)
    assert desk.risk.s.pull_quotes == 0
    desk.at(0.001)
    assert (desk.risk.s.pull_quotes, desk.risk.s.pull_why) == (1, STALE_DATA)
    desk.vitals.s.account_ts = desk.now
    desk.at(1)
    assert desk.risk.s.pull_quotes == 0


@pytest.mark.parametrize(("lots", "mode"), [(0, RUNNING), (10, HALTED_MODE)])
def test_silence_with_a_position_halts(lots: int, mode: int) -> None:
    desk = fresh(lots)
    desk.now += 300 * S
    assert desk.step() == RUNNING
    desk.now += 1
    assert desk.step() == mode


def test_before_the_first_book_nothing_is_quoted_and_nothing_fires() -> None:
    desk = fresh(50)
    desk.risk = Risk()
    desk.view.s.book_ok = desk.view.s.mark = desk.view.s.ts_recv = 0
    assert desk.step() == RUNNING
    assert (desk.risk.s.armed, desk.risk.s.pull_quotes) == (0, 1)


def test_a_position_that_cannot_be_valued_any_more_halts() -> None:
    desk = fresh(10)
    desk.view.s.mark = 0
    assert desk.step() == HALTED_MODE
    assert desk.risk.s.halt_why == MISSING_INPUT


@pytest.mark.parametrize("lots", [100, -100])
def test_liquidation_buffer_slices_under_five_percent_and_flattens_under_two(lots: int) -> None:
    """S0-40, S0-41"""
    for buffer, style, flatten in ((0.0501, STYLE_NONE, 0), (0.049, STYLE_MARKET, 0), (0.0201, STYLE_MARKET, 0),
                                   (0.0199, STYLE_MARKET, LIQUIDATION_BUFFER)):  # fmt: skip
        desk = fresh(lots)
        v = desk.vitals.s
        v.liquidation_ts = desk.now
        v.liquidation_px = round(MID * (1 - math.copysign(buffer, lots)))
        desk.at(1)
        assert desk.risk.s.buffer == pytest.approx(buffer, abs=1e-5)
        assert desk.risk.s.want_flatten == flatten
        if not flatten:
            assert desk.risk.s.reduce_style == style
            assert desk.risk.s.reduce_lots == (25 if style else 0)


def test_slices_go_on_until_the_buffer_is_back() -> None:
    desk = fresh(100)
    desk.vitals.s.liquidation_ts, desk.vitals.s.liquidation_px = desk.now, round(MID * 0.951)
    desk.at(1)
    desk.hold(-25)
    desk.at(1)
    desk.at(1)
    assert desk.risk.s.reduce_lots == 19  # a quarter of 75, rounded up; no cooldown between slices
    desk.vitals.s.liquidation_px = round(MID * 0.90)
    desk.hold(-19)
    desk.at(1)
    assert desk.risk.s.reduce_style == STYLE_NONE


@pytest.mark.parametrize("what", ["old", "unknown"])
def test_a_liquidation_price_that_was_known_and_is_missing_counts_as_crossed(what: str) -> None:
    desk = fresh(100)
    desk.at(1)
    assert desk.risk.s.want_flatten == 0  # never read: not armed
    desk.vitals.s.liquidation_ts, desk.vitals.s.liquidation_px = desk.now, 1000
    if what == "unknown":
        desk.vitals.s.liquidation_px = -1
        desk.at(1)
    else:
        desk.at(60)
        assert desk.risk.s.want_flatten == 0
        desk.at(0.001)
    assert desk.risk.s.want_flatten == MISSING_INPUT


def test_unknown_for_more_than_a_minute_halts() -> None:
    desk = fresh()
    cl = place(desk.ledger.s, 5, 0, 0, MID - 100, 9, 0, 1, 0, desk.now)
    desk.report(dict(kind=LOST, cl_id=cl))
    assert desk.at(60) == RUNNING
    assert desk.at(0.001) == HALTED_MODE
    assert desk.risk.s.halt_why == UNKNOWN_ORDER


def test_more_fills_in_a_minute_than_meant_halt() -> None:
    """R-L5"""
    desk = fresh(maxFillsPerMinute=10)
    desk.at(61)
    for n in range(10):
        desk.hold(1 if n % 2 else -1)
    assert desk.at(1) == RUNNING
    desk.hold(1)
    assert desk.at(1) == HALTED_MODE
    assert desk.risk.s.halt_why == REPEATED


def test_three_identical_rejects_in_a_row_cool_down() -> None:
    """R-O6: post-only crosses do not count, an acceptance starts anew."""

    def rejects(*codes: int) -> Desk:
        desk = fresh()
        for code in codes:
            kind = ACCEPTED if code == 0 else REJECTED
            desk.reports.s.n, desk.reports.s.kind[0], desk.reports.s.code[0] = 1, kind, code
            watch_rejects(desk.limits.plain, desk.risk.plain, desk.reports.plain, desk.now)
        desk.at(1)
        return desk

    assert rejects(BAD_REQUEST, BAD_REQUEST).risk.s.mode == RUNNING
    assert rejects(BAD_REQUEST, BAD_REQUEST, BAD_REQUEST).risk.s.mode == COOLDOWN_MODE
    assert rejects(BAD_REQUEST, BAD_REQUEST, 0, BAD_REQUEST).risk.s.mode == RUNNING
    assert rejects(BAD_REQUEST, BAD_REQUEST, FILTER_STEP, BAD_REQUEST).risk.s.mode == RUNNING
    assert rejects(*[POST_ONLY_CROSS] * 9).risk.s.mode == RUNNING


def test_pause_and_resume() -> None:
    desk = fresh()
    assert pause(desk.risk.plain, 0, desk.now) == PAUSED_MODE
    desk.at(1)
    assert desk.risk.s.pull_quotes == 1
    assert resume(desk.risk.plain, desk.now) == RUNNING


LIMIT_FIELDS = ["daily_max", "pnl_min", "pnl_max", "stop_loss", "reduce_only_loss", "shock", "max_fills"]


@pytest.mark.parametrize("name", LIMIT_FIELDS)
def test_a_guard_limit_that_is_missing_counts_as_hit(name: str) -> None:
    desk = fresh(10)
    setattr(desk.limits.s, name, 0)
    desk.hold(1)
    desk.at(1)
    assert desk.risk.s.pull_quotes == 1


@pytest.mark.parametrize("name", ["shock", "buffer_redline", "buffer_flatten", "market_share"])
def test_a_guard_limit_that_is_nan_counts_as_hit(name: str) -> None:
    desk = fresh(100)
    desk.vitals.s.liquidation_ts, desk.vitals.s.liquidation_px = desk.now, MID // 2
    setattr(desk.limits.s, name, math.nan)
    losing(desk, 5)
    r = desk.risk.s
    assert r.mode != RUNNING or r.reduce_style == STYLE_MARKET


def test_a_missing_equity_makes_reduces_go_market() -> None:
    desk = fresh(100)
    desk.risk.s.equity = 0
    losing(desk, 5)
    assert desk.risk.s.reduce_style == STYLE_MARKET
