"""The synthetic market: repeatable, endless, in order, alive, and informed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.book import F_BOOK, F_MARK, F_TRADE, Feed
from core.domain.errors import Refused
from core.domain.units import BUY, NS_PER_S, SELL
from core.market.synthetic import SyntheticMarket, SyntheticSource, joined
from tests.unit.market.markets import ETHUSDC, HL

START = 1_767_657_600_000_000_000 + 123_456_789
MINUTE = 60 * NS_PER_S


def market(seed: int = 7) -> SyntheticMarket:
    return SyntheticMarket(ETHUSDC, seed, START)


def same(a: Feed, b: Feed) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b))


@pytest.fixture(scope="module")
def hour() -> Feed:
    return market().chunk(START + 60 * MINUTE)


@settings(max_examples=20)
@given(st.lists(st.integers(-MINUTE, 2 * MINUTE), min_size=1, max_size=12))
def test_same_seed_gives_the_same_market_however_it_is_asked(steps: list[int]) -> None:
    asked, until, chunks = market(), START, []
    for step in steps:
        until += step
        chunks.append(asked.chunk(until))
    end = START + 5 * MINUTE
    chunks.append(asked.chunk(end))
    last = max(end, START, *(START + sum(steps[:n]) for n in range(len(steps) + 1)))
    assert same(joined([chunk for chunk in chunks if len(chunk.ts_exch)]), market().chunk(last))


def test_another_seed_is_another_market() -> None:
    assert not same(market(7).chunk(START + MINUTE), market(8).chunk(START + MINUTE))


def test_asking_for_the_past_gives_nothing_and_loses_nothing() -> None:
    asked = market()
    first = asked.chunk(START + MINUTE)
    assert len(asked.chunk(START).ts_exch) == 0
    assert len(asked.chunk(START + MINUTE).ts_exch) == 0
    assert same(joined([first, asked.chunk(START + 2 * MINUTE)]), market().chunk(START + 2 * MINUTE))


def test_events_are_in_order_and_the_book_is_whole(hour: Feed) -> None:
    assert hour.ts_exch[0] >= START
    assert (np.diff(hour.ts_exch) >= 0).all()
    assert (np.diff(hour.ts_recv) >= 0).all()
    assert (hour.ts_recv >= hour.ts_exch).all()
    bids, asks = hour.book_px[:, BUY], hour.book_px[:, SELL]
    assert (bids > 0).all() and (asks > 0).all() and (hour.book_sz > 0).all()
    assert (bids[:, 0] < asks[:, 0]).all()
    assert (np.diff(bids, axis=1) < 0).all() and (np.diff(asks, axis=1) > 0).all()
    assert all(column.dtype == np.int64 and column.flags.c_contiguous for column in hour)


def test_trades_take_what_the_last_book_showed(hour: Feed) -> None:
    book, taken, n = -1, {}, 0
    for kind, row in zip(hour.kind.tolist(), hour.row.tolist()):
        if kind == F_BOOK:
            book, taken = row, {}
        elif kind == F_TRADE:
            px, sz, side, _ = hour.small[row].tolist()
            levels = dict(zip(hour.book_px[book, int(side > 0)].tolist(), hour.book_sz[book, int(side > 0)].tolist()))
            taken[px] = taken.get(px, 0) + sz
            assert taken[px] <= levels[px]
            n += 1
    assert n > 2_000
    ids = hour.small[hour.row[hour.kind == F_TRADE], 3]
    assert (np.diff(ids) == 1).all()


def test_trades_precede_the_move_that_they_announce(hour: Feed) -> None:
    at = np.flatnonzero(hour.kind == F_TRADE)
    side = hour.small[hour.row[at], 2]
    books = np.flatnonzero(hour.kind == F_BOOK)
    ts, mid = hour.ts_exch[books], hour.book_px[hour.row[books], :, 0].mean(axis=1)
    now = mid[np.searchsorted(ts, hour.ts_exch[at], "left") - 1]
    later = mid[np.minimum(np.searchsorted(ts, hour.ts_exch[at] + 5 * NS_PER_S, "right") - 1, len(mid) - 1)]
    assert np.mean(side * (later - now) / now) * 1e4 > 0.5


def test_touch_thins_out_on_the_side_that_is_about_to_move(hour: Feed) -> None:
    books = hour.row[hour.kind == F_BOOK]
    mid = hour.book_px[books, :, 0].mean(axis=1)
    bid, ask = hour.book_sz[books, BUY, 0], hour.book_sz[books, SELL, 0]
    imbalance = (bid - ask) / (bid + ask)
    assert np.corrcoef(imbalance[:-8], mid[8:] - mid[:-8])[0, 1] > 0.1


def test_marks_come_every_second_with_the_next_settlement(hour: Feed) -> None:
    at = np.flatnonzero(hour.kind == F_MARK)
    assert len(at) == 3_600
    assert (np.diff(hour.ts_exch[at]) == NS_PER_S).all()
    marks = hour.small[hour.row[at]]
    eight = 8 * 3600 * NS_PER_S
    assert (marks[:, 3] == hour.ts_exch[at] // eight * eight + eight).all()
    assert (abs(marks[:, 2]) <= ETHUSDC.funding_cap).all()
    assert (abs(marks[:, 0] / marks[:, 1] - 1) < 0.001).all()


def test_market_is_alive_at_speed_one(hour: Feed) -> None:
    books = hour.ts_exch[hour.kind == F_BOOK]
    assert 3 <= len(books) / 3600 <= 6
    assert np.diff(books).max() < 2 * NS_PER_S
    touch = hour.book_px[hour.row[hour.kind == F_BOOK], :, 0]
    assert np.mean((np.diff(touch, axis=0) != 0).any(axis=1)) > 0.15


def test_other_grids_and_prices_make_a_book_too() -> None:
    feed = SyntheticMarket(HL["wlfi"], 3, START, price=0.18).chunk(START + 2 * MINUTE)
    assert (feed.book_px > 0).all()
    assert feed.book_px[0, BUY, 0] == pytest.approx(18_000, rel=0.02)


def test_price_without_room_for_a_book_is_refused() -> None:
    with pytest.raises(Refused, match="Expected a price of 1,000"):
        SyntheticMarket(ETHUSDC, 1, START, price=0.5)


def test_source_names_itself_and_never_ends() -> None:
    source = SyntheticSource([market(7), SyntheticMarket(HL["sol"], 7, START, price=200.0)])
    assert source.start_ns == START
    assert source.end_ns is None
    assert [instrument.symbol for instrument in source.instruments] == ["ETHUSDC", "SOL"]
    assert source.ref["kind"] == "synthetic" and source.ref["seed"] == 7
    for minute in (1, 2):
        for i in (0, 1):
            feed = source.extend(i, START + minute * MINUTE)
            assert feed is not None
            assert len(feed.ts_exch) > 200
