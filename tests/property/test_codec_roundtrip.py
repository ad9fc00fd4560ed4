"""Record -> convert -> feed: what was written to a recording is what the core sees, to the last unit."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.book import F_BOOK, F_TRADE
from core.domain.units import BUY, SELL
from core.market.recording import open_recording
from tests.unit.market import recorder
from tests.unit.market.markets import ASTER_ETH, USDM
from tests.unit.market.recorder import T0_MS, depth, snapshot

TICKS = st.integers(200_000, 400_000)
SIZES = st.integers(1, 10**7)


def text(units: int, step: str) -> str:
    return format(Decimal(step) * units, "f")


@st.composite
def book(draw: st.DrawFn) -> list[tuple[int, int, int, int]]:
    """Levels (bid, bid lots, ask, ask lots), best first, each side with growing distance."""
    bid = draw(TICKS)
    ask = bid + draw(st.integers(0, 50))
    levels = []
    for _ in range(draw(st.integers(1, 4))):
        levels.append((bid, draw(SIZES), ask, draw(SIZES)))
        bid, ask = bid - draw(st.integers(1, 30)), ask + draw(st.integers(1, 30))
    return levels


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 400), book()), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 3000), st.booleans(), TICKS, SIZES), max_size=12),
)
def test_float_columns_come_back_as_the_ticks_and_lots_that_were_written(books: list, trades: list) -> None:
    ts, rows = T0_MS, []
    for wait, levels in books:
        ts += wait
        rows.append((ts, levels))
    trades = sorted(trades)
    with tempfile.TemporaryDirectory() as folder:
        files = [
            recorder.aster_book(
                Path(folder) / "b.parquet",
                [(t, [(b * 0.01, bs * 0.001, a * 0.01, az * 0.001) for b, bs, a, az in lv]) for t, lv in rows],
            )
        ]
        if trades:
            files.append(
                recorder.aster_trades(
                    Path(folder) / "t.parquet",
                    [
                        (i, T0_MS + t, "buy" if buy else "sell", float(text(px, "0.01")), float(text(sz, "0.001")))
                        for i, (t, buy, px, sz) in enumerate(trades, 1)
                    ],
                )
            )
        feed = open_recording(files, ASTER_ETH, Path(folder) / "cache").feed
        seen = feed.small[feed.row[feed.kind == F_TRADE]].tolist()
        assert seen == [[px, sz, 1 if buy else -1, i] for i, (_, buy, px, sz) in enumerate(trades, 1)]
        assert feed.ts_exch[feed.kind == F_BOOK].tolist() == [t * 1_000_000 for t, _ in rows]
        for row, (_, levels) in enumerate(rows):
            for i, (bid, bid_sz, ask, ask_sz) in enumerate(levels):
                assert feed.book_px[row, :, i].tolist() == [bid, ask]
                assert feed.book_sz[row, :, i].tolist() == [bid_sz, ask_sz]
            assert (feed.book_px[row, :, len(levels) :] == 0).all()
        del feed


CHANGES = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 9000)), max_size=6)


@settings(max_examples=25)
@given(st.lists(st.tuples(CHANGES, CHANGES), min_size=1, max_size=12), st.integers(0, 3), st.integers(0, 3))
def test_differences_rebuild_the_book_whatever_part_came_before_the_snapshot(
    frames: list, early: int, late: int
) -> None:
    """Levels move within 40 ticks of either side of 3000.0, so the book never crosses and shows at most 20 of 40.

    `early` differences are in the snapshot already, `late` newer ones stand before it in the file all the same.
    """
    ids = range(100, 100 + len(frames))
    state: list[dict[int, int]] = [{30_000: 1}, {30_001: 1}]
    lines, expected, base = [], [], (100 + min(early, len(frames)) - 1)
    at_snapshot: list[list[list[str]]] = [[], []]
    for n, (bids, asks) in zip(ids, frames):
        changes = [
            [(30_000 - d, sz) for d, sz in dict(bids).items()],
            [(30_001 + d, sz) for d, sz in dict(asks).items()],
        ]
        for side in (BUY, SELL):
            state[side].update(dict(changes[side]))
            state[side] = {px: sz for px, sz in state[side].items() if sz}
        lines.append(depth(n, n, n - 1, *([[text(px, "0.1"), text(sz, "0.001")] for px, sz in c] for c in changes)))
        if n == base:
            at_snapshot = [[[text(px, "0.1"), text(sz, "0.001")] for px, sz in s.items()] for s in state]
        if n > base:
            expected.append([sorted(s.items(), reverse=side == BUY)[:20] for side, s in enumerate(state)])
    if base < 100:
        at_snapshot = [[["3000.0", "0.001"]], [["3000.1", "0.001"]]]
    shot = snapshot(base, *at_snapshot)
    at = min(len(lines), base - 99 + late)
    queued = at - (base - 99)
    lines.insert(at, shot)
    with tempfile.TemporaryDirectory() as folder:
        path = recorder.wire(Path(folder) / "w.txt.gz", [(T0_MS * 1_000_000 + i, line) for i, line in enumerate(lines)])
        feed = open_recording([path], USDM, Path(folder) / "cache").feed
        shown = [
            [
                [(p, s) for p, s in zip(feed.book_px[row, side].tolist(), feed.book_sz[row, side].tolist()) if p]
                for side in (BUY, SELL)
            ]
            for row in range(len(feed.book_px))
        ]
        assert len(shown) == len(expected) - queued + 1  # the snapshot with the queue in it, then one a difference
        assert shown[1:] == expected[queued:]
        if queued:
            assert shown[0] == expected[queued - 1]
        del feed
