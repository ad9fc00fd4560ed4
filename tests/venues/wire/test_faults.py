"""Fault rules of the loopback venue: matching, counting, seeding, refusals."""

from __future__ import annotations

import pytest

from core.domain.errors import Refused
from core.domain.units import NS_PER_S
from core.venues.wire.faults import KINDS, Faults, Plan, Rule, plan_of


def test_a_rule_fires_at_its_place_after_its_skips_and_as_often_as_it_says() -> None:
    faults = Faults(Plan(rules=(Rule("drop", at="POST */order", skip=1, times=2),)), 0)
    fired = [faults.at("POST /fapi/v1/order", k) is not None for k in range(5)]
    assert fired == [False, True, True, False, False]
    assert faults.at("GET /fapi/v1/order", 9) is None and faults.done == {"drop": 2}


def test_a_rule_has_a_window_of_time_and_a_kind_may_be_asked_for() -> None:
    faults = Faults(Plan(rules=(Rule("gap", at="ws:*", from_s=1, until_s=2),)), 0)
    assert [faults.at("ws:depth", int(s * NS_PER_S)) is not None for s in (0.5, 1.5, 2.5)] == [False, True, False]
    assert faults.at("ws:depth", int(1.5 * NS_PER_S), ("drop",)) is None


def test_the_same_seed_rolls_the_same_dice() -> None:
    plan = Plan(seed=4, rules=(Rule("drop", chance=0.3),))
    rolls = [[Faults(plan, 0).at("x", 0) is not None for _ in range(1)] for _ in range(3)]
    many = [Faults(plan, 0), Faults(plan, 0)]
    got = [[f.at("x", k) is not None for k in range(500)] for f in many]
    assert rolls[0] == rolls[1] and got[0] == got[1] and 100 < sum(got[0]) < 200


@pytest.mark.parametrize(
    "text", ["rules: [{do: explode}]", "rules: [{do: drop, chance: 2}]", "rules: [{do: drop, wat: 1}]", "rules: ["]
)
def test_a_bad_plan_is_refused_with_its_file(text: str) -> None:
    with pytest.raises(Refused, match=r"faults\.yml"):
        plan_of(text, "faults.yml")


def test_every_kind_says_what_it_does() -> None:
    assert all(len(text) > 10 for text in KINDS.values())
