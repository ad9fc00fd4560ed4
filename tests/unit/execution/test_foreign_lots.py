"""Beside lots that are not ours reduce-only protects nobody: a list must show the last close before the next is sized.

RELIABILITY.md E3, E6. The venue holds 20: 10 ours, 10 foreign.
"""

from __future__ import annotations

import pytest

from core.domain.events import HeldPosition
from core.domain.order import ACCEPTED, EXPIRED, FILLED, LOST, Report, Request
from core.execution.closeout import Closeout
from core.execution.closing import Touch
from tests.unit.execution.test_emergency import MS, T0, S, plan

pytestmark = pytest.mark.row("R-E3", "R-E6")


def closeout(depth: int = 10_000) -> Closeout:
    made = Closeout(plan(foreign=((0, 10),), q_ns=0))
    made.touch[0] = Touch(0, T0, 9_999, 10_001, (depth,) * 3, (depth,) * 3)
    return made


def closes(made: Closeout, pos: int, asked: int) -> list[Request]:
    return made.slices([HeldPosition(0, pos, 0, 0)], False, asked, asked)


def test_a_list_that_is_older_than_the_last_one_sizes_nothing() -> None:
    """20, 16, then a replica that is behind says 20 again: all of ours would be sold twice."""
    made = closeout(depth=16)
    for before in (20, 16):
        (close,) = closes(made, before, T0)
        assert close.qty == 4
        made.told(Report(0, FILLED, T0, close.cl_id, qty=4, trade_id=before), T0)
    assert closes(made, 20, T0 + 200 * MS) == [] == closes(made, 16, T0 + 250 * MS) and made.waiting
    (last,) = closes(made, 12, T0 + 300 * MS)
    assert last.qty == 2


def test_what_an_end_says_was_filled_must_be_seen_though_no_fill_was_told() -> None:
    made = closeout()
    (close,) = closes(made, 20, T0)
    made.told(Report(0, EXPIRED, T0, close.cl_id, qty=10, left=4), T0)
    for seen in (20, 17):
        assert closes(made, seen, T0 + 50 * MS) == []
    (rest,) = closes(made, 14, T0 + 60 * MS)
    assert rest.qty == 4


@pytest.mark.parametrize(("answer", "waits"), [(LOST, 5_500 * MS), (ACCEPTED, 3 * S), (EXPIRED, 3 * S)])
def test_an_unchanged_list_is_believed_once_nothing_of_the_close_can_come_any_more(answer: int, waits: int) -> None:
    """Without an answer R + skew + L after it was sent; after one, that says no sizes, L."""
    made = closeout()
    (close,) = closes(made, 20, T0)
    made.told(Report(0, answer, T0, close.cl_id, qty=10), T0)
    assert closes(made, 20, T0 + waits - 1) == [] and made.waiting
    assert len(closes(made, 20, T0 + waits)) == 1


def test_one_fill_told_twice_is_one() -> None:
    made = closeout(depth=16)
    (close,) = closes(made, 20, T0)
    for _ in range(2):
        made.told(Report(0, FILLED, T0, close.cl_id, qty=4, trade_id=7), T0)
    assert len(closes(made, 16, T0 + 50 * MS)) == 1
