"""What a pair's panes say, rule by rule; the pictures themselves are in test_pair_pictures."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from core.domain.pair_picture import PairRow, PairSplit
from screens import pair as words
from screens.panes import funding, liquidation, pair_funding, pair_gate, pair_legs, pair_money, spread_bands, state
from screens.theme import PALETTES, Theme
from screens.view import View
from screens.widgets import kpis
from screens.widgets.pane import Drawn, Pane, frame
from tests.console.fabricated import SECOND, T0, snapshot
from tests.console.fabricated_pair import PAIRS, TS, pair, pictured, several

OF_ONE: dict[str, Callable[[View, PairRow, int, int], Drawn]] = {
    "legs": pair_legs.draw, "gate": pair_gate.draw, "funding": pair_funding.draw, "money": pair_money.draw,
}  # fmt: skip


def seen(row: PairRow, theme: Theme | None = None, **view: Any) -> View:
    return View(pictured(row), theme or Theme(), utc=T0, **view)


def text(drawn: Drawn) -> str:
    return "\n".join(row.plain for row in drawn.rows)


def all_text(row: PairRow, **view: Any) -> str:
    given = seen(row, **view)
    panes = [text(draw(given, row, 110, 20)) for draw in OF_ONE.values()]
    return "\n".join([*panes, text(state.draw(given, 110, 20)), text(spread_bands.draw(given, 110, 12))])


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("size", [(36, 6), (36, 10), (56, 8), (76, 2), (76, 3), (76, 5), (116, 30), (20, 1)])
@pytest.mark.parametrize("name", PAIRS)
def test_no_pane_draws_more_than_its_size_in_any_palette(name: str, palette: str, size: tuple[int, int]) -> None:
    row = PAIRS[name]()
    for ascii_only in (False, True):
        view = seen(row, Theme(palette, ascii_only))
        draws = [lambda v, w, h, d=d: d(v, row, w, h) for d in OF_ONE.values()]
        for draw in (*draws, state.draw, spread_bands.draw, funding.draw, liquidation.draw):
            pane = Pane("x", "x", draw)
            assert len(draw(view, *size).rows) <= max(size[1], 2)
            strips = frame(pane, view, size[0] + 4, size[1] + 2)
            assert {strip.cell_length for strip in strips} == {size[0] + 4}
            if ascii_only:
                assert all(strip.text.isascii() for strip in strips)


@pytest.mark.row("S1-37")
@pytest.mark.parametrize("at", range(6))
def test_the_present_state_is_marked_by_brackets_and_capitals(at: int) -> None:
    line = words.strip(pair(at)).plain
    assert f"[S{at} {pair(at).state_name.upper()}]" in line
    assert line.count("[") == 1
    assert all(f"S{other}" in line for other in range(6))


@pytest.mark.row("S1-37")
def test_s2_and_the_orders_of_the_second_leg_are_seen_while_it_works() -> None:
    shown = text(state.draw(seen(PAIRS["s2"]()), 76, 9))
    assert "[S2 LOCKING]" in shown
    assert "at work" in shown
    assert "okx -0.198 1 at work" in shown


@pytest.mark.row("S1-38")
@pytest.mark.parametrize(("name", "left"), [("s3", "lock left 03:45:38"), ("s4", "leg left 00:45:38")])
def test_the_seconds_left_are_shown(name: str, left: str) -> None:
    assert left in all_text(PAIRS[name]())


@pytest.mark.row("S1-38")
def test_a_lock_whose_clock_is_unknown_says_so() -> None:
    assert "lock left --" in text(state.draw(seen(pair(3, seconds_left=None)), 76, 9))
    assert "lock left over" in text(state.draw(seen(pair(3, seconds_left=-2.0)), 76, 9))


@pytest.mark.row("S1-19")
def test_the_pane_shows_lb_ub_now_z_half_life_and_samples() -> None:
    shown = text(spread_bands.draw(seen(pair(3)), 70, 8))
    for part in ("UB +2.9", "LB -1.7", "now +1.8", "z +0.4", "half-life 8m20", "n 7200/600"):
        assert part in shown


@pytest.mark.row("S1-19")
def test_without_bands_the_samples_still_wanted_are_shown() -> None:
    for height in (2, 4, 8):
        drawn = spread_bands.draw(seen(PAIRS["no_bands"]()), 70, height)
        assert "UB --" in text(drawn) or "no bands yet" in text(drawn)
    assert "no bands yet samples 212/600" in text(spread_bands.draw(seen(PAIRS["no_bands"]()), 70, 8))


@pytest.mark.row("S1-66")
@pytest.mark.parametrize(("spread", "at"), [(-20.0, 0), (-5.0, 1), (10.0, 2), (30.0, 3)])
def test_the_bands_in_a_row_stand_in_order_of_size(spread: float, at: int) -> None:
    row = pair(3, spread=spread)
    parts = words.bands_line(seen(row), row, 76).plain.split(" ┄ ")
    assert [part.startswith("[") for part in parts].index(True) == at


@pytest.mark.row("S1-36")
def test_a_lone_leg_without_a_stop_is_said_and_a_covered_one_is_not() -> None:
    assert words.stop_text(PAIRS["naked"](), PAIRS["naked"]().legs[0]) == ("NONE", "warn")
    assert "NONE" in text(pair_legs.draw(seen(PAIRS["naked"]()), PAIRS["naked"](), 110, 5))
    assert "stop NONE" in text(state.draw(seen(PAIRS["naked"]()), 110, 9))
    locked, locking = pair(3), PAIRS["s2"]()
    assert [words.stop_text(locked, one)[0] for one in locked.legs] == ["hedged", "hedged"]
    assert [words.stop_text(locking, one)[0] for one in locking.legs] == ["67439.3", "hedged"]
    bare = msgspec.structs.replace(locking.legs[0], stop=None)
    assert words.stop_text(msgspec.structs.replace(locking, legs=(bare, locking.legs[1])), bare)[0] == "NONE"


@pytest.mark.row("S1-23")
@pytest.mark.parametrize(("share", "word"), [(0.1, "ok"), (0.101, "OVER"), (float("nan"), "OVER")])
def test_the_residual_is_inside_at_its_cap_and_over_beyond(share: float, word: str) -> None:
    assert words.residual(pair(3, residual=share))[0].endswith(word)
    assert words.residual(pair(1, residual=1.0))[0] == "lone leg"


@pytest.mark.row("S1-25")
@pytest.mark.parametrize(("paid", "word"), [(0.3, "ok"), (0.31, "OVER"), (-0.5, "ok")])
def test_funding_paid_is_inside_at_its_cap_and_over_beyond(paid: float, word: str) -> None:
    assert words.guard(pair(3, guard_apr=paid))[0].endswith(word)
    assert words.guard(pair(3, guard_apr=None))[0] == "--"


@pytest.mark.row("S1-13")
def test_the_gate_shows_value_bound_and_verdict_of_each_condition_for_both_first_legs() -> None:
    rows = [line.plain.split() for line in pair_gate.draw(seen(pair(0)), pair(0), 56, 10).rows]
    assert ["trend", "+0.110%", "yes", "-0.110%", "NO", "0.080%"] in rows
    assert ["target", "return", "+0.410%", "yes", "+0.410%", "yes", "0.350%"] in rows
    assert ["funding", "spread", "+0.48bp", "NO", "+0.48bp", "NO", "1.00bp"] in rows
    assert ["volatility", "0.62", "0.62", "0.25", "to", "2.5"] in rows
    shown = text(pair_gate.draw(seen(pair(0)), pair(0), 56, 10))
    assert "long first  2 of 3, BARRED: adverse settlement ahead" in shown
    assert "short first 1 of 3, filters pass" in shown


@pytest.mark.row("S1-52")
def test_each_venue_has_its_own_interval_and_settlement_in_utc() -> None:
    row = pair(3)
    rows = [line.plain.split() for line in pair_funding.draw(seen(row), row, 56, 9).rows]
    assert rows[1] == ["binance", "8h", "16:00", "02:57:49", "+0.0100%", "-2.81", "+0.02"]
    assert rows[2] == ["okx", "1h", "14:00", "00:57:49", "+0.0060%", "+1.68", "+0.02"]
    assert pair_funding.every(4 * 3600 * SECOND) == "4h"
    assert pair_funding.every(1800 * SECOND) == "30m"
    assert pair_funding.every(0) == "--"


@pytest.mark.row("S1-62")
def test_entries_barred_before_an_adverse_settlement_are_named_for_the_leg_that_pays() -> None:
    row = pair(0)
    assert pair_funding.barred(row, 0).plain.endswith("ENTRIES BARRED")
    assert pair_funding.barred(row, 1).plain.endswith("ok")
    near = tuple(msgspec.structs.replace(g, value=8.0) if g.name.startswith("minutes") else g for g in row.gates[1])
    assert pair_funding.barred(msgspec.structs.replace(row, gates=(row.gates[0], near)), 1).plain.endswith("adverse")
    assert "BARRED" in pair_funding.row(seen(row), row, 76).plain


@pytest.mark.row("S1-61")
def test_the_money_is_split_by_source_and_a_sum_that_fails_is_said() -> None:
    row = pair(3)
    shown = text(pair_money.draw(seen(row), row, 56, 3))
    for part in ("spread", "+18.40", "trend", "+21.30", "carry", "+2.30", "fees", "-6.10", "execution", "-1.20", "net",
                 "+34.70", "ok"):  # fmt: skip
        assert part in shown
    broken = msgspec.structs.replace(row, split=PairSplit(spread=1.0, net=2.0))
    assert "BROKEN" in pair_money.draw(seen(broken), broken, 56, 3).rows[0].plain


@pytest.mark.row("S1-51")
@pytest.mark.parametrize("source", ["mid", "mark", "index"])
def test_the_price_source_stands_in_the_header_and_the_frames(source: str) -> None:
    row = pair(3, price_source=source)
    assert f"SPREAD {source}" in kpis.wide(seen(row), 120)[0].plain
    assert f"price {source}" in spread_bands.draw(seen(row), 56, 6).note
    assert f"price {source}" in state.draw(seen(row), 56, 6).note


def test_unknown_is_two_dashes_and_never_zero() -> None:
    row = PAIRS["unknown"]()
    shown = all_text(row)
    assert "spread --" in shown
    assert "carry --" in shown
    assert "funding paid apr --" in shown
    assert "?--" not in shown
    assert not re.search(r"\b(nan|inf|None)\b", shown)
    lines = [line.plain.split() for line in pair_gate.draw(seen(row), row, 56, 12).rows]
    assert ["trend", "--", "NO", "--", "NO", "0.080%"] in lines


def test_a_price_that_is_old_marks_everything_made_from_it() -> None:
    row = PAIRS["stuck"]()
    view = seen(row)
    legs = pair_legs.draw(view, row, 116, 5)
    assert "?68138.8" in text(legs)
    assert "47s DOWN" in text(legs)
    assert legs.stale
    assert legs.stale_ns == 47 * SECOND
    assert " 68151.0" in text(legs)  # the other leg is fresh
    chart = spread_bands.draw(view, 70, 8)
    assert chart.stale
    assert "now ?+1.8" in text(chart)
    assert "?+1.8bp" in kpis.wide(view, 120)[1].plain


def test_silence_of_the_core_ages_both_legs() -> None:
    row = pair(3)
    assert pair_legs.draw(seen(row, silence_ns=8 * SECOND), row, 116, 5).stale
    assert not pair_legs.draw(seen(row), row, 116, 5).stale


def test_a_bound_of_the_feed_decides_when_a_book_is_old() -> None:
    row = pair(3)
    old = msgspec.structs.replace(row.legs[0], age_ns=3 * SECOND)
    row = msgspec.structs.replace(row, legs=(old, row.legs[1]))
    assert words.leg_freshness(seen(row), old) == 2  # the feed says 2 s
    quiet = View(msgspec.structs.replace(pictured(row), feeds=()), Theme(), utc=T0)
    assert words.leg_freshness(quiet, old) == 1  # without a bound of its own: 5 s


@pytest.mark.parametrize("size", [(36, 4), (56, 9), (76, 3), (116, 20)])
def test_a_stuck_pair_is_loud_before_anything_else(size: tuple[int, int]) -> None:
    drawn = state.draw(seen(PAIRS["stuck"]()), *size)
    assert drawn.rows[1].plain.startswith(" STUCK 41s: an order unknown")
    assert drawn.rows[1].spans[0][1] == "chip.crit"
    assert drawn.note.startswith("STUCK")
    assert drawn.note_style == "crit"
    assert "STUCK" in kpis.wide(seen(PAIRS["stuck"]()), 120)[1].plain


def test_a_refusal_is_shown_under_what_was_wanted() -> None:
    rows = [line.plain for line in state.draw(seen(PAIRS["refused"]()), 110, 9).rows]
    assert rows[1] == "wants lock short leg: lock price reached (68463 against 68461.1)"
    assert rows[2] == "refused slippage-budget-exceeded"


def test_a_core_that_is_paused_says_why_the_gate_stays_shut() -> None:
    snap = pictured(pair(0))
    snap = msgspec.structs.replace(snap, state=msgspec.structs.replace(snap.state, run="PAUSED", reason="operator"))
    assert "PAUSED operator" in text(state.draw(View(snap, Theme(), utc=T0), 56, 9))


def test_of_several_pairs_the_first_that_is_not_s0_is_charted_and_named() -> None:
    rows = several()
    assert words.featured(rows) == 1
    assert words.featured((rows[0],)) == 0
    assert words.featured(()) == 0
    view = View(pictured(*rows), Theme(), utc=T0)
    assert "ETH binance/okx 2 of 3" in spread_bands.draw(view, 70, 8).note
    other = spread_bands.of_pair(view, 2, 70, 8)
    assert "SOL binance/okx 3 of 3" in other.note
    assert "the chart is kept for ETH" in text(other)


@pytest.mark.parametrize("height", [2, 3, 5, 9])
def test_of_many_pairs_a_stuck_one_is_never_left_out(height: int) -> None:
    rows = [*(msgspec.structs.replace(pair(3), name=f"P{n}") for n in range(9)), several()[1]]
    drawn = state.draw(View(pictured(*rows), Theme(), utc=T0), 56, height)
    assert "STUCK" in text(drawn)
    assert len(drawn.rows) <= height


def test_two_venues_with_one_symbol_are_told_apart() -> None:
    view = seen(pair(3))
    assert all(name in text(funding.draw(view, 50, 9)) for name in ("fund binance", "fund okx"))
    assert all(name in text(liquidation.draw(view, 50, 9)) for name in ("binance", "okx"))


def test_a_dead_feed_is_seen_where_there_is_room_for_one() -> None:
    drawn = funding.draw(seen(PAIRS["stuck"]()), 40, 6)
    assert "okx depth" in text(drawn)
    assert drawn.stale


def test_values_are_never_markup_and_control_characters_do_not_reach_the_terminal() -> None:
    row = pair(3, why="[bold red]x[/] \x1b]0;title\x07", refusal="\x9b31m")
    shown = text(state.draw(seen(row), 110, 9))
    assert "[bold red]x[/]" in shown
    assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in shown.replace("\n", ""))


def test_a_core_without_pairs_draws_as_before() -> None:
    view = View(snapshot(40), Theme(), utc=T0)
    assert text(spread_bands.draw(view, 56, 6)) == text(spread_bands.quotes(view, 56, 6))
    assert "res px" in text(state.draw(view, 56, 9))
    assert view.snapshot.ts == TS  # the fabricated pair lives at the time of its picture
