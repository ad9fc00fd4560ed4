"""What lies within trend and execution of a pair: the naked part, and slippage against the mid at the decision."""

from __future__ import annotations

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from core.domain.pair import LONG, S1, S2, S3, SHORT
from core.domain.units import BUY, MONEY, SELL
from core.kpi.pair import PairCosts
from tests.unit.kpi.desk import T0
from tests.unit.kpi.pair_desk import Eyes, PairDesk, Play, btc

SEED = 20_261_121


def units(quote: float) -> int:
    return round(quote * MONEY)


def test_slippage_is_counted_from_the_decision_and_the_wait_is_the_rest_of_execution() -> None:
    """S1-06: bought at 50,020.1 while the mid went from 50,000 to 50,020: 0.1 against the fill's mid, 20.1 against the
    decision's, and the way between, 20.0, is in no other part, since nothing was held."""
    play = Play()
    play.mid(LONG, 50_000.0)
    play.mid(SHORT, 50_000.0)
    play.trade(LONG, BUY, 50_020.1, 0.01, moved_to=50_020.0)
    split, costs = play.pair.money(), play.pair.costs()
    assert (split.execution, costs.slippage) == (units(-0.001), units(-0.201))
    assert split.execution - costs.slippage == units(0.2)
    assert (split.trend, split.spread) == (0, 0)
    play.trade(SHORT, SELL, 50_010.0, 0.01, moved_to=50_010.5)  # the mid came towards the order: 10 gained since then
    assert play.pair.costs().slippage == units(-0.201 + 0.1)
    assert play.pair.money().execution == units(-0.001 - 0.005)


def test_what_moves_while_naked_is_named_and_stays_within_trend() -> None:
    """K-27: S1 holds one leg as declared; from the lock on the missing leg is a residual.

    trend +2.50 in S1, -0.30 while the lock works, of it only that one naked; hedged from then on."""
    eyes = Eyes()
    play = Play(PairDesk(eyes=eyes))
    play.mid(LONG, 50_000.0)
    play.mid(SHORT, 50_010.0)
    play.trade(LONG, BUY, 50_000.0, 0.01)
    play.state(S1, first=LONG)
    play.mid(LONG, 50_250.0)
    eyes.since = play.now or 1
    play.state(S2, busy=1)
    play.mid(LONG, 50_220.0)
    assert play.pair.costs().naked == units(-0.30)  # also while it runs
    play.trade(SHORT, SELL, 50_010.0, 0.01)
    eyes.since = 0
    play.state(S3)
    play.mid(LONG, 50_300.0)
    play.mid(SHORT, 50_100.0)
    assert play.pair.money().trend == units(2.20)
    assert play.pair.costs() == PairCosts(naked=units(-0.30), slippage=0)
    assert play.pair.money().spread == units(0.8 - 0.9)


def test_a_naked_stretch_is_counted_to_the_mark_at_which_the_ledgers_value_it() -> None:
    eyes = Eyes()
    play = Play(PairDesk(eyes=eyes))
    play.mid(LONG, 50_000.0)
    play.mid(SHORT, 50_000.0)
    eyes.since = T0
    play.trade(LONG, BUY, 50_000.0, 0.01)
    play.state(S2, busy=1)
    play.desk.views[LONG].s.mark = 500_100  # ticks: 50,010
    assert play.pair.costs().naked == play.pair.money().trend == units(0.1)


LEGS = st.sampled_from([LONG, SHORT])
MOVES = st.one_of(
    st.tuples(st.just("mid"), LEGS, st.integers(1, 4_000)),
    st.tuples(st.just("fill"), LEGS, st.sampled_from([BUY, SELL]), st.integers(-20, 20), st.integers(1, 50)),
    st.tuples(st.just("bare"), st.booleans()),
    st.tuples(st.just("blind"), LEGS),
)
GRIDS = [
    (btc("a", 0.1, 0.001, 8), btc("b", 0.5, 0.0001, 4)),
    (btc("a", 0.001, 0.00003, 4), btc("b", 0.00007, 0.002, 1)),
]


@seed(SEED)
@settings(max_examples=120, deadline=None)
@given(st.sampled_from(GRIDS), st.lists(MOVES, max_size=40))
def test_naked_and_declared_trend_sum_to_the_trend_whatever_happens(grids, moves) -> None:  # type: ignore[no-untyped-def]
    """S1-61 to the last 1e-8: two runs of the same moves, naked at opposite times, share the trend between them (up to
    the units that rounding down leaves: one a run, and what the trend itself takes from spread and execution)."""
    out = []
    for turned in (False, True):
        eyes = Eyes()
        play = Play(PairDesk(*grids, eyes=eyes))
        eyes.since = int(turned)
        for i in (LONG, SHORT):
            play.desk.book(2_000, 2_003, i=i)
        play.take()
        for kind, *rest in moves:
            if kind == "mid":
                leg, bid = rest
                play.desk.book(bid, bid + 1 + bid % 3, ts=play.now, i=leg)
                play.take()
            elif kind == "fill":
                leg, side, away, lots = rest
                x, view = play.desk.instruments[leg], play.desk.views[leg].s
                play.trade(leg, side, max(1, view.px[0][0] + away) * x.tick, lots * x.lot)
            elif kind == "bare":
                eyes.since = int(rest[0] != turned)
                play.take()
            else:
                play.blind(rest[0])
        out.append((play.pair.money(), play.pair.costs()))
    (money, costs), (again, turned_costs) = out
    assert money == again  # nakedness cuts a part in two and moves nothing between parts
    assert 0 <= money.trend - costs.naked - turned_costs.naked <= 5
    net = money.spread + money.trend + money.carry - money.fees + money.execution
    assert net == sum(ledger.s.realised for ledger in play.desk.ledgers) + sum(
        play.measures.money(i).unrealised for i in (LONG, SHORT)
    ) - sum(ledger.s.fees for ledger in play.desk.ledgers)


@pytest.mark.parametrize("told", [True, False])
def test_without_eyes_nothing_is_called_naked(told: bool) -> None:
    play = Play(PairDesk(eyes=Eyes() if told else None))
    play.mid(LONG, 50_000.0)
    play.trade(LONG, BUY, 50_000.0, 0.01)
    play.state(S2, busy=1)
    play.mid(LONG, 50_100.0)
    assert play.pair.costs().naked == 0
    assert play.pair.money().trend == units(1.0)
