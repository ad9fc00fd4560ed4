"""The gate: truth table over every condition and filter, both first legs, and the edge of each threshold."""

from __future__ import annotations

import itertools
import math

import pytest

from core.domain.pair import LONG, NONE, OPEN, SHORT
from core.strategies.pair_lock.blocks import (
    CARRY,
    CONDITIONS,
    GUARD_AHEAD,
    NO_ENTRIES,
    NO_PRICE,
    RESIDUAL,
    SETTLEMENT,
    TARGET,
    TREND,
    VOLATILITY,
)
from core.strategies.pair_lock.gate import can_add_exposure, count_bits
from core.strategies.pair_lock.prices import net_delta_ratio
from tests.unit.strategies.pair_lock.desk import HOUR, SOURCE, T0, PairDesk, S, perpetual

FILTERS = ("price", "volatility", "settlement", "residual", "risk")
# carry of 1 bp an hour without a cost to either leg alone: the long venue pays its longs, the short one its shorts
EARNS, PAYS_NOT = (-0.0004, 0.0004), (0.0, 0.0)


def gate_desk(leg: int, met: set[str]) -> PairDesk:
    """A desk at which exactly `met` of {trend, target, carry} and of FILTERS hold for a first leg."""
    target = 0.0035 if "target" in met else 0.0065
    desk = PairDesk(**{**SOURCE, "min_target_return": target, "first_leg": ("long", "short")[leg],
                       "settlement_bar_min": 10.0, "funding_horizon_sec": 0})  # fmt: skip
    if "settlement" not in met:  # both venues: a payment of either first leg in 9 minutes
        desk.now = T0 + 8 * HOUR - 540 * S
    rates = EARNS if "carry" in met else PAYS_NOT
    if "settlement" not in met:
        paid = 1e-6 if "carry" not in met else 0.0
        rates = (rates[0] + paid, rates[1] + paid) if leg == LONG else (rates[0] - paid, rates[1] - paid)
        if "carry" in met:  # the first leg pays, the other earns that and 1 bp an hour more
            rates = (0.00001, 0.00081) if leg == LONG else (-0.00081, -0.00001)
    for side in (LONG, SHORT):
        desk.price(side, 50_000.0)
        desk.funding(side, rates[side])
    desk.volatility(0.8 if "volatility" in met else 3.0)
    desk.trend((0.0009 if "trend" in met else 0.0007) * (1 if leg == LONG else -1))
    if "price" not in met:
        desk.fresh[1 - leg] = False
        desk.signals[1 - leg].s.ts_priced = desk.now - 3 * S
    if "residual" not in met:
        desk.hold(leg, 2)  # 0.002 of 0.01
    return desk


@pytest.mark.parametrize("leg", [LONG, SHORT])
def test_truth_table_of_the_gate(leg: int) -> None:
    """S1-13, K-10, K-13: 2 of the three conditions and every filter, over all 2^8 cases of each first leg."""
    names = ("trend", "target", "carry", *FILTERS)
    opened = 0
    for holds in itertools.product((False, True), repeat=len(names)):
        met = {name for name, value in zip(names, holds, strict=True) if value}
        desk = gate_desk(leg, met)
        wish = desk.decide(allowed=int("risk" in met))
        expected = len(met & {"trend", "target", "carry"}) >= 2 and met >= set(FILTERS)
        assert (wish.kind == OPEN) == expected, met
        if expected:
            assert (wish.leg, wish.side, wish.share, wish.value, wish.limit) == (
                leg, leg, 1.0, len(met & {"trend", "target", "carry"}), 2.0,
            )  # fmt: skip
        bits = sum(bit for name, bit in (("trend", TREND), ("target", TARGET), ("carry", CARRY)) if name in met)
        if "price" in met:
            assert desk.state.s.conditions[leg] == bits, met
        opened += wish.kind == OPEN
    assert opened == 4


@pytest.mark.parametrize("leg", [LONG, SHORT])
@pytest.mark.parametrize(
    ("missing", "reason"),
    [("price", NO_PRICE), ("volatility", VOLATILITY), ("settlement", SETTLEMENT), ("residual", RESIDUAL),
     ("risk", NO_ENTRIES)],
)  # fmt: skip
def test_a_closed_filter_names_itself_whatever_the_count(leg: int, missing: str, reason: int) -> None:
    """S1-17: outside the band no entry whatever the count."""
    desk = gate_desk(leg, {"trend", "target", "carry", *FILTERS} - {missing})
    wish = desk.decide(allowed=int(missing != "risk"))
    assert (wish.kind, wish.reason) == (NONE, reason)


@pytest.mark.parametrize("leg", [LONG, SHORT])
@pytest.mark.parametrize(("nudge", "holds"), [(-1e-9, False), (0.0, True), (1e-9, True)])
def test_trend_condition_at_its_edge(leg: int, nudge: float, holds: bool) -> None:
    """S1-14: (fast - slow) / price >= 0.0008."""
    desk = PairDesk()
    desk.trend((0.0008 + nudge) * (1 if leg == LONG else -1))
    desk.decide()
    assert bool(desk.state.s.conditions[leg] & TREND) == holds
    assert not desk.state.s.conditions[1 - leg] & TREND


@pytest.mark.parametrize("leg", [LONG, SHORT])
@pytest.mark.parametrize(("nudge", "holds"), [(-1e-9, False), (0.0, True), (1e-9, True)])
def test_target_condition_at_its_edge(leg: int, nudge: float, holds: bool) -> None:
    """S1-15: 0.00386 - 2 x 1.8 bps of fees = 0.0035."""
    desk = PairDesk(**{**SOURCE, "g_pct": 0.00386 + nudge, "funding_horizon_sec": 0})
    desk.decide()
    assert bool(desk.state.s.conditions[leg] & TARGET) == holds


@pytest.mark.parametrize("leg", [LONG, SHORT])
@pytest.mark.parametrize(("rate", "holds"), [(0.00079, False), (0.0008, True), (0.00081, True)])
def test_funding_condition_at_its_edge(leg: int, rate: float, holds: bool) -> None:
    """S1-16: 1 bp an hour is 8 bps per 8 h, whichever venue gives it."""
    desk = PairDesk()
    desk.funding(LONG, -rate if leg == LONG else 0.0)
    desk.funding(SHORT, 0.0 if leg == LONG else rate)
    desk.decide()
    assert [bool(desk.state.s.conditions[one] & CARRY) for one in (LONG, SHORT)] == [holds, holds]
    desk.funding(LONG, 0.0 if leg == LONG else rate)
    desk.funding(SHORT, -rate if leg == LONG else 0.0)  # the wrong sign
    desk.decide()
    assert not desk.state.s.conditions[leg] & CARRY


@pytest.mark.parametrize("leg", [LONG, SHORT])
@pytest.mark.parametrize(
    ("vol", "passes"),
    [(0.25 - 1e-9, False), (0.25, True), (0.25 + 1e-9, True), (2.5 - 1e-9, True), (2.5, True), (2.5 + 1e-9, False),
     (None, False), (math.nan, False), (math.inf, False)],
)  # fmt: skip
def test_volatility_band_at_both_edges(leg: int, vol: float | None, passes: bool) -> None:
    """S1-17: 0.25 and 2.5 pass; what is unknown does not."""
    desk = gate_desk(leg, {"trend", "target", "carry", *FILTERS})
    desk.volatility(vol)
    assert (desk.decide().kind == OPEN) == passes


def test_without_a_volatility_band_nothing_is_filtered() -> None:
    """K-31, S1-49."""
    desk = PairDesk()
    desk.trend(0.001)
    assert desk.decide().kind == OPEN


@pytest.mark.parametrize("leg", [LONG, SHORT])
@pytest.mark.parametrize(("share", "may"), [(0.0999, True), (0.10, True), (0.101, False)])
def test_residual_at_its_edge(leg: int, share: float, may: bool) -> None:
    """S1-23, K-27: 10 % may add, 10.1 % blocked; here of a pair of 1,000 lots, and before a first leg."""
    assert can_add_exposure(share, 0.10) == may
    desk = PairDesk(base_qty=10.0, long=perpetual("a", lot=0.001), short=perpetual("b", lot=0.001))
    desk.trend(0.001)
    desk.hold(leg, round(share * 10_000))
    wish = desk.decide()
    assert (wish.kind == OPEN) == may
    assert desk.state.s.residual == pytest.approx(share)


def test_an_unknown_residual_adds_nothing() -> None:
    assert not can_add_exposure(math.nan, 0.10)


@pytest.mark.parametrize(
    ("long", "short", "expected"),
    [(1.0, -1.0, 0.0), (1.0, -0.9, 0.1), (0.9, -1.0, 0.1), (1.0, 0.0, 1.0), (0.002, 0.0, 0.2), (0.5, 0.5, 2.0)],
)
def test_residual_is_the_net_of_both_legs_over_the_larger(long: float, short: float, expected: float) -> None:
    """S1-23, K-27: of a locked pair what is not hedged; dust counts against baseQty (0.01)."""
    assert net_delta_ratio(long, short, 0.01) == pytest.approx(expected)
    assert math.isnan(net_delta_ratio(0.0, 0.0, 0.0))


@pytest.mark.parametrize("leg", [LONG, SHORT])
@pytest.mark.parametrize(("apr", "opens"), [(0.30, True), (0.31, False)])
def test_no_entry_into_what_the_funding_guard_would_cut(leg: int, apr: float, opens: bool) -> None:
    rate = apr / 1095
    desk = PairDesk(first_leg=("long", "short")[leg], long=perpetual("a", funding_interval_ns=8 * HOUR))
    desk.trend(0.001 if leg == LONG else -0.001)
    desk.funding(LONG, rate if leg == LONG else 0.0)
    desk.funding(SHORT, 0.0 if leg == LONG else -rate)
    desk.p.s.funding_guard_apr = 0.30 + 1e-4  # rates come in 1e-8: 0.30 itself is not on that grid
    wish = desk.decide()
    assert (wish.kind == OPEN) == opens
    assert opens or wish.reason == GUARD_AHEAD


def test_no_entry_into_a_pair_that_the_funding_guard_would_cut() -> None:
    """Either leg alone pays 21.9 % a year, both together 43.8 %."""
    desk = PairDesk()
    desk.trend(0.001)
    desk.funding(LONG, 0.0002)
    desk.funding(SHORT, -0.0002)
    assert (desk.decide().kind, desk.state.s.barred[LONG], desk.state.s.barred[SHORT]) == (
        NONE, GUARD_AHEAD, GUARD_AHEAD,
    )  # fmt: skip


@pytest.mark.parametrize("paying", [LONG, SHORT])
def test_two_first_legs_barred_for_two_reasons_name_the_same_one_in_both_mirrors(paying: int) -> None:
    """One would pay at a settlement in 5 minutes, the other's venue is too wild."""
    desk = PairDesk(vmin=0.1, vmax=2.0)
    desk.volatility(1.0)
    desk.state.s.vol[1 - paying] = 3.0
    desk.now = T0 + 8 * HOUR - 300 * S
    desk.funding(LONG, 0.0001 if paying == LONG else -0.0001)
    desk.funding(SHORT, 0.0001 if paying == LONG else -0.0001)
    wish = desk.decide()
    assert list(desk.state.s.barred) == ([SETTLEMENT, VOLATILITY] if paying == LONG else [VOLATILITY, SETTLEMENT])
    assert wish.reason == VOLATILITY


def test_both_first_legs_pass_then_the_trend_chooses() -> None:
    desk = PairDesk(min_conditions=1)
    for gap, leg in ((0.0005, LONG), (-0.0005, SHORT), (0.0, LONG)):
        desk.trend(gap)
        assert (desk.decide().kind, desk.wish.s.leg) == (OPEN, leg)


def test_more_conditions_go_before_a_choice_by_trend() -> None:
    desk = PairDesk(min_conditions=1)
    desk.trend(0.0)
    desk.warm(SHORT, 49_950.0, 50_000.0)
    assert (desk.decide().kind, desk.wish.s.leg) == (OPEN, SHORT)


@pytest.mark.parametrize(("only", "gap"), [("long", -0.001), ("short", 0.001)])
def test_first_leg_can_be_kept_to_one_side(only: str, gap: float) -> None:
    desk = PairDesk(first_leg=only)
    desk.trend(gap)
    wish = desk.decide()
    assert (wish.kind, wish.reason, wish.value, wish.limit) == (NONE, CONDITIONS, 1.0, 2.0)


@pytest.mark.parametrize("spoil", ["funding", "averages", "nan"])
def test_what_is_unknown_holds_no_condition(spoil: str) -> None:
    desk = PairDesk(min_conditions=1, g_pct=0.001)
    if spoil == "averages":
        desk.state.s.ema_n[LONG] = desk.state.s.ema_n[SHORT] = 0
    else:
        desk.trend(math.nan if spoil == "nan" else 0.0)
    if spoil == "funding":
        desk.funding(LONG, None)
    wish = desk.decide()
    assert wish.kind == NONE
    assert list(desk.state.s.conditions) == [0, 0]


def test_bits_are_counted() -> None:
    assert [count_bits(bits) for bits in range(8)] == [0, 1, 1, 2, 1, 2, 2, 3]
