"""What is no answer to a create, a cancel or the dead-man's switch is taken for none: never for a yes, never for a no,
and never the end of the core (R-O1, R-O3, R-B4)."""

from __future__ import annotations

from typing import Any

import pytest

from core import tasks
from core.domain.order import ACCEPTED, CANCELED, LOST, REJECTED
from core.venues.ccxt.deadman import ARMED, DeadManSwitch
from tests.venues.ccxt.told_hall import order, told

NOTHING = ["null", "<html>maintenance</html>", "", "{}", "[]", "0", '{"status":"ok"}',
           '{"status":"ok","response":{"type":"default"}}',
           '{"status":"ok","response":{"type":"order","data":{"statuses":[]}}}']  # fmt: skip
RESTS = {"resting": {"oid": 77_738_308}}


def batch(*statuses: Any) -> dict[str, Any]:
    return {"status": "ok", "response": {"type": "order", "data": {"statuses": list(statuses)}}}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits between two cancels."""

    async def sleep(_: float) -> None:
        return None

    monkeypatch.setattr(tasks, "sleep", sleep)


@pytest.mark.parametrize("text", NOTHING)
@pytest.mark.parametrize("name", ["binance_usdm", "hyperliquid"])
async def test_a_create_without_an_answer_is_lost_and_sent_once(name: str, text: str) -> None:
    place = "POST /fapi/v1/order" if name == "binance_usdm" else "exchange order"
    async with told(name, **{place: (200, text)}) as at:
        assert await at.create() == [LOST]
        assert at.count(place) == 1


@pytest.mark.parametrize("text", NOTHING)
@pytest.mark.parametrize("name", ["binance_usdm", "hyperliquid"])
async def test_a_cancel_without_an_answer_is_tried_again_and_is_no_cancel(name: str, text: str) -> None:
    place = "DELETE /fapi/v1/order" if name == "binance_usdm" else "exchange cancel"
    good = order(status="CANCELED", orderId=555) if name == "binance_usdm" else batch("success")
    async with told(name, **{place: (200, text)}) as at:
        assert await at.cancel() == [LOST]
        assert at.count(place) == 4
        left = [(200, text), (200, text)]
        at.say(place, lambda _: left.pop() if left else good)
        assert await at.cancel() == [CANCELED]


async def test_a_batch_with_too_few_or_too_many_answers_says_nothing_of_any() -> None:
    """Nobody could tell whose they are; an error for one of them is its own."""
    async with told("hyperliquid") as at:
        one = {"symbol": at.listing.symbol, "type": "limit", "side": "buy", "amount": 0.001, "price": 60_000,
               "params": {}}  # fmt: skip
        for statuses in ([RESTS], [RESTS, RESTS, RESTS], []):
            at.say("exchange order", batch(*statuses))
            with pytest.raises(ValueError, match="bad_frame"):
                await at.instances.trade.create_orders([dict(one), dict(one)])
            at.say("exchange cancel", batch(*("success" for _ in statuses)))
            with pytest.raises(ValueError, match="bad_frame"):
                await at.instances.trade.cancel_orders(["1", "2"], at.listing.symbol)
        at.say("exchange order", batch(RESTS, {"error": "Insufficient margin"}))
        found = await at.instances.trade.create_orders([dict(one), dict(one)])
        assert [answer.get("id") for answer in found] == ["77738308", None]
        at.say("exchange order", batch(RESTS, RESTS))
        assert await at.create() == [LOST], "two answers to one order"
        at.say("exchange order", batch({"error": "Order must have minimum value of $10."}))
        assert await at.create() == [REJECTED]
        at.say("exchange order", batch(RESTS))
        assert await at.create() == [ACCEPTED]


@pytest.mark.parametrize("text", NOTHING)
async def test_a_dead_mans_switch_is_armed_by_a_yes_alone(text: str) -> None:
    async with told("hyperliquid", **{"exchange scheduleCancel": (200, text)}) as at:
        switch = DeadManSwitch(at.traits, at.instances, [at.listing.symbol], at.clock)
        granted = await switch._beat()
        assert (granted, switch.state == ARMED) == ((True, True) if '"ok"' in text else (False, False))
