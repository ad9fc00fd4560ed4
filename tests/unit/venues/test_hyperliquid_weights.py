"""What Hyperliquid counts is what we count: it tells no used weight, so a request that we count too low, or not at all,
ends in a refusal for cancels too (R-N2, S0-28)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import ccxt
import ccxt.pro
import pytest

from core.clock import VirtualClock
from core.domain.units import NS_PER_S
from core.venues.budget import CANCEL_LANE, EMERGENCY, QUERY, SHARES, WeightBudget
from core.venues.ccxt.hyperliquid import LONG, Hyperliquid, weight_of
from core.venues.ccxt.instances import Access, Instances
from core.venues.ccxt.wiring import LANE
from core.venues.wire.hyperliquid.limits import LIGHT, action_weight, info_weight, rows_weight

KEYS = {"walletAddress": "0x" + "22" * 20, "privateKey": "0x" + "11" * 32}
ADDRESS = "http://127.0.0.1:9"


@pytest.fixture
async def instances() -> AsyncIterator[Instances]:
    traits = Hyperliquid()
    made = Instances(traits, Access("loopback", KEYS, traits.addresses(ADDRESS)), VirtualClock(NS_PER_S))
    yield made
    await made.close()


def used(instances: Instances) -> float:
    return instances.budget.used(instances.clock.monotonic())


@pytest.mark.parametrize(
    "kind", sorted([*LIGHT, "userRole", "frontendOpenOrders", "userFillsByTime", "userFunding", "metaAndAssetCtxs"])
)
async def test_a_query_weighs_with_us_what_it_weighs_at_the_venue(instances: Instances, kind: str) -> None:
    """ccxt counts 10 for most of them, the venue 20: half of the minute was not seen."""
    exchange = instances.data
    cost = exchange.calculate_rate_limiter_cost("public", "POST", "info", {"type": kind}, {"cost": 10})
    assert cost == weight_of("info", {"type": kind}) == info_weight(kind)
    await exchange.throttle(cost)
    assert used(instances) == info_weight(kind)


@pytest.mark.parametrize("items", [1, 39, 40, 79, 80])
def test_an_action_weighs_one_more_for_forty_of_a_batch(items: int) -> None:
    for action in ({"type": "order", "orders": [{}] * items}, {"type": "cancel", "cancels": [{}] * items}):
        assert weight_of("exchange", {"action": action}) == action_weight(items)
    assert weight_of("exchange", {"action": {"type": "scheduleCancel"}}) == 1


@pytest.mark.parametrize("kind", LONG)
async def test_the_rows_of_a_long_answer_are_counted_once_they_are_there(
    instances: Instances, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    async def answer(self: Any, *asked: Any, **named: Any) -> list[Any]:
        return [{"time": 1, "delta": {"coin": "BTC", "usdc": "0"}, "coin": "BTC", "side": "A", "tid": 1, "oid": 1,
                 "px": "1", "sz": "1", "fee": "0"}] * 139  # fmt: skip

    monkeypatch.setattr(ccxt.pro.hyperliquid, "request", answer)
    await instances.data.request("info", "public", "POST", {"type": kind})
    assert used(instances) == rows_weight(kind, 139) == 6


async def test_an_emergency_never_waits_and_the_others_make_room_for_what_it_took(instances: Instances) -> None:
    limit = instances.traits.weight_per_minute
    for _ in range(round(limit * SHARES[QUERY] / 20) + 1):
        await instances.emergency.throttle(20)
    now = instances.clock.monotonic()
    assert used(instances) > limit * SHARES[QUERY]
    assert instances.budget.wait_ns(QUERY, 20, now) > 0 == instances.budget.wait_ns(CANCEL_LANE, 1, now)
    for _ in range(limit // 20):
        await instances.emergency.throttle(20)
    assert used(instances) > limit and LANE.get() != EMERGENCY, "counted, and by its instance alone"


async def test_inside_a_retry_after_an_emergency_is_told_when_it_ends_and_nothing_is_counted(
    instances: Instances,
) -> None:
    """R-N2."""
    instances.data.on_rest_response(429, "", f"{ADDRESS}/info", "POST", {"Retry-After": "7"}, "{}", {}, None)
    with pytest.raises(ccxt.RateLimitExceeded, match=r"429: 7\.0 s of Retry-After, nothing sent"):
        await instances.emergency.throttle(20)
    assert used(instances) == 0


def test_what_the_clients_before_us_spent_counts() -> None:
    """A live start asks with clients of its own first; the venue's minute is the account's, not the client's."""
    earlier, budget = WeightBudget(1_200), WeightBudget(1_200)
    earlier.spend(100, NS_PER_S)
    earlier.told(150, 2 * NS_PER_S)
    earlier.ban(9, 2 * NS_PER_S)
    budget.spend(7, 3 * NS_PER_S)
    budget.inherit(earlier)
    assert budget.used(4 * NS_PER_S) == 157 and budget.banned_until == 11 * NS_PER_S
    assert budget.used(61 * NS_PER_S) == 7 and budget.used(63 * NS_PER_S) == 0, "the older leave first"


async def test_open_orders_of_all_coins_are_one_question_where_the_venue_answers_for_all() -> None:
    """Twenty of weight for each coin every five seconds would be the whole minute at five coins."""
    from core.venues.ccxt.reads import Reader

    asked: list[Any] = []

    class Exchange:
        async def fetch_open_orders(self, symbol: str | None = None) -> list[dict[str, Any]]:
            asked.append(symbol)
            return [{"symbol": name, "id": str(n)} for n, name in enumerate(("S0", "S1", None, "S1"))]

    reader: Any = Reader.__new__(Reader)
    reader.listings = {n: SimpleNamespace(number=n, symbol=f"S{n}") for n in (0, 1)}
    reader.traits, reader.ids = Hyperliquid(), SimpleNamespace(conditional=set())
    reader._order = lambda listing, order, conditional=False: (listing.number, order["id"])
    assert (await reader._orders(Exchange()))["orders"] == ((0, "0"), (1, "1"), (1, "3"))
    assert asked == [None]
