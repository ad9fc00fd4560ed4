"""What a move of the market would do, by figures made by hand."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.limit_rows import BandRow
from screens import whatif
from screens.whatif import Outcome, what_if
from tests.console.fabricated_risk import limit, position

LONG = position("a", 2.0, 100.0, 80.0)  # 200 quote
SHORT = position("b", -2.0, 100.0, 125.0)
FREE = position("c", 1.0, 100.0, None, buffer=math.inf)  # no price liquidates it
UNREAD = position("d", 1.0, 100.0, None, buffer=None)


def at(move: float, *rows: object, **more: object) -> Outcome:
    return what_if(rows, 1000.0, moves=(move,), **more)[0]  # type: ignore[arg-type]


def test_eight_moves_are_told() -> None:
    assert [out.move for out in what_if((LONG,), 1.0)] == [-0.2, -0.1, -0.05, -0.02, 0.02, 0.05, 0.1, 0.2]


def test_a_long_position_gains_and_its_buffer_grows_with_the_market() -> None:
    down, up = at(-0.1, LONG), at(0.1, LONG)
    assert (down.pnl, down.equity) == (pytest.approx(-20), pytest.approx(980))
    assert down.buffers == (pytest.approx(10 / 90),)  # 90 - 80 of 90
    assert (up.pnl, up.smallest) == (pytest.approx(20), pytest.approx(30 / 110))
    assert down.past == (False,)


def test_a_pair_hedged_on_two_venues_gains_nothing_and_one_leg_comes_nearer_to_its_price() -> None:
    up = at(0.2, LONG, SHORT)
    assert up.pnl == pytest.approx(0)
    assert up.equity == pytest.approx(1000)
    assert up.buffers == (pytest.approx(40 / 120), pytest.approx(5 / 120))  # 120 - 80, 125 - 120
    assert up.smallest == pytest.approx(5 / 120)
    down = at(-0.2, LONG, SHORT)
    assert (down.buffers, down.past) == (
        (pytest.approx(0), pytest.approx(45 / 80)),
        (True, False),
    )  # 80 is at its price


def test_a_position_behind_its_price_has_a_negative_buffer_and_is_past() -> None:
    out = at(0.3, SHORT)
    assert out.buffers == (pytest.approx(-5 / 130),)
    assert out.past == (True,)


def test_a_position_without_liquidation_price_is_never_past_and_does_not_lower_the_smallest() -> None:
    out = at(-0.1, FREE, LONG)
    assert out.buffers == (math.inf, pytest.approx(10 / 90))
    assert (out.smallest, out.past) == (pytest.approx(10 / 90), (False, False))
    assert at(-0.1, FREE).smallest == math.inf


def test_what_is_unknown_stays_unknown() -> None:
    out = at(-0.1, UNREAD, LONG)
    assert (out.buffers[0], out.past[0], out.smallest) == (None, None, None)
    assert out.pnl == pytest.approx(-30)
    blind = at(-0.1, position("a", 2.0, None, 80.0), SHORT)
    assert (blind.pnl, blind.equity, blind.buffers[0]) == (None, None, None)
    assert what_if((LONG,), None, moves=(0.1,))[0].equity is None
    assert what_if((), 1000.0, moves=(0.1,))[0].smallest is None


def test_cross_positions_that_share_the_margin_of_a_venue_are_unknown_after_a_move_and_known_now() -> None:
    one = position("a", 2.0, 100.0, 80.0, margin="cross")
    other = position("a", -1.0, 50.0, 60.0, margin="cross", symbol="BTC-PERP")
    assert at(-0.1, one, other).buffers == (None, None)
    assert at(0.0, one, other).buffers == (pytest.approx(0.2), pytest.approx(0.2))
    assert at(-0.1, one).buffers == (pytest.approx(10 / 90),)  # alone on its venue it keeps its price
    elsewhere = msgspec.structs.replace(other, venue="b")
    assert at(-0.1, one, elsewhere).buffers == (pytest.approx(10 / 90), pytest.approx(15 / 45))


# --- limits -----------------------------------------------------------------------------------------------------------
STOP = limit("round stop loss", -3.0, -60.0, "USDC", "HALT and flatten", slope=1)
DAY = limit("day loss", 10.0, 50.0, "USDC", "no new risk", slope=-1)
WIN = limit("round win, flatten", -3.0, 17.0, "USDC", "close, then pause", slope=1)
FLOOR = limit("liquidation buffer", 20.0, 5.0, "%", "reduce", floor=True, venue="a", symbol="ETH-PERP")


def test_the_limit_that_is_hit_first_on_the_way_is_named_with_its_move() -> None:
    """Long 200: the day's 40 left are lost at -20 %, the stop's 57 at -28.5 %; a floor of 5 % lies at 80 / 0.95."""
    limits = (STOP, DAY, WIN)
    assert at(-0.1, LONG, limits=limits).first is None
    first = at(-0.2, LONG, limits=limits).first
    assert (first.name, first.at) == ("day loss", pytest.approx(-0.2))  # type: ignore[union-attr]
    first = at(-0.5, LONG, limits=(*limits, FLOOR)).first
    assert (first.name, first.at) == ("liquidation buffer", pytest.approx(80 / 0.95 / 100 - 1))  # type: ignore[union-attr]
    first = at(0.2, LONG, limits=limits).first
    assert (first.name, first.at) == ("round win, flatten", pytest.approx(0.1))  # type: ignore[union-attr]


def test_a_short_position_meets_its_floor_and_its_losses_on_the_way_up() -> None:
    floor = msgspec.structs.replace(FLOOR, venue="b")
    first = at(0.2, SHORT, limits=(floor, DAY)).first
    assert (first.name, first.at) == ("liquidation buffer", pytest.approx(125 / 1.05 / 100 - 1))  # type: ignore[union-attr]
    assert at(-0.2, SHORT, limits=(floor, DAY)).first is None


def test_a_hedged_pair_loses_no_money_so_only_its_floors_are_hit() -> None:
    first = at(-0.2, LONG, SHORT, limits=(STOP, DAY, FLOOR)).first
    assert first is not None and first.name == "liquidation buffer"
    assert at(0.2, LONG, SHORT, limits=(STOP, DAY)).first is None


def test_a_limit_counts_only_the_positions_of_its_strategy() -> None:
    other = msgspec.structs.replace(SHORT, owner="else")
    first = at(-0.3, LONG, other, limits=(DAY,)).first
    assert first is not None and first.at == pytest.approx(-0.2)


def test_bands_that_have_not_fired_are_limits_on_the_way() -> None:
    bands = (BandRow(5, 0.15, True, "mm", 6.0), BandRow(8, 0.25, False, "mm", 6.0), BandRow(12, 0.4, False, "mm", 6.0))
    first = at(-0.1, LONG, bands=bands).first
    assert (first.name, first.at) == ("reduce band 8", pytest.approx(-0.01))  # type: ignore[union-attr]
    assert at(0.1, LONG, bands=bands).first is None


def test_a_limit_that_is_hit_already_is_not_hit_again() -> None:
    hit = msgspec.structs.replace(DAY, now=51.0, used=51 / 50)
    first = at(-0.5, LONG, limits=(hit, STOP)).first
    assert first is not None and first.name == "round stop loss"


@pytest.mark.parametrize(
    "gap", [{"now": None, "used": None}, {"bound": None, "used": None}, {"now": math.nan, "used": None}]
)
def test_a_limit_that_cannot_be_told_is_not_passed_over_in_silence(gap: dict[str, object]) -> None:
    out = at(-0.5, LONG, limits=(msgspec.structs.replace(DAY, **gap), STOP))
    assert out.blind
    assert out.first is not None and out.first.name == "round stop loss"
    assert not at(-0.5, LONG, limits=(DAY, STOP)).blind
    assert not at(0.0, LONG, limits=(msgspec.structs.replace(DAY, **gap),)).blind


def test_limits_that_no_price_moves_and_owners_that_hold_nothing_are_left_out() -> None:
    cap = limit("net cap", 0.2, 0.21, "ETH", "order refused")
    stranger = msgspec.structs.replace(DAY, owner="else", now=None, used=None)
    out = at(-0.9, LONG, limits=(cap, stranger))
    assert (out.first, out.blind) == (None, False)


FIGURE = st.none() | st.floats(allow_nan=True, allow_infinity=True)
ROWS = st.lists(
    st.builds(
        position, st.sampled_from("ab"), st.floats(allow_nan=True, allow_infinity=True), FIGURE, FIGURE, buffer=FIGURE,
        symbol=st.sampled_from(["ETH-PERP", "BTC-PERP"]), margin=st.sampled_from(["isolated", "cross"]),
    ).filter(lambda row: row.size != 0),
    max_size=4,
)  # fmt: skip


@given(st.floats(0.1, 50), st.floats(1, 1e5), st.floats(0.3, 0.99), st.floats(0.0, 0.9))
@settings(max_examples=200, deadline=None)
def test_the_floor_is_hit_exactly_where_the_buffer_after_the_move_equals_it(
    size: float, mark: float, share: float, room: float
) -> None:
    row = position("a", size, mark, mark * share)
    bound = (1 - share) * 100 * room + 1e-6
    floor = msgspec.structs.replace(FLOOR, bound=bound, now=(1 - share) * 100, used=bound / ((1 - share) * 100))
    out = what_if((row,), 0.0, (floor,), moves=(-1 + 1e-9,))[0]
    if floor.used is not None and floor.used < 1:
        assert out.first is not None and out.first.at is not None
        assert whatif.buffer(row, out.first.at) == pytest.approx(bound / 100, abs=1e-9)


@given(ROWS, FIGURE, FIGURE, FIGURE)
@settings(max_examples=200, deadline=None)
def test_no_figure_makes_it_raise_or_invents_a_number(
    rows: list[object], equity: float | None, now: float | None, bound: float | None
) -> None:
    limits = [msgspec.structs.replace(one, now=now, bound=bound, used=None) for one in (STOP, DAY, FLOOR)]
    bands = (BandRow(bound if bound is not None else 1.0, 0.2, False, "mm", now),)
    for out in what_if(rows, equity, limits, bands):  # type: ignore[arg-type]
        marks = [row.mark for row in rows]  # type: ignore[attr-defined]
        if None in marks:
            assert out.pnl is None
            assert out.equity is None
        for row, share in zip(rows, out.buffers):
            if row.liquidation is None and not (row.buffer is not None and math.isinf(row.buffer)):  # type: ignore[attr-defined]
                assert share is None
