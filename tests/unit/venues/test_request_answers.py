"""What answers to cancels and amends say beyond a yes: how much had filled, and what they answer (R-O2, R-O3)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from core.clock import VirtualClock
from core.config.instruments import find_instrument
from core.domain.order import AMEND, AMENDED, CANCEL, CANCELED, GTC, LIMIT, Report, Request
from core.venues.ccxt.binanceusdm import BinanceUsdm
from core.venues.ccxt.ids import Ids
from core.venues.ccxt.markets import Listing
from core.venues.ccxt.requests import OrderDoor


class Wire:
    """Answers a cancel as it was told; an amend takes a second."""

    def __init__(self, answer: Any, clock: VirtualClock) -> None:
        self.answer, self.clock = answer, clock

    async def cancel_order(self, *_: Any) -> Any:
        return self.answer

    async def edit_order(self, *_: Any) -> Any:
        self.clock.set(self.clock.now() + 10**9)
        return self.answer


def door(answer: Any) -> tuple[OrderDoor, list[Report]]:
    traits, told, clock = BinanceUsdm(), list[Report](), VirtualClock(7)
    listing = Listing(0, find_instrument("binance_usdm", "ETHUSDC"), traits)
    wire = Wire(answer, clock)
    instances: Any = SimpleNamespace(trade=wire, emergency=wire)
    ids = Ids(7, traits.id_form)
    ids.learn(ids.new_text(129), "77")
    made = OrderDoor(traits, instances, {0: listing}, ids, clock, told.append, lambda verdict: None, lambda: 0)
    return made, told


@pytest.mark.parametrize(
    ("answer", "qty", "left"),
    [({"amount": 0.01, "remaining": 0.006}, 10, 6), ({"remaining": 0.006}, 6, 6), ({}, 8, 8), ({"amount": 0.01}, 8, 8)],
)
async def test_a_cancel_says_how_much_had_filled_where_the_venue_does(answer: Any, qty: int, left: int) -> None:
    """Otherwise that nothing is known: as much left as there was."""
    orders, told = door(answer)
    await orders.send(Request(0, 0, CANCEL, 129, 77, 0, 250_000, 8, LIMIT, GTC, 0, 0))
    assert [(report.kind, report.qty, report.left) for report in told] == [(CANCELED, qty, left)]


async def test_the_answer_to_an_amend_is_as_old_as_the_question() -> None:
    """The stream may have told it before, and a newer change may be on its way."""
    orders, told = door({"status": "open"})
    await orders.send(Request(0, 0, AMEND, 129, 77, 0, 250_000, 8, LIMIT, GTC, 0, 0))
    assert [(report.kind, report.ts) for report in told] == [(AMENDED, 7)]
