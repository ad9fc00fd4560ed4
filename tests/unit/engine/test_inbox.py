"""The live inbox: market lane bounded and conflated with counts, the others never dropped."""

from __future__ import annotations

import numpy as np

from core.domain.book import F_BBO, F_BOOK, F_GAP, F_TRADE, LEVELS
from core.domain.commands import Halt
from core.domain.events import Asked, Health
from core.domain.order import ACCEPTED, Report
from core.engine.inbox import ALARM, TRADES, Inbox


def book(px: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full((2, LEVELS), px, np.int64), np.ones((2, LEVELS), np.int64)


def test_only_the_newest_book_is_kept_and_the_others_are_counted() -> None:
    inbox = Inbox(1)
    for n in range(5):
        inbox.book(0, n, n, *book(100 + n))
    feed = inbox.take_market(0)
    assert feed is not None and list(feed.kind) == [F_BOOK] and feed.book_px[0, 0, 0] == 104
    assert inbox.conflated(0) == 4
    assert inbox.take_market(0) is None


def test_a_newer_best_price_of_the_same_side_replaces_the_waiting_one() -> None:
    inbox = Inbox(1)
    inbox.small(0, 1, 1, F_BBO, (0, 100, 1, 0))
    inbox.small(0, 2, 2, F_BBO, (1, 101, 1, 0))
    inbox.small(0, 3, 3, F_BBO, (0, 99, 1, 0))
    feed = inbox.take_market(0)
    assert feed is not None and feed.small[:, :2].tolist() == [[1, 101], [0, 99]]
    assert inbox.conflated(0) == 1


def test_trades_past_the_bound_are_counted_as_lost() -> None:
    inbox = Inbox(1)
    for n in range(TRADES + 10):
        inbox.small(0, n, n, F_TRADE, (100, 1, 1, n))
    assert inbox.lost_trades(0) == 10
    feed = inbox.take_market(0)
    assert feed is not None and len(feed.kind) == TRADES


def test_a_gap_voids_the_waiting_book_and_stands_before_the_next() -> None:
    inbox = Inbox(1)
    inbox.book(0, 1, 1, *book(100))
    inbox.gap(0, 2, 2, 4)
    inbox.book(0, 3, 3, *book(102))
    feed = inbox.take_market(0)
    assert feed is not None and list(feed.kind) == [F_GAP, F_BOOK] and feed.row[0] == 4


def test_commands_come_before_everything_and_no_lane_is_dropped() -> None:
    inbox = Inbox(1)
    inbox.input(Health())
    inbox.command(Asked(Halt()))
    for n in range(ALARM + 1):
        inbox.report(Report(0, ACCEPTED, n))
    assert isinstance(inbox.take_inputs()[0], Asked)
    assert len(inbox.take_reports()) == ALARM + 1
    assert inbox.alarmed
