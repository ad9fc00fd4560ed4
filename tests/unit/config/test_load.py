"""Config: one clear message with file, line, expected and found; precedence flags > env > file > default."""

from __future__ import annotations

import pathlib

import pytest
from pydantic import Field

from core.config.load import Loaded, Schema, load
from core.config.validate import Section
from core.domain.errors import ConfigError


class Params(Section):
    spacing_ratio: float = Field(default=1.2, gt=1, le=3)
    max_layers: int = Field(default=24, ge=1, le=24)
    bands: tuple[float, ...] = (5.0, 8.0, 12.0)


class Limits(Section):
    net_max: float = Field(default=0.21, gt=0)


SCHEMAS = {"mm": Schema(Params, Limits)}
BASE = """\
equity: 200
strategies:
  - name: mm-eth
    kind: mm
    venue: binance_usdm
    symbol: ETHUSDC
    params:
      spacingRatio: 1.25
    risk:
      netMax: 0.3
rounds:
  hours: 4
"""


def loaded(tmp_path: pathlib.Path, text: str, env: dict[str, str] | None = None, **flags: object) -> Loaded:
    path = tmp_path / "x.yml"
    path.write_text(text)
    return load(path, SCHEMAS, env or {}, {k.replace("__", "."): v for k, v in flags.items()})


def refusal(tmp_path: pathlib.Path, text: str, env: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, env)
    return str(caught.value)


def test_camel_case_and_snake_case_keys_load_alike(tmp_path: pathlib.Path) -> None:
    """K-09, S3-50."""
    camel = loaded(tmp_path, BASE)
    snake = loaded(tmp_path, BASE.replace("spacingRatio", "spacing_ratio").replace("netMax", "net_max"))
    assert camel.params == snake.params and camel.risks == snake.risks
    assert camel.sha256 == snake.sha256


def test_flags_beat_environment_beats_file_beats_default(tmp_path: pathlib.Path) -> None:
    """S1-05."""
    env = {"PERP__ROUNDS__HOURS": "2.5", "PERP__SEED": "11", "PERP__STRATEGIES__0__PARAMS__MAX_LAYERS": "6"}
    got = loaded(tmp_path, BASE, env, seed=12)
    assert got.settings.rounds.hours == 2.5 and got.settings.seed == 12
    assert got.params[0].max_layers == 6  # type: ignore[attr-defined]
    assert got.origin["rounds.hours"] == "env PERP__ROUNDS__HOURS"
    assert got.origin["seed"] == "flag seed"
    assert got.origin["strategies.0.params.spacing_ratio"] == "file"
    assert got.origin["telemetry.metrics_port"] == "default"


CASES = [
    ("hours: 4", "hours: four", 12, "Expected a number (no unit, no quotes) for rounds.hours, was 'four'"),
    ("hours: 4", "hours: .nan", 12, "Expected a finite number for rounds.hours, was nan"),
    ("hours: 4", "hours: .inf", 12, "Expected a finite number for rounds.hours, was inf"),
    ("hours: 4", "hours: -1", 12, "greater than 0 for rounds.hours, was -1"),
    ("hours: 4", "hours: 4h", 12, "for rounds.hours, was '4h'"),
    ("hours: 4", "hors: 4", 12, "was 'rounds.hors'; did you mean 'hours'?"),
    ("spacingRatio", "spacingRato", 8, "did you mean 'spacingRatio'?"),
    ("spacingRatio: 1.25", "spacingRatio: 0.9", 8, "greater than 1 for strategies.0.params.spacingRatio, was 0.9"),
    ("spacingRatio: 1.25", "maxLayers: 2.5", 8, "Expected a whole number for strategies.0.params.maxLayers, was 2.5"),
    ("spacingRatio: 1.25", "maxLayers: yes", 8, "Expected a whole number for strategies.0.params.maxLayers, was 'yes'"),
    (
        "netMax: 0.3",
        "netMax: '0.3'",
        10,
        "Expected a number (no unit, no quotes) for strategies.0.risk.netMax, was '0.3'",
    ),
    ("kind: mm", "kind: nn", 4, "Expected one of mm for strategies.0.kind, was 'nn'"),
    ("    venue: binance_usdm\n", "", 5, "Expected venue and symbol, or the legs of a pair, was symbol alone"),
    ("equity: 200", "equity: 200\nequity: 300", 2, "duplicate key"),
    ("equity: 200", "equity: [", 3, "Expected valid YAML"),
    ("equity: 200", "7: 200", 1, "Expected a text key"),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), CASES)
def test_a_fault_names_file_line_expected_and_found(
    tmp_path: pathlib.Path, old: str, new: str, line: int, message: str
) -> None:
    """R-C1."""
    text = refusal(tmp_path, BASE.replace(old, new))
    assert message in text
    assert f"x.yml:{line}:" in text


def test_a_bad_environment_value_is_refused_too(tmp_path: pathlib.Path) -> None:
    assert "rounds.hours, was 'soon'" in refusal(tmp_path, BASE, {"PERP__ROUNDS__HOURS": "soon"})


def test_live_needs_both_words_and_budgets_must_fit(tmp_path: pathlib.Path) -> None:
    """UC-09."""
    assert "Expected live: true beside mode: live" in refusal(tmp_path, BASE + "mode: live\n")
    assert "budgets to sum to at most equity" in refusal(
        tmp_path, BASE.replace("kind: mm", "kind: mm\n    budget: 300")
    )


def test_a_missing_empty_or_foreign_file_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match="found none"):
        load(tmp_path / "none.yml", SCHEMAS, {})
    assert "empty file" in refusal(tmp_path, "")
    assert "Expected a mapping of settings at the top" in refusal(tmp_path, "- a\n- b\n")
    (tmp_path / "b.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        load(tmp_path / "b.yml", SCHEMAS, {})


def test_the_hash_is_of_the_effective_values_not_of_the_text(tmp_path: pathlib.Path) -> None:
    assert loaded(tmp_path, BASE).sha256 == loaded(tmp_path, "# a comment\n" + BASE).sha256
    assert loaded(tmp_path, BASE).sha256 != loaded(tmp_path, BASE, seed=8).sha256


def test_declared_dust_is_nothing_by_default_bounded_and_the_least_of_all_who_trade_an_instrument(
    tmp_path: pathlib.Path,
) -> None:
    """RELIABILITY 5, E7."""
    assert loaded(tmp_path, BASE).settings.strategies[0].dust == 0
    venue, symbol = loaded(tmp_path, BASE).settings.strategies[0].places[0]
    for wrong in ("-1", "1001", "'one'", ".nan"):
        assert "dust" in refusal(tmp_path, BASE.replace("kind: mm", f"kind: mm\n    dust: {wrong}"))
    first = loaded(tmp_path, BASE.replace("kind: mm", "kind: mm\n    dust: 0.5")).settings
    assert first.dust_of(f"{venue}:{symbol}") == 50_000_000 and first.dust_of("elsewhere:X") == 0
    other = first.strategies[0].model_copy(update={"name": "other", "dust": 0.25})
    both = first.model_copy(update={"strategies": (*first.strategies, other)})
    assert both.dust_of(f"{venue}:{symbol}") == 25_000_000
