"""Queue models against their reference values (FORMULAS.md 13), and their bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.exchange.blocks import LOG, POWER, RISK_AVERSE
from core.exchange.queue import after_depth, after_trade, behind, fillable
from tests.unit.models.reference import BY_ID, near

PROB = BY_ID["queue_prob_models"]
CASES = list(
    zip(PROB["inputs"]["cases"], PROB["expected"]["prob_behind"], PROB["expected"]["front_after"], strict=True)
)


@pytest.mark.parametrize(("x", "p", "front_after"), CASES)
def test_probability_models(x: dict[str, float], p: float, front_after: float) -> None:
    front = x["front"] - x["traded"]
    variant = int(x["variant"])
    assert behind(POWER, variant, x["n"], front, x["prev_qty"] - front) == pytest.approx(p, **near(PROB))
    got = after_depth(POWER, variant, x["n"], front, x["prev_qty"], x["new_qty"], x["traded"])
    assert got == pytest.approx(front_after, **near(PROB))


def test_risk_averse_path() -> None:
    case = BY_ID["queue_risk_averse"]
    front, path = case["inputs"]["front"], []
    for event in case["inputs"]["events"]:
        if event[0] == "trade":
            front = after_trade(front, int(event[1]))
        else:
            front = after_depth(RISK_AVERSE, 0, 0.0, front, event[1], event[2], 0.0)
        path.append(front)
    assert path == case["expected"]["front_path"]
    assert fillable(front) == case["expected"]["filled_qty_upper"]


def test_nothing_ahead_and_nothing_behind_means_behind() -> None:
    for model in (POWER, LOG):
        for variant in (1, 2, 3):
            assert behind(model, variant, 2.0, 0.0, 0.0) == 1.0
            assert behind(model, variant, 2.5, -3.0, 0.0) == 1.0


sizes = st.integers(0, 10_000).map(float)


@given(st.sampled_from([POWER, LOG]), st.sampled_from([1, 2, 3]), st.sampled_from([1.0, 2.0, 2.5]), sizes, sizes, sizes)
def test_a_place_in_the_queue_never_gets_worse_and_never_exceeds_the_level(
    model: int, variant: int, n: float, front: float, back: float, new: float
) -> None:
    p = behind(model, variant, n, front, back)
    assert 0.0 <= p <= 1.0
    got = after_depth(model, variant, n, front, front + back, new, 0.0)
    assert got <= front + 1e-9
    assert got <= new


@given(st.integers(0, 1_000), st.integers(1, 1_000))
def test_risk_averse_is_never_kinder_than_the_probability_models(front: int, gone: int) -> None:
    prev = float(front + 1_000)
    new = max(0.0, prev - gone)
    cautious = after_depth(RISK_AVERSE, 0, 0.0, float(front), prev, new, 0.0)
    for model in (POWER, LOG):
        for variant in (1, 2, 3):
            assert after_depth(model, variant, 3.0, float(front), prev, new, 0.0) <= cautious
