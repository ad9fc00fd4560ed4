"""The panes of the Execution screen in words: each pure computation by hand-made numbers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.domain.snapshot import Snapshot
from screens.panes import execution_fills as fills
from screens.panes import execution_histogram as histogram
from screens.panes import execution_latency as latency
from screens.panes import execution_markout as markout
from screens.panes import execution_rejects as rejects
from screens.panes import execution_slippage as slippage
from screens.panes import execution_streams as streams
from screens.theme import Theme
from screens.view import View
from screens.widgets.pane import Drawn
from tests.console.fabricated import SECOND, T0
from tests.console.fabricated_execution import SLIPS, execution, faring


def view(snap: Snapshot | None = None, ascii_only: bool = False, **changes: Any) -> View:
    return View(snap or faring(), Theme(ascii_only=ascii_only), utc=T0, **changes)


def text(drawn: Drawn) -> str:
    return "\n".join(row.plain.rstrip() for row in drawn.rows)


def of(**changes: Any) -> View:
    return view(faring(execution=msgspec.structs.replace(execution(), **changes)))


# --- histogram ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("ns", "words"),
    [(0, "0"), (16, "16ns"), (1_000, "1µs"), (1_250, "1.25µs"), (160_000, "160µs"), (3_150_000, "3.15ms"), (2 * 10**9,
     "2s")],
)  # fmt: skip
def test_a_bound_has_no_needless_digits(ns: int, words: str) -> None:
    assert histogram.bound(ns) == words


def test_neighbours_are_put_together_until_they_fit() -> None:
    bins = [(1, 5), (2, 1), (4, 0), (8, 7), (16, 2)]
    assert histogram.folded(bins, 9) == bins
    assert histogram.folded(bins, 3) == [(1, 6), (4, 7), (16, 2)]
    assert histogram.folded(bins, 1) == [(1, 15)]


def test_the_tallest_column_is_full_and_one_value_is_still_seen() -> None:
    assert histogram.eighths([1000, 500, 1, 0], 2) == [16, 8, 1, 0]
    assert histogram.eighths([0, 0], 2) == [0, 0]
    assert histogram.eighths([], 2) == []


def test_columns_stand_over_their_lower_bounds() -> None:
    bins = ((100_000, 8), (125_000, 16), (160_000, 4), (200_000, 0), (250_000, 1))
    rows = [line.plain for line in histogram.columns(bins, 20, 3, Theme())]
    assert rows == ["    ███             ", "███ ███ ▄▄▄     ▁▁▁ ", "100µs   160µs"]
    plain = [line.plain for line in histogram.columns(bins, 20, 3, Theme(ascii_only=True))]
    assert plain[:2] == ["    ###             ", "### ### :::     ... "]


def test_the_histogram_names_its_quantiles_and_what_is_not_measured() -> None:
    assert "p50 0.16ms  p99 0.41ms" in text(histogram.of("tick->order")(view(), 36, 6))
    assert "n=8412" in text(histogram.of("tick->order")(view(), 36, 6))
    assert text(histogram.of("loop lag")(view(), 36, 6)) == "not measured yet"  # no bins are kept of it
    assert text(histogram.of("order->ack")(view(Snapshot(ts=T0)), 36, 6)) == "not measured yet"


# --- latency ------------------------------------------------------------------------------------------------------
def test_every_stretch_has_its_quantiles_its_band_and_its_trend() -> None:
    shown = text(latency.draw(view(), 76, 6)).split("\n")
    assert shown[0].split() == ["stretch", "n", "p50", "p95", "p99", "max", "band", "trend"]
    assert shown[2].split()[:7] == ["tick→order", "8412", "0.16ms", "0.32ms", "0.41ms", "4.20ms", "excellent"]
    assert len(shown[2].split()[7]) == 12
    assert len(shown) == 6 and shown[5].startswith("band of p99: <5ms excellent")


def test_too_few_measurements_have_no_quantile() -> None:
    row = msgspec.structs.replace(faring().latency[1], p99_ns=None, p95_ns=None, n=12)
    shown = text(latency.draw(view(faring(latency=(row,))), 76, 6)).split("\n")
    assert shown[1].split()[1:6] == ["12", "0.16ms", "--", "--", "4.20ms"]
    assert text(latency.draw(view(Snapshot(ts=T0)), 40, 3)) == "not measured yet"


def test_the_last_row_may_carry_the_streams_and_the_budgets() -> None:
    last = latency.draw(view(), 76, 6, streams=True).rows[-1].plain
    assert last == "gaps 0  reconnects 1  REST errors 2  weight 34%  orders/10s 7%"
    old = latency.draw(view(silence_ns=4 * SECOND), 76, 6, streams=True).rows[-1].plain
    assert old.startswith("STALE 1 of 2  gaps 0  reconnects 1  REST errors 2  weight 34%")


# --- fills --------------------------------------------------------------------------------------------------------
def test_layers_count_from_one_as_in_the_orders_pane() -> None:
    shown = text(fills.draw(view(), 40, 14)).split("\n")
    assert [row.split()[0] for row in shown[:4]] == ["all", "buy", "sell", "time"]
    assert shown[3] == "time to fill p50 3.1s  p95 41.0s"
    assert shown[4].startswith("layer 1   63.0%") and shown[4].endswith("n=96")
    assert shown[11].startswith("layer 8   13.2%") and shown[11].endswith("n=12")


def test_layers_without_room_are_counted_or_told_in_one_row() -> None:
    assert text(fills.draw(view(), 40, 8)).endswith("… 5 more, outer layers")
    small = text(fills.draw(view(), 40, 4, cost=True)).split("\n")
    assert small[1] == "buy 61.1%  sell 65.4%"
    assert small[2] == "maker 97%  slippage +0.21bp"
    assert small[3] == "layers 63% 50% 40% 32% 26% 21% 17% 13%"


def test_unknown_rates_are_two_dashes() -> None:
    shown = text(fills.draw(view(Snapshot(ts=T0)), 40, 6))
    assert shown.count("--") == 5
    assert "0.0%" not in shown


# --- markout ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "cells"),
    [(1.0, (0, 5)), (-1.0, (5, 0)), (0.5, (0, 2)), (-0.01, (1, 0)), (0.0, (0, 0)), (None, (0, 0)), (9.0, (0, 5))],
)  # fmt: skip
def test_a_bar_leaves_the_middle_by_its_share_of_the_scale(value: float | None, cells: tuple[int, int]) -> None:
    assert markout.diverging(value, 1.0, 11) == cells


def test_a_row_a_horizon_with_maker_and_taker() -> None:
    shown = text(markout.draw(view(), 60, 9)).split("\n")
    assert shown[0].split() == ["after", "maker", "n", "taker", "n"]
    assert shown[2].split()[:3] == ["1s", "-0.10", "252"] and shown[2].split()[-2:] == ["-0.61", "8"]
    assert shown[6].split()[:3] == ["60s", "--", "0"] and shown[6].split()[-2:] == ["--", "0"]
    assert shown[7] == "adverse 34% of fills after 1 s"
    middle = shown[2].index("│")
    assert shown[2][middle - 1] == "█" and shown[4][middle + 1] == "█"  # against us left, for us right


def test_with_few_rows_the_horizons_are_columns_and_adverse_is_in_the_frame() -> None:
    drawn = markout.draw(view(), 36, 3)
    shown = text(drawn).split("\n")
    assert shown[0].split() == ["0.1s", "1s", "5s", "10s", "60s"]
    assert shown[1].split() == ["maker", "-0.05", "-0.10", "+0.12", "+0.30", "--"]
    assert drawn.note == "adverse 34%, bp"
    assert text(markout.draw(of(markout_bps=()), 36, 3)) == "--  no fills measured yet"


# --- slippage -----------------------------------------------------------------------------------------------------
def test_slippage_by_kind_and_side_and_positive_costs() -> None:
    shown = text(slippage.draw(view(), 40, 8)).split("\n")
    assert shown[0].startswith("maker 97%") and shown[0].endswith("of 260 fills")
    assert shown[3].split() == ["maker", "BUY", "131", "+0.18", "+1.90", "good"]
    assert shown[6].split() == ["reduce", "SELL", "7", "+12.40", "+21.00", "BAD"]
    assert slippage.cost_style(0.2) == "down" and slippage.cost_style(-0.2) == "up"


def test_several_places_are_named() -> None:
    other = msgspec.structs.replace(SLIPS[0], venue="okx")
    shown = text(slippage.draw(of(slips=(*SLIPS, other)), 60, 9)).split("\n")
    assert shown[2].split()[0] == "at"
    assert [row.split()[0] for row in shown[3:8]] == ["paper"] * 4 + ["okx"]


def test_slippage_of_nothing_is_unknown() -> None:
    assert text(slippage.draw(view(Snapshot(ts=T0)), 40, 3)).split("\n")[:2] == [
        "maker --                      of 0 fills", "mean --",
    ]  # fmt: skip


# --- refusals -----------------------------------------------------------------------------------------------------
def test_refusals_by_whom_and_by_code() -> None:
    shown = text(rejects.draw(view(), 40, 8)).split("\n")
    assert shown[0] == "refused 0.4%               unknown now 0"
    assert shown[1].split() == ["by", "our", "checks", "3", "not", "sent", "0"]
    assert shown[2].split() == ["by", "the", "venue", "2", "fate", "lost", "0"]
    assert shown[3] == "suppressed 1.8k dropped 0         in all"
    many = text(rejects.draw(of(suppressed=32_800, dropped=4_418), 36, 8)).split("\n")
    assert many[3] == "suppressed 32.8k dropped 4.4k in all"
    assert [row.split()[:2] for row in shown[4:6]] == [["net_cap", "3"], ["post_only_cross", "2"]]


def test_codes_without_room_are_counted_and_a_few_rows_hold_them_inline() -> None:
    many = of(rejects=tuple((f"code_{n}", 10 - n) for n in range(8)))
    assert text(rejects.draw(many, 40, 7)).endswith("… 6 more codes, 33 times")
    assert text(rejects.draw(view(), 40, 3)).endswith("net_cap 3  post_only_cross 2")
    assert "nothing was refused" in text(rejects.draw(of(rejects=()), 40, 4))


def test_many_refusals_and_unknown_orders_are_said_in_words() -> None:
    shown = text(rejects.draw(of(unknown=2, reject_rate=0.08), 60, 6))
    assert "refused 8.0% MANY" in shown and "unknown now 2 UNSOLVED" in shown


# --- streams and budgets ------------------------------------------------------------------------------------------
def test_totals_of_the_streams_and_the_budgets_in_words() -> None:
    shown = text(streams.draw(view(), 40, 9)).split("\n")
    assert shown[1].split() == ["depth", "0.1s", "0", "0", "0"]
    assert shown[3] == "unreadable 0  conflated 18"
    assert shown[4].startswith("weight     812/2400") and shown[4].endswith("34%")
    assert shown[5].startswith("orders/10s 21/300") and shown[5].endswith("7%")
    assert shown[6] == "REST calls 3120  errors 2"
    assert shown[7].startswith("order ack 3.10ms  REST --")


@pytest.mark.parametrize(("used", "word"), [(100, "4%"), (1700, "71% near"), (2310, "96% FULL")])
def test_a_budget_that_runs_out_is_said(used: int, word: str) -> None:
    shown = text(streams.draw(view(faring(weight_used=used)), 40, 9)).split("\n")
    assert shown[4].endswith(" " + word)


def test_a_budget_without_a_limit_is_unknown() -> None:
    assert text(streams.draw(view(faring(weight_limit=0)), 40, 9)).split("\n")[4] == "weight     --"
    assert streams.share(3, 0) is None


def test_an_old_stream_stands_first_and_marks_the_pane() -> None:
    old = msgspec.structs.replace(faring().feeds[1], age_ns=14 * SECOND)
    drawn = streams.draw(view(faring(feeds=(faring().feeds[0], old))), 40, 9)
    assert drawn.stale and drawn.stale_ns == 14 * SECOND
    assert "trades  14s STALE" in drawn.rows[1].plain
    down = msgspec.structs.replace(old, up=False)
    row = streams.draw(view(faring(feeds=(down,))), 40, 9).rows[1].plain
    assert row.split()[:2] == ["trades", "down"]


def test_silence_of_the_core_ages_the_streams() -> None:
    assert streams.draw(view(silence_ns=8 * SECOND), 40, 9).stale
