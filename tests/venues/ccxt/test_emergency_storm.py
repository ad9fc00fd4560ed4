"""A stop in a storm that never ends: half of all requests refused, each refusal with a Retry-After (RELIABILITY 7).

Counted in windows, which do not depend on the machine: two venues in processes of their own, five symbols each, with
windows of 0.1 s instead of the second that a real header can ask for at least.
"""

from __future__ import annotations

import pytest

from core.domain.units import NS_PER_S
from tests.bench.emergency_stop import stage, stop

WAIT_S = 0.1
DOWN_S = 0.3  # all 503 at first
# Eight rounds depend on each other: markets, lists, cancels, empty list, empty list and positions, closes, zero, zero
# and list. A round of n requests that leave together costs the most of n draws of "how often refused in a row" windows:
# 1 for one request, 1.7 for two, 2.1 for three, 2.8 for five; together 14, at the slower of two venues 16.5. In 400,000
# draws of that sum 10 were above 40. One at a time, each refused list asked for whole again, it was 59 to 71.
MOST_WINDOWS = 40
STOPS = 2


@pytest.mark.row("R-E3", "R-E4", "R-E6", "R-E8", "R-N2", "R-O1")
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_in_a_storm_without_end_waiting_requests_leave_together_and_none_inside_a_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Flat by the venues' own books, no position ever grew, and nothing left after a refusal was read and before its
    window's end."""
    monkeypatch.setattr("core.venues.ccxt.account.BAN_NS", round(WAIT_S * NS_PER_S))
    with stage() as (venues, state):

        def storm() -> None:
            for at in venues:
                at.do("storm", down_s=DOWN_S, chance=0.5, wait_s=WAIT_S)

        for _ in range(STOPS):
            one = stop(venues, state, storm, orders=100)
            report = one.evidence.body()
            assert one.good, report
            assert sum(told["refused"] for told in one.told.values()) >= 8, "a storm"
            assert one.leaving.early == [], report
            assert [told["grew"] for told in one.told.values()] == [0, 0], report
            assert one.leaving.windows() <= MOST_WINDOWS, report
