"""The shipped profiles load with the real schemas and hold the source's defaults, row by row."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic.alias_generators import to_camel

from core.config.load import Loaded, load
from core.config.locate import config_dir, profile_path, profiles
from core.config.selfcheck import Limits, ladder, self_check
from core.config.settings import Settings
from core.config.tree import read_yaml
from core.risk.params import RiskParams
from core.strategies.asmm.params import AsmmParams
from core.strategies.pair_lock.params import PairParams
from tests.unit.configs.schemas import SCHEMAS
from tests.unit.configs.write_reference import PAGE, page

# row, key, default (S3 sections 3 to 5)
SOURCE: list[tuple[str, str, Any]] = [
    ("S3-06", "params.layerSpacingMode", "geometric"),
    ("S3-06", "params.spacingRatio", 1.20),
    ("S3-07", "params.layerSizeDecay", 0.90),
    ("S3-08", "params.maxLayers", 24),
    ("S3-09", "params.momentumThreshold", 0.0006),
    ("S3-09", "params.momentumAlpha", 0.08),
    ("S3-10", "params.inventoryPressureThreshold", 0.4),
    ("S3-10", "params.inventoryPressureStrength", 0.5),
    ("S3-10", "params.inventoryPressureExponent", 2.5),
    ("S3-11", "params.minSpread", 0.0006),
    ("S3-11", "params.feeBuffer", 0.0002),
    ("S3-12", "params.baseSize", 0.009),
    ("S3-13", "params.quoteIntervalMs", 500),
    ("S3-14", "params.takeProfitPct", 0.0025),
    ("S3-16", "risk.netMax", 0.21),
    ("S3-17", "risk.singleMax", 0.06),
    ("S3-18", "risk.dailyMax", 50.0),
    ("S3-19", "risk.latencyMs", 150),
    ("S3-20", "risk.pnlMin", -15.0),
    ("S3-20", "risk.pnlMax", 100.0),
    ("S3-21", "risk.stopLoss", -60.0),
    ("S3-22", "risk.haltSeconds", 300),
    ("S3-23", "risk.reduceOnlyThreshold", 25.0),
    ("S3-24", "risk.reduceOnlyMaxSlippagePct", 0.0003),
    ("S3-24", "risk.reduceOnlyMarketTriggerPct", 0.15),
    ("S3-25", "risk.drawdownBands", [5, 8, 12]),
    ("S3-25", "risk.reduceFractions", [0.15, 0.25, 0.40]),
    ("S3-26", "risk.reduceMode", "maker_first_then_taker"),
    ("S3-27", "risk.reduceCooldownSeconds", 120),
    ("S3-28", "risk.shockPct", 0.10),
    ("S3-29", "filters.tickSize", 0.01),
    ("S3-29", "filters.stepSize", 0.001),
    ("S3-29", "filters.minQty", 0.001),
    ("S3-29", "filters.maxQty", 1000),
    ("S3-29", "filters.minNotional", 10),
]


def loaded(name: str, **environ: str) -> Loaded:
    return load(profile_path(name), SCHEMAS, environ)


@pytest.mark.parametrize(("row", "key", "value"), SOURCE, ids=[f"{row} {key}" for row, key, _ in SOURCE])
def test_round7_carries_the_sources_names_and_defaults(row: str, key: str, value: Any) -> None:
    """In the file under its camelCase name, and in force after loading; `row` is the requirement."""
    section, name = key.split(".")
    written = read_yaml(profile_path("round7")).values["strategies"][0][section][name]
    snake = re.sub(r"([A-Z])", r"_\1", name).lower()
    in_force = loaded("round7").effective["strategies"][0][section][snake]
    assert written == value == in_force, row


@pytest.mark.parametrize("name", sorted(profiles()))
def test_every_profile_loads(name: str) -> None:
    got = loaded(name)
    assert got.settings.mode == "paper" and got.settings.equity == (1000 if name in ("pair_lock", "demo_pair") else 200)
    assert len(got.params) == len(got.risks) == len(got.traded) == 1
    assert len(got.instruments) == (2 if name in ("pair_lock", "demo_pair") else 1)


def test_round7_holds_every_key_there_is_with_a_comment() -> None:
    values = read_yaml(profile_path("round7")).values
    strategy = values["strategies"][0]
    shared = set(AsmmParams.model_fields) & set(RiskParams.model_fields)
    for section, model, leave in (("params", AsmmParams, shared), ("risk", RiskParams, set())):
        assert set(strategy[section]) == {to_camel(name) for name in model.model_fields if name not in leave}
    assert set(values) == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        section = getattr(field.annotation, "model_fields", None)
        if section is not None:
            assert set(values[name]) == {inner.alias or key for key, inner in section.items()}, name


def test_the_pairs_profile_holds_every_key_of_the_pair_with_a_comment_and_its_default() -> None:
    """S1-05, S1-12: what differs from the default says so."""
    given = read_yaml(profile_path("pair_lock")).values["strategies"][0]["params"]
    assert list(given) == [to_camel(name) for name in PairParams.model_fields]
    differ = {key for key, field in PairParams.model_fields.items() if given[to_camel(key)] != field.default}
    assert differ == {"funding_assumed", "naked_ms"}


def test_paper_is_round7_on_the_synthetic_ethusdc_with_200_usdc() -> None:
    """S3-01, UC-09."""
    paper, round7 = loaded("paper"), loaded("round7")
    assert paper.params == round7.params and paper.risks == round7.risks and paper.instruments == round7.instruments
    assert paper.settings.market.source == "synthetic" and paper.settings.equity == 200
    assert (paper.instruments[0].venue, paper.instruments[0].symbol) == ("binance_usdm", "ETHUSDC")
    same = set(Settings.model_fields) - {"strategies", "gateway"}
    assert {key: paper.effective[key] for key in same} == {key: round7.effective[key] for key in same}


def test_round7_btc_has_sizes_of_the_same_notional() -> None:
    eth, btc = loaded("round7"), loaded("round7_btc")
    assert (btc.instruments[0].venue, btc.instruments[0].symbol) == ("standx", "BTCUSD")
    ratio = 2970.4 / 87608.2
    for one, other, key in (
        (eth.params[0], btc.params[0], "base_size"),
        (eth.risks[0], btc.risks[0], "single_max"),
        (eth.risks[0], btc.risks[0], "net_max"),
    ):
        assert getattr(other, key) == pytest.approx(getattr(one, key) * ratio, rel=0.03)
    scaled = {"base_size", "single_max", "net_max", "mid_move_ticks", "book_stale_ms"}
    assert eth.params[0].model_dump(exclude=scaled) == btc.params[0].model_dump(exclude=scaled)
    assert eth.risks[0].model_dump(exclude=scaled) == btc.risks[0].model_dump(exclude=scaled)


@pytest.mark.parametrize(
    ("name", "price", "least"), [("round7", 2500, 8), ("round7", 3500, 11), ("round7_btc", 93600, 4)]
)
def test_the_self_check_of_a_profile_finds_layers_to_place(name: str, price: float, least: int) -> None:
    """S3-69."""
    got = loaded(name)
    p, r = got.params[0], got.risks[0]
    assert isinstance(p, AsmmParams) and isinstance(r, RiskParams)
    limits = Limits(**{key: getattr(r, key) for key in Limits.__struct_fields__})
    orders = ladder(price, p.base_size, p.layer_size_decay, p.first_bps, p.spacing_ratio, p.max_layers)
    found = self_check(got.instruments[0], price, orders, got.settings.equity, limits)
    assert found.placeable == least and [f for f in found.findings if f.level == "fail"] == []


def test_the_live_example_trades_nothing_by_itself() -> None:
    """UC-09."""
    got = loaded("live.example")
    assert got.settings.mode == "paper" and got.settings.live
    live = load(profile_path("live.example"), SCHEMAS, {}, {"mode": "live"})
    assert live.settings.mode == "live" and live.settings.venues["binance_usdm"].network == "demo"


def test_the_reference_page_is_the_one_the_models_give() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.unit.configs.write_reference"


def test_the_env_example_names_everything_and_holds_no_value() -> None:
    """S1-11, S2-33, S2-34."""
    lines = (config_dir() / ".env.example").read_text(encoding="utf-8").splitlines()
    names = {line.split("=")[0] for line in lines if "=" in line and not line.startswith("#")}
    assert names >= {
        "TRADING_FUTURES_SPOT_ARB_ENABLED", "TRADING_FUTURES_SPOT_ARB_MIN_SPREAD_PCT", "BETA_ARB_KLINE_INTERVAL",
        "CONFIG_PATH", "SYMBOL", "FLATTEN", "BINANCE_API_KEY", "BINANCE_SECRET",
    }  # fmt: skip
    assert all(line.endswith("=") for line in lines if line and not line.startswith("#"))
    used = set(re.findall(r"\$\{(\w+)\}", "".join(path.read_text() for path in profiles().values())))
    assert used <= names
