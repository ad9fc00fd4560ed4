"""When the account is read for an order whose fate nobody knows: when a list can first say something of it, not with
the next period and not every second (RELIABILITY 2.3; each round costs weight that orders are sent with)."""

from __future__ import annotations

import pytest

from core.domain.lateness import LAG_NS
from core.domain.order import SLOTS, UNKNOWN
from core.engine.crosscheck import PERIOD_NS, RETRY_NS
from core.execution.reconcile import RESOLVE_WAIT_NS
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
        words = [o.ts_ack[i] + LAG_NS if o.ts_ack[i] else o.ts_placed[i] + RESOLVE_WAIT_NS for i in slots]
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
