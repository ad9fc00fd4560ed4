"""The pair's parameters: the source's configuration loads unchanged, contradictions do not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from core.domain.errors import Refused
from core.strategies.pair_lock.params import PairParams, fees_of, pair_block
from tests.unit.strategies.pair_lock.desk import SOURCE, S, perpetual


def camel(value: Any) -> Any:
    return {to_camel(key): camel(part) for key, part in value.items()} if isinstance(value, dict) else value


def flat(value: dict[str, Any]) -> dict[str, Any]:
    return {k: v for key, part in value.items() for k, v in (part.items() if isinstance(part, dict) else [(key, part)])}


def test_source_config_loads_in_groups_flat_and_in_camel_case() -> None:
    """S1-12 .. S1-26, K-09, K-12 (`isolated_margin` inside `risk`)."""
    loaded = PairParams.model_validate(SOURCE)
    assert loaded == PairParams.model_validate(flat(SOURCE)) == PairParams.model_validate(camel(SOURCE))
    assert loaded == PairParams.model_validate(camel(flat(SOURCE)))
    assert loaded.isolated_margin is True
    assert {name: getattr(loaded, name) for name in flat(SOURCE)} == flat(SOURCE)


def test_source_values_are_the_defaults_but_for_the_keys_that_may_be_absent() -> None:
    """S1-12 .. S1-25; K-31: absent vol_band = filter off, absent fees = the venue's own."""
    absent = {"vmin", "vmax", "taker_bps", "maker_rebate_bps", "referral_rebate_bps"}
    loaded, plain = PairParams.model_validate(SOURCE), PairParams()
    assert {name for name in flat(SOURCE) if getattr(plain, name) != getattr(loaded, name)} == absent
    assert all(getattr(plain, name) is None for name in absent)


@pytest.mark.parametrize(
    ("band", "on", "vmin", "vmax"),
    [([0.25, 2.5], 1, 0.25, 2.5), ({"vmin": 0.25, "vmax": 2.5}, 1, 0.25, 2.5), (None, 0, 0.0, 0.0)],
)
def test_vol_band_is_a_pair_a_group_or_absent(band: Any, on: int, vmin: float, vmax: float) -> None:
    block = pair_block(PairParams.model_validate({"vol_band": band}), perpetual("a"), perpetual("b")).s
    assert (block.vol_on, block.vmin, block.vmax) == (on, vmin, vmax)


def test_old_risk_of_three_figures_loads_without_bands_and_fees() -> None:
    """S1-49: the source's own test gives `risk` 0.01 / 0.1 / 0.3 and neither vol_band nor fees."""
    risk = {"stop_loss_first_leg": 0.01, "net_delta_max_ratio": 0.1, "funding_guard_apr": 0.3}
    block = pair_block(PairParams.model_validate({"risk": risk}), perpetual("a"), perpetual("b")).s
    assert (block.vol_on, list(block.taker_fee), list(block.maker_fee)) == (0, [0.0, 0.0], [0.0, 0.0])


@pytest.mark.parametrize(
    "bad",
    [
        {"gPtc": 0.005}, {"g_pct": "0.005"}, {"g_pct": float("nan")}, {"g_pct": 0.0}, {"ema_fast": 55},
        {"ema_slow": 54.5}, {"lb": 0.8}, {"vmin": 0.2}, {"vol_band": {"vmin": 2.0, "vmax": 1.0}},
        {"risk": {"stop_loss_first_leg": 0.01}, "stop_loss_first_leg": 0.02}, {"risk": {"unknown": 1}},
        {"band_window_sec": 20_000}, {"band_window_sec": 300}, {"price_source": "last"}, {"funding_sign": "both"},
        {"referral_rebate_bps": 0.2}, {"isolated_margin": 1}, {"vol_band": [1.0]}, {"min_conditions": 4},
        {"stop_loss_first_leg": float("inf")},
    ],
)  # fmt: skip
def test_contradictions_and_wrong_types_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PairParams.model_validate(bad)


def test_fees_of_a_fill_include_the_referral_but_never_on_a_rebate() -> None:
    """S1-26: taker 2.0 - 0.2 = 1.8 bps, maker -0.5 bps is received whole; hand figures."""
    taker, maker = fees_of(PairParams.model_validate(SOURCE), perpetual("a", taker_fee_ppm=900))
    assert taker == pytest.approx(1.8e-4, abs=1e-15)
    assert maker == pytest.approx(-0.5e-4, abs=1e-15)
    paid = PairParams(taker_bps=2.0, maker_rebate_bps=1.0, referral_rebate_bps=-1.5)
    assert fees_of(paid, perpetual("a")) == pytest.approx((0.5e-4, 0.0), abs=1e-15)


def test_absent_fees_are_the_venue_files_own() -> None:
    """400 ppm with 10 % referral is 3.6 bps; a rebate of 50 ppm stays."""
    one = perpetual("a", taker_fee_ppm=400, maker_fee_ppm=-50, referral_ppm=100_000)
    assert fees_of(PairParams(), one) == pytest.approx((3.6e-4, -0.5e-4), abs=1e-12)


def test_block_carries_both_grids_and_each_venues_own_staleness() -> None:
    block = pair_block(PairParams(), perpetual("a"), perpetual("b", tick=0.5, lot=0.01, book_stale_ns=3 * S)).s
    assert list(block.tick) == [0.1, 0.5]
    assert list(block.stale_ns) == [2 * S, 3 * S]
    same = pair_block(PairParams(price_stale_ms=500), perpetual("a"), perpetual("b")).s
    assert list(same.stale_ns) == [S // 2, S // 2]
    assert (block.t_max_ns, block.exit_max_ns, block.settlement_bar_ns) == (14_400 * S, 3600 * S, 600 * S)
    assert (block.band_span, block.band_min_samples, block.sample_ns) == (14_400, 600, S)


def test_legs_of_two_coins_or_too_small_a_size_are_refused() -> None:
    with pytest.raises(Refused, match="one coin"):
        pair_block(PairParams(), perpetual("a"), perpetual("b", base="ETH"))
    with pytest.raises(Refused, match="beta"):
        pair_block(PairParams(base_qty=0.009), perpetual("a"), perpetual("beta", lot=0.01))
    pair_block(PairParams(base_qty=0.01), perpetual("a"), perpetual("b", lot=0.01))
