"""Any figure at any size is drawn on the Execution screen: no NaN, no row beyond its frame, no crash of the console."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.execution_picture import SlipRow
from core.domain.snapshot import Execution, Feed, LatencyRow, Rest, Snapshot
from screens.panes import (
    execution_fills,
    execution_histogram,
    execution_latency,
    execution_markout,
    execution_rejects,
    execution_slippage,
    execution_streams,
)
from screens.theme import Theme
from screens.view import View
from screens.widgets.pane import Draw, Pane, frame
from tests.console.fabricated import T0
from tests.console.fabricated_execution import faring

DRAWS: dict[str, Draw] = {
    "latency": execution_latency.draw,
    "latency, streams": lambda v, w, h: execution_latency.draw(v, w, h, streams=True),
    "tick": execution_histogram.of("tick->order"),
    "fills": execution_fills.draw,
    "fills, cost": lambda v, w, h: execution_fills.draw(v, w, h, cost=True),
    "markout": execution_markout.draw,
    "slippage": execution_slippage.draw,
    "rejects": execution_rejects.draw,
    "streams": execution_streams.draw,
}
FIGURE = st.none() | st.floats(allow_nan=True, allow_infinity=True)
COUNT = st.integers(0, 10**9)
NS = st.none() | st.integers(0, 10**14)
NAME = st.text("abc_\x1b[", max_size=30)
BINS = st.lists(st.tuples(st.integers(0, 10**13), st.integers(0, 10**7)), max_size=24).map(tuple)
LATENCY = st.builds(
    LatencyRow, name=st.sampled_from(["tick->order", "order->ack", "other"]), p50_ns=NS, p95_ns=NS, p99_ns=NS,
    max_ns=NS, n=COUNT, band=st.sampled_from(["good", "unacceptable", "--", "new"]), bins=BINS,
    spark=st.lists(st.floats(allow_nan=True), max_size=30).map(tuple),
)  # fmt: skip
SLIP = st.builds(
    SlipRow, venue=NAME, symbol=NAME, kind=NAME, side=st.sampled_from(["BUY", "SELL"]), n=COUNT, mean_bps=FIGURE,
    worst_bps=FIGURE, word=st.sampled_from(["good", "bad", "--"]),
)  # fmt: skip
FEED = st.builds(
    Feed, venue=NAME, symbol=NAME, stream=NAME, up=st.booleans(), age_ns=NS, stale_ns=st.integers(0, 10**10),
    per_s=st.floats(allow_nan=True), gaps=COUNT, lost=COUNT, dropped=COUNT, conflated=COUNT, reconnects=COUNT,
)  # fmt: skip
MARKOUTS = st.lists(st.tuples(st.sampled_from([0.1, 1.0, 5.0, 77.0]), FIGURE), max_size=6).map(tuple)
COUNTS = st.lists(COUNT, max_size=6).map(tuple)
EXECUTION = st.builds(
    Execution, fill_rate=FIGURE, fill_rate_buy=FIGURE, fill_rate_sell=FIGURE, n_orders=COUNT, n_fills=COUNT,
    maker_share=FIGURE, slippage_bps=FIGURE, markout_bps=MARKOUTS, adverse_rate=FIGURE,
    rejects=st.lists(st.tuples(NAME, COUNT), max_size=9).map(tuple), reject_rate=FIGURE, suppressed=COUNT,
    dropped=COUNT, unknown=COUNT, by_layer=st.lists(st.tuples(st.integers(0, 23), FIGURE), max_size=24).map(tuple),
    layer_n=COUNTS, fill_p50_ns=NS, fill_p95_ns=NS, markout_n=COUNTS, markout_taker_bps=MARKOUTS,
    markout_taker_n=COUNTS, slips=st.lists(SLIP, max_size=8).map(tuple), lost=COUNT,
)  # fmt: skip
SNAPS = st.builds(
    Snapshot, ts=st.just(T0), execution=EXECUTION, latency=st.lists(LATENCY, max_size=5).map(tuple),
    feeds=st.lists(FEED, max_size=6).map(tuple), weight_used=COUNT, weight_limit=COUNT, orders_used=COUNT,
    orders_limit=COUNT, rest=st.builds(Rest, requests=COUNT, errors=COUNT, latency_ms=FIGURE),
)  # fmt: skip


def check(draw: Draw, view: View, width: int, height: int) -> str:
    drawn = draw(view, width, height)
    assert len(drawn.rows) <= max(height, 1)
    strips = frame(Pane("x", "x", draw), view, width + 4, height + 2)
    assert {strip.cell_length for strip in strips} == {width + 4}
    return "\n".join(strip.text for strip in strips)


@given(snap=SNAPS, size=st.tuples(st.integers(10, 220), st.integers(1, 60)), plain=st.booleans())
@settings(max_examples=200, deadline=None)
def test_no_figure_breaks_a_pane(snap: Snapshot, size: tuple[int, int], plain: bool) -> None:
    view = View(snap, Theme("mono", plain), utc=T0)
    for name, draw in DRAWS.items():
        shown = check(draw, view, *size)
        assert not re.search(r"\b(nan|inf|None)\b", shown), name
        assert not plain or shown.isascii(), name


@pytest.mark.parametrize("name", DRAWS)
def test_every_size_is_drawn_and_none_is_overrun(name: str) -> None:
    """At sizes with room for its words no row of the pane is cut."""
    view = View(faring(), Theme(), utc=T0)
    for width in range(10, 221):
        for height in (*range(1, 20), 40, 60):
            drawn = DRAWS[name](view, width, height)
            assert len(drawn.rows) <= height, (width, height)
            assert width < 36 or all(row.width <= width for row in drawn.rows), (width, height)


def changed(**changes: Any) -> Snapshot:
    return msgspec.structs.replace(faring(), **changes)


def test_a_picture_of_an_older_core_without_the_new_fields_is_drawn() -> None:
    rows = tuple(msgspec.structs.replace(row, bins=()) for row in faring().latency)
    old = changed(
        latency=rows, execution=msgspec.structs.replace(faring().execution, layer_n=(), markout_n=(), slips=())
    )
    for draw in DRAWS.values():
        check(draw, View(old, Theme(), utc=T0), 56, 12)
