"""Names, defaults and refusals of the market maker's parameters, and its self-check."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.domain.errors import Refused
from core.kernel import Kernels
from core.strategies.asmm.check import warnings
from core.strategies.asmm.params import AsmmParams, quote_params
from core.strategies.asmm.strategy import Asmm
from tests.unit.strategies.asmm_desk import MakerDesk, ethusdc

SOURCE_NAMES = {
    "layerSpacingMode": "geometric", "spacingRatio": 1.20, "layerSizeDecay": 0.90, "maxLayers": 24,
    "momentumThreshold": 0.0006, "momentumAlpha": 0.08, "inventoryPressureThreshold": 0.4,
    "inventoryPressureStrength": 0.5, "inventoryPressureExponent": 2.5, "minSpread": 0.0006, "feeBuffer": 0.0002,
    "baseSize": 0.009, "quoteIntervalMs": 500, "takeProfitPct": 0.0025, "netMax": 0.21, "singleMax": 0.06,
}  # fmt: skip


def test_source_names_load_unchanged_and_are_the_defaults() -> None:
    """S3-06 .. S3-17, S3-50."""
    loaded = AsmmParams.model_validate(SOURCE_NAMES)
    assert loaded == AsmmParams()
    dumped = loaded.model_dump(by_alias=True)
    assert {name: dumped[name] for name in SOURCE_NAMES} == SOURCE_NAMES
    assert loaded.first_bps == pytest.approx(3.0)


def test_snake_case_names_load_too() -> None:
    assert AsmmParams.model_validate({"spacing_ratio": 1.5}) == AsmmParams.model_validate({"spacingRatio": 1.5})


@pytest.mark.parametrize(
    "bad",
    [
        {"spacingRatoi": 1.2}, {"spacingRatio": "1.2"}, {"spacingRatio": float("nan")}, {"baseSize": float("inf")},
        {"maxLayers": 25}, {"maxLayers": 2.5}, {"maxLayers": True}, {"spacingRatio": 0.9}, {"netMax": 0.05},
        {"feeBuffer": 0.001}, {"vpinLow": 0.95}, {"regimeSpread": [1, 1, 1]}, {"regimeSpread": [1.0, 2.0, 1.5, 3.0]},
        {"noiseLayers": [1.0, 0.5, 0.7, 0.2]}, {"baseSize": 0.07}, {"layerSpacingMode": "fibonacci"},
    ],
)  # fmt: skip
def test_bad_values_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AsmmParams.model_validate(bad)


def test_lists_of_a_config_file_load_as_regime_values() -> None:
    assert AsmmParams.model_validate({"regimeSpread": [1.0, 1.0, 2.0, 3.0]}).regime_spread == (1.0, 1.0, 2.0, 3.0)


def test_size_below_one_lot_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="base_size of at least one lot"):
        quote_params(AsmmParams(), ethusdc(lot=0.01, unit=10_000))


def test_configure_changes_quotes_in_place_and_refuses_nonsense() -> None:
    desk = MakerDesk(base_size=0.05)
    desk.decide()
    assert desk.state.layers == 24
    desk.maker.configure({"maxLayers": 3, "momentum_alpha": 0.2})
    desk.decide()
    assert (desk.state.layers, desk.maker.params.max_layers) == (3, 3)
    assert desk.signal_params.s.momentum_alpha == 0.2
    with pytest.raises(ValidationError):
        desk.maker.configure({"maxLayers": 99})
    assert desk.maker.params.max_layers == 3


def test_unbound_strategy_says_so_and_two_instruments_are_refused() -> None:
    maker = Asmm("mm", ("paper:ETHUSDC",), AsmmParams())
    with pytest.raises(RuntimeError, match="bound to a desk"):
        maker.decide(0, 2)
    desk = MakerDesk().desk
    for name in ("instruments", "specs", "views", "signals", "signal_params", "ledgers", "targets"):
        setattr(desk, name, tuple(getattr(desk, name)) * 2)
    with pytest.raises(Refused, match="Expected one instrument"):
        maker.bind(Kernels("plain"), desk)


def test_self_check_warns_of_fees_beyond_the_buffer_and_of_sizes_off_step() -> None:
    assert warnings(AsmmParams(), ethusdc()) == []
    assert "two maker fees" in warnings(AsmmParams(), ethusdc(maker_fee_ppm=200))[0]
    assert "in steps of 0.001" in warnings(AsmmParams.model_validate({"baseSize": 0.0095}), ethusdc())[0]
