"""What the cap leaves is quoted or dropped, never rounded up to an order's minimum (S3-16, S3-77). Found missing by
tests.planted: only a slow property saw it."""

from __future__ import annotations

import pytest

from core.domain.units import BUY, SELL
from tests.unit.strategies.asmm_desk import MakerDesk, ethusdc

LEAST = 50  # lots


@pytest.mark.row("S3-16")
@pytest.mark.parametrize(("room", "lots"), [(LEAST + 5, LEAST + 5), (LEAST, LEAST), (LEAST - 1, 0), (1, 0), (0, 0)])
def test_room_below_the_minimum_is_left_and_not_rounded_up(room: int, lots: int) -> None:
    """`room` is what position and cap leave of a side."""
    desk = MakerDesk(instrument=ethusdc(min_lots=LEAST), baseSize=0.2, netMax=1.0, singleMax=0.5)
    assert desk.decide() and desk.state.cap_lots > LEAST, "it quotes with an empty ledger"
    desk.ledger.s.pos = desk.state.cap_lots - room
    desk.decide()
    assert sum(order["qty"] for order in desk.side(BUY)) == lots
    assert desk.side(SELL), "the other side goes on"
