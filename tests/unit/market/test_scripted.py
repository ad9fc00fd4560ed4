"""A market that follows a script: prices at their seconds, books that are books, rows that no asking can change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.book import F_BOOK, F_MARK, F_TRADE, Feed
from core.domain.errors import Refused
from core.domain.units import BUY, NS_PER_S, SELL
from core.market.pair_walk import DAY_NS, SECONDS, SETTLES_S, pair_walk, start_before
from core.market.scripted import PlaceScript, Script, ScriptedSource, step_at
from core.market.spread_figures import mids
from tests.unit.market.markets import instrument

ALPHA = instrument("alpha", "BTCUSDT", 0.1, 0.001)
BETA = instrument("beta", "BTCUSDT", 1.0, 0.0001)
START = 1_767_657_600_000_000_000
UP = PlaceScript(((5.0, 50_000.0), (15.0, 50_500.0)), funding_bps=((0.0, 1.0), (10.0, -2.5)), wiggle_bps=0.0)
FLAT = PlaceScript(((0.0, 50_000.0),), depth=((0.0, 2.0), (10.0, 0.05)), down=((12.0, 14.0),))
SCRIPT = Script("up and flat", 20.0, (UP, FLAT))


def source(seed: int = 3, endless: bool = False, script: Script = SCRIPT) -> ScriptedSource:
    return ScriptedSource(script, (ALPHA, BETA), seed, START, endless)


def whole(i: int, seed: int = 3) -> Feed:
    feed = source(seed).extend(i, START + 1)
    assert feed is not None
    return feed


def rows(feed: Feed, kind: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = feed.kind == kind
    return found


def test_price_stands_before_the_first_point_runs_straight_and_stands_after_the_last() -> None:
    place = source().places[0]
    assert place.mid(np.array([0.0, 5.0, 10.0, 15.0, 400.0])).tolist() == [50_000, 50_000, 50_250, 50_500, 50_500]


def test_books_show_the_script_within_a_tick() -> None:
    feed = whole(0)
    books = rows(feed, F_BOOK)
    seconds = (feed.ts_exch[books] - START) / NS_PER_S
    shown = (feed.book_px[:, BUY, 0] + feed.book_px[:, SELL, 0]) * ALPHA.tick / 2
    assert np.abs(shown - source().places[0].mid(seconds)).max() <= ALPHA.tick
    assert len(shown) >= 79  # four a second


@pytest.mark.parametrize("i", [0, 1])
def test_every_book_is_ordered_and_not_crossed_and_times_never_step_back(i: int) -> None:
    feed = whole(i)
    bids, asks = feed.book_px[:, BUY], feed.book_px[:, SELL]
    assert (np.diff(bids, axis=1) < 0).all() and (np.diff(asks, axis=1) > 0).all()
    assert (asks[:, 0] > bids[:, 0]).all() and (feed.book_sz > 0).all()
    assert (np.diff(feed.ts_exch) >= 0).all() and (np.diff(feed.ts_recv) >= 0).all()
    assert (feed.ts_recv >= feed.ts_exch).all()


@given(cuts=st.lists(st.integers(0, 25_000), max_size=6), seed=st.integers(0, 50))
@settings(max_examples=25)
def test_rows_do_not_depend_on_how_often_they_are_asked_for(cuts: list[int], seed: int) -> None:
    end = START + 25 * NS_PER_S
    once, often = source(seed, endless=True), source(seed, endless=True)
    for i in (0, 1):
        all_at_once = once.extend(i, end)
        parts = [often.extend(i, START + cut * 1_000_000) for cut in [*sorted(cuts), 25_000]]
        assert all_at_once is not None
        for name in ("ts_exch", "kind", "book_px", "book_sz", "small"):
            joined = np.concatenate([getattr(part, name) for part in parts if part is not None and len(part.kind)])
            assert np.array_equal(joined, getattr(all_at_once, name)), name


def test_the_seed_moves_the_small_waves_and_nothing_else() -> None:
    one, same, other = whole(1, 3), whole(1, 3), whole(1, 4)
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert np.array_equal(one.ts_exch, other.ts_exch) and np.array_equal(one.kind, other.kind)
    assert not np.array_equal(one.book_px, other.book_px)
    apart = np.abs(mids(one, BETA.tick)[1] - mids(other, BETA.tick)[1])
    assert 0 < apart.max() <= 50_000 * 2e-4 * 0.2 * 1.5 + BETA.tick  # twice the height of both waves


def test_a_script_that_ends_gives_everything_at_once_and_then_nothing() -> None:
    ending = source()
    feed = ending.extend(0, START + 1)
    assert feed is not None and feed.ts_exch[-1] > START + 19 * NS_PER_S
    assert ending.end_ns == START + 20 * NS_PER_S
    assert ending.extend(0, START + 10 * NS_PER_S) is None


def test_an_endless_script_goes_on_at_its_last_price() -> None:
    endless = source(endless=True)
    assert endless.end_ns is None
    endless.extend(0, START + 1_000 * NS_PER_S)
    later = endless.extend(0, START + 1_010 * NS_PER_S)
    assert later is not None and rows(later, F_BOOK).sum() >= 39
    assert np.abs(mids(later, ALPHA.tick)[1] - 50_500.0).max() <= ALPHA.tick


def test_a_venue_that_is_down_sends_no_row() -> None:
    seconds = (whole(1).ts_exch - START) / NS_PER_S
    assert not ((seconds >= 12.0) & (seconds < 14.0)).any()
    assert ((seconds >= 11.0) & (seconds < 12.0)).any() and ((seconds >= 14.0) & (seconds < 15.0)).any()


def test_depth_and_funding_change_at_their_seconds() -> None:
    deep = whole(1)
    early = (deep.ts_exch[rows(deep, F_BOOK)] - START) / NS_PER_S < 10.0
    assert deep.book_sz[early].min() * BETA.lot > 1.5 and deep.book_sz[~early].max() * BETA.lot < 0.07
    feed = whole(0)
    marks, small = rows(feed, F_MARK), feed.small[feed.row[rows(feed, F_MARK)]]
    after = feed.ts_exch[marks] >= START + 10 * NS_PER_S
    assert set(small[~after, 2]) == {10_000} and set(small[after, 2]) == {-25_000}  # 1e-8 an interval
    assert (small[:, 3] > feed.ts_exch[marks]).all()
    assert set(small[:, 3] % ALPHA.funding_interval_ns) == {ALPHA.funding_offset_ns % ALPHA.funding_interval_ns}


def test_trades_happen_at_the_touch_on_both_sides() -> None:
    feed = whole(0)
    small = feed.small[feed.row[rows(feed, F_TRADE)]]
    assert set(small[:, 2]) == {1, -1} and (small[:, 1] > 0).all()
    assert (np.diff(small[:, 3]) > 0).all()  # ids


def test_steps_take_the_value_of_the_last_point_at_or_before() -> None:
    assert step_at(((0.0, 1.0), (5.0, 2.0)), np.array([0.0, 4.999, 5.0, 9.0])).tolist() == [1.0, 1.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (PlaceScript(()), "points in order"),
        (PlaceScript(((3.0, 50_000.0), (1.0, 50_000.0))), "points in order"),
        (PlaceScript(((0.0, 50_000.0),), depth=()), "points in order"),
        (PlaceScript(((0.0, 5.0),)), "1,000 ticks"),
    ],
)
def test_a_script_that_cannot_be_is_refused(part: PlaceScript, why: str) -> None:
    with pytest.raises(Refused, match=why):
        source(script=Script("no", 10.0, (part, FLAT)))


def test_a_script_needs_as_many_instruments_as_it_has_parts() -> None:
    with pytest.raises(Refused, match="Expected 2 instruments"):
        ScriptedSource(SCRIPT, (ALPHA,), 1, START)


@given(st.integers(START, START + 3 * DAY_NS))
def test_the_walk_begins_in_the_past_and_settles_at_eight(now: int) -> None:
    """S1-52: both venues settle at 08:00 UTC, whatever the time of the demonstration is."""
    start = start_before(now)
    assert now - DAY_NS < start <= now
    assert (start + round(SETTLES_S * NS_PER_S)) % DAY_NS == 8 * 3600 * NS_PER_S


def test_the_walk_fits_into_its_length() -> None:
    assert all(part.mids[-1][0] <= SECONDS for part in pair_walk().places)
