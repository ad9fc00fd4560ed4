"""The Risk screen in words: limits, buffers, what if, stops, money."""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec
import pytest

from core.domain.snapshot import Snapshot
from screens.panes import risk_buffer, risk_limits, risk_money, risk_stops, risk_whatif
from screens.theme import Theme
from screens.view import View
from screens.widgets.pane import Drawn
from tests.console.fabricated import SECOND, T0, state
from tests.console.fabricated_pair import bare, figures, pair
from tests.console.fabricated_risk import BANDS, RISKS, hedged, limit, limits, maker, position, tight, with_now

replace = msgspec.structs.replace
DRAWS = {
    "limits": risk_limits.draw, "buffer": risk_buffer.draw, "what if": risk_whatif.draw, "stops": risk_stops.draw,
    "money": risk_money.draw,
    "stops with money": lambda v, w, h: risk_stops.draw(v, w, h, risk_money.loud_first(v, w)),
}  # fmt: skip


def seen(snap: Snapshot, **changes: Any) -> View:
    return View(snap, Theme(), utc=T0, **changes)


def words(name: str, snap: Snapshot, width: int = 116, height: int = 40, **changes: Any) -> str:
    return text(DRAWS[name](seen(snap, **changes), width, height))


def text(drawn: Drawn) -> str:
    return "\n".join(row.plain.rstrip() for row in drawn.rows)


def line(shown: str, start: str) -> str:
    return next(row for row in shown.splitlines() if row.startswith(start))


# --- limits -----------------------------------------------------------------------------------------------------------
def test_a_limit_shows_now_max_use_firings_and_what_happens() -> None:
    row = line(words("limits", maker()), "net cap (adaptive)")
    for part in ("0.124", "0.192 ETH", "65%", " 3 ", "order refused"):
        assert part in row
    row = line(words("limits", maker()), "liquidation buffer")
    assert "min 5.0 %" in row
    assert "reduce 25%; below 2% HALT, flatten" in row


def test_what_is_hit_missing_or_near_stands_first_and_says_so_without_colour() -> None:
    shown = words("limits", tight()).splitlines()[1:5]
    assert [row.split("  ")[0].strip() for row in shown] == [
        "net cap (adaptive)", "day loss", "liquidation buffer", "round loss, cool down"]  # fmt: skip
    assert "MISSING" in shown[0] and "refuses: the bound is missing" in shown[0]
    assert "HIT 102%" in shown[1]
    assert "87% !" in shown[3]
    drawn = risk_limits.draw(seen(tight()), 116, 8)
    assert (drawn.note, drawn.note_style) == ("mm  3 HIT, 1-7 of 20, up down", "crit")


def test_a_cap_that_stands_at_its_max_is_full_and_not_hit() -> None:
    """A locked pair stands at its net cap: that is no alarm; beyond it is one."""
    at, over = (with_now(limits(), "net cap", now) for now in (0.21, 0.22))
    row = line(words("limits", replace(maker(), limits=at)), "net cap  ")
    assert "FULL" in row and "HIT" not in row
    drawn = risk_limits.draw(seen(replace(maker(), limits=at)), 116, 8)
    assert drawn.note_style == "dim"
    assert "none hit" in line(words("what if", replace(maker(), limits=at)), " now")
    assert "HIT 105%" in line(words("limits", replace(maker(), limits=over)), "net cap  ")
    assert "FULL" in line(words("limits", replace(maker(), limits=at), 40), "net cap  ")


def test_a_limit_on_single_orders_has_no_figure_now() -> None:
    row = line(words("limits", maker()), "single order")
    assert "per order" in row
    assert "--" not in row
    assert "0%" not in row


def test_an_unknown_limit_is_two_dashes() -> None:
    row = line(words("limits", RISKS["unknown"]()), "day loss")
    assert row.count("--") == 2
    assert "0%" not in row


def test_limits_on_money_of_a_pair_stand_once_with_the_leg_that_used_most() -> None:
    calm, worse = limits(venue="a"), with_now(limits(venue="b"), "day loss", 41.0)
    made = risk_limits.merged((*calm, *worse))
    assert [row.used for row in made if row.name == "day loss"] == [pytest.approx(0.82)]
    assert [row.venue for row in made if row.name == "net cap"] == ["a", "b"]
    assert len([row for row in made if row.name == "single order"]) == 1


def test_two_strategies_keep_their_limits_apart_and_are_named() -> None:
    snap = replace(maker(), limits=(*limits(), *limits(owner="second")))
    shown = words("limits", snap, 160, 60)
    assert len([row for row in shown.splitlines() if row.startswith("day loss")]) == 2
    assert "second" in shown


def test_a_limit_measured_on_an_old_mark_carries_a_question_mark() -> None:
    shown = words("limits", RISKS["stale"]())
    assert "?0.80" in line(shown, "reduce-only from")
    assert "?" not in line(shown, "net cap  ")


def test_scrolling_stops_at_the_end() -> None:
    drawn = risk_limits.draw(seen(maker()), 116, 5, 99)
    assert drawn.note.endswith("17-20 of 20, up down")
    assert "reduce slippage" in drawn.rows[-1].plain


# --- buffers ----------------------------------------------------------------------------------------------------------
def test_the_nearest_position_stands_first_and_a_crossed_price_is_past() -> None:
    rows = (
        position("a", 1.0, 100.0, 60.0, ts=T0),
        position("b", -1.0, 100.0, 99.0, ts=T0),
        position("c", 1.0, 100.0, None, buffer=math.inf, ts=T0),
        position("d", 1.0, 100.0, None, ts=T0),
    )
    shown = words("buffer", replace(maker(), ts=T0, positions=rows), 60).splitlines()
    assert [row[0] for row in shown[:4]] == ["d", "b", "a", "c"]
    assert "--" in shown[0]
    assert "-1.0% PAST" in shown[1]  # (99 - 100) / 100
    assert "40.0% ok" in shown[2]
    assert "none ok" in shown[3]
    assert "reduce < 5.0%  HALT, flatten < 2.0%" in shown[4]


# --- what if ----------------------------------------------------------------------------------------------------------
def test_every_move_shows_profit_equity_buffers_and_the_first_limit() -> None:
    """Long 0.042 at some 2,500: 105 quote, so -20 % costs 21; the loss of 0.8 becomes 5 at -4.0 %."""
    shown = words("what if", maker())
    row = line(shown, "-20%")
    assert "-21.00" in row and "180.78" in row and "23.0% ok" in row and "-4.0% reduce band 5" in row
    assert line(shown, "-2%" if "\n-2%" in shown else " -2%").endswith("none")
    assert [row.split()[0] for row in shown.splitlines()[1:]] == [
        "-20%", "-10%", "-5%", "-2%", "now", "+2%", "+5%", "+10%", "+20%"]  # fmt: skip


def test_positions_past_their_price_are_named() -> None:
    drawn = risk_whatif.draw(seen(tight()), 116, 12)
    assert drawn.note == "PAST its liquidation price after 3 of them"
    assert "-0.9% PAST" in text(drawn) and "ETHUSDC" in line(text(drawn), " -5%")
    assert "HIT now: net cap (adaptive), day loss, liquidation buffer" in line(text(drawn), " now")


def test_the_two_legs_of_a_pair_have_a_column_each() -> None:
    shown = words("what if", hedged())
    assert re.search(r"equity +binance +okx +min buffer", shown)
    assert re.search(r"\+20% .* 48\.7% +17\.5% +17\.5% ok", shown)


def test_unknown_marks_leave_no_number_in_the_table() -> None:
    shown = words("what if", RISKS["unknown"]())
    assert not re.search(r"\d\.\d", shown)
    assert "none" not in line(shown, "-20%").split("ETHUSDC?")[1]  # no limit is told to be far


def test_old_marks_are_asked_of_in_every_figure() -> None:
    drawn = risk_whatif.draw(seen(RISKS["stale"]()), 116, 12)
    assert (drawn.stale, drawn.stale_ns) == (True, 14 * SECOND)
    for part in ("?-21.00", "?180.78", "?23.0%", "?-4.0% reduce band 5"):
        assert part in line(text(drawn), "-20%")


def test_without_a_position_no_table_is_drawn() -> None:
    assert words("what if", RISKS["flat"]()).startswith("no position")


# --- stops ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("run", "says"),
    [
        ("RUNNING", "p Pause"), ("PAUSED", "^G EMERGENCY"), ("COOLDOWN", "p Pause"), ("HALTING", "f Flatten"),
        ("HALTED", "f Flatten"), ("FLATTENING", "q s Stop"), ("FLAT", "q s Stop"), ("a new state", "--"),
    ],
)  # fmt: skip
def test_the_next_stop_by_key_follows_the_ladder(run: str, says: str) -> None:
    assert says in line(words("stops", state(maker(), run=run), 36), "next key")


def test_a_halt_without_positions_has_nothing_to_flatten() -> None:
    assert "q s Stop" in words("stops", replace(state(maker(), run="HALTED"), positions=()), 36)


def test_the_limit_nearest_to_stopping_is_named_with_what_it_does() -> None:
    shown = words("stops", replace(maker(), limits=with_now(limits(), "day loss", 45.0)), 60)
    assert "day loss 90% !" in line(shown, "nearest")
    assert "no new risk until 00:00 UTC" in shown
    full = replace(limit("net cap", 0.21, 0.21, "ETH", "order refused"), used=1.0)
    assert "no limit can be told" in words("stops", replace(maker(), limits=(full,)), 60)  # it stops nothing


def test_the_dead_man_is_told_for_each_venue_and_ages_with_the_core() -> None:
    shown = words("stops", hedged(), 36)
    assert "dead-man binance 118 s left" in shown
    assert "okx 57 s left" in shown
    assert "?okx 57 s left (2.0s ago)" in words("stops", hedged(), 60, silence_ns=2 * SECOND)
    bad = risk_stops.dead_man(seen(RISKS["halted"]()), 60)
    assert ("NO DEAD-MAN okx: refused", "crit") in bad[0].spans
    assert "not told by the core" in words("stops", RISKS["unknown"](), 60)
    assert "simulated" in words("stops", maker(), 60)


@pytest.mark.parametrize(
    ("seconds", "says"), [(0.0, "0.0s of 0.5s ok"), (0.3, "0.3s of 0.5s !"), (41.2, "41s of 0.5s OVER"), (None, "--")]
)
def test_an_undeclared_leg_shows_its_seconds_and_its_bound(seconds: float | None, says: str) -> None:
    snap = hedged(pair(2, figures=(*figures(2), bare(seconds))))
    assert says in line(words("stops", snap, 60), "naked")


def test_of_several_pairs_the_one_that_is_naked_longest_stands_first() -> None:
    calm = pair(3, name="one", figures=(bare(0.0),))
    worse = pair(2, name="two", figures=(bare(9.0),))
    lines = risk_stops.naked_lines(seen(replace(hedged(), pairs=(calm, worse))), 60)
    assert [one.plain.split()[0] for one in lines] == ["two", "one"]


def test_an_unattended_core_says_when_it_pauses() -> None:
    away = state(maker(), attended=False, grace_until=maker().ts + 187 * SECOND)
    assert "UNATTENDED, pauses in 03:07" in words("stops", away, 60)


# --- money ------------------------------------------------------------------------------------------------------------
def test_round_and_day_stand_against_their_limits() -> None:
    shown = words("money", tight(), 60)
    assert "HIT 102%" in line(shown, "day")
    assert "-60.00" in line(shown, "round")
    assert "0.21% worst 0.84%" in line(shown, "drawdown")
    assert "no limit known" in words("money", replace(maker(), limits=()), 60)


def test_bands_say_done_and_how_much_they_take() -> None:
    shown = line(words("money", tight(), 60), "loss")
    assert shown == "loss     6.10  5 -15% done  8 -25%  12 -40%"
    unknown = replace(maker(), bands=tuple(replace(band, now=None) for band in BANDS))
    assert line(words("money", unknown, 60), "loss").startswith("loss     --")


def test_where_there_is_little_room_what_is_hit_or_done_comes_first() -> None:
    lines = [one.plain for one in risk_money.loud_first(seen(tight()), 32)]
    assert lines[0].startswith("day") and "HIT" in lines[0]
    assert lines[1].startswith("loss") and "done" in lines[1]
    assert lines[2].strip().startswith("8 -25%")  # a block stays together
