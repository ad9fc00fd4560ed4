"""The live source: every row that arrived and none from beyond, and how old the books were when they came."""

from __future__ import annotations

import numpy as np
import pytest

from core.config.instruments import find_instrument
from core.domain.book import F_BOOK, F_GAP, F_MARK, F_TRADE, LEVELS
from core.domain.events import Link
from core.domain.order import ACCEPTED, Report
from core.domain.units import NS_PER_MS, NS_PER_S
from core.market import live
from core.market.live import LiveSource

START = 1_700_000_000 * NS_PER_S
BTC = find_instrument("hyperliquid", "BTC")


def made() -> LiveSource:
    return LiveSource((BTC,), START, 7, ("loopback",))


def book(px: int) -> np.ndarray:
    out = np.zeros((2, LEVELS), np.int64)
    out[0][0], out[1][0] = px, px + 1
    return out


def test_rows_come_once_in_the_order_of_arrival_and_never_from_after_until() -> None:
    source = made()
    source.book(0, START + 1, START + 10, book(100), book(5))
    source.small(0, START + 5, START + 12, F_TRADE, (100, 1, 1, 9))
    source.gap(0, START + 20, START + 20, 4)
    source.small(0, START + 21, START + 21, F_MARK, (100, 0, 5, 0))
    source.book(0, START + 15, START + 30, book(101), book(6))
    first, second = source.extend(0, START + 21), source.extend(0, START + 31)
    assert first is not None and second is not None
    assert first.kind.tolist() == [F_BOOK, F_TRADE, F_GAP] and first.row.tolist() == [0, 0, 4]
    assert second.kind.tolist() == [F_MARK, F_BOOK] and second.row.tolist() == [0, 0]
    assert (first.ts_recv - START).tolist() == [10, 12, 20] and (first.ts_exch - START).tolist() == [1, 5, 20]
    assert int(second.book_px[0][0][0]) == 101 and second.small.tolist() == [[100, 0, 5, 0]]
    nothing = source.extend(0, START + 99)
    assert nothing is not None and len(nothing.kind) == 0  # None would end the market


def test_a_book_that_the_sender_changes_afterwards_stays_as_it_came() -> None:
    source, px = made(), book(100)
    source.book(0, START, START, px, px)
    px[:] = 0
    rows = source.extend(0, START + 1)
    assert rows is not None and int(rows.book_px[0][0][0]) == 100


def test_receive_times_never_step_back() -> None:
    source = made()
    for ts in (30, 10, 40):
        source.small(0, START + ts, START + ts, F_MARK, (100, 0, 0, 0))
    rows = source.extend(0, START + 99)
    assert rows is not None and (rows.ts_recv - START).tolist() == [30, 30, 40]
    assert (rows.ts_exch <= rows.ts_recv).all()


def test_trades_told_again_after_a_reconnect_are_not_given() -> None:
    """No order of ours can have met them."""
    source, late = made(), BTC.book_stale_ns
    source.small(0, START - 1, START + 5, F_TRADE, (100, 1, 1, 1))
    source.small(0, START + 9, START + 9 + late, F_TRADE, (100, 1, 1, 2))
    source.small(0, START + 9, START + 10 + late, F_TRADE, (100, 1, 1, 3))
    rows = source.extend(0, START + 2 * late)
    assert rows is not None and [row[3] for row in rows.small.tolist()] == [2]
    assert source.late_trades == [2]


def test_the_lag_is_the_largest_age_of_recent_books_and_never_below_the_venue_file() -> None:
    source = made()
    least = BTC.feed.p50_ns
    assert source.lag_ns(0) == least > 0
    source.book(0, START, START + 10 * NS_PER_MS, book(1), book(1))
    assert source.lag_ns(0) == least
    slow = least + 700 * NS_PER_MS
    source.book(0, START, START + slow, book(1), book(1))
    ages = []
    for second in range(2, 16, 2):
        source.book(0, START + second * NS_PER_S, START + second * NS_PER_S + 1, book(1), book(1))
        ages.append(source.lag_ns(0))
    assert ages[0] == ages[1] == slow and ages[-1] == least


def test_a_core_that_does_not_take_its_rows_loses_them_as_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "ROOM", 10)
    source = made()
    for n in range(12):
        source.small(0, START + n, START + n, F_TRADE, (100, 1, 1, n + 1))
    rows = source.extend(0, START + 99)
    assert rows is not None and rows.kind.tolist() == [F_GAP, F_TRADE, F_TRADE] and int(rows.row[0]) == 10
    assert source.lost == [10]


def test_arrivals_wake_the_core_and_streams_are_told_once() -> None:
    source, woken = made(), []
    source.on_push = lambda: woken.append(1)
    source.small(0, START, START, F_MARK, (100, 0, 0, 0))
    source.input(Link(0, False, "book: silent"))
    assert len(woken) == 2
    assert source.take_links() == [Link(0, False, "book: silent")] and source.take_links() == []
    assert source.ref["kind"] == "live" and source.end_ns is None and source.live
    with pytest.raises(ValueError, match="public"):
        source.report(Report(0, ACCEPTED, START, 1))
