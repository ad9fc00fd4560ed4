"""Beside lots that are not ours reduce-only protects nobody: a list must show the last close before the next is sized.

RELIABILITY.md E3, E6. The venue holds 20: 10 ours, 10 foreign.
"""

from __future__ import annotations

import pytest

from core.domain.events import HeldPosition
from core.domain.order import ACCEPTED, CANCELED, EXPIRED, FILLED, LOST, REJECTED, Report, Request
from core.domain.reasons import RATE_LIMIT
from core.execution.closeout import Closeout
from core.execution.closing import Touch
from tests.unit.execution.test_emergency import MS, T0, S, plan

pytestmark = pytest.mark.row("R-E3", "R-E6")


def closeout(depth: int = 10_000, foreign: int = 10) -> Closeout:
    made = Closeout(plan(foreign=((0, foreign),), q_ns=0))
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


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@pytest.mark.parametrize("kind", [EXPIRED, CANCELED, REJECTED])
def test_a_close_that_did_nothing_keeps_what_was_known_before_it(kind: int, sign: int) -> None:
    """R-E3: 20, 4 of ours are gone, 16; a close comes to nothing; a replica that is behind says 20 again."""
    made = closeout(foreign=sign * 10)
    (first,) = closes(made, sign * 20, T0)
    made.told(Report(0, FILLED, T0, first.cl_id, qty=4, trade_id=7), T0 + 50 * MS)
    made.told(Report(0, EXPIRED, T0, first.cl_id, qty=10, left=6), T0 + 50 * MS)
    (second,) = closes(made, sign * 16, T0 + 100 * MS)
    code = RATE_LIMIT if kind == REJECTED else 0
    made.told(Report(0, kind, T0, second.cl_id, qty=6, left=6, code=code), T0 + 150 * MS)
    for behind in (20, 17):
        assert closes(made, sign * behind, T0 + 200 * MS) == [] and made.waiting
    (third,) = closes(made, sign * 16, T0 + 250 * MS)
    assert third.qty == 6


def test_a_list_counts_again_as_soon_as_it_must_show_that_a_close_did_nothing() -> None:
    """R-E3: somebody adds lots of his own meanwhile; L after the refusal no list can be older than it."""
    made = closeout()
    (close,) = closes(made, 20, T0)
    made.told(Report(0, REJECTED, T0, close.cl_id, code=RATE_LIMIT), T0)
    assert closes(made, 21, T0 + 3 * S - 1) == []
    assert len(closes(made, 21, T0 + 3 * S)) == 1


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
def test_a_list_between_two_trades_of_a_close_sizes_nothing(sign: int) -> None:
    """R-E3: ten lots trade as 1 and 9; the 1 is told, and a replica between the two says 19."""
    made = closeout(foreign=sign * 10)
    (close,) = closes(made, sign * 20, T0)
    made.told(Report(0, FILLED, T0, close.cl_id, qty=1, trade_id=7), T0)
    assert closes(made, sign * 19, T0 + 50 * MS) == [] and made.waiting
    made.told(Report(0, FILLED, T0, close.cl_id, qty=9, trade_id=8), T0 + 100 * MS)
    assert closes(made, sign * 19, T0 + 150 * MS) == [] and made.waiting
    assert closes(made, sign * 10, T0 + 200 * MS) == [] and not made.waiting


def test_a_close_whose_end_is_never_told_is_waited_for_until_every_list_shows_it() -> None:
    """R-E6: 3 of 10 are told and the end is lost; a fill says that the close has arrived, so L after it is enough."""
    made = closeout()
    (close,) = closes(made, 20, T0)
    made.told(Report(0, FILLED, T0, close.cl_id, qty=3, trade_id=7), T0)
    assert closes(made, 17, T0 + 3 * S - 1) == [] and made.waiting
    (rest,) = closes(made, 17, T0 + 3 * S)
    assert rest.qty == 7


@pytest.mark.parametrize("kind", [REJECTED, EXPIRED])
def test_an_end_that_its_own_trades_contradict_is_no_end(kind: int) -> None:
    """R-E3: "nothing was filled", and yet a fill came: what else came of it, only a later list says."""
    made = closeout()
    (close,) = closes(made, 20, T0)
    made.told(Report(0, kind, T0, close.cl_id, qty=10, left=10), T0)
    made.told(Report(0, FILLED, T0, close.cl_id, qty=1, trade_id=7), T0)
    assert closes(made, 19, T0 + 50 * MS) == [] and made.waiting
    assert len(closes(made, 19, T0 + 3 * S)) == 1


def test_a_list_on_the_other_side_of_zero_is_no_proof() -> None:
    """R-E3: 20 long, then 5 short: a close of 10 did not do that, so it is looked at again."""
    made = closeout()
    (close,) = closes(made, 20, T0)
    made.told(Report(0, EXPIRED, T0, close.cl_id, qty=10, left=10), T0)
    assert closes(made, -5, T0 + 50 * MS) == [] and made.waiting


def test_a_stop_that_follows_another_knows_its_closes_and_repeats_no_id() -> None:
    """R-E3: a limit takes over the flatten of an end while its close is on the way; the list is of before it."""
    first, second = closeout(), closeout()
    (close,) = closes(first, 20, T0)
    second.follow(first)
    assert closes(second, 20, T0 + 300 * MS) == [] and second.waiting
    second.told(Report(0, EXPIRED, T0, close.cl_id, qty=10, left=10), T0 + 350 * MS)
    (again,) = closes(second, 20, T0 + 400 * MS)
    assert again.cl_id > close.cl_id


def test_a_stop_that_widened_to_the_whole_account_waits_for_no_earlier_close() -> None:
    """R-E3: all that is held is to be closed, so reduce-only protects."""
    made = closeout()
    assert len(closes(made, 20, T0)) == 1 and closes(made, 20, T0 + 50 * MS) == []
    (whole,) = made.slices([HeldPosition(0, 20, 0, 0)], True, T0 + 50 * MS, T0 + 50 * MS)
    assert whole.qty == 20
