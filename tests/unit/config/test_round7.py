"""S3-50: the source's own file loads unchanged, whatever its layout."""

from __future__ import annotations

import pathlib

import pytest

from core.config.load import Loaded, load
from core.config.locate import profile_path
from core.domain.errors import ConfigError
from tests.unit.configs.schemas import SCHEMAS

STRATEGY = """\
layerSpacingMode: geometric
spacingRatio: 1.20
layerSizeDecay: 0.90
maxLayers: 24
momentumThreshold: 0.0006
momentumAlpha: 0.08
inventoryPressureThreshold: 0.4
inventoryPressureStrength: 0.5
inventoryPressureExponent: 2.5
minSpread: 0.0006
feeBuffer: 0.0002
baseSize: 0.009
quoteIntervalMs: 500
takeProfitPct: 0.0025
"""
RISK = """\
netMax: 0.21
singleMax: 0.06
dailyMax: 50.0
latencyMs: 150
pnlMin: -15.0
pnlMax: 100.0
stopLoss: -60.0
haltSeconds: 300
reduceOnlyThreshold: 25.0
reduceOnlyMaxSlippagePct: 0.0003
reduceOnlyMarketTriggerPct: 0.15
drawdownBands: [5, 8, 12]
reduceFractions: [0.15, 0.25, 0.40]
reduceMode: maker_first_then_taker
reduceCooldownSeconds: 120
shockPct: 0.10
"""
EXCHANGE = "tickSize: 0.01\nstepSize: 0.001\nminQty: 0.001\nmaxQty: 1000\nminNotional: 10\n"
GATEWAY = "apiKey: abc-not-a-key\napiSecret: ${MY_SECRET}\nbaseURL: https://fapi.binance.com\n"


def inset(text: str, by: str = "  ") -> str:
    return "".join(f"{by}{line}\n" for line in text.splitlines())


FLAT = "symbol: ETHUSDC\n" + STRATEGY + RISK + EXCHANGE + GATEWAY
NESTED = (
    f"symbol: ETHUSDC\nstrategy:\n{inset(STRATEGY)}risk:\n{inset(RISK)}"
    f"exchange:\n{inset(EXCHANGE)}gateway:\n{inset(GATEWAY)}"
)
SYMBOL_GROUP = (
    f"symbol:\n  name: ETHUSDC\n{inset(EXCHANGE)}strategy:\n{inset(STRATEGY + RISK)}gateway:\n{inset(GATEWAY)}"
)
IN_EXCHANGE = (
    f"strategy:\n{inset(STRATEGY)}risk:\n{inset(RISK)}exchange:\n  symbol: ETHUSDC\n{inset(EXCHANGE + GATEWAY)}"
)


def loaded(tmp_path: pathlib.Path, text: str) -> Loaded:
    path = tmp_path / "config_round7_geometric_drawdown.yaml"
    path.write_text(text)
    return load(path, SCHEMAS, {"MY_SECRET": "hush-hush"})


@pytest.mark.parametrize(
    "text", [FLAT, NESTED, SYMBOL_GROUP, IN_EXCHANGE], ids=["flat", "nested", "symbol", "exchange"]
)
def test_the_sources_file_loads_unchanged_and_equals_our_profile(tmp_path: pathlib.Path, text: str) -> None:
    """S3-50, K-09."""
    got, ours = loaded(tmp_path, text), load(profile_path("round7"), SCHEMAS, {})
    assert got.params == ours.params and got.risks == ours.risks and got.instruments == ours.instruments
    assert got.settings.strategies[0].filters == ours.settings.strategies[0].filters
    assert got.settings.gateway.api_key is not None
    assert got.settings.gateway.api_key.get_secret_value() == "abc-not-a-key"
    assert got.settings.gateway.api_secret is not None
    assert got.settings.gateway.api_secret.get_secret_value() == "hush-hush"


def test_snake_case_and_a_missing_symbol_load_too(tmp_path: pathlib.Path) -> None:
    got = loaded(tmp_path, "net_max: 0.2\nsingle_max: 0.05\nbase_size: 0.008\nequity: 300\n")
    assert got.instruments[0].symbol == "ETHUSDC" and got.settings.equity == 300
    assert got.risks[0].net_max == got.params[0].net_max == 0.2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("old", "new", "line", "say"),
    [
        ("spacingRatio: 1.20", "spacingRato: 1.20", 3, "did you mean 'spacingRatio'"),
        ("netMax: 0.21", "netMax: 0.21 ETH", 16, "Expected a number"),
        ("netMax: 0.21", "netMax: 2.1", 16, "worth at most equity x leverage"),
        ("tickSize: 0.01", "tickSize: 0.1", 32, "Expected tick_size 0.01"),
        ("symbol: ETHUSDC", "symbol: ETHUSD", 1, "did you mean binance_usdm ETHUSDC"),
        ("drawdownBands: [5, 8, 12]", "drawdownBands: [5, 8]", 27, "one a band"),
        ("shockPct: 0.10", "shockPct: 10%", 31, "Expected a number"),
    ],
)
def test_a_fault_is_refused_with_the_line_of_that_file(
    tmp_path: pathlib.Path, old: str, new: str, line: int, say: str
) -> None:
    """R-C1."""
    text = FLAT.replace(old, new)
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    assert say in str(caught.value)
    near = {n for n, found in enumerate(text.splitlines(), 1) if found.split(":")[0] in str(caught.value)}
    assert caught.value.line == line or caught.value.line in near


def test_unknown_keys_and_doubled_ones_are_refused_in_groups(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match=r":2: .*did you mean 'spacingRatio'"):
        loaded(tmp_path, "strategy:\n  spacingRato: 1.2\n")
    with pytest.raises(ConfigError, match=r":3: Expected netMax once, found it twice"):
        loaded(tmp_path, "risk:\n  netMax: 0.2\nnetMax: 0.3\n")
    with pytest.raises(ConfigError, match=r":2: .*Expected a known key"):
        loaded(tmp_path, "exchange:\n  leverage: 20\nnetMax: 0.2\n")
    with pytest.raises(ConfigError, match=r":1: Expected a mapping"):
        loaded(tmp_path, "gateway: 5\nnetMax: 0.2\n")


def test_our_own_layout_is_left_alone() -> None:
    assert load(profile_path("paper"), SCHEMAS, {}).settings.strategies[0].name == "mm-eth"
