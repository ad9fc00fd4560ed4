"""`check` for a pair: the orders of both legs, the leverage it will set, and figures that do not fit its venues."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from core.build.assemble import load_config
from core.build.markets import places_of
from core.build.planning import planned
from core.domain.errors import ConfigError
from tests.simulation.pair_config import lively


def checked(folder: pathlib.Path, price: float | None = None, **changed: Any) -> dict[str, Any]:
    return planned(load_config(lively(folder, **changed), {}), price)


def said(body: dict[str, Any]) -> str:
    return "\n".join(text for one in body["strategies"] for text in one["warnings"])


def test_both_legs_are_checked_each_against_its_own_venue(tmp_path: pathlib.Path) -> None:
    """S3-69 for a pair: one row a leg, at each venue's own reference price or at one given for both."""
    body = checked(tmp_path, gPct=0.005)
    assert body["ok"] and [one["venue"] for one in body["strategies"]] == ["binance_usdm", "hyperliquid"]
    assert {one["strategy"] for one in body["strategies"]} == {"pair-btc"} and said(body) == ""
    assert [one["price"] for one in checked(tmp_path, 50_000.0)["strategies"]] == [50_000.0, 50_000.0]


def test_a_pair_sets_its_leverage_and_margin_mode_on_both_instruments(tmp_path: pathlib.Path) -> None:
    """S1-24: what is set at the venue before the first order is what the strategy asks for."""
    for leverage, isolated in ((10, True), (5, False)):
        loaded = load_config(lively(tmp_path, leverage=leverage, isolatedMargin=isolated), {})
        for place in places_of(loaded):
            assert (place.instrument.leverage, place.instrument.isolated) == (leverage, isolated)


def test_more_leverage_than_a_venue_allows_is_refused_at_its_line(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match="Expected leverage of at most 40 on hyperliquid, was 100") as refused:
        load_config(lively(tmp_path, leverage=100), {})
    assert (
        refused.value.line
        and "leverage" in lively(tmp_path, leverage=100).read_text().splitlines()[refused.value.line - 1]
    )


def test_one_instrument_cannot_have_two_leverages(tmp_path: pathlib.Path) -> None:
    """Two strategies on one instrument share the venue's one setting."""
    from ruamel.yaml import YAML

    yaml, path = YAML(), lively(tmp_path)
    config = yaml.load(path.read_text(encoding="utf-8"))
    twin = {**config["strategies"][0], "name": "twin"}
    twin["params"] = {**twin["params"], "leverage": 3}
    config["strategies"].append(twin)
    for one in config["strategies"]:
        one["budget"] = 400
    yaml.dump(config, path)
    with pytest.raises(ConfigError, match="one margin mode and leverage for binance_usdm:BTCUSDT"):
        load_config(path, {})


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"nakedMs": 100}, "Expected nakedMs above"),
        ({"baseQty": 0.0015}, "Expected baseQty in steps of 0.001 on binance_usdm, was 0.0015"),
        ({"leverage": 18}, "more than liquidationRedline 0.05"),
    ],
)
def test_what_loads_but_cannot_work_is_said(tmp_path: pathlib.Path, changed: dict[str, Any], text: str) -> None:
    """S1-18, S1-58: an answer that cannot be there in time, lots that cannot be traded, margin without room."""
    assert text in said(checked(tmp_path, **changed))


def test_a_gain_below_the_fees_of_four_fills_is_said(tmp_path: pathlib.Path) -> None:
    assert "Expected gPct above four taker fees" in said(checked(tmp_path, takerBps=10.0))
    assert said(checked(tmp_path, takerBps=0.0, gPct=0.0001)) == ""
