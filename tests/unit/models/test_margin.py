"""Liquidation, bankruptcy and margin figures against the venues' own examples (S0-19)."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.units import MONEY, PPM
from core.models.margin import (
    Brackets,
    bankruptcy_price,
    binance_liquidation,
    bybit_liquidation,
    hyperliquid_liquidation,
    liquidation_buffer,
    maintenance,
    margin_ratio,
    mm_usage,
    tiered_liquidation,
)
from tests.unit.models.reference import BY_ID, near, of

TABLE = BY_ID["binance_maintenance_amounts"]


@pytest.mark.parametrize("case", of("binance_liquidation_iso") + of("binance_liquidation_cross"), ids=lambda c: c["id"])
def test_binance_liquidation_price(case: dict[str, Any]) -> None:
    x = case["inputs"]
    got = binance_liquidation(
        x["wallet_balance"], x["side"], x["qty"], x["entry"], x["mmr"], x["maintenance_amount"],
        x.get("other_maintenance_margin", 0.0), x.get("other_upnl", 0.0),
    )  # fmt: skip
    assert got == pytest.approx(case["expected"]["liquidation_price"], **near(case))


def test_no_liquidation_price_where_the_formula_gives_none_above_zero() -> None:
    x = BY_ID["binance_liquidation_none"]["inputs"]
    args = (x["wallet_balance"], x["side"], x["qty"], x["entry"])
    assert binance_liquidation(*args, x["mmr"], x["maintenance_amount"]) is None
    assert tiered_liquidation(*args, Brackets([0], [x["mmr"]])) is None
    assert binance_liquidation(100.0, 1, 0.0, 100.0, 0.01, 0.0) is None


@pytest.mark.parametrize("case", of("binance_liquidation_tier"), ids=lambda c: c["id"])
def test_liquidation_price_lies_in_the_bracket_of_its_own_notional(case: dict[str, Any]) -> None:
    x = case["inputs"]
    brackets = Brackets(x["bracket_floor"], x["mmr"])
    got = tiered_liquidation(x["wallet_balance"], x["side"], x["qty"], x["entry"], brackets)
    assert got == pytest.approx(case["expected"]["liquidation_price"], **near(case))
    assert brackets.index(x["qty"] * (got or 0)) == case["expected"]["bracket_index"]


def test_maintenance_amounts_and_margins_of_the_published_table() -> None:
    floor, mmr = TABLE["inputs"]["bracket_floor"], TABLE["inputs"]["mmr"]
    brackets = Brackets(floor, mmr)
    assert brackets.cum == pytest.approx(TABLE["expected"]["maintenance_amount"], **near(TABLE))
    ints = [[int(f) * MONEY for f in floor], [round(m * PPM) for m in mmr], [round(c * MONEY) for c in brackets.cum]]
    for notional, expected in TABLE["expected"]["maintenance_margin"].items():
        assert brackets.maintenance(float(notional)) == pytest.approx(expected, **near(TABLE))
        assert maintenance(int(notional) * MONEY, len(floor), *ints) == round(expected * MONEY)


def test_hyperliquid_tiers_are_continuous_with_a_deduction() -> None:
    case = BY_ID["hyperliquid_margin_tier_btc"]
    rates = [0.5 / leverage for leverage in case["inputs"]["max_leverage"]]
    brackets = Brackets(case["inputs"]["tier_lower_bound"], rates)
    assert rates == pytest.approx(case["expected"]["maintenance_rate"])
    assert brackets.cum == pytest.approx(case["expected"]["maintenance_deduction"])
    for notional, expected in case["expected"]["maintenance_margin"].items():
        assert brackets.maintenance(float(notional)) == pytest.approx(expected, **near(case))


def test_bybit_takes_the_maintenance_margin_at_entry() -> None:
    case = BY_ID["bybit_liquidation_long"]
    x = case["inputs"]
    got = bybit_liquidation(
        x["side"], x["qty"], x["entry"], x["leverage"], x["mmr"], x["mm_deduction"], x["extra_margin"]
    )
    assert got == pytest.approx(case["expected"]["liquidation_price"], **near(case))
    bust = bankruptcy_price(x["side"], x["qty"], x["entry"], x["qty"] * x["entry"] / x["leverage"])
    assert bust == pytest.approx(case["expected"]["bankruptcy_price"], **near(case))


@pytest.mark.parametrize("case", of("hyperliquid_liquidation"), ids=lambda c: c["id"])
def test_hyperliquid_liquidation_price(case: dict[str, Any]) -> None:
    x = case["inputs"]
    got = hyperliquid_liquidation(x["side"], x["size"], x["price"], x["account_value_or_isolated_margin"], x["l"])
    assert got == pytest.approx(case["expected"]["liquidation_price"], **near(case))


def test_bankruptcy_price_is_where_equity_is_zero() -> None:
    case = BY_ID["bankruptcy_long"]
    x = case["inputs"]
    wallet = x["entry"] / x["leverage"]
    assert bankruptcy_price(x["side"], 1.0, x["entry"], wallet) == pytest.approx(
        case["expected"]["bankruptcy_price"], **near(case)
    )
    with_fee = bankruptcy_price(1, 2.0, 100.0, 20.0, 0.001)
    assert with_fee is not None
    assert 20.0 + 2.0 * (with_fee - 100.0) - 2.0 * with_fee * 0.001 == pytest.approx(0.0, abs=1e-12)
    assert bankruptcy_price(1, 1.0, 100.0, 100.0) is None  # 1x long


@pytest.mark.parametrize("case", of("liquidation_buffer"), ids=lambda c: c["id"])
def test_liquidation_buffer(case: dict[str, Any]) -> None:
    mark, price = case["inputs"]["mark"], case["inputs"]["liquidation_price"]
    sign = 1 if price <= mark else -1
    assert liquidation_buffer(sign, mark, price) == pytest.approx(case["expected"], **near(case))


def test_signed_buffer_shows_a_breach_and_unknown_is_none() -> None:
    assert liquidation_buffer(1, 99.0, 100.0) == pytest.approx(-1 / 99)
    assert liquidation_buffer(1, 99.0, None) == math.inf
    assert liquidation_buffer(1, 0.0, 100.0) is None
    assert liquidation_buffer(1, math.nan, 100.0) is None
    assert liquidation_buffer(1, 99.0, math.nan) is None


def test_margin_ratio_is_kept_apart_from_the_venues_usage() -> None:
    case = BY_ID["margin_ratio"]
    assert mm_usage(case["inputs"]["maintenance_margin"], case["inputs"]["margin_balance"]) == pytest.approx(
        case["expected"]["margin_ratio"], **near(case)
    )
    assert mm_usage(1.0, 0.0) == math.inf
    assert margin_ratio(200.0, 1_000.0) == 0.2
    assert margin_ratio(200.0, 0.0) == math.inf


@given(st.integers(0, 10**17), st.integers(0, 10**9))
def test_maintenance_rises_and_is_never_below_the_exact_figure(notional: int, more: int) -> None:
    floor, mmr = [0, 5_000 * MONEY, 50_000 * MONEY], [4_000, 5_000, 10_000]
    cum = [0, 5 * MONEY, 255 * MONEY]
    got = maintenance(notional, 3, floor, mmr, cum)
    n = max(i for i in range(3) if notional >= floor[i])
    assert 0 <= got * PPM - (notional * mmr[n] - cum[n] * PPM) < PPM
    assert maintenance(notional + more, 3, floor, mmr, cum) >= got


@pytest.mark.parametrize("floor", [[], [1.0], [0.0, 5.0, 3.0]])
def test_brackets_out_of_order_are_refused(floor: list[float]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        Brackets(floor, [0.1] * len(floor))
