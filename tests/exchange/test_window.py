"""Chunks joined and the seen head dropped: what is left reads the same."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.book import F_BOOK, F_GAP, F_TRADE, LEVELS, Feed
from core.exchange.window import Window, columns_of, feed_of
from core.rng import stream


def random_feed(seed: int, start: int, n: int) -> Feed:
    dice = stream(seed, "window")
    kind = dice.choice([F_BOOK, F_TRADE, F_GAP], n, p=[0.4, 0.5, 0.1]).astype(np.int64)
    row = np.zeros(n, np.int64)
    row[kind == F_BOOK] = np.arange((kind == F_BOOK).sum())
    row[kind == F_TRADE] = np.arange((kind == F_TRADE).sum())
    row[kind == F_GAP] = 3
    ts = start + np.arange(n, dtype=np.int64)
    books = dice.integers(1, 1000, ((kind == F_BOOK).sum(), 2, LEVELS)).astype(np.int64)
    small = dice.integers(1, 1000, ((kind == F_TRADE).sum(), 4)).astype(np.int64)
    return Feed(ts, ts + 5, kind, row, books, books + 1, small)


def content(feed: Feed) -> list[tuple[int, ...]]:
    """Every event with what it points at."""
    out = []
    for ts, kind, row in zip(feed.ts_exch, feed.kind, feed.row, strict=True):
        if kind == F_BOOK:
            out.append((int(ts), int(kind), int(feed.book_px[row].sum()), int(feed.book_sz[row].sum())))
        elif kind == F_GAP:
            out.append((int(ts), int(kind), int(row)))
        else:
            out.append((int(ts), int(kind), *map(int, feed.small[row])))
    return out


@pytest.mark.parametrize("seed", range(8))
def test_a_window_of_chunks_equals_the_whole_with_its_head_dropped(seed: int) -> None:
    dice = stream(seed, "cuts")
    window, whole = Window(random_feed(seed, 0, 50)), []
    whole += content(window.feed)
    for n in range(1, 6):
        chunk = random_feed(seed * 100 + n, n * 1000, int(dice.integers(0, 40)))
        seen = int(dice.integers(0, len(window) + 1))
        whole += content(chunk)
        window.extend(chunk, seen)
        assert content(window.feed) == whole[window.base :], f"seed {seed}"


def test_columns_survive_the_journal() -> None:
    feed = random_feed(3, 0, 30)
    assert content(feed_of(columns_of(feed))) == content(feed)
