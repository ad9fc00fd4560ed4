"""Environment and flags over the file, and every scalar of a config fuzzed."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import load as load_module
from core.config.load import Loaded, load
from core.config.locate import profile_path
from core.config.overrides import env_value
from core.config.tree import Path, Tree, read_yaml
from core.domain.errors import ConfigError
from tests.unit.configs.schemas import SCHEMAS

ROUND7 = profile_path("round7")
TREE = read_yaml(ROUND7)


def scalars(value: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in scalars(inner, (*path, key))]
    if isinstance(value, list):
        return [found for i, inner in enumerate(value) for found in scalars(inner, (*path, i))]
    return [(path, value)]


NUMBERS = [
    path for path, value in scalars(TREE.values) if isinstance(value, int | float) and not isinstance(value, bool)
]
FLAGS = [path for path, value in scalars(TREE.values) if isinstance(value, bool)]


def mutated(path: Path, value: Any) -> Loaded:
    """The profile with one scalar replaced, as a file would hold it."""

    def read(_: pathlib.Path) -> Tree:
        tree = read_yaml(ROUND7)
        here: Any = tree.values
        for part in path[:-1]:
            here = here[part]
        here[path[-1]] = value
        return tree

    real, load_module.read_yaml = load_module.read_yaml, read
    try:
        return load(ROUND7, SCHEMAS, {})
    finally:
        load_module.read_yaml = real


def test_there_are_many_numbers_to_fuzz() -> None:
    assert len(NUMBERS) > 90 and len(FLAGS) >= 3


@given(
    st.sampled_from(NUMBERS),
    st.one_of(
        st.sampled_from([float("nan"), float("inf"), -float("inf"), True, False, [], {}, "nan", "inf", "yes"]),
        st.text(max_size=12),
        st.builds(
            lambda n, unit: f"{n}{unit}", st.integers(0, 1000), st.sampled_from(["%", " bps", "ms", "s", "h", "k"])
        ),
        st.builds(str, st.floats(allow_nan=False)),
    ),
)
def test_a_number_turned_into_anything_else_is_refused_with_a_line(path: Path, value: Any) -> None:
    """R-C1."""
    with pytest.raises(ConfigError) as caught:
        mutated(path, value)
    assert caught.value.line > 0 and caught.value.file == str(ROUND7)


@given(st.sampled_from(FLAGS), st.one_of(st.text(max_size=8), st.floats(), st.sampled_from(["yes", "on", 0, 1, None])))
def test_a_flag_is_true_or_false_and_nothing_else(path: Path, value: Any) -> None:
    """R-C1: yes, no, on, off are text in YAML 1.2."""
    with pytest.raises(ConfigError, match="Expected true or false"):
        mutated(path, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4", 4), ("-1", -1), ("2.5", 2.5), (".5", 0.5), ("1e3", 1000.0), ("true", True), ("False", False),
        ("yes", "yes"), ("4h", "4h"), ("1_000", "1_000"), ("", ""), ("[5, 8, 12]", [5, 8, 12]), ("[5,", "[5,"),
        ("0x10", "0x10"), ("1,5", "1,5"),
    ],
)  # fmt: skip
def test_a_variable_reads_like_yaml(text: str, value: Any) -> None:
    got = env_value(text)
    assert got == value and type(got) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "say"),
    [
        ("PERP__ROUNDS__HOURS", "4h", "Expected a number"),
        ("PERP__ROUNDS__HOURS", "nan", "Expected a finite number"),
        ("PERP__ROUNDS__HOURS", ".inf", "Expected a finite number"),
        ("PERP__ROUNDS__HORS", "4", "did you mean 'hours'"),
        ("PERP__RONDS__HOURS", "4", "did you mean 'rounds'"),
        ("PERP__STRATEGIES__0__RISK__NET_MX", "0.1", "did you mean"),
        ("PERP__STRATEGIES__3__RISK__NET_MAX", "0.1", "Expected an index below 1"),
        ("PERP__STRATEGIES__0__RISK__NET_MAX", "2.1", "worth at most equity x leverage"),
        ("PERP__STRATEGIES__0__RISK__DRAWDOWN_BANDS", "[5, 4, 9]", "rising"),
        ("PERP__MODE", "live", "Expected live: true"),
        ("PERP__EQUITY__X", "1", "below a plain value"),
    ],
)
def test_a_bad_variable_is_refused_and_named(name: str, text: str, say: str) -> None:
    """R-C1, S1-05."""
    with pytest.raises(ConfigError) as caught:
        load(profile_path("paper"), SCHEMAS, {name: text})
    assert say in str(caught.value)
    if say in ("Expected a number", "did you mean 'hours'", "worth at most equity x leverage"):
        assert str(caught.value).startswith(f"env {name}: ")


def test_a_fault_inside_a_list_names_the_flag_that_gave_it() -> None:
    with pytest.raises(ConfigError, match=r"^flag strategies\.0\.params\.regimeSpread: Expected a number"):
        load(ROUND7, SCHEMAS, {}, {"strategies.0.params.regimeSpread": ["1", 1, 1.5, 2.5]})


def test_lists_and_both_spellings_come_from_the_environment() -> None:
    got = load(
        ROUND7,
        SCHEMAS,
        {"PERP__STRATEGIES__0__RISK__DRAWDOWN_BANDS": "[4, 6, 9]", "PERP__STRATEGIES__0__PARAMS__MAXLAYERS": "6"},
    )
    assert got.risks[0].drawdown_bands == (4, 6, 9)  # type: ignore[attr-defined]
    assert got.params[0].max_layers == 6  # type: ignore[attr-defined]


def test_a_shared_limit_written_once_holds_for_strategy_and_risk() -> None:
    got = load(ROUND7, SCHEMAS, {}, {"strategies.0.risk.netMax": 0.1})
    assert got.risks[0].net_max == got.params[0].net_max == 0.1  # type: ignore[attr-defined]
    assert got.origin["strategies.0.params.net_max"] == "flag strategies.0.risk.netMax"
