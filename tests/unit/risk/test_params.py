"""Risk limits as config: names, units, contradictions. Rows S3-16..S3-28, K-18."""

# ruff: noqa: C408  (rows of blocks read better as keywords)
from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from core.domain.units import FAR, MONEY, NS_PER_S
from core.risk.params import RiskParams, limits_of
from tests.unit.execution.desk import instrument


def test_round7_names_load_unchanged_in_both_spellings() -> None:
    camel = RiskParams(netMax=0.1, drawdownBands=[1, 2], reduceFractions=[0.5, 1], reduceOnlyMaxSlippagePct=0.001)
    snake = RiskParams(
        net_max=0.1, drawdown_bands=(1, 2), reduce_fractions=(0.5, 1), reduce_only_max_slippage_pct=0.001
    )
    assert camel == snake


def test_defaults_are_the_ladder_of_k18_in_lots_money_and_ns() -> None:
    x = limits_of(RiskParams(), instrument()).s
    assert (x.net_max, x.single_max, x.account_max) == (210, 60, FAR)
    money = [*list(x.band)[:3], -x.pnl_min, x.reduce_only_loss, round(x.market_share * 200 * MONEY), x.daily_max,
             -x.stop_loss]  # fmt: skip
    assert money == [m * MONEY for m in (5, 8, 12, 15, 25, 30, 50, 60)]
    assert (x.cooldown_ns, x.reduce_cooldown_ns, x.latency_ns) == (300 * NS_PER_S, 120 * NS_PER_S, 150_000_000)


@pytest.mark.parametrize(
    "bad",
    [
        dict(drawdownBands=[8, 5, 12]), dict(drawdownBands=[5, 5, 12]), dict(drawdownBands=[0, 5, 12]),
        dict(drawdownBands=[5, 8, 25]), dict(drawdownBands=[]), dict(drawdownBands=[5, 8]),
        dict(reduceFractions=[0.4, 0.25, 0.15]), dict(reduceFractions=[0, 0.2, 0.3]),
        dict(reduceFractions=[0.1, 0.2, 1.1]), dict(reduceOnlyThreshold=60), dict(pnlMin=-60), dict(pnlMin=1),
        dict(stopLoss=60), dict(singleMax=0.22), dict(accountNetMax=0.2), dict(netMax=0), dict(netMax=-1),
        dict(bufferFlattenPct=0.05), dict(reduceOnlyMaxSlippagePct=0.05), dict(reduceMode="maybe"),
        dict(noiseErrorPct=[0.1, 0.1, 0.2]), dict(noSuchKey=1), dict(netMax="a lot"), dict(cooldownsToHalt=9),
    ],
)  # fmt: skip
def test_contradictory_or_unknown_limits_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RiskParams(**bad)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", [n for n, f in RiskParams.model_fields.items() if "float" in str(f.annotation)])
def test_no_limit_may_be_nan_or_infinite(name: str, value: float) -> None:
    default = RiskParams.model_fields[name].default
    with pytest.raises(ValidationError):
        RiskParams(**{name: (value, *default[1:]) if isinstance(default, tuple) else value})


def test_a_cap_below_one_lot_is_refused_with_the_lot() -> None:
    with pytest.raises(ValueError, match=r"lot 0\.001"):
        limits_of(RiskParams(singleMax=0.0005), instrument())
