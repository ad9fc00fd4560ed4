"""What a pair's panes take from elsewhere or count: naked time, liquidation, funding amounts, distances, history."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.domain.pair_picture import PairRow
from core.domain.snapshot import LogRow
from screens import format as fmt
from screens import pair as words
from screens.panes import pair_funding, pair_gate, pair_legs, pair_money, pair_state, state
from screens.theme import Theme
from screens.view import View
from screens.widgets import kpis
from tests.console.fabricated import SECOND, T0
from tests.console.fabricated_pair import PAIRS, TS, bare, pair, pictured, several


def seen(row: PairRow, **changes: Any) -> View:
    return View(msgspec.structs.replace(pictured(row), **changes), Theme(), utc=T0)


def head(row: PairRow, width: int) -> str:
    return pair_state.head(seen(row), row, width).plain


@pytest.mark.parametrize("width", [36, 46, 56, 76])
@pytest.mark.parametrize(
    ("seconds", "text"), [(0.3, "naked 0.3s of 0.5s"), (0.5, "naked 0.5s of 0.5s"), (1.2, "naked 1.2s of 0.5s OVER")]
)
def test_the_naked_time_is_seen_at_every_width_with_its_bound(seconds: float, text: str, width: int) -> None:
    row = pair(2, figures=(bare(seconds),))
    assert text in head(row, max(width, len(text) + 20))
    assert ("OVER" in text) is (words.naked(row) or ("", ""))[1].startswith("crit")


def test_a_naked_time_that_is_unknown_is_not_zero() -> None:
    assert words.naked(pair(2)) == ("naked --", "warn")  # S2 without the figure
    assert words.naked(pair(3, figures=(bare(None),))) == ("naked --", "warn")
    assert words.naked(pair(2, figures=(bare(float("nan")),))) == ("naked --", "warn")
    assert words.naked(pair(2, figures=(bare(0.0),))) == ("naked 0.0s of 0.5s", "text")
    assert words.naked(pair(3, figures=(bare(0.0),))) is None
    assert words.naked(pair(1)) is None  # a lone leg is declared
    endless = msgspec.structs.replace(bare(0.1), limit=None)
    assert words.naked(pair(2, figures=(endless,))) == ("naked 0.1s of -- OVER", "crit")


def test_a_pair_that_is_naked_too_long_is_said_in_the_header() -> None:
    row = pair(2, figures=(bare(1.2),))
    assert "S2 NAKED" in kpis.wide(seen(row), 120)[1].plain
    assert any("S2 NAKED" in line.plain for line in kpis.narrow(seen(row), 80))
    assert words.kpi_state((pair(3), row)) == ("S2 NAKED", "crit")


def test_a_stuck_pair_goes_before_the_featured_one_in_the_header() -> None:
    assert words.kpi_state((pair(3), PAIRS["stuck"]())) == ("S2 STUCK", "crit")
    assert words.kpi_state((pair(0), pair(3))) == ("S3 LOCKED", "value")


@pytest.mark.row("S1-55")
def test_each_leg_shows_its_liquidation_price_and_buffer() -> None:
    row = pair(3)
    rows = [line.plain.split() for line in pair_legs.draw(seen(row), row, 116, 5).rows]
    at = rows[0].index("liq")
    assert rows[1][at : at + 2] == ["41981.0", "38.4%"]
    assert rows[2][at : at + 2] == ["96075.7", "41.0%"]


@pytest.mark.row("S1-55")
def test_a_liquidation_that_nobody_told_is_two_dashes_and_a_flat_leg_has_none() -> None:
    row = pair(1)
    rows = [line.plain.split() for line in pair_legs.draw(seen(row, positions=()), row, 116, 5).rows]
    assert rows[1][8:10] == ["--", "--"]
    assert rows[2][8:10] == ["-", "-"]
    old = tuple(msgspec.structs.replace(one, ts=TS - 90 * SECOND) for one in pictured(row).positions)
    assert "?38.4%" in pair_legs.draw(seen(row, positions=old), row, 116, 5).rows[1].plain
    no_price = tuple(
        msgspec.structs.replace(one, buffer=float("inf"), liquidation=None) for one in pictured(row).positions
    )
    assert "none" in pair_legs.draw(seen(row, positions=no_price), row, 116, 5).rows[1].plain


@pytest.mark.row("S1-52")
def test_what_the_next_settlement_brings_has_the_sign_of_our_money() -> None:
    long, short = pair(3).legs  # both rates > 0: longs pay, shorts receive
    assert pair_funding.due(long) == pytest.approx(-0.412 * 68151.0 * 0.0001)
    assert pair_funding.due(short) == pytest.approx(0.412 * 68138.8 * 0.00006)
    assert pair_funding.due(msgspec.structs.replace(long, rate=None)) is None
    assert pair_funding.due(msgspec.structs.replace(long, price=float("nan"))) is None
    row = pair(3)
    line = pair_funding.row(seen(row), row, 76).plain
    assert "binance 8h 16:00 in 2h57 -2.81" in line
    assert "okx 1h 14:00 in 57m49 +1.68" in line
    assert "BARRED" not in line  # entries are not asked for in S3
    assert pair_funding.money(0.004) == ("+0.0040", "up")
    assert pair_funding.money(None) == ("--", "dim")


@pytest.mark.row("S1-39")
@pytest.mark.row("S1-40")
def test_s3_says_how_far_each_unlock_is() -> None:
    text = [line.plain for line in words.distances(pair(3), 46)]
    assert text == ["unlock A at UB +2.93 needs +1.14 bp", "unlock B at LB -1.70 needs -3.49 bp"]
    assert len(words.distances(pair(3), 90)) == 1
    assert words.distances(pair(3, spread=20.0), 46)[0].plain.split()[5] == "due"  # equality is due
    assert words.distances(pair(3, spread=-30.0), 46)[1].plain.split()[5] == "due"
    assert words.distances(pair(3, upper=None), 46) == []
    assert words.distances(pair(3, spread=float("nan")), 46) == []


@pytest.mark.row("S1-61")
def test_the_money_in_a_row_fits_80_columns_and_says_a_broken_sum_first() -> None:
    row = pair(3)
    line = pair_money.row(seen(row), row, 76).plain
    assert line == "PnL +34.70▲ spread +18.40 trend +21.30 carry +2.30 fees -6.10 exec -1.20"
    broken = msgspec.structs.replace(row, split=msgspec.structs.replace(row.split, net=1.0))
    assert pair_money.row(seen(broken), broken, 76).plain.startswith("SUM BROKEN ")


def test_the_volatility_filter_is_seen_where_only_seven_rows_fit() -> None:
    rows = [line.plain for line in pair_gate.draw(seen(pair(0)), pair(0), 76, 7).rows]
    assert [row.split()[0] for row in rows] == [
        "long", "short", "condition", "trend", "target", "funding", "volatility",
    ]  # fmt: skip


def test_the_history_mixes_the_pairs_transitions_with_those_of_the_core() -> None:
    row = pair(3)
    logs = (
        LogRow(TS - 9 * SECOND, "info", "[strategy_adjust]", f"{row.name} S0 flat -> opening"),
        LogRow(TS - 5 * SECOND, "warn", "[pair_stuck]", f"{row.name}: venue down"),
        LogRow(TS - 4 * SECOND, "info", "[strategy_adjust]", "another pair S0 flat -> opening"),
        LogRow(TS - 3 * SECOND, "info", "[strategy_adjust]", f"{row.name}2 S0 flat -> opening"),
    )
    lines = [line.plain for line in pair_state.history(seen(row, logs=logs), row, 46, 9)]
    assert lines[:2] == [f"{fmt.clock(TS - 5 * SECOND)} venue down", f"{fmt.clock(TS - 9 * SECOND)} S0 flat -> opening"]
    assert lines[2].endswith("PAUSED > RUNNING operator")
    assert "S0 flat -> opening" in "\n".join(line.plain for line in state.draw(seen(row, logs=logs), 56, 9).rows)
    assert pair_state.history(seen(row), row, 46, 0) == []


def test_of_several_pairs_each_row_of_the_strip_keeps_its_naked_time() -> None:
    view = View(pictured(*several()), Theme(), utc=T0)
    rows = [line.plain for line in state.draw(view, 76, 3).rows]
    assert "naked 41s of 0.5s OVER" in rows[1]
