"""What `check` says of a pair's backup venue: planned orders of all three, time for a refusal and an order there."""

from __future__ import annotations

import math
import pathlib

import pytest

from core.build.assemble import load_config
from core.build.checklist.items import NOTE, OK, Checklist
from core.build.checklist.pair import Looked, leg_sizes, pair_items
from core.build.planning import planned
from core.config.load import Loaded
from core.strategies.pair_lock.check import round_trip_ns, warnings
from core.strategies.pair_lock.params import PairParams
from tests.simulation.pair_backup import with_backup

KEYS = ["binance_usdm:BTCUSDT", "hyperliquid:BTC", "standx:BTCUSD"]


@pytest.fixture
def loaded(tmp_path: pathlib.Path) -> Loaded:
    return load_config(with_backup(tmp_path, gPct=0.005, epsilonBp=2.0), {})


def test_the_planned_orders_of_the_backup_are_checked_too(loaded: Loaded) -> None:
    """S3-69: one result a venue, in the order of the config."""
    found = planned(loaded, None)
    assert found["ok"] and len(found["strategies"]) == 3
    assert "standx BTCUSD at" in found["text"]
    third = found["strategies"][2]["warnings"]
    assert len(third) == 1 and "a refusal of the slower leg and an order at standx" in third[0]


def test_time_and_costs_of_a_lock_there_are_warned_of(loaded: Loaded) -> None:
    params, legs = loaded.params[0], loaded.traded[0]
    assert isinstance(params, PairParams)
    need_ms = (max(round_trip_ns(leg) for leg in legs[:2]) + round_trip_ns(legs[2])) // 1_000_000
    enough = params.replaced({"nakedMs": need_ms + 1})
    assert warnings(enough, *legs) == [[], [], []]
    assert "nakedMs" in warnings(params.replaced({"nakedMs": need_ms - 1}), *legs)[2][0]
    dear = warnings(enough.replaced({"gPct": 2 * (5 + 4) / 1e4}), *legs)
    assert len(dear[0]) == 1 and "with the backup" in dear[2][0]
    assert len(warnings(enough, *legs[:2])) == 2


def item(loaded: Loaded, cost: float | None, median_ms: float = 100.0) -> tuple[str, str]:
    items = Checklist()
    looked = {key.partition(":")[0]: Looked({key: 0.5}, 100.0) for key in KEYS[:2]}
    if cost is not None:
        looked["standx"] = Looked({KEYS[2]: cost} if cost < math.inf else {}, median_ms)
    pair_items(loaded, looked, items)
    named = {one.name: one for one in items.items}
    assert named["slippage budget"].verdict == OK, "of the two legs alone"
    return named["backup venue"].verdict, named["backup venue"].found


def test_the_checklist_names_the_backup_with_its_cost_and_its_answer(loaded: Loaded) -> None:
    """S1-54: nakedMs 2000."""
    assert list(leg_sizes(loaded)) == KEYS
    verdict, found = item(loaded, 1.2)
    assert verdict == OK and "standx BTCUSD" in found and "1.20 bp" in found and "100 ms" in found
    for cost, ms in ((2.1, 100.0), (math.inf, 100.0), (1.2, 901.0), (None, 0.0)):
        assert item(loaded, cost, ms)[0] == NOTE
