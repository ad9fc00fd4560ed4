"""Long series in rings: what a window holds, gaps, unknown figures, bounded memory, reading from another thread."""

from __future__ import annotations

import math
import random
import threading
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from core.domain.history_page import HistoryPage
from core.domain.questions import PAGES, PnlHistory, SpreadHistory
from core.domain.snapshot import Quoter
from core.telemetry.history import MOST, RINGS, Bucket, Histories, Ring, Series, join
from tests.console.fabricated_pair import PAIRS, named

S = 1_000_000_000
T0 = 1_790_000_000 * S  # a multiple of ten seconds, not of a minute


def filled(seconds: int, start: int = T0) -> Series:
    series = Series()
    for i in range(seconds):
        series.add(start + i * S, float(i), i + 1.0, i - 1.0, 0.5)
    return series


def test_a_bucket_keeps_lowest_highest_and_last_of_its_seconds() -> None:
    ring = Ring(10, 5)
    for i, value in enumerate([5.0, 9.0, -2.0, 4.0]):
        ring.add(T0 + i * S, value, None, None, None)
    assert ring.since(T0) == [(T0, -2.0, 9.0, 4.0, None, None, None)]


def test_a_level_that_is_unknown_for_a_moment_keeps_its_last_value_in_the_bucket() -> None:
    ring = Ring(10, 5)
    ring.add(T0, 1.0, 6.0, None, 2.0)
    ring.add(T0 + S, 1.0, None, -4.0, None)
    assert ring.since(0)[0][4:] == (6.0, -4.0, 2.0)


def test_seconds_without_a_value_are_a_gap_and_never_a_zero() -> None:
    series = Series()
    for i in range(60):
        series.add(T0 + i * S, None if 20 <= i < 40 else 7.0 if i % 2 else math.nan)
    wide, found = series.window(T0 + 59 * S, 300, 300)
    seconds = [(bucket[0] - T0) // S for bucket in found]
    assert wide == 1 and seconds == [i for i in range(60) if i % 2 and not 20 <= i < 40]
    assert {bucket[3] for bucket in found} == {7.0}


@pytest.mark.parametrize(("window_s", "wide", "points"), [(300, 1, 300), (3_600, 10, 360), (14_400, 60, 240),
                                                         (86_400, 180, 480)])  # fmt: skip
def test_each_window_has_its_buckets_and_ends_now(window_s: int, wide: int, points: int) -> None:
    """CONSOLE SPREAD: 5m, 1h, 4h, 24h; one day's 1,440 minutes come as 480 points."""
    series = filled(90_000)
    now = T0 + 89_999 * S
    found_wide, found = series.window(now, window_s, 480)
    assert found_wide == wide and points - 1 <= len(found) <= points + 1
    assert found[-1][3] == 89_999.0 and found[0][0] > now - (window_s + 2 * wide) * S
    assert all(b[0] - a[0] == wide * S for a, b in pairwise(found))
    assert all(low <= last <= high for _, low, high, last, *_ in found)


def test_memory_is_bounded() -> None:
    series = filled(200_000)
    assert [len(ring.since(0)) for ring in series.rings] == [most + 1 for _, most in RINGS]  # and the open one


def test_joined_neighbours_lose_no_extreme(seed: int) -> None:
    """By brute force over random walks with holes."""
    chance = random.Random(seed)
    for _ in range(200):
        buckets: list[Bucket] = []
        for i in range(chance.randint(1, 60)):
            if chance.random() < 0.8:
                low = chance.uniform(-5, 5)
                high = low + chance.random()
                buckets.append((i * 10 * S, low, high, (low + high) / 2, None, float(i), None))
        wide = chance.choice([10, 20, 30, 70])
        found = join(buckets, wide)
        for bucket in found:
            inside = [b for b in buckets if bucket[0] <= b[0] < bucket[0] + wide * S]
            assert bucket[1] == min(b[1] for b in inside) and bucket[2] == max(b[2] for b in inside)
            assert bucket[3] == inside[-1][3] and bucket[5] == inside[-1][5] and bucket[4] is None
        assert sum(len([b for b in buckets if f[0] <= b[0] < f[0] + wide * S]) for f in found) == len(buckets)


def test_a_pair_is_kept_in_bp_with_bands_and_mean_and_our_quotes_in_prices() -> None:
    histories = Histories()
    row = PAIRS["s3"]()
    quoter = Quoter(symbol="ETHUSDC", mid=2_500.0, best_ask=2_501.0, best_bid=2_499.0, reservation=2_500.2)
    for i in range(5):
        histories.second(T0 + i * S, quoter, (row, named(PAIRS["unknown"](), "ETH")), 1.5 * i)
    page = histories.spread(SpreadHistory(pair=row.name))
    long, short = row.legs[0].price, row.legs[1].price
    assert long is not None and short is not None and row.upper is not None and row.mean is not None
    scale = 2e4 / (long + short)
    assert page.unit == "bp" and page.ts == tuple(T0 + i * S for i in range(5)) and page.until == T0 + 4 * S
    assert page.last[-1] == pytest.approx((long - short) * scale)
    assert page.upper[-1] == pytest.approx(row.upper * scale) and page.middle[-1] == pytest.approx(row.mean * scale)
    assert histories.spread(SpreadHistory(pair=named(row, "ETH").name)).ts == ()
    assert histories.spread(SpreadHistory(pair="nobody knows it")) == HistoryPage(
        name="nobody knows it", until=T0 + 4 * S
    )
    quotes = histories.spread(SpreadHistory())
    assert (quotes.name, quotes.unit) == ("ETHUSDC", "quote")
    assert (quotes.last[0], quotes.upper[0], quotes.lower[0], quotes.middle[0]) == (2_500.0, 2_501.0, 2_499.0, 2_500.2)
    assert histories.pnl(PnlHistory()).last == (6.0,)  # five seconds of one minute


def test_a_core_that_has_seen_nothing_answers_an_empty_page() -> None:
    page = Histories().spread(SpreadHistory(window_s=3_600))
    assert page.ts == () and page.unit == "quote" and page.window_s == 3_600


def test_a_page_survives_the_wire_and_stays_small() -> None:
    histories = Histories()
    row = PAIRS["s3"]()
    for i in range(86_400):
        histories.second(T0 + i * S, None, (row,) if i % 60 == 0 else (), None)
    page = histories.spread(SpreadHistory(window_s=86_400, pair=row.name, most=10_000))
    assert len(page.ts) in (MOST, MOST - 1)
    sent: Any = msgspec.json.encode(page)
    assert len(sent) < 256 * 1024
    assert msgspec.convert(msgspec.json.decode(sent), PAGES[SpreadHistory]) == page


def test_another_thread_may_read_at_any_moment() -> None:
    """Every page is whole: as many of each figure, times rising."""
    series, done, faults = Series(), threading.Event(), []

    def read() -> None:
        while not done.is_set():
            for window_s in (300, 3_600, 86_400):
                _, found = series.window(T0 + 20_000 * S, window_s, 480)
                if any(len(bucket) != 7 for bucket in found) or any(a[0] >= b[0] for a, b in pairwise(found)):
                    faults.append(found)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for i in range(20_000):
        series.add(T0 + i * S, float(i))
    done.set()
    for reader in readers:
        reader.join()
    assert not faults
