"""The split of a pair with a backup venue: three ledgers, exact to the last unit, whichever leg the third one plays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.instrument import Instrument
from core.domain.pair import LONG, S1, S3, SHORT, PairStatus
from core.domain.units import BUY, FAR, MONEY, SELL
from core.kpi.books import PairLegs, money_of
from core.kpi.pair import lots_in_grains
from tests.unit.kpi.desk import Desk
from tests.unit.kpi.pair_desk import LONG_VENUE, SHORT_VENUE, PairDesk, Play, btc

BACKUP = 2
THIRD_VENUE = btc("standx", 0.01, 0.0002, 1)
ALL = (LONG, SHORT, BACKUP)


class ThreeDesk(PairDesk):
    """Ledger 2 on the backup venue; `playing` is set by hand."""

    def __init__(self, *instruments: Instrument) -> None:
        Desk.__init__(self, ("pair_lock",) * 3)
        self.eyes = None
        self.instruments = list(instruments or (LONG_VENUE, SHORT_VENUE, THIRD_VENUE))
        self.status = PairStatus(first=-1)
        self.wish = self.waits = ""
        self.playing = (LONG, SHORT)
        for view in self.views:
            view.s.funding_rate = FAR

    def pairs(self) -> tuple[PairLegs, ...]:
        return (
            PairLegs(
                "lock", LONG, SHORT, self.status, lambda: self.wish, lambda: self.waits, None, BACKUP,
                lambda: self.playing,
            ),
        )  # fmt: skip


def units(quote: float) -> int:
    return round(quote * MONEY)


def in_ledgers(play: Play) -> int:
    return sum(money_of(play.desk, i).net for i in ALL)


@pytest.mark.parametrize("leg", [SHORT, LONG])
def test_a_lock_on_the_backup_equals_the_hand_numbers(leg: int) -> None:
    """S1-54, S1-61: leg A opened, hedged on C, both closed; B never traded. 0.01 BTC, mids 50,000.

    trend   alone 50,000 -> 50,250: 2.50 for a long first leg, -2.50 for a short one
    spread  hedged: A 50,250 -> 50,400, C 50,250 -> 50,380: (+150 - 130) x 0.01 = +0.20, mirrored -0.20
    carry   C settles 0.0001 of 503.80: the short receives 0.05038, the long pays it
    """
    desk = ThreeDesk()
    play, first, sign = Play(desk), 1 - leg, 1 if leg == SHORT else -1
    for i in ALL:
        play.mid(i, 50_000.0)
    opens, closes = (BUY, SELL) if first == LONG else (SELL, BUY)
    play.trade(first, opens, 50_000.0, 0.01)
    play.state(S1, first=first)
    for i in ALL:
        play.mid(i, 50_250.0)
    desk.playing = (LONG, BACKUP) if leg == SHORT else (BACKUP, SHORT)
    play.trade(BACKUP, closes, 50_250.0, 0.01)
    play.state(S3)
    assert play.pair.capture.residual() == 0.0
    play.mid(first, 50_400.0)
    play.mid(BACKUP, 50_380.0)
    play.mid(leg, 55_000.0)  # where nothing of ours is
    assert play.settle(BACKUP, 0.0001) == units(0.05038) * sign
    assert play.pair.spread() == pytest.approx(sign * 20.0)
    play.trade(BACKUP, opens, 50_380.0, 0.01)
    play.trade(first, closes, 50_400.0, 0.01)
    play.home()
    split = play.pair.money()
    assert (split.trend, split.spread, split.carry) == (units(2.5) * sign, units(0.2) * sign, units(0.05038) * sign)
    assert split.execution == 0 and split.net == in_ledgers(play)
    assert (play.pair.on_backup, play.pair.moved, play.pair.adopted) == (leg, 1, 0)
    assert [p.leg for p in play.pair.payments.kept] == [BACKUP]
    desk.playing = (LONG, SHORT)
    play.take()
    assert (play.pair.on_backup, play.pair.moved) == (-1, 1)


def test_a_late_fill_on_the_old_venue_hedges_first_and_the_rest_is_trend() -> None:
    """Short of A and C against one long: as much of the shorts as there is of the long, the leg's own venue first."""
    play = Play(ThreeDesk())
    for i in ALL:
        play.mid(i, 50_000.0)
    play.trade(LONG, BUY, 50_000.0, 0.01)
    play.trade(BACKUP, SELL, 50_000.0, 0.01)
    play.trade(SHORT, SELL, 50_000.0, 0.004)
    grains = play.pair.capture.grains
    lots = [capture.pos for capture in play.pair.capture.captures]
    assert play.pair.capture.matched() == (lots[0] * grains[0], lots[1] * grains[1], lots[2] * grains[2] * 6 // 10)
    for i in ALL:
        play.mid(i, 50_100.0)
    split = play.pair.money()
    assert (split.spread, split.trend) == (0, units(-0.4)) and split.net == in_ledgers(play)


def test_lots_of_three_venues_have_a_common_measure() -> None:
    assert lots_in_grains(LONG_VENUE, SHORT_VENUE, THIRD_VENUE) == (10, 1, 2)
    assert lots_in_grains(btc("a", 0.1, 0.003, 8), btc("b", 0.1, 0.002, 8), btc("c", 0.1, 0.005, 8)) == (3, 2, 5)


LEDGERS = st.sampled_from(ALL)
MOVES = st.one_of(
    st.tuples(st.just("mid"), LEDGERS, st.integers(1, 4_000)),
    st.tuples(st.just("fill"), LEDGERS, st.sampled_from([BUY, SELL]), st.integers(-20, 20), st.integers(1, 50)),
    st.tuples(st.just("fund"), LEDGERS, st.integers(-200_000, 200_000)),
    st.tuples(st.just("blind"), LEDGERS),
    st.tuples(st.just("wait"), st.integers(1, 5)),
    st.tuples(st.just("mark"), LEDGERS, st.integers(1, 4_000)),
    st.tuples(st.just("play"), st.sampled_from([(LONG, SHORT), (BACKUP, SHORT), (LONG, BACKUP)])),
)
# odd units, and lots whose measure is no lot of any
GRIDS = [
    (LONG_VENUE, SHORT_VENUE, THIRD_VENUE),
    (btc("a", 0.001, 0.00003, 8), btc("b", 0.00007, 0.002, 4), btc("c", 0.0011, 0.00013, 1)),
    (btc("a", 0.00001, 0.007, 8), btc("b", 0.01, 0.000011, 1), btc("c", 0.3, 0.05, 8)),
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(GRIDS), st.lists(MOVES, max_size=40))
def test_the_parts_sum_to_the_net_of_all_three_ledgers_to_the_last_unit(grids, moves) -> None:  # type: ignore[no-untyped-def]
    """S1-61 with a backup: whatever fills where, flips, gaps, marks and switches, and whatever is rounded."""
    desk = ThreeDesk(*grids)
    play = Play(desk)
    for i in ALL:
        desk.book(2_000, 2_003, i=i)
    for kind, *rest in moves:
        if kind == "mid":
            i, bid = rest
            desk.book(bid, bid + 1 + bid % 3, ts=play.now, i=i)
            play.take()
        elif kind == "fill":
            i, side, away, lots = rest
            x, view = desk.instruments[i], desk.views[i].s
            play.trade(i, side, max(1, view.px[0][0] + away) * x.tick, lots * x.lot)
        elif kind == "fund":
            i, rate = rest
            play.settle(i, rate / 1e8, told=rate % 2 == 0)
        elif kind == "blind":
            play.blind(rest[0])
        elif kind == "wait":
            play.wait(rest[0])
        elif kind == "mark":
            desk.views[rest[0]].s.mark = rest[1]
        else:
            desk.playing = rest[0]
            play.take()
        split = play.pair.money()
        assert play.pair.adopted == 0
        assert split.spread + split.trend + split.carry - split.fees + split.execution == in_ledgers(play)
        assert split.carry == sum(ledger.s.funding for ledger in desk.ledgers)
        assert split.execution == sum(play.measures.attribution(i).spread for i in ALL)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(GRIDS), st.lists(st.tuples(LEDGERS, st.sampled_from([BUY, SELL]), st.integers(1, 50)), max_size=20)
)
def test_what_is_hedged_is_as_large_on_both_sides_and_within_each_position(grids, fills) -> None:  # type: ignore[no-untyped-def]
    play = Play(ThreeDesk(*grids))
    for i in ALL:
        play.desk.book(2_000, 2_003, i=i)
    for i, side, lots in fills:
        x = play.desk.instruments[i]
        play.trade(i, side, 2_001 * x.tick, lots * x.lot)
        held, matched = play.pair.capture.held(), play.pair.capture.matched()
        assert sum(matched) == 0
        assert all(0 <= part <= g if g >= 0 else g <= part <= 0 for part, g in zip(matched, held, strict=True))
        assert abs(sum(held)) == sum(abs(g - part) for g, part in zip(held, matched, strict=True))
