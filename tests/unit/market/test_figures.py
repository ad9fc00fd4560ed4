"""Figures and the passive-order probe on hand-made tapes (FORMULAS.md 1 and 13)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.domain.book import F_BBO, F_BOOK, F_GAP, F_TRADE, LEVELS, Feed
from core.domain.units import BUY, NS_PER_S, SELL
from core.market.figures import measure, mid_sd_bps, quoted, same_side_runs
from core.market.probe import Fills, markouts_bps, probe
from tests.unit.market.markets import ETHUSDC

S = NS_PER_S
Event = tuple  # (seconds, kind, ...)


def tape(*events: Event) -> Feed:
    """("book", bid, bid size, ask, ask size) | ("bbo", side, px, sz) | ("trade", px, sz, side) | ("gap",)."""
    ts, kind, row, px, sz, small = [], [], [], [], [], []
    for seconds, what, *rest in events:
        ts.append(int(seconds * S))
        if what == "book":
            kind.append(F_BOOK)
            row.append(len(px))
            level_px, level_sz = np.zeros((2, LEVELS), np.int64), np.zeros((2, LEVELS), np.int64)
            level_px[:, 0], level_sz[:, 0] = (rest[0], rest[2]), (rest[1], rest[3])
            level_px[:, 1], level_sz[:, 1] = (rest[0] - 1, rest[2] + 1), (90, 90)
            px.append(level_px)
            sz.append(level_sz)
        elif what == "gap":
            kind.append(F_GAP)
            row.append(0)
        else:
            kind.append(F_BBO if what == "bbo" else F_TRADE)
            row.append(len(small))
            small.append([*rest, 0])
    times = np.array(ts, np.int64)
    shape = (-1, 2, LEVELS)
    return Feed(
        times, times.copy(), np.array(kind), np.array(row), np.array(px, np.int64).reshape(shape),
        np.array(sz, np.int64).reshape(shape), np.array(small, np.int64).reshape(-1, 4),
    )  # fmt: skip


QUIET = (0, "book", 1000, 5, 1002, 5)
END = (100, "book", 1000, 5, 1002, 5)


def fills_of(*events: Event) -> list[tuple[float, int, int]]:
    found = probe(tape(QUIET, *events, END), every_ns=1000 * S, life_ns=50 * S)
    assert found.placed == 0  # nothing is due within 100 s at that pace
    found = probe(tape(QUIET, *events, END), every_ns=60 * S, life_ns=30 * S)
    return [(ts / S, px, sign) for ts, px, sign in zip(found.ts.tolist(), found.px.tolist(), found.sign.tolist())]


def test_order_joins_the_back_and_fills_when_the_queue_is_through() -> None:
    assert fills_of((61, "trade", 1000, 5, -1)) == []
    assert fills_of((61, "trade", 1000, 5, -1), (62, "trade", 1000, 1, -1)) == [(62.0, 1000, 1)]
    assert fills_of((61, "trade", 1002, 6, 1)) == [(61.0, 1002, -1)]


def test_trades_of_our_own_side_or_of_other_prices_do_not_fill() -> None:
    assert fills_of((61, "trade", 1000, 500, 1), (62, "trade", 1001, 500, -1)) == []


def test_trade_through_and_book_through_fill_at_our_price() -> None:
    assert fills_of((61, "trade", 999, 1, -1)) == [(61.0, 1000, 1)]
    assert fills_of((61, "book", 998, 5, 1000, 5)) == [(61.0, 1000, 1)]


def test_cancellations_ahead_shorten_the_queue_only_to_the_displayed_size() -> None:
    shorter = (61, "book", 1000, 2, 1002, 5)
    longer = (61.5, "book", 1000, 50, 1002, 5)
    assert fills_of(shorter, (62, "trade", 1000, 2, -1)) == []
    assert fills_of(shorter, longer, (62, "trade", 1000, 3, -1)) == [(62.0, 1000, 1)]
    assert fills_of((61, "bbo", BUY, 1000, 1), (62, "trade", 1000, 2, -1)) == [(62.0, 1000, 1)]


def test_order_that_outlived_its_time_or_met_a_gap_is_not_filled() -> None:
    assert fills_of((91, "trade", 1000, 50, -1)) == []
    assert (
        fills_of(
            (
                61,
                "gap",
            ),
            (62, "trade", 1000, 50, -1),
        )
        == []
    )


def test_nothing_is_placed_in_a_locked_book_or_after_a_gap() -> None:
    locked = probe(tape((0, "book", 1000, 5, 1000, 5), (10, "book", 1000, 5, 1000, 5)), S, S)
    gap = probe(tape(QUIET, (0.5, "gap"), (10, "trade", 1000, 5, -1)), S, S)
    assert (locked.placed, gap.placed) == (0, 0)


def test_order_behind_the_touch_waits_for_its_own_price() -> None:
    def deep(*events: Event) -> list[int]:
        return probe(tape(QUIET, *events, END), 60 * S, 30 * S, away_bps=10.0).px.tolist()

    assert deep((61, "trade", 1000, 500, -1)) == []
    assert deep((61, "trade", 999, 90, -1)) == []  # 90 lots were displayed there before us
    assert deep((61, "trade", 999, 91, -1)) == [999]
    assert deep((61, "trade", 1003, 500, 1)) == []
    assert deep((61, "trade", 1005, 1, 1)) == [1004]


def test_markout_is_signed_for_us_and_unresolved_beyond_the_data() -> None:
    feed = tape(QUIET, (3, "book", 1010, 5, 1012, 5), (8, "book", 1020, 5, 1022, 5))
    fills = Fills(np.array([1 * S, 2 * S]), np.array([1000, 1002]), np.array([1, -1]), 2)
    out = markouts_bps(feed, fills)
    assert out[1] == pytest.approx(((1001 - 1000) / 1000 - (1011 - 1002) / 1002) / 2 * 1e4)
    assert out[5] == pytest.approx(((1011 - 1000) / 1000 - (1011 - 1002) / 1002) / 2 * 1e4)
    assert out[30] is None


def test_mid_sd_takes_the_last_mid_of_each_second_and_holds_it_over_silence() -> None:
    ts = np.array([0.2, 0.9, 1.5, 4.1]) * S
    mid = np.array([1.0, 100.0, 101.0, 102.0])
    moves = [math.log(101 / 100), 0.0, 0.0, math.log(102 / 101)]
    assert mid_sd_bps(ts.astype(np.int64), mid, 1) == pytest.approx(np.std(moves, ddof=1) * 1e4)
    assert mid_sd_bps(ts[:2].astype(np.int64), mid[:2], 1) is None
    assert mid_sd_bps(np.zeros(0, np.int64), np.zeros(0), 1) is None


def test_runs_leave_unknown_sides_out() -> None:
    assert same_side_runs(np.array([1, 1, 0, 1, -1, 1, 1])).tolist() == [3, 1, 2]
    assert same_side_runs(np.array([0, 0])).tolist() == []


def test_best_prices_carry_each_side_on() -> None:
    at, bid, ask = quoted(tape(QUIET, (1, "bbo", SELL, 1001, 1), (2, "bbo", BUY, 999, 1)))
    assert at.tolist() == [0, 1, 2]
    assert (bid.tolist(), ask.tolist()) == ([1000, 1000, 999], [1002, 1001, 1001])


def test_figures_of_a_market_without_trades_are_unknown_not_zero() -> None:
    out = measure(tape(QUIET, END), ETHUSDC)
    assert out["trades_per_s"] is None
    assert out["notional_p50"] is None
    assert out["run_mean"] is None
    assert out["spread_bps_p50"] == pytest.approx(2 / 1001 * 1e4)
