"""When the account is read for an order whose fate nobody knows: when a list can first say something of it, not with
the next period and not every second (RELIABILITY 2.3; each round costs weight that orders are sent with)."""

from __future__ import annotations

import pytest

from core.domain.events import Read, ReadReply
from core.domain.lateness import LAG_NS
from core.domain.order import CANCEL_REJECTED, LIVE, SLOTS, UNKNOWN, Report
from core.domain.reasons import UNKNOWN_ORDER_ID
from core.domain.units import FAR, NS_PER_S
from core.engine.crosscheck import PERIOD_NS, READS, RETRY_NS
from core.execution.absence import ARRIVES_NS
from tests.simulation.live_rig import LiveRig

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")


def test_a_lost_answer_brings_the_first_round_that_can_say_something_forward() -> None:
    async def script(rig: LiveRig) -> None:
        await rig.to(15)
        check, timers = rig.engine.check.each[0], rig.engine.timers
        rig.venue.weather.until_s, rig.venue.weather.lose_before = 1e9, 1.0
        while not rig.ledger.n_unknown:
            await rig.to(rig.venue.t + 0.01)
        o, now = rig.ledger, rig.venue.clock.now()
        slots = [i for i in range(SLOTS) if o.state[i] == UNKNOWN]
        words = [o.ts_ack[i] + LAG_NS + 1 if o.ts_ack[i] else o.ts_placed[i] + ARRIVES_NS for i in slots]
        soon = max(now + RETRY_NS, min(words) + 1)
        assert now < soon < now + PERIOD_NS
        timers.at(now + PERIOD_NS, check.timer)
        check.soon(now)
        assert timers.when(check.timer) == soon
        timers.at(now + 1, check.timer)
        check.soon(now)
        assert timers.when(check.timer) == now + 1, "never later"
        check.ask(now, [])
        check.soon(now)
        assert timers.when(check.timer) == now + PERIOD_NS, "a round under way is left alone"

    LiveRig(5).run(script)


def test_a_minute_of_lost_answers_costs_no_more_than_two_rounds_for_each_and_one_a_period() -> None:
    async def script(rig: LiveRig) -> None:
        await rig.to(15)
        rig.venue.weather.until_s, rig.venue.weather.lose_before = 1e9, 0.05
        check, lost = rig.engine.check.each[0], rig.venue.log.faults.get("lose_before", 0)
        rounds = check.rounds
        await rig.to(75)
        lost = rig.venue.log.faults["lose_before"] - lost
        assert lost > 5
        assert check.rounds - rounds <= 60 // 5 + 2 * lost + 2, (check.rounds - rounds, lost)

    LiveRig(5).run(script)


def test_a_cancel_that_found_no_order_brings_the_round_forward_and_a_fill_that_tells_makes_it_needless() -> None:
    """R-O4: not found is a question; where the stream answers it, the account is not asked."""

    async def script(rig: LiveRig) -> None:
        await rig.to(16)
        check, timers = rig.engine.check.each[0], rig.engine.timers
        o, now = rig.ledger, rig.venue.clock.now()
        slot = next(i for i in range(SLOTS) if o.state[i] == LIVE)
        check.ask(now, [])
        check._replies = dict.fromkeys(READS, ReadReply("orders", 0, now))  # a round has just ended
        o.state[slot], o.ts_ack[slot] = UNKNOWN, now - PERIOD_NS
        rig.engine.check.doubted(0, now)
        assert timers.when(check.timer) == now + RETRY_NS
        reads: list[Read] = []
        o.state[slot] = LIVE
        check.due(now + RETRY_NS, reads)
        assert not reads and timers.when(check.timer) == now + PERIOD_NS, "known by now: with its period"
        o.state[slot] = UNKNOWN
        rig.engine.check.doubted(0, now)
        check.due(now + RETRY_NS, reads)
        assert len(reads) == 4, "nobody has told: it is asked"
        o.state[slot] = LIVE

    LiveRig(5).run(script)


def test_an_overloaded_venue_is_asked_when_it_can_prove_something_and_else_with_the_period() -> None:
    """R-N2, seed 2684: while absence proves nothing each hurried round costs weight for nothing; the first that can
    prove it is not a second late."""

    async def script(rig: LiveRig) -> None:
        await rig.to(16)
        check, timers = rig.engine.check.each[0], rig.engine.timers
        o, now = rig.ledger, rig.venue.clock.now()
        slot = next(i for i in range(SLOTS) if o.state[i] == LIVE)
        o.state[slot], o.ts_ack[slot] = UNKNOWN, now - PERIOD_NS
        for proves_at in (now + 3 * RETRY_NS, now + 9 * RETRY_NS):
            check.ask(now, [])
            check._replies = dict.fromkeys(READS, ReadReply("orders", 0, now, proof=False, proves_at=proves_at))
            rig.engine.check.doubted(0, now)
            assert timers.when(check.timer) == min(proves_at, now + PERIOD_NS)
        o.state[slot] = LIVE

    LiveRig(5).run(script)


@pytest.mark.parametrize(
    ("spent", "seconds"), [(0.0, 1.0), (0.5, 1.0), (0.75, 3.0), (0.9, 4.2), (1.0, 5.0), (1.4, 5.0)]
)
def test_a_round_that_did_not_agree_is_followed_the_later_the_more_of_the_weight_is_used(
    spent: float, seconds: float
) -> None:
    """R-O4, R-N2: a round a second would use up the minute of a venue whose questions are dear, and then nothing would
    be read for the rest of it."""

    async def script(rig: LiveRig) -> None:
        await rig.to(16)
        check, timers, now = rig.engine.check.each[0], rig.engine.timers, rig.venue.clock.now()
        check.ask(now, [])
        for what in READS:
            spending = spent if what == "orders" else 0.0
            check.answered(ReadReply(what, check._nonce, now, error="no answer", spent=spending), now)
        assert timers.when(check.timer) == now + round(seconds * NS_PER_S)

    LiveRig(5).run(script)


def test_a_refused_cancel_of_an_order_that_is_not_found_is_such_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    async def script(rig: LiveRig) -> None:
        await rig.to(16)
        monkeypatch.setattr(rig.engine.check, "doubted", lambda instrument, now: asked.append(instrument))
        o, now = rig.ledger, rig.venue.clock.now()
        slot = next(i for i in range(SLOTS) if o.state[i] == LIVE)
        refused = Report(0, CANCEL_REJECTED, now, o.cl_id[slot], o.venue_id[slot], o.side[slot], code=UNKNOWN_ORDER_ID)
        rig.engine._take([refused], now)

    LiveRig(5).run(script)
    assert asked == [0]


def test_an_order_that_only_a_list_has_brought_back_is_looked_at_once_no_list_can_be_behind() -> None:
    """Seed 2671: a stale list showed an order that was cancelled; the next word of it came a whole period later."""

    async def script(rig: LiveRig) -> None:
        await rig.to(16)
        reconciler, o = rig.engine.check.each[0]._reconcilers[0], rig.ledger
        slot = next(i for i in range(SLOTS) if o.state[i] == LIVE)
        assert reconciler.word_at(rig.engine.posts[0].ledger) == FAR
        placed, acked = o.ts_placed[slot], o.ts_ack[slot]
        o.ts_ack[slot] = rig.venue.clock.now()
        o.ts_placed[slot] = o.ts_ack[slot] - LAG_NS - 1
        assert reconciler.word_at(rig.engine.posts[0].ledger) == o.ts_ack[slot] + LAG_NS + 1
        reconciler._asked = o.ts_ack[slot] + LAG_NS + 1
        assert reconciler.word_at(rig.engine.posts[0].ledger) == FAR, "a list that could not be behind was had"
        o.ts_placed[slot], o.ts_ack[slot] = placed, acked

    LiveRig(5).run(script)
