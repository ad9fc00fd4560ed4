"""Any figure in a pair's picture is drawn: no NaN on the screen, no row beyond its frame, no crash of the console."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.pair_picture import GateRow, LegRow
from screens.panes import pair_funding, pair_gate, pair_legs, pair_money, spread_bands, state
from screens.theme import Theme
from screens.view import View
from screens.widgets import kpis
from screens.widgets.pane import Pane, frame
from tests.console.fabricated import T0
from tests.console.fabricated_pair import PAIRS, TS, pair, pictured

FIGURE = st.none() | st.floats(allow_nan=True, allow_infinity=True)
FLOAT = st.floats(allow_nan=True, allow_infinity=True)
NAMES = [*(g.name for g in pair(0).gates[0]), *(f.name for f in pair(4).figures), "a new figure"]
GATES = st.lists(
    st.builds(
        GateRow, name=st.sampled_from(NAMES), value=FIGURE, limit=FIGURE, holds=st.none() | st.booleans(),
        note=st.text("abc \x1b[", max_size=30),
    ),
    max_size=9,
).map(tuple)  # fmt: skip


def leg_of(row: LegRow, **changes: Any) -> LegRow:
    return msgspec.structs.replace(row, **changes)


LEGS = st.builds(
    leg_of,
    st.sampled_from([one for name in PAIRS for one in PAIRS[name]().legs]),
    size=FLOAT, entry=FIGURE, price=FIGURE, pnl=FIGURE, stop=FIGURE, rate=FIGURE, funding_paid=FIGURE,
    age_ns=st.none() | st.integers(0, 10**15), interval_ns=st.integers(0, 10**14),
    next_ts=st.none() | st.integers(0, 2 * TS), orders=st.integers(0, 9), down=st.booleans(),
)  # fmt: skip
MAYBE = ("spread", "mean", "sigma", "lower", "upper", "z", "half_life_s", "seconds_left", "carry_bps", "guard_apr")
ALWAYS = ("net", "residual", "residual_cap", "guard_cap")
CHANGES = st.fixed_dictionaries(
    {
        "state": st.integers(0, 5), "busy": st.booleans(), "why": st.text("abc: \x1b[", max_size=60),
        "stuck": st.text("abc ", max_size=40), "legs": st.tuples(LEGS, LEGS), "gates": st.tuples(GATES, GATES),
        "figures": GATES, **dict.fromkeys(MAYBE, FIGURE), **dict.fromkeys(ALWAYS, FLOAT),
    }
)  # fmt: skip
DRAWS = (pair_legs.draw, pair_gate.draw, pair_funding.draw, pair_money.draw)


@given(changes=CHANGES, size=st.tuples(st.integers(8, 120), st.integers(1, 20)))
@settings(max_examples=150, deadline=None)
def test_no_figure_breaks_a_pane(changes: dict[str, Any], size: tuple[int, int]) -> None:
    row = msgspec.structs.replace(pair(0), **changes)
    snap = msgspec.structs.replace(pictured(pair(3)), pairs=(row,))
    view = View(snap, Theme("mono", True), utc=T0)
    for draw in (*(lambda v, w, h, d=d: d(v, row, w, h) for d in DRAWS), state.draw, spread_bands.draw):
        strips = frame(Pane("x", "x", draw), view, size[0] + 4, size[1] + 2)
        assert {strip.cell_length for strip in strips} == {size[0] + 4}
        assert not re.search(r"\b(nan|inf|None)\b", "\n".join(strip.text for strip in strips))
    for width in (80, 100, 120):
        assert not any(re.search(r"\b(nan|inf)\b", line.plain) for line in kpis.wide(view, width))
        assert not any(re.search(r"\b(nan|inf)\b", line.plain) for line in kpis.narrow(view, width))
