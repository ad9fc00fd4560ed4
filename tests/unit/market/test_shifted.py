"""A feed on another grid: prices round against us, no size gets shorter, books stay books, times stay times."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.book import F_BOOK, F_MARK, F_TRADE, LEVELS, Feed
from core.domain.units import BUY, FAR, SELL
from core.market.shifted import moved, settlements
from core.market.synthetic import SyntheticMarket
from tests.exchange.desk import HOUR, MS, Tape
from tests.unit.market.markets import instrument

FINE = instrument("alpha", "BTCUSDT", 0.01, 0.001)
COARSE = instrument("beta", "BTCUSDT", 0.5, 0.01)
START = 1_767_657_600_000_000_000


@pytest.fixture(scope="module")
def market() -> Feed:
    return SyntheticMarket(FINE, 3, START, 60_000.0).chunk(START + 60 * 10**9)


def test_the_same_grid_and_no_factor_changes_nothing(market: Feed) -> None:
    same = moved(market, FINE, FINE)
    assert all(np.array_equal(a, b) for a, b in zip(same, market, strict=True))


def test_prices_round_against_us_and_levels_of_one_price_are_one() -> None:
    tape = Tape().book(0, [(1_049, 10), (1_020, 20), (990, 5)], [(1_051, 7), (1_060, 8), (1_101, 9)])
    tape.trade(1, 1_060, 30, 1).trade(2, 1_060, 30, -1).trade(3, 1_060, 1, 0).mark(4, 1_060, 100, 8 * HOUR / MS)
    feed = moved(tape.feed(), FINE, COARSE)  # 50 fine ticks a coarse one, 10 fine lots a coarse one
    assert feed.book_px[0, BUY, :3].tolist() == [20, 19, 0] and feed.book_px[0, SELL, :3].tolist() == [22, 23, 0]
    assert feed.book_sz[0, BUY, :3].tolist() == [3, 1, 0] and feed.book_sz[0, SELL, :3].tolist() == [2, 1, 0]
    assert feed.small[:4, 0].tolist() == [22, 21, 21, 21] and feed.small[:3, 1].tolist() == [3, 3, 1]


@settings(max_examples=25)
@given(st.floats(0.99, 1.01), st.sampled_from([(0.01, 0.001), (0.1, 0.01), (1.0, 0.00001), (0.005, 0.1)]))
def test_a_moved_book_is_a_book(market: Feed, factor: float, grid: tuple[float, float]) -> None:
    """Sorted, not crossed, no gap in the levels, no size of zero; never better for a taker than the exact price."""
    to = instrument("gamma", "BTCUSDT", *grid)
    feed = moved(market, FINE, to, np.full(len(market.kind), factor))
    bid, ask = feed.book_px[:, BUY], feed.book_px[:, SELL]
    assert (bid[:, 0] <= ask[:, 0]).all()
    for px, way in ((bid, -1), (ask, 1)):
        step = way * np.diff(px, axis=1)
        assert (step[px[:, 1:] > 0] > 0).all()
        assert ((px[:, :-1] > 0) | (px[:, 1:] == 0)).all()
    assert ((feed.book_sz > 0) == (feed.book_px > 0)).all()
    exact = market.book_px[:, :, 0] * factor * FINE.tick / to.tick
    assert (bid[:, 0] <= exact[:, BUY] + 1e-6).all() and (ask[:, 0] >= exact[:, SELL] - 1e-6).all()
    assert (np.abs(feed.book_px[:, :, 0] - exact) < 1.0 + 1e-6).all()
    whole = feed.book_sz.sum(axis=(1, 2)) * to.lot - market.book_sz.sum(axis=(1, 2)) * FINE.lot
    assert (whole > -1e-6).all() and (whole < 2 * LEVELS * to.lot + 1e-6).all()
    for name in ("ts_exch", "ts_recv", "kind", "row"):
        assert np.array_equal(getattr(feed, name), getattr(market, name))


def test_an_inverse_lot_is_worth_fewer_coins_at_a_higher_price() -> None:
    """Contracts of 100 USD at 50,000 and 100,000: 0.002 and 0.001 coins each."""
    tape = Tape().book(0, [(500_000, 10)], [(1_000_000, 10)]).trade(1, 500_000, 5, -1)
    contracts = instrument("cm", "BTCUSD", 0.1, 1.0)
    feed = moved(tape.feed(), contracts, FINE, None, 100.0)
    assert (feed.book_sz[0, BUY, 0], feed.book_sz[0, SELL, 0], feed.small[0, 1]) == (20, 10, 10)
    assert (feed.book_px[0, BUY, 0], feed.small[0, 0]) == (5_000_000, 5_000_000)


def test_a_rate_keeps_its_size_an_hour_and_gets_the_calendar_of_the_new_venue(market: Feed) -> None:
    hourly = instrument("delta", "BTCUSDT", 0.1, 0.001)
    hourly = type(hourly)(**{f: getattr(hourly, f) for f in hourly.__struct_fields__} | {"funding_interval_ns": HOUR})
    tape = Tape().book(0, [(99, 1)], [(101, 1)]).mark(1, 100, 80_000, 8 * HOUR / MS).mark(2, 100)
    feed = moved(tape.feed(), FINE, hourly)
    marks = feed.small[feed.row[feed.kind == F_MARK]]
    assert marks[:, 2].tolist() == [10_000, FAR] and marks[:, 3].tolist() == [HOUR, HOUR]
    assert settlements(np.array([HOUR - 1, HOUR]), hourly).tolist() == [HOUR, 2 * HOUR]
    assert len(market.small[market.row[market.kind == F_TRADE]]) and (market.kind == F_BOOK).any()
