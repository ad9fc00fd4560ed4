"""The rows of one instrument's feed that are still needed: sources that make their rows as they go are read in chunks.

Row numbers that leave this module (slices, journal) are absolute; the exchange works with rows of the window.
"""

from __future__ import annotations

import numpy as np

from core.domain.book import F_BOOK, F_GAP, LEVELS, Feed


class Window:
    """A growing feed whose seen head is dropped. `base` is the absolute number of row 0."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.base = 0

    def __len__(self) -> int:
        return len(self.feed.kind)

    def extend(self, more: Feed, seen: int) -> int:
        """Append a chunk and drop the first `seen` rows (already visible to us); returns how many were dropped."""
        old = self.feed
        kind, row = old.kind[seen:], old.row[seen:]
        book, gap = kind == F_BOOK, kind == F_GAP
        small = ~book & ~gap
        book_0 = int(row[book].min()) if book.any() else len(old.book_px)
        small_0 = int(row[small].min()) if small.any() else len(old.small)
        old_row = row - np.where(book, book_0, np.where(small, small_0, 0))
        n_book, n_small = len(old.book_px) - book_0, len(old.small) - small_0
        new_row = more.row + np.where(more.kind == F_BOOK, n_book, np.where(more.kind == F_GAP, 0, n_small))
        self.feed = Feed(
            np.concatenate([old.ts_exch[seen:], more.ts_exch]),
            np.concatenate([old.ts_recv[seen:], more.ts_recv]),
            np.concatenate([old.kind[seen:], more.kind]),
            np.concatenate([old_row, new_row]).astype(np.int64),
            np.concatenate([old.book_px[book_0:], more.book_px]),
            np.concatenate([old.book_sz[book_0:], more.book_sz]),
            np.concatenate([old.small[small_0:], more.small]),
        )
        self.base += seen
        return seen


def columns_of(feed: Feed) -> tuple[bytes, ...]:
    """A chunk's columns as bytes, for the journal."""
    return tuple(np.ascontiguousarray(column).tobytes() for column in feed)


def feed_of(columns: tuple[bytes, ...]) -> Feed:
    """The inverse of `columns_of`."""
    flat = [np.frombuffer(raw, np.int64).copy() for raw in columns]
    return Feed(
        flat[0],
        flat[1],
        flat[2],
        flat[3],
        flat[4].reshape(-1, 2, LEVELS),
        flat[5].reshape(-1, 2, LEVELS),
        flat[6].reshape(-1, 4),
    )
