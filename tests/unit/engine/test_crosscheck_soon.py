"""An order whose fate nobody knows is asked for within a second, not with the next period (RELIABILITY 2.3, R-O4)."""

from __future__ import annotations

import pytest

from core.engine.crosscheck import PERIOD_NS, RETRY_NS
from tests.simulation.live_rig import LiveRig

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")


def test_a_lost_answer_brings_the_next_round_forward_and_a_round_under_way_is_left_alone() -> None:
    async def script(rig: LiveRig) -> None:
        await rig.to(15)
        check, timers = rig.engine.check.each[0], rig.engine.timers
        rig.venue.weather.until_s, rig.venue.weather.lose_before = 1e9, 1.0
        while not rig.ledger.n_unknown:
            await rig.to(rig.venue.t + 0.01)
        due = timers.when(check.timer)
        assert due is not None and due <= rig.venue.clock.now() + RETRY_NS

        now = rig.venue.clock.now()
        timers.at(now + PERIOD_NS, check.timer)
        check.soon(now)
        assert timers.when(check.timer) == now + RETRY_NS
        timers.at(now + RETRY_NS // 2, check.timer)
        check.soon(now)
        assert timers.when(check.timer) == now + RETRY_NS // 2, "never later"
        check.ask(now, [])
        check.soon(now)
        assert timers.when(check.timer) == now + PERIOD_NS

    LiveRig(5).run(script)
