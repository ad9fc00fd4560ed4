"""Episodes of a pair, S0 to S0: times, money, ends; and the payments of funding with their rates."""

from __future__ import annotations

import pytest

from core.domain.order import FUNDED, Report
from core.domain.pair import LONG, S0, S1, S2, S3, S4, S5, SHORT
from core.domain.units import BUY, FAR, NS_PER_S, SELL
from core.kpi.episodes import KEPT, PATH, Episodes
from core.kpi.pair import PairMoney
from tests.unit.kpi.desk import HOUR, T0, Desk
from tests.unit.kpi.pair_desk import PairDesk, Play
from tests.unit.kpi.test_pair import long_first


def made(*states: tuple[int, int]) -> Play:
    """A pair that goes through these states, so many seconds each, then home."""
    play = Play()
    play.take()
    for state, seconds in states:
        play.state(state, busy=int(state == S2))
        if state == S1:
            play.trade(LONG, BUY, 2_500.1, 0.01)
        play.wait(seconds)
    play.home()
    return play


@pytest.mark.parametrize(
    ("states", "how"),
    [
        ([(S1, 5)], "first leg closed"),
        ([(S1, 5), (S2, 1)], "rolled back"),
        ([(S1, 5), (S2, 1), (S3, 60)], "both legs closed"),
        ([(S1, 5), (S2, 1), (S3, 60), (S4, 7)], "long leg closed"),
        ([(S1, 5), (S2, 1), (S3, 60), (S5, 7)], "short leg closed"),
    ],
)
def test_an_episode_names_its_way_its_times_and_its_end(states: list[tuple[int, int]], how: str) -> None:
    play = made(*states)
    [episode] = play.pair.episodes.done
    assert episode.how == how
    assert episode.path == [S0, *[state for state, _ in states], S0]
    expected = [0] * 6
    for state, seconds in states:
        expected[state] = seconds * NS_PER_S
    assert episode.in_state == expected
    assert episode.ended - episode.started == sum(expected)
    assert episode.started == T0
    assert play.pair.running(play.now) is None


@pytest.mark.parametrize(
    ("way", "how"),
    [
        ([(S1, 0), (S4, 1)], "first leg closed"),  # a stop in S1 is an exit of a lone long leg
        ([(S1, 0), (S3, 0), (S3, 1), (S5, 1)], "both legs closed"),  # in step, the long one slice ahead
        ([(S1, 0), (S3, 0), (S3, 1), (S2, 1)], "rolled back"),  # an unlock that failed
        ([(S1, 0), (S3, 0), (S3, 1), (S2, 1), (S3, 0), (S3, 1)], "both legs closed"),
        ([(S1, 0), (S2, 1), (S3, 0), (S3, 1), (S4, 0), (S4, 1)], "long leg closed"),
        ([(S1, 1)], "opened and closed again"),
    ],
)
def test_states_passed_on_the_way_out_do_not_name_the_end(way: list[tuple[int, int]], how: str) -> None:
    """The second figure is `busy`."""
    play = Play()
    play.take()
    play.state(S1, busy=1)
    play.trade(LONG, BUY, 2_500.1, 0.01)
    for state, busy in way:
        play.state(state, busy=busy)
    play.home()
    assert play.pair.episodes.done[0].how == how


def test_an_opening_that_fills_nothing_says_so() -> None:
    play = Play()
    play.take()
    play.state(S1, busy=1)
    play.home()
    [episode] = play.pair.episodes.done
    assert (episode.how, episode.fills, episode.money) == ("nothing was filled", 0, PairMoney())


def test_the_money_of_episodes_and_of_nothing_else_is_the_whole_split() -> None:
    """The fill that opens comes before S1 is declared: it belongs to the episode."""
    play = long_first()
    play.state(S0, busy=1)
    play.trade(SHORT, SELL, 50_609.5, 0.01)
    play.state(S1, first=SHORT)
    play.mid(SHORT, 51_200.0)
    running = play.pair.running(play.now)
    assert running is not None
    assert (running.number, running.first, running.ended, running.fills) == (2, SHORT, 0, 1)
    [one] = play.pair.episodes.done
    assert (one.first, one.fills, one.how) == (LONG, 4, "long leg closed")
    assert one.money.plus(running.money) == play.pair.money()
    assert running.money.trend == -590 * 1_000_000  # 0.01 short, 50,610 -> 51,200
    assert running.money.execution == -500_000


def test_a_fill_that_is_taken_back_before_s1_is_an_episode_too() -> None:
    play = Play()
    play.take()
    play.state(S0, busy=1)
    play.trade(LONG, BUY, 2_500.1, 0.01)
    play.trade(LONG, SELL, 2_500.0, 0.01)
    play.home()
    [episode] = play.pair.episodes.done
    assert (episode.how, episode.path, episode.fills) == ("opened and closed again", [S0], 2)
    assert episode.money == play.pair.money()


def test_the_wish_that_was_acted_on_stands_in_the_episode() -> None:
    play = Play()
    play.take()
    play.state(S4)
    play.desk.wish = "S4 long only: exit: rebound (0.006 against 0.005)"
    play.state(S4, busy=1)
    play.desk.wish = "S0 idle: none: too few conditions"
    play.home()
    assert play.pair.episodes.done[0].why == "S4 long only: exit: rebound (0.006 against 0.005)"


def test_an_episode_that_runs_when_the_process_starts_is_marked() -> None:
    play = Play()
    play.desk.status.s.state = S3
    play.take()
    running = play.pair.running(play.now)
    assert running is not None
    assert running.resumed
    assert running.path == [S0, S3]
    assert running.in_state == [0] * 6


def test_a_position_in_s0_moves_no_episode() -> None:
    """Dust: its money belongs to none."""
    play = Play()
    play.mid(LONG, 50_000.0)
    play.trade(LONG, BUY, 50_000.0, 0.001)
    play.wait(2)  # bought and home: one episode without a state of its own
    play.mid(LONG, 51_000.0)
    play.wait(2)
    play.state(S1)
    play.home()
    first, second = play.pair.episodes.done
    assert (first.money.trend, second.money.trend) == (0, 0)
    assert play.pair.money().trend == 100_000_000


def test_a_pair_that_opens_again_at_once_begins_another_episode() -> None:
    play = Play()
    play.take()
    play.state(S1)
    play.state(S0)
    play.state(S0, busy=1)
    play.state(S1)
    play.home()
    assert [episode.path for episode in play.pair.episodes.done] == [[S0, S1, S0], [S0, S1, S0]]


def test_episodes_are_bounded_and_counted() -> None:
    episodes = Episodes(PairMoney, str)
    for k in range(KEPT + 10):
        for ts, state in enumerate((S0, S1, S0, S0)):
            episodes.see(10 * k + ts, state, False, LONG, 0)
    assert (len(episodes.done), episodes.ended, episodes.count) == (KEPT, KEPT + 10, KEPT + 10)
    assert episodes.done[-1].number == KEPT + 10
    for k in range(200):
        episodes.see(10_000 + k, S3 if k % 2 else S4, False, LONG, 0)
    assert episodes.open is not None
    assert len(episodes.open.path) == PATH
    assert episodes.open.path[0] == S0


def test_a_desk_without_pairs_has_none() -> None:
    from core.kpi.measures import Measures

    measures = Measures(Desk(), T0)
    assert measures.pairs == []
    assert measures.paired == {}


def test_each_payment_has_its_time_rate_position_and_mark() -> None:
    """Issue 4 point 3. The rate is the one told for that settlement, not the next one's."""
    play = long_first()
    first, second, third = play.pair.payments.kept
    assert (first.leg, first.rate, first.assumed, first.pos, first.mark, first.amount) == (
        SHORT, 0.00005, False, -100, 50_260.0, 2_513_000
    )  # fmt: skip
    assert (second.leg, second.amount) == (SHORT, 2_519_000)
    assert (third.leg, third.rate, third.pos, third.amount) == (LONG, 0.0001, 10, -5_040_000)
    assert third.ts == play.now - 3_000_000  # the venue's time, not when we heard of it


def test_the_rate_of_a_settlement_is_the_one_announced_for_it() -> None:
    play = Play()
    play.mid(LONG, 50_000.0)
    play.trade(LONG, BUY, 50_000.0, 0.01)
    view = play.desk.views[LONG].s
    settlement = T0 + HOUR
    view.next_funding, view.funding_rate = settlement, 10_000
    play.take()
    view.funding_rate = 12_000
    play.take()
    view.next_funding, view.funding_rate = settlement + 8 * HOUR, -7_000
    play.now = settlement + NS_PER_S
    play.take()
    play.desk.ledgers[LONG].s.funding -= 6_000_000
    play.take(Report(LONG, FUNDED, settlement, amount=-6_000_000))
    [payment] = play.pair.payments.kept
    assert (payment.rate, payment.pos, payment.mark) == (0.00012, 10, None)  # a venue that tells only the amount


def test_funding_that_no_report_told_is_still_a_payment() -> None:
    """A read after a gap books it in the ledger: its time is the booking's, its rate the config's if none is told."""
    play = Play()
    play.desk.views[SHORT].s.funding_rate = FAR
    play.now += 5 * NS_PER_S
    play.desk.ledgers[SHORT].s.funding += 77
    play.take()
    [payment] = play.pair.payments.kept
    assert (payment.leg, payment.amount, payment.ts, payment.assumed) == (SHORT, 77, play.now, True)
    assert play.pair.payments.since(0) == [payment]
    assert play.pair.payments.since(1) == []


def test_two_settlements_in_one_step_are_two_payments_and_a_share_is_one() -> None:
    play = Play(PairDesk())
    ledger = play.desk.ledgers[LONG].s
    ledger.funding += 30
    play.take(Report(LONG, FUNDED, T0, amount=10), Report(LONG, FUNDED, T0 + 1, amount=20))
    assert [p.amount for p in play.pair.payments.kept] == [10, 20]
    ledger.funding += 4  # another strategy's ledger has the other half
    play.take(Report(LONG, FUNDED, T0 + 2, amount=8))
    assert [p.amount for p in play.pair.payments.kept] == [10, 20, 4]


def test_a_fill_told_just_after_the_return_belongs_to_the_episode_that_it_closed() -> None:
    """A read told the flat position first: no episode of its own for the fill, and no unit of money lost between."""
    play = Play()
    play.mid(LONG, 50_000.0)
    play.mid(SHORT, 50_000.0)
    play.state(S0, busy=1)
    play.trade(LONG, BUY, 50_000.1, 0.01)
    play.state(S1, first=LONG)
    play.mid(LONG, 50_100.0)
    play.home()
    [episode] = play.pair.episodes.done
    assert episode.fills == 1
    play.wait(1)
    play.trade(LONG, SELL, 50_099.9, 0.01)
    play.take()
    assert (episode.fills, play.pair.episodes.count, play.pair.episodes.open) == (2, 1, None)
    assert episode.money == play.pair.money()
    play.wait(6)
    play.trade(LONG, BUY, 50_100.0, 0.01)  # too long after it
    assert play.pair.episodes.count == 2
    assert episode.fills == 2
