"""When the liquidation buffer says nothing: no liquidation price, no position, a read of the other side (S0-41). Found
missing by tests.planted: it was shown only where it must fire, and a flatten that nobody needed costs money too."""

from __future__ import annotations

import math

import pytest

from core.domain.reasons import LIQUIDATION_BUFFER
from tests.unit.execution.desk import MID, Desk

NEAR = {100: round(MID * 0.99), -100: round(MID * 1.01)}  # of a long, of a short: 1 % away


def held(lots: int, px: int, read_for: int) -> Desk:
    """A position, and a read a second ago that told `px` for `read_for` lots."""
    desk = Desk({}, band_ppm=0)
    if lots:
        desk.hold(lots)
    v = desk.vitals.s
    v.liquidation_ts, v.liquidation_px, v.liquidation_pos = desk.now, px, read_for
    desk.at(1)
    return desk


@pytest.mark.row("S0-41")
@pytest.mark.parametrize("lots", [100, -100])
def test_a_position_that_cannot_be_liquidated_is_left_alone(lots: int) -> None:
    """The venue tells 0: none."""
    desk = held(lots, 0, lots)
    assert (desk.risk.s.halted, desk.risk.s.want_flatten, desk.risk.s.buffer) == (0, 0, math.inf)
    desk.at(120)
    assert desk.risk.s.want_flatten != 0, "unless it was told too long ago"


@pytest.mark.parametrize("lots", [100, -100])
def test_a_price_that_was_read_for_the_other_side_says_nothing_of_this_one(lots: int) -> None:
    turned = held(lots, NEAR[-lots], -lots)
    assert (turned.risk.s.halted, turned.risk.s.want_flatten, turned.risk.s.reduce_active) == (0, 0, 0)
    same = held(lots, NEAR[lots], lots)
    assert same.risk.s.want_flatten == LIQUIDATION_BUFFER


def test_without_a_position_no_read_can_flatten() -> None:
    for px in (NEAR[100], NEAR[-100], 0, -1):
        desk = held(0, px, 100)
        desk.at(600)
        assert (desk.risk.s.halted, desk.risk.s.want_flatten) == (0, 0)
