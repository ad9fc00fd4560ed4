"""Funding of a pair: per hour, by each venue's calendar, with the right sign. Hand figures and the reference values."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from core.domain.pair import LONG, NO_LEG, SHORT
from core.domain.units import FAR
from core.strategies.pair_lock.funding import (
    better_leg,
    carry_bps,
    funding_guard,
    leg_cost,
    net_apr,
    settlement_barred,
    settlements_within,
)
from core.strategies.pair_lock.gate import expected_funding, net_target_return
from tests.unit.strategies.pair_lock.desk import HOUR, NOON, SOURCE, T0, PairDesk, S, perpetual

REFERENCE = json.loads((Path(__file__).parent / "reference.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["funding_annualised_8h", "funding_annualised_1h", "funding_annualised_neg"])
def test_one_legs_cost_annualises_to_the_reference(name: str) -> None:
    case = REFERENCE[name]
    desk = PairDesk(long=perpetual("a", funding_interval_ns=24 * HOUR // case["inputs"]["payments_per_day"]))
    desk.funding(LONG, case["inputs"]["rate"])
    desk.decide()
    assert net_apr(desk.state.s, 1, 0) == pytest.approx(case["expected"]["simple"], rel=1e-9)


def test_pair_cost_compares_venues_per_hour() -> None:
    """FORMULAS.md 5: (F_long / N_long - F_short / N_short) * 8760, > 0 = paid; 1 h against 8 h."""
    desk = PairDesk(long=perpetual("a", funding_interval_ns=HOUR))
    desk.funding(LONG, 0.0001)
    desk.funding(SHORT, 0.0004)
    desk.decide()
    assert net_apr(desk.state.s, 1, 1) == pytest.approx((0.0001 / 1 - 0.0004 / 8) * 8760)
    assert net_apr(desk.state.s, 0, 1) == pytest.approx(-0.0004 / 8 * 8760)
    assert net_apr(desk.state.s, 0, 0) == 0.0


def test_funding_guard_passes_equality_and_income_and_refuses_what_is_unknown() -> None:
    """S1-25, S1-45: +0.30 ok, +0.31 reduces, -0.50 (income) ok."""
    assert [funding_guard(x, 0.30) for x in (0.30, 0.31, -0.50, 0.30 + 1e-9, math.nan)] == [
        True, False, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(("sign", "expected"), [("carry", 1.0), ("literal", -1.0)])
def test_funding_spread_is_short_minus_long_per_hour_unless_literal(sign: str, expected: float) -> None:
    """S1-16, K-11: long at 0.04 % per 4 h, short at 0.16 % per 8 h: 0.01 % and 0.02 % an hour."""
    desk = PairDesk(long=perpetual("a", funding_interval_ns=4 * HOUR), funding_sign=sign)
    desk.funding(LONG, 0.0004)
    desk.funding(SHORT, 0.0016)
    desk.decide()
    assert carry_bps(desk.p.s, desk.state.s) == pytest.approx(expected, abs=1e-12)


def test_funding_spread_may_be_counted_per_other_hours() -> None:
    desk = PairDesk(funding_basis_hours=8.0)
    desk.funding(LONG, 0.0001)
    desk.funding(SHORT, 0.0002)
    desk.decide()
    assert desk.state.s.carry_bps == pytest.approx(1.0, abs=1e-12)


def test_calendar_has_each_venues_own_interval_and_the_feed_goes_before_it() -> None:
    """S1-52: 1 h, 4 h and 8 h calendars, an offset, and a stream that says otherwise."""
    for hours, offset, expected in ((1, 0, 5), (4, 0, 8), (8, 0, 8), (8, 2, 10)):
        desk = PairDesk(long=perpetual("a", funding_interval_ns=hours * HOUR, funding_offset_ns=offset * HOUR))
        desk.now = T0 + 4 * HOUR + 1
        desk.decide()
        assert desk.state.s.settlement[LONG] == T0 + expected * HOUR
    desk.funding(LONG, 0.0001, settlement=T0 + 6 * HOUR)
    desk.decide()
    assert desk.state.s.settlement[LONG] == T0 + 6 * HOUR
    desk.decide(after_ns=3 * HOUR)  # the stream fell silent: back to the calendar
    assert desk.state.s.settlement[LONG] == T0 + 10 * HOUR


def test_settlements_are_counted_by_calendar_with_both_ends() -> None:
    assert settlements_within(T0 + HOUR, HOUR, T0 + 4 * HOUR) == 4
    assert settlements_within(T0 + HOUR, HOUR, T0 + 4 * HOUR - 1) == 3
    assert settlements_within(T0 + HOUR, HOUR, T0) == 0
    assert settlements_within(0, HOUR, T0) == settlements_within(T0, 0, T0) == -1


def test_expected_cost_is_the_hand_sum_over_both_calendars() -> None:
    """4 h from 04:00: the long venue pays at 05, 06, 07, 08 (1 h), the short one at 08 (8 h)."""
    desk = PairDesk(long=perpetual("a", funding_interval_ns=HOUR))
    desk.now = NOON + 1
    desk.funding(LONG, 0.00002)
    desk.funding(SHORT, 0.0003)
    desk.decide()
    s, (long, short) = desk.state.s, (one.s for one in desk.specs)
    until = desk.now + 4 * HOUR
    assert leg_cost(s, long, LONG, until) == pytest.approx(4 * 0.00002)
    assert leg_cost(s, short, SHORT, until) == pytest.approx(-0.0003)
    assert expected_funding(desk.p.s, s, long, short, LONG, desk.now) == pytest.approx(0.00008)  # alone: the dearer
    assert expected_funding(desk.p.s, s, long, short, SHORT, desk.now) == pytest.approx(0.00008 - 0.0003)


def test_net_target_return_is_the_hand_figure_with_fees_rebate_and_referral() -> None:
    """S1-15, S1-26: 0.005 - 1.8 bps - 1.8 bps - funding; as maker -0.5 + 1.8; with the exits two takers more."""
    for changes, fees in (({}, 3.6), ({"first_leg_maker": True}, 1.3), ({"count_exit_fees": True}, 7.2)):
        desk = PairDesk(**{**SOURCE, **changes})
        assert net_target_return(desk.p.s, LONG, 0.0002) == pytest.approx(0.005 - fees * 1e-4 - 0.0002, abs=1e-12)


def test_a_rate_that_no_feed_gives_is_unknown_unless_the_venue_file_may_stand_in() -> None:
    for assumed in (False, True):
        desk = PairDesk(long=perpetual("a", funding_rate=10_000), funding_assumed=assumed)
        desk.funding(LONG, None)
        desk.decide()
        assert desk.views[LONG].s.funding_rate == FAR
        assert desk.state.s.rate_ok[LONG] == int(assumed)
        assert math.isnan(net_apr(desk.state.s, 1, 1)) == (not assumed)
        assert math.isnan(desk.state.s.carry_bps) == (not assumed)
        assert math.isnan(desk.state.s.target[LONG]) == (not assumed)


@pytest.mark.parametrize(
    ("minutes", "rate", "barred"),
    [(10.0, 0.0001, True), (10.0 + 1e-6, 0.0001, False), (0.0, 0.0001, True), (5.0, 0.0, False), (5.0, -0.0001, False)],
)
def test_entries_are_barred_before_a_settlement_that_the_first_leg_would_pay(
    minutes: float, rate: float, barred: bool
) -> None:
    """S1-62, both first legs: the short one pays where the rate is negative."""
    desk = PairDesk()
    desk.now = T0 + 8 * HOUR - round(minutes * 60 * S)
    desk.funding(LONG, rate)
    desk.funding(SHORT, -rate)
    desk.decide()
    for leg in (LONG, SHORT):
        assert settlement_barred(desk.p.s, desk.state.s, leg, desk.now) == barred


def test_entries_are_barred_while_rate_or_calendar_is_unknown() -> None:
    desk = PairDesk(long=perpetual("a", funding_interval_ns=0))
    desk.funding(SHORT, None)
    desk.decide()
    assert settlement_barred(desk.p.s, desk.state.s, LONG, desk.now)
    assert settlement_barred(desk.p.s, desk.state.s, SHORT, desk.now)


@pytest.mark.parametrize(
    ("long", "short", "first", "keep"),
    [
        (0.0001, 0.0003, LONG, SHORT), (0.0003, 0.0001, LONG, SHORT), (-0.0003, 0.0001, SHORT, LONG),
        (-0.0001, 0.0003, LONG, SHORT), (0.0002, -0.0002, SHORT, SHORT), (0.0002, -0.0002, LONG, LONG),
        (None, 0.0001, LONG, NO_LEG), (0.0001, None, SHORT, NO_LEG),
    ],
)  # fmt: skip
def test_the_leg_with_the_better_funding_is_kept(
    long: float | None, short: float | None, first: int, keep: int
) -> None:  # fmt: skip
    """S1-41: a long earns -F, a short +F, per hour; a tie keeps the leg opened first."""
    desk = PairDesk()
    desk.funding(LONG, long)
    desk.funding(SHORT, short)
    desk.decide()
    assert better_leg(desk.state.s, first) == keep


def test_better_leg_is_judged_per_hour_not_per_interval() -> None:
    """A long that pays 0.01 % every hour is worse off than one that pays 0.04 % every 8 h."""
    desk = PairDesk(short=perpetual("b", funding_interval_ns=HOUR))
    desk.funding(LONG, -0.0004)
    desk.funding(SHORT, 0.0001)
    desk.decide()
    assert better_leg(desk.state.s, LONG) == SHORT
