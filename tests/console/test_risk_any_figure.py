"""Any figure of the risk picture is drawn at any size: no NaN on the screen, no row beyond its frame, no crash."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.limit_rows import BandRow, LimitRow
from screens.theme import Theme
from screens.view import View
from screens.widgets.pane import Pane, frame
from tests.console.fabricated import T0
from tests.console.fabricated_pair import PAIRS
from tests.console.fabricated_risk import RISKS, maker, position
from tests.console.test_risk_words import DRAWS

replace = msgspec.structs.replace


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize("risk", RISKS)
def test_no_pane_draws_more_than_its_size(name: str, risk: str) -> None:
    snap = RISKS[risk]()
    for ascii_only, palette in ((False, "default"), (True, "mono")):
        view = View(snap, Theme(palette, ascii_only), utc=T0)
        for width in (10, 24, 40, 62, 76, 116, 220):
            for height in (1, 3, 7, 60):
                drawn = DRAWS[name](view, width, height)
                assert len(drawn.rows) <= height
                strips = frame(Pane("x", "x", DRAWS[name]), view, width + 4, height + 2)
                assert {strip.cell_length for strip in strips} == {width + 4}
                if ascii_only:
                    assert all(strip.text.isascii() for strip in strips)
                if width >= 76:
                    assert all(row.width <= width for row in drawn.rows)


FIGURE = st.none() | st.floats(allow_nan=True, allow_infinity=True)
FLOAT = st.floats(allow_nan=True, allow_infinity=True)
TEXT = st.text("abc \x1b[", max_size=30)
LIMITS = st.lists(
    st.builds(
        LimitRow, TEXT, FIGURE, FIGURE, st.sampled_from(["", "ETH", "USDC", "%", "s"]), FIGURE, st.integers(0, 10**9),
        st.sampled_from(["", "mm", "b"]), TEXT, st.sampled_from("ab"), TEXT, st.booleans(), st.integers(-1, 1),
        st.booleans(), TEXT,
    ),
    max_size=6,
).map(tuple)  # fmt: skip
HELD = st.lists(
    st.builds(position, st.sampled_from("ab"), FLOAT, FIGURE, FIGURE, buffer=FIGURE, owner=st.sampled_from(["", "mm"]),
              ts=st.integers(0, 2 * T0), symbol=st.sampled_from(["ETH", "BTC"])),
    max_size=5,
).map(tuple)  # fmt: skip
BAND = st.lists(st.builds(BandRow, FLOAT, FLOAT, st.booleans(), st.sampled_from(["", "mm"]), FIGURE), max_size=4)
CHANGES = st.fixed_dictionaries(
    {
        "limits": LIMITS, "positions": HELD, "bands": BAND.map(tuple), "dead_man": TEXT, "buffer_warn": FIGURE,
        "buffer_halt": FIGURE, "pairs": st.sampled_from([(), (PAIRS["stuck"](), PAIRS["unknown"]())]),
        "mode": st.sampled_from(["PAPER", "LIVE"]),
    }
)  # fmt: skip


@given(CHANGES, st.tuples(st.integers(10, 220), st.integers(1, 60)), FLOAT, FIGURE)
@settings(max_examples=60, deadline=None)
def test_no_figure_breaks_a_pane(
    changes: dict[str, Any], size: tuple[int, int], money: float, bound: float | None
) -> None:
    snap = replace(maker(), **changes)
    pnl = replace(
        snap.pnl, net=money, day=money, equity=money, drawdown=money, max_drawdown=money, drawdown_limit=bound
    )
    view = View(replace(snap, pnl=pnl), Theme("mono", True), utc=T0)
    for draw in DRAWS.values():
        strips = frame(Pane("x", "x", draw), view, size[0] + 4, size[1] + 2)
        assert {strip.cell_length for strip in strips} == {size[0] + 4}
        assert not re.search(r"\b(nan|inf|None)\b", "\n".join(strip.text for strip in strips))
