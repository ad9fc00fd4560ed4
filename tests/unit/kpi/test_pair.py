"""Where a pair's money came from: three rounds worked out by hand, the identity, and the reference values.

All hand numbers are quote units (USDT); the measures give 1e-8 of them.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.pair import LONG, S0, S1, S2, S3, S4, SHORT
from core.domain.units import BUY, MONEY, SELL
from core.kpi.books import money_of
from core.kpi.pair import PairMoney, lots_in_grains
from tests.unit.kpi.desk import HOUR, T0
from tests.unit.kpi.pair_desk import LONG_VENUE, PairDesk, Play, btc


def units(quote: float) -> int:
    return round(quote * MONEY)


def in_ledgers(play: Play) -> int:
    return sum(money_of(play.desk, i).net for i in (LONG, SHORT))


def long_first() -> Play:
    """S0 -> S1 -> S2 -> S3 -> S4 -> S0 with 0.01 BTC: funding every 8 h on the long venue, every hour on the short."""
    play = Play()
    play.mid(LONG, 50_000.0)
    play.mid(SHORT, 50_010.0)
    play.state(S0, busy=1)
    play.trade(LONG, BUY, 50_000.1, 0.01)
    play.state(S1, first=LONG)
    play.mid(LONG, 50_250.0)  # the first leg has gained 0.5 %
    play.mid(SHORT, 50_260.0)
    play.state(S2, busy=1)
    play.trade(SHORT, SELL, 50_259.5, 0.01)
    play.state(S3)
    play.settle(SHORT, 0.00005)
    play.mid(LONG, 50_400.0)
    play.mid(SHORT, 50_380.0)
    play.settle(SHORT, 0.00005)
    play.settle(LONG, 0.0001)
    play.state(S3, busy=1)
    play.trade(SHORT, BUY, 50_379.5, 0.01, maker=True)
    play.state(S4)
    play.mid(LONG, 50_600.0)
    play.mid(SHORT, 50_610.0)
    play.state(S4, busy=1)
    play.trade(LONG, SELL, 50_599.9, 0.01)
    play.home()
    return play


def test_long_first_equals_the_hand_numbers() -> None:
    """S1-61, S1-26 with referral, K-07; issue 4 point 3.

    spread     locked from (50,250 | 50,260) to (50,400 | 50,380): (+150 - 120) x 0.01           = +0.30
    trend      S1 50,000 -> 50,250: +2.50; S4 50,400 -> 50,600: +2.00                            = +4.50
    execution  bought 0.1 above mid, sold 0.5 below, bought 0.5 below (maker), sold 0.1 below:
               -0.001 - 0.005 + 0.005 - 0.001                                                    = -0.002
    carry      short receives 502.60 x 0.00005 = 0.02513 and 503.80 x 0.00005 = 0.02519,
               long pays 504.00 x 0.0001 = 0.0504                                                = -0.00008
    fees       taker 2.0 bps less referral 0.2 = 1.8 bps: 500.001 -> 0.09000018, 502.595 -> 0.0904671,
               505.999 -> 0.09107982; maker -0.5 bps: 503.795 -> -0.02518975                     = +0.24635735
    net        0.30 + 4.50 - 0.00008 - 0.24635735 - 0.002                                        = +4.55156265
    """
    play = long_first()
    split = play.pair.money()
    assert split == PairMoney(spread=30_000_000, trend=450_000_000, carry=-8_000, fees=24_635_735, execution=-200_000)
    assert split.net == 455_156_265 == in_ledgers(play)
    assert play.pair.adopted == 0  # every position came by a fill
    # the same from cash: (50,599.9 - 50,000.1) x 0.01 + (50,259.5 - 50,379.5) x 0.01 = 5.998 - 1.2
    assert split.spread + split.trend + split.execution == units(5.998 - 1.2)


def test_short_first_equals_the_hand_numbers_with_a_residual() -> None:
    """S1-61 mirrored (K-13): the short leg first, the lock fills 0.008 of 0.01, so 0.002 stays trend.

    trend      S1 short 0.01, 50,000 -> 49,750: +2.50; locked, unhedged short 0.002, 49,750 -> 49,900: -0.30;
               S5 short 0.01, 49,900 -> 49,650: +2.50                                            = +4.70
    spread     0.008 long 49,760 -> 49,930: +1.36; 0.008 short 49,750 -> 49,900: -1.20           = +0.16
    execution  sold 0.5 below (0.01): -0.005; bought 0.1 above (0.008): -0.0008; sold the long 0.1 below
               (0.008): -0.0008; bought back at the mid (0.01): 0                                = -0.0066
    carry      long venue, 0.008 long at 49,930, rate -0.0002: receives 399.44 x 0.0002          = +0.079888
    fees       1.8 bps: 499.995 -> 0.0899991, 398.0808 -> 0.07165455, 399.4392 -> 0.07189906 (rounded up to 1e-8);
               maker -0.5 bps of 496.50 -> -0.024825                                             = +0.20872771
    net        0.16 + 4.70 + 0.079888 - 0.20872771 - 0.0066                                      = +4.72456029
    """
    play = Play()
    play.mid(LONG, 50_010.0)
    play.mid(SHORT, 50_000.0)
    play.trade(SHORT, SELL, 49_999.5, 0.01)
    play.state(S1, first=SHORT)
    play.mid(SHORT, 49_750.0)
    play.mid(LONG, 49_760.0)
    play.state(S2, busy=1)
    play.trade(LONG, BUY, 49_760.1, 0.008)
    play.state(S3)
    assert play.pair.capture.residual() == pytest.approx(0.2)
    play.mid(SHORT, 49_900.0)
    play.mid(LONG, 49_930.0)
    assert play.settle(LONG, -0.0002) == units(0.079888)
    play.trade(LONG, SELL, 49_929.9, 0.008)
    play.state(5)
    play.mid(SHORT, 49_650.0)
    play.trade(SHORT, BUY, 49_650.0, 0.01, maker=True)
    play.home()
    assert play.pair.money() == PairMoney(
        spread=16_000_000, trend=470_000_000, carry=7_988_800, fees=20_872_771, execution=-660_000
    )
    assert play.pair.money().net == 472_456_029 == in_ledgers(play)
    [episode] = play.pair.episodes.done
    assert (episode.first, episode.how, episode.money) == (SHORT, "short leg closed", play.pair.money())


def test_an_unlock_that_is_rolled_back_equals_the_hand_numbers() -> None:
    """S1-61, S1-32: of the short 0.006 of 0.01 are bought back, then the venue refuses; the long is cut to match.

    Locked 0.01 | 0.01 from (50,000 | 50,020). All fills at the mid's own side, 0.1 and 0.5 away.
    spread     0.01: (50,000 | 50,020) -> (50,100 | 50,090): (+100 - 70) x 0.01 = +0.30;
               0.004 left: (50,100 | 50,090) -> (50,060 | 50,070): (-40 + 20) x 0.004 = -0.08;
               rolled back to 0.004 | 0.004: -> (50,000 | 50,000): (-60 + 70) x 0.004 = +0.04    = +0.26
    trend      0.006 long unhedged, 50,100 -> 50,060                                             = -0.24
    execution  opening -0.001 - 0.005; short 0.006 back 0.5 above: -0.003; long 0.006 sold 0.1 below: -0.0006;
               both 0.004 closed: -0.0004 - 0.002                                                = -0.012
    """
    play = Play()
    play.mid(LONG, 50_000.0)
    play.mid(SHORT, 50_020.0)
    play.state(S1, busy=1, first=LONG)
    play.trade(LONG, BUY, 50_000.1, 0.01)
    play.trade(SHORT, SELL, 50_019.5, 0.01)
    play.state(S3)
    play.mid(LONG, 50_100.0)
    play.mid(SHORT, 50_090.0)
    play.state(S3, busy=1)
    play.trade(SHORT, BUY, 50_090.5, 0.006)
    assert play.pair.capture.residual() == pytest.approx(0.6)
    play.mid(LONG, 50_060.0)
    play.mid(SHORT, 50_070.0)
    play.trade(LONG, SELL, 50_059.9, 0.006)
    play.state(S3)
    assert play.pair.capture.residual() == 0.0
    play.mid(LONG, 50_000.0)
    play.mid(SHORT, 50_000.0)
    play.trade(LONG, SELL, 49_999.9, 0.004)
    play.trade(SHORT, BUY, 50_000.5, 0.004)
    play.home()
    split = play.pair.money()
    assert (split.spread, split.trend, split.execution) == (units(0.26), units(-0.24), units(-0.012))
    assert split.carry == 0
    # the same from cash: what each leg was sold for less what it was bought for
    cash = (50_059.9 * 0.006 + 49_999.9 * 0.004 - 500.001) + (500.195 - 50_090.5 * 0.006 - 50_000.5 * 0.004)
    assert split.spread + split.trend + split.execution == units(cash)
    assert split.net == in_ledgers(play)
    assert play.pair.adopted == 0
    [episode] = play.pair.episodes.done
    assert episode.how == "both legs closed"
    assert episode.fills == 6


@pytest.mark.parametrize(
    ("side", "arrival", "fills", "last", "trading"),
    [
        (SELL, 1999.0, [(1998.5, 2.0), (1998.0, 3.0)], 1990.0, 4.0),
        (BUY, 100.1, [(100.2, 30.0), (100.3, 50.0)], 100.8, 13.0),
    ],
    ids=["implementation_shortfall_sell_full", "implementation_shortfall_buy_partial"],
)  # fmt: skip
def test_execution_is_the_trading_part_of_the_reference_shortfalls(
    side: int, arrival: float, fills: list[tuple[float, float]], last: float, trading: float
) -> None:
    """Figures of values.json (Perold 1988): their `trading` cost is our execution, negative; the rest is trend."""
    leg = SHORT if side == SELL else LONG
    play = Play(PairDesk(btc("a", 0.1, 1.0, 8), btc("b", 0.1, 1.0, 8)))
    play.mid(LONG, arrival)
    play.mid(SHORT, arrival)
    for price, coins in fills:
        play.trade(leg, side, price, coins)
    play.mid(leg, last)
    held = sum(coins for _, coins in fills)
    split = play.pair.money()
    assert split.execution == units(-trading)
    assert split.trend == units((last - arrival) * held * (1 if side == BUY else -1))
    assert split.spread == split.carry == 0


def test_carry_is_the_reference_funding_payment() -> None:
    """values.json funding_hyperliquid_1pct: 10 long at 10,000, rate_1h 0.0011875 pays 118.75."""
    play = Play(PairDesk(btc("a", 0.1, 0.1, 1), btc("b", 0.1, 0.1, 1)))
    play.mid(LONG, 10_000.0)
    play.mid(SHORT, 10_000.0)
    play.trade(LONG, BUY, 10_000.0, 10.0)
    play.trade(SHORT, SELL, 10_000.0, 10.0)
    play.settle(LONG, 0.0011875)
    assert play.pair.money().carry == units(-118.75)
    play.settle(SHORT, 0.0011875)
    assert play.pair.money().carry == 0
    assert [(p.leg, p.rate, p.pos, p.amount) for p in play.pair.payments.kept] == [
        (LONG, 0.0011875, 100, units(-118.75)), (SHORT, 0.0011875, -100, units(118.75)),
    ]  # fmt: skip


def test_lots_of_both_venues_have_a_common_measure() -> None:
    assert lots_in_grains(LONG_VENUE, btc("b", 0.5, 0.0001, 1)) == (10, 1)
    assert lots_in_grains(btc("a", 0.1, 0.003, 8), btc("b", 0.1, 0.002, 8)) == (3, 2)
    assert lots_in_grains(btc("a", 0.1, 1e-05, 8), btc("b", 0.1, 1.0, 8)) == (1, 100_000)


def test_legs_that_point_the_same_way_hedge_nothing() -> None:
    play = Play()
    play.mid(LONG, 50_000.0)
    play.mid(SHORT, 50_000.0)
    for leg in (LONG, SHORT):
        play.trade(leg, BUY, 50_000.0, 0.01)
    play.mid(LONG, 50_100.0)
    play.mid(SHORT, 50_100.0)
    split = play.pair.money()
    assert (split.spread, split.trend) == (0, units(2.0))


def test_a_leg_without_a_book_catches_up_when_it_has_one_again() -> None:
    """Its way is counted on what is hedged then; nothing is lost."""
    play = Play()
    play.mid(LONG, 50_000.0)
    play.mid(SHORT, 50_000.0)
    play.trade(LONG, BUY, 50_000.0, 0.01)
    play.trade(SHORT, SELL, 50_000.0, 0.01)
    play.blind(SHORT)
    play.mid(LONG, 50_050.0)
    play.wait(2)
    play.trade(SHORT, BUY, 50_040.0, 0.01)  # priced at itself: no execution, 0.4 lost on the hedged way
    split = play.pair.money()
    assert (split.spread, split.trend, split.execution) == (units(0.5 - 0.4), 0, 0)
    assert split.net == in_ledgers(play)


def test_a_position_that_was_there_before_counts_from_the_first_mid() -> None:
    """A restart: what it made until then is trend, what it makes from then on is split like any other."""
    desk = PairDesk()
    for view in desk.views:
        view.s.book_ok = view.s.mark = 0
    play = Play(desk)
    long, short = (ledger.s for ledger in desk.ledgers)
    long.pos, long.cost = 10, 10 * 499_000 * 10_000  # adopted by a read after the start: 0.01 at 49,900
    short.pos, short.cost = -100, -100 * 100_000 * 5_000  # 0.01 at 50,000
    play.wait(1)
    assert play.pair.adopted == 2
    play.mid(LONG, 50_000.0)
    play.mid(SHORT, 50_000.0)
    play.wait(1)
    play.mid(LONG, 50_100.0)
    play.mid(SHORT, 50_070.0)
    split = play.pair.money()
    assert (split.spread, split.trend, split.execution) == (units(1.0 - 0.7), units(1.0), 0)
    assert split.net == in_ledgers(play)


LEGS = st.sampled_from([LONG, SHORT])
MOVES = st.one_of(
    st.tuples(st.just("mid"), LEGS, st.integers(1, 4_000)),
    st.tuples(st.just("fill"), LEGS, st.sampled_from([BUY, SELL]), st.integers(-20, 20), st.integers(1, 50)),
    st.tuples(st.just("fund"), LEGS, st.integers(-200_000, 200_000)),
    st.tuples(st.just("blind"), LEGS),
    st.tuples(st.just("wait"), st.integers(1, 5)),
    st.tuples(st.just("mark"), LEGS, st.integers(1, 4_000)),
)
# odd units and lots whose measure is no lot of either: every floor has something to cut off
GRIDS = [
    (btc("a", 0.1, 0.001, 8), btc("b", 0.5, 0.0001, 1)),
    (btc("a", 0.001, 0.00003, 8), btc("b", 0.00007, 0.002, 4)),
    (btc("a", 0.00001, 0.007, 8), btc("b", 0.01, 0.000011, 1)),
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(GRIDS), st.lists(MOVES, max_size=40))
def test_the_parts_sum_to_the_net_of_both_ledgers_to_the_last_unit(grids, moves) -> None:  # type: ignore[no-untyped-def]
    """S1-61: whatever fills, flips, gaps of the books and marks, and whatever is rounded."""
    play = Play(PairDesk(*grids))
    for i in (LONG, SHORT):
        play.desk.book(2_000, 2_003, i=i)
    for move in moves:
        kind, *rest = move
        if kind == "mid":
            leg, bid = rest
            play.desk.book(bid, bid + 1 + bid % 3, ts=play.now, i=leg)
            play.take()
        elif kind == "fill":
            leg, side, away, lots = rest
            x, view = play.desk.instruments[leg], play.desk.views[leg].s
            play.trade(leg, side, max(1, view.px[0][0] + away) * x.tick, lots * x.lot)
        elif kind == "fund":
            leg, rate = rest
            play.settle(leg, rate / 1e8, told=rate % 2 == 0)
        elif kind == "blind":
            play.blind(rest[0])
        elif kind == "wait":
            play.wait(rest[0])
        else:
            play.desk.views[rest[0]].s.mark = rest[1]
        split = play.pair.money()
        assert play.pair.adopted == 0
        assert split.spread + split.trend + split.carry - split.fees + split.execution == in_ledgers(play)
        assert split.carry == sum(ledger.s.funding for ledger in play.desk.ledgers)
        assert split.execution == sum(play.measures.attribution(i).spread for i in (LONG, SHORT))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(LEGS, st.integers(1_000, 4_000)), max_size=20), st.integers(1, 40))
def test_a_hedged_pair_has_no_trend_and_a_lone_leg_no_spread(moves, lots) -> None:  # type: ignore[no-untyped-def]
    """Up to the 1e-8 that rounding leaves in trend."""
    for both in (True, False):
        play = Play(PairDesk(*GRIDS[0]))
        for i in (LONG, SHORT):
            play.desk.book(2_000, 2_002, i=i)
        play.trade(LONG, BUY, 200.1, lots * 0.001)
        if both:
            play.trade(SHORT, SELL, 1_000.5, lots * 0.001)
        for leg, bid in moves:
            play.desk.book(bid, bid + 2, ts=play.now, i=leg)
            play.wait(1)
        split = play.pair.money()
        assert abs(split.trend if both else split.spread) <= (3 if both else 0)


def test_the_calendar_of_both_venues_follows_their_own_interval() -> None:
    """S1-52: at 12:00 UTC every 8 h is 16:00, 00:00, 08:00, every hour 13:00, 14:00, 15:00; the feed goes first."""
    play = Play()
    long, short = play.pair.upcoming(T0)
    assert [t - T0 for t in long.times] == [4 * HOUR, 12 * HOUR, 20 * HOUR]
    assert [t - T0 for t in short.times] == [HOUR, 2 * HOUR, 3 * HOUR]
    assert (long.interval_ns, short.interval_ns) == (8 * HOUR, HOUR)
    assert long.assumed  # no feed has told a rate
    assert long.rate == 0.0001
    view = play.desk.views[SHORT].s
    view.funding_rate, view.next_funding = 1_250, T0 + HOUR // 2
    [_, short] = play.pair.upcoming(T0)
    assert [t - T0 for t in short.times] == [HOUR // 2, 3 * HOUR // 2, 5 * HOUR // 2]
    assert (short.rate, short.assumed) == (0.0000125, False)
