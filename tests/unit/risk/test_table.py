"""Limits as rows for the console."""

from __future__ import annotations

import math

import pytest

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
