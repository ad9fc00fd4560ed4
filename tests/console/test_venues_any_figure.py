"""Any figure, any size: no pane of Venues & streams or Scheduler breaks, leaves its frame or draws NaN."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import snapshot as sn
from core.domain.venue_picture import Feed, FundingRow, StreamRow, VenueRow
from screens.panes import (
    scheduler_history,
    scheduler_next,
    scheduler_rounds,
    venues_accounts,
    venues_funding,
    venues_streams,
    venues_wire,
)
from screens.theme import Theme
from screens.view import View
from screens.widgets.pane import Pane, frame
from tests.console.fabricated import T0
from tests.console.fabricated_pair import PAIRS
from tests.console.fabricated_venues import TS, paired, timed

DRAWS = (
    venues_accounts.draw, venues_streams.draw, venues_wire.draw, venues_wire.with_funding, venues_funding.draw,
    scheduler_next.draw, scheduler_rounds.draw, scheduler_history.draw,
)  # fmt: skip
FLOAT = st.floats(allow_nan=True, allow_infinity=True)
COUNT = st.integers(0, 10**12)
AGE = st.none() | st.integers(0, 10**16)
TIME = st.none() | st.integers(0, 2 * TS)
TEXT = st.text("abc :;\x1b[é", max_size=40)
NAME = st.sampled_from(["binance_usdm", "okx", "a"])
STREAM = st.builds(
    StreamRow, name=st.sampled_from(["book BTC/USDT:USDT", "orders", "own trades", ""]), up=st.booleans(), age_ns=AGE,
    stale_ns=st.none() | st.integers(0, 10**13), per_s=st.none() | FLOAT, redials=COUNT, refused=COUNT, why=TEXT,
)  # fmt: skip
VENUE = st.builds(
    VenueRow, venue=NAME, network=st.sampled_from(["mainnet", "simulated", ""]), feed=st.sampled_from(["", "mainnet"]),
    condition=st.sampled_from(["", "ok", "down", "banned", "auth", "clock", "opening", "new word"]), text=TEXT,
    next_step=TEXT, until=TIME, weight_used=st.none() | COUNT, weight_limit=st.none() | COUNT,
    orders_used=st.none() | COUNT, orders_limit=st.none() | COUNT, requests=st.none() | COUNT, errors=st.none() | COUNT,
    latency_ms=st.none() | st.floats(0, 1e9), clock_offset_ns=st.none() | st.integers(-(10**13), 10**13),
    clock_grade=st.sampled_from(["", "ok", "warn", "stop"]), dead_man=TEXT, dead_man_until=TIME,
    dead_man_held=st.booleans(), reconciled=st.booleans(), why=TEXT, agreed_ts=TIME,
    foreign_orders=st.none() | COUNT, foreign_positions=st.none() | COUNT,
    streams=st.lists(STREAM, max_size=4).map(tuple),
)  # fmt: skip
FEED = st.builds(
    Feed, venue=NAME, symbol=st.sampled_from(["BTCUSDT", ""]), stream=st.sampled_from(["depth", "book+trades"]),
    up=st.booleans(), age_ns=AGE, stale_ns=st.integers(0, 10**13), per_s=FLOAT, gaps=COUNT, lost=COUNT, dropped=COUNT,
    conflated=COUNT, reconnects=COUNT,
)  # fmt: skip
FUNDING = st.builds(
    FundingRow, venue=NAME, symbol=st.sampled_from(["BTCUSDT", "X"]), rate=st.none() | FLOAT, next_ts=TIME,
    assumed=st.booleans(), paid_round=FLOAT, interval_ns=st.integers(0, 10**15),
)  # fmt: skip
ROUND = st.builds(
    sn.Round, number=st.integers(0, 10**6), ends=TIME, on_end=st.sampled_from(["", "flatten", "carry"]),
    left=st.none() | st.integers(0, 9), finishing=st.booleans(),
)  # fmt: skip
ENDED = st.builds(
    sn.RoundRow, number=st.integers(0, 10**6), started=st.integers(0, TS), ended=TIME, net=st.none() | FLOAT,
    report=st.sampled_from(["", "x.md"]), verdict=st.sampled_from(["running", "flat", "cut off", "new"]),
)  # fmt: skip
STATE = st.builds(
    sn.State, run=st.sampled_from(["RUNNING", "COOLDOWN", "HALTED", "PAUSED", "new"]), since=st.integers(0, 2 * TS),
    reason=TEXT, until=TIME, attended=st.booleans(), grace_until=TIME,
    history=st.lists(st.tuples(st.integers(0, 2 * TS), TEXT), max_size=12).map(tuple),
)  # fmt: skip


def many(rows: Any, most: int) -> Any:
    return st.lists(rows, max_size=most).map(tuple)


CHANGES = st.fixed_dictionaries(
    {
        "venues": many(VENUE, 3), "feeds": many(FEED, 4), "funding": many(FUNDING, 3), "round": ROUND, "state": STATE,
        "rounds": many(ENDED, 5), "pairs": many(st.sampled_from([PAIRS[name]() for name in PAIRS]), 2),
        "speed": st.sampled_from([1.0, 60.0]), "ts": st.integers(0, 2 * TS),
    }
)  # fmt: skip


@given(
    changes=CHANGES, size=st.tuples(st.integers(10, 220), st.integers(1, 60)), silence=st.sampled_from([0, 5 * 10**9])
)
@settings(max_examples=200, deadline=None)
def test_no_figure_breaks_a_pane(changes: dict[str, Any], size: tuple[int, int], silence: int) -> None:
    snap = msgspec.structs.replace(timed(paired()), **changes)
    for ascii_only in (False, True):
        view = View(snap, Theme("mono", ascii_only), utc=T0, silence_ns=silence)
        for draw in DRAWS:
            strips = frame(Pane("x", "x", draw), view, size[0] + 4, size[1] + 2)
            assert {strip.cell_length for strip in strips} == {size[0] + 4}
            assert len(strips) == size[1] + 2
            drawn = "\n".join(strip.text for strip in strips)
            assert not re.search(r"\b(nan|inf|None)\b", drawn)
            assert not ascii_only or drawn.isascii()


def test_every_size_is_drawn() -> None:
    view = View(timed(paired()), Theme("mono", True), utc=T0)
    for draw in DRAWS:
        for width in range(10, 221, 7):
            for height in (*range(1, 13), 30, 60):
                assert len(draw(view, width, height).rows) <= height
