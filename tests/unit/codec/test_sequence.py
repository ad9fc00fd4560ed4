"""Update ids: what follows, what is old, what is missing (futures by `pu`, spot by counting on)."""

from __future__ import annotations

from core.codec.frames import Depth, Snapshot
from core.codec.sequence import GAP, NEXT, STALE, Sequence


def depth(first: int, last: int, prev: int = 0) -> Depth:
    return Depth(0, first, last, prev, (), ())


def started(futures: bool, last: int) -> Sequence:
    sequence = Sequence(futures)
    sequence.start(Snapshot(0, last, (), ()))
    return sequence


def test_futures_frames_follow_by_the_id_they_name() -> None:
    sequence = started(True, 100)
    assert sequence.check(depth(95, 99, 90)) == STALE
    assert sequence.check(depth(98, 105, 97)) == NEXT
    assert sequence.check(depth(106, 110, 105)) == NEXT
    assert sequence.check(depth(112, 115, 111)) == GAP
    assert sequence.check(depth(116, 118, 115)) == NEXT


def test_futures_frame_that_ends_at_the_snapshot_is_still_applied() -> None:
    assert started(True, 100).check(depth(98, 100, 97)) == NEXT


def test_spot_frames_count_on() -> None:
    sequence = started(False, 100)
    assert sequence.check(depth(98, 100)) == STALE
    assert sequence.check(depth(99, 103)) == NEXT
    assert sequence.check(depth(104, 104)) == NEXT
    assert sequence.check(depth(106, 107)) == GAP


def test_first_frame_that_starts_after_the_snapshot_is_a_gap() -> None:
    assert started(True, 100).check(depth(105, 110, 104)) == GAP
    assert started(False, 100).check(depth(102, 110)) == GAP


def test_repeated_frame_is_stale_and_changes_nothing() -> None:
    sequence = started(True, 100)
    sequence.check(depth(101, 105, 100))
    assert sequence.check(depth(101, 105, 100)) == STALE
    assert sequence.last == 105


def test_a_new_snapshot_begins_anew() -> None:
    sequence = started(True, 100)
    sequence.check(depth(200, 210, 190))
    sequence.start(Snapshot(0, 300, (), ()))
    assert sequence.check(depth(290, 301, 289)) == NEXT
