"""Order of events, receive times and the ladder: the parts between a converter and its feed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import rng
from core.domain.book import F_BBO, F_BOOK, F_GAP, F_MARK, F_TRADE, LEVELS
from core.domain.errors import DataError
from core.domain.instrument import Latency
from core.domain.units import BUY, NS_PER_S, SELL
from core.market.hyperliquid import uncrossed_order
from core.market.ladder import Ladder
from core.market.merge import merge
from core.market.receive import ONE_WAY_MIN_NS, in_order, latency_draws, modelled, offset_corrected
from core.market.streams import Books, Rows, Streams
from tests.unit.market.markets import ASTER_ETH, STANDX

TIMES = st.lists(st.integers(0, 10**6), min_size=1, max_size=40)


def books(ts: list[int], late: int = 3) -> Books:
    n = len(ts)
    px, sz = np.zeros((n, 2, LEVELS), np.int64), np.ones((n, 2, LEVELS), np.int64)
    px[:, BUY, 0], px[:, SELL, 0] = 100, 101
    return Books(np.array(ts), np.array(ts) + late, px, sz)


def rows(kind: int, ts: list[int], late: int = 3) -> Rows:
    small = np.zeros((len(ts), 4), np.int64)
    small[:, 3] = np.arange(len(ts))
    return Rows(kind, np.array(ts, np.int64), np.array(ts, np.int64) + late, small)


def test_at_equal_time_trades_come_before_the_book_that_shows_them() -> None:
    streams = Streams("x", books([5, 10]), [rows(F_BBO, [10]), rows(F_MARK, [10]), rows(F_TRADE, [10, 10])])
    feed = merge(streams, ASTER_ETH)
    assert feed.kind.tolist() == [F_BOOK, F_TRADE, F_TRADE, F_MARK, F_BBO, F_BOOK]
    assert feed.small[feed.row[1:3], 3].tolist() == [0, 1]  # file order within one stamp


@given(TIMES, TIMES)
def test_merge_keeps_every_row_once_and_in_order(book_ts: list[int], trade_ts: list[int]) -> None:
    streams = Streams("x", books(sorted(book_ts)), [rows(F_TRADE, sorted(trade_ts))])
    feed = merge(streams, ASTER_ETH)
    assert sorted(feed.ts_exch.tolist()) == sorted(book_ts + trade_ts) == feed.ts_exch.tolist()
    assert feed.row[feed.kind == F_BOOK].tolist() == list(range(len(book_ts)))
    assert feed.row[feed.kind == F_TRADE].tolist() == list(range(len(trade_ts)))
    assert (np.diff(feed.ts_recv) >= 0).all()


def test_hole_is_a_gap_only_beyond_what_the_instrument_declares() -> None:
    ts = [0, NS_PER_S, 12 * NS_PER_S, 60 * NS_PER_S]
    assert merge(Streams("x", books(ts)), ASTER_ETH).kind.tolist() == [F_BOOK, F_BOOK, F_GAP, F_BOOK, F_GAP, F_BOOK]
    assert merge(Streams("x", books(ts)), STANDX).kind.tolist() == [F_BOOK, F_BOOK, F_BOOK, F_GAP, F_BOOK]


def test_no_book_at_all_is_refused() -> None:
    with pytest.raises(DataError, match="Expected a book of ETHUSDT"):
        merge(Streams("x", books([])), ASTER_ETH)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(-(10**9), 10**9)), min_size=1, max_size=50))
def test_receive_times_end_up_in_order_and_after_the_exchange(pairs: list[tuple[int, int]]) -> None:
    exch = np.array(sorted(ts for ts, _ in pairs))
    recv, offset = offset_corrected(exch, exch + np.array([late for _, late in pairs]))
    assert offset == min(0, *(late for _, late in pairs))
    if offset:
        assert (recv - exch).min() == ONE_WAY_MIN_NS
    final = in_order(exch, recv)
    assert (np.diff(final) >= 0).all()
    assert (final >= exch).all()
    assert (final >= recv).all()


def test_clock_that_is_merely_late_is_left_alone() -> None:
    recv, offset = offset_corrected(np.array([1, 2]), np.array([4, 9]))
    assert (recv.tolist(), offset) == ([4, 9], 0)


def test_lognormal_delays_have_the_quantiles_that_they_are_given() -> None:
    draws = latency_draws(Latency("lognormal", 20_000_000, 80_000_000), 200_000, rng.stream(5, "test"))
    assert np.quantile(draws, 0.5) == pytest.approx(20e6, rel=0.02)
    assert np.quantile(draws, 0.99) == pytest.approx(80e6, rel=0.03)
    assert set(latency_draws(Latency("constant", 7, 9), 10, rng.stream(5, "test")).tolist()) == {7}


def test_modelled_receive_times_repeat_with_seed_and_name() -> None:
    ts = np.arange(100) * 1_000_000
    latency = Latency("lognormal", 20_000_000, 80_000_000)
    assert (modelled(ts, latency, 1, "A") == modelled(ts, latency, 1, "A")).all()
    assert (modelled(ts, latency, 1, "A") != modelled(ts, latency, 1, "B")).any()


def test_two_sides_of_one_instant_are_ordered_so_that_they_never_cross() -> None:
    exch = np.array([1, 1, 2, 2, 3, 3])
    side = np.array([BUY, SELL, BUY, SELL, SELL, BUY])
    px = np.array([100, 101, 102, 103, 99, 98])  # up through the old ask, then down through the old bid
    order, crossed = uncrossed_order(exch, side, px)
    assert order.tolist() == [0, 1, 3, 2, 5, 4]
    assert crossed == 0
    assert uncrossed_order(np.array([1, 1]), np.array([BUY, SELL]), np.array([5, 4]))[1] == 2


LEVELS_OF = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 5)), max_size=12)


@given(st.lists(st.tuples(LEVELS_OF, LEVELS_OF), max_size=12))
def test_ladder_equals_a_plain_dictionary_of_levels(frames: list) -> None:
    ladder = Ladder()
    ladder.reset(((50, 1), (30, 2)), ((61, 1),))
    plain: list[dict[int, int]] = [{50: 1, 30: 2}, {61: 1}]
    for bids, asks in frames:
        asks = [(px + 60, sz) for px, sz in asks]
        ladder.apply(tuple(bids), tuple(asks))
        for side, levels in ((BUY, bids), (SELL, asks)):
            plain[side].update(dict(levels))
            plain[side] = {px: sz for px, sz in plain[side].items() if sz}
    px, sz = np.full((2, LEVELS), -1), np.full((2, LEVELS), -1)
    ladder.write(px, sz)
    for side in (BUY, SELL):
        best = sorted(plain[side].items(), reverse=side == BUY)[:LEVELS]
        assert [(p, s) for p, s in zip(px[side].tolist(), sz[side].tolist()) if p] == best
        assert (px[side, len(best) :] == 0).all()
    assert ladder.usable == bool(plain[0] and plain[1])
