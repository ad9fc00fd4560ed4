"""Limits as rows for the console."""

from __future__ import annotations

import math

import pytest

from core.domain.limit_rows import LimitRow
from core.domain.units import MONEY
from core.risk.table import bands_view, limits_view
from tests.unit.execution.desk import MID, Desk


def test_rows_show_now_bound_share_owner_and_the_last_reason() -> None:
    desk = Desk()
    desk.hold(100)
    desk.at(1, MID - 5000)
    desk.ask({"qty": 61})
    rows = {r.name: r for r in limits_view(desk.limits, desk.risk, desk.ledger, desk.instrument, 150, desk.now, "mm")}
    assert (rows["net cap"].now, rows["net cap"].bound, rows["net cap"].used) == (0.1, 0.21, pytest.approx(100 / 210))
    assert rows["net cap (adaptive)"].bound == 0.15
    assert rows["round stop loss"].used == pytest.approx(5 / 60)
    assert rows["reduce-only from"].now == 5
    assert (rows["single order"].fired, rows["single order"].reason) == (1, "single_max")
    assert {r.owner for r in rows.values()} == {"mm"}
    assert rows["liquidation buffer"].now is None


def test_a_missing_bound_is_shown_as_refusing() -> None:
    desk = Desk()
    rows = limits_view(desk.limits, desk.risk, desk.ledger, desk.instrument, math.nan, desk.now)
    assert rows[0].bound is None
    assert rows[0].reason == "missing: refuses"


def test_the_liquidation_row_is_full_at_the_redline() -> None:
    desk = Desk()
    desk.hold(100)
    desk.vitals.s.liquidation_ts, desk.vitals.s.liquidation_px = desk.now, round(MID * 0.9)
    desk.at(1)
    row = next(r for r in limits_view(desk.limits, desk.risk, desk.ledger, desk.instrument, 210, desk.now)
               if r.name == "liquidation buffer")  # fmt: skip
    assert (row.now, row.used) == (pytest.approx(10), pytest.approx(0.5))


def test_bands_show_which_have_fired() -> None:
    desk = Desk()
    desk.hold(100)
    desk.at(1, MID - 8000)
    assert [(b.loss, b.fraction, b.done) for b in bands_view(desk.limits, desk.risk)] == [
        (5, 0.15, True), (8, 0.25, True), (12, 0.40, False)]  # fmt: skip
    assert desk.limits.s.band[0] == 5 * MONEY


def rows_of(desk: Desk, **more: object) -> dict[str, LimitRow]:
    rows = limits_view(desk.limits, desk.risk, desk.ledger, desk.instrument, 150, desk.now, "mm", **more)  # type: ignore[arg-type]
    return {row.name: row for row in rows}


def test_each_row_says_where_it_holds_and_what_happens_when_it_is_hit() -> None:
    desk = Desk()
    rows = rows_of(desk)
    assert {(r.venue, r.symbol) for r in rows.values()} == {(desk.instrument.venue, desk.instrument.symbol)}
    assert rows["net cap"].does == "order refused"
    assert rows["round loss, cool down"].does == "cool down 300 s"
    assert rows["round stop loss"].does == "HALT and flatten"
    assert rows["liquidation buffer"].does == "reduce 25%; below 2% HALT, flatten"
    assert all(r.does for r in rows.values())
    assert {r.name for r in rows.values() if r.per_order} == {
        "single order", "order value", "price collar", "reduce slippage"}  # fmt: skip
    assert [r.name for r in rows.values() if r.floor] == ["liquidation buffer"]


def test_the_slope_of_a_limit_is_what_a_profit_adds_to_it() -> None:
    """The same position 1,000 ticks higher: every sloped figure moves by slope x the difference in profit."""
    desk = Desk()
    desk.hold(100)
    desk.at(1, MID - 2000)
    before, lower = rows_of(desk), desk.risk.s.unrealised
    desk.at(1, MID - 1000)
    after, gained = rows_of(desk), (desk.risk.s.unrealised - lower) / MONEY
    assert gained > 0
    sloped = {name: row for name, row in after.items() if row.slope}
    assert {"reduce-only from", "round stop loss", "day loss"} < set(sloped)
    for name, row in sloped.items():
        assert (row.now or 0.0) - (before[name].now or 0.0) == pytest.approx(row.slope * gained), name
    for name, row in after.items():
        if not row.slope and name != "shock 60 s":
            assert row.now == before[name].now, name


def test_age_of_the_book_and_latency_are_unknown_until_they_are_given() -> None:
    desk = Desk()
    rows = rows_of(desk)
    assert (rows["book age"].now, rows["latency p99"].now) == (None, None)
    desk.vitals.s.ts, desk.vitals.s.order_ack_p99_ns = desk.now, 11_000_000
    desk.view.s.ts_recv = desk.now - 400_000_000
    rows = rows_of(desk, view=desk.view, vitals=desk.vitals)
    assert (rows["book age"].now, rows["latency p99"].now) == (0.4, 11.0)
    desk.vitals.s.ts = desk.now - 11 * 10**9  # older than healthStaleSeconds
    assert rows_of(desk, vitals=desk.vitals)["latency p99"].now is None


def test_cool_downs_count_while_they_are_within_the_window() -> None:
    desk = Desk()
    desk.risk.s.n_cooldowns = 3
    desk.risk.s.cooldown_ts[0] = desk.now - 60 * 10**9
    desk.risk.s.cooldown_ts[1] = desk.now - 3_600 * 10**9
    desk.risk.s.cooldown_ts[2] = desk.now - 3_601 * 10**9
    row = rows_of(desk)["cool-downs"]
    assert (row.now, row.bound, row.fired) == (2.0, 3.0, 3)
    assert row.does == "HALT, if within 60 min"


def test_bands_carry_their_owner_and_the_loss_that_they_look_at() -> None:
    desk = Desk()
    desk.risk.s.mark = 0
    assert bands_view(desk.limits, desk.risk, "mm")[0].now is None  # no mark yet
    desk.hold(100)
    desk.at(1, MID - 8000)
    row = bands_view(desk.limits, desk.risk, "mm")[0]
    assert (row.owner, row.now) == ("mm", -desk.risk.s.unrealised / MONEY)


def test_messages_are_counted_against_the_window_as_it_is_now() -> None:
    """A gate that never opened has all of its budget, and what was used comes back with time."""
    desk = Desk()
    half = desk.limits.s.budget // 2
    row = rows_of(desk)["messages 10 s"]
    assert (row.now, row.bound) == (0.0, float(half))
    desk.risk.s.credit_ts, desk.risk.s.credit = desk.now, 0
    assert rows_of(desk)["messages 10 s"].used == 1.0
    desk.risk.s.credit_ts = desk.now - 4 * 10**9
    assert rows_of(desk)["messages 10 s"].now == pytest.approx(half * 0.6)
    desk.risk.s.credit_ts = desk.now - 60 * 10**9
    assert rows_of(desk)["messages 10 s"].now == 0.0
