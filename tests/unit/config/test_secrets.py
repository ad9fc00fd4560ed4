"""Secrets: from the environment, in secret fields only, and never in a dump, an error or a hash (S3-30)."""

from __future__ import annotations

import pathlib

import msgspec
import pytest

from core.config.load import Loaded, load
from core.config.show import changes, entries, text
from core.domain.errors import ConfigError
from tests.unit.configs.schemas import SCHEMAS

BASE = """\
strategies:
  - {name: mm, kind: asmm, venue: binance_usdm, symbol: ETHUSDC}
"""
SECRET = "k3y-that-nobody-may-see"


def loaded(tmp_path: pathlib.Path, more: str = "", env: dict[str, str] | None = None, **flags: object) -> Loaded:
    path = tmp_path / "c.yml"
    path.write_text(BASE + more)
    return load(path, SCHEMAS, env or {}, flags)


def everything(got: Loaded) -> str:
    return "\n".join([repr(got), text(got), repr(entries(got)), msgspec.json.encode(got.effective).decode()])


@pytest.mark.parametrize("how", ["reference", "inline", "variable"])
def test_a_secret_is_usable_but_nowhere_printed(tmp_path: pathlib.Path, how: str) -> None:
    """S3-30."""
    more = {"reference": "gateway: {apiKey: '${KEY}'}\n", "inline": f"gateway: {{apiKey: {SECRET}}}\n", "variable": ""}
    env = {"KEY": SECRET, "PERP__GATEWAY__API_KEY": SECRET} if how == "variable" else {"KEY": SECRET}
    got = loaded(tmp_path, more[how], env)
    assert got.settings.gateway.api_key is not None
    assert got.settings.gateway.api_key.get_secret_value() == SECRET
    assert SECRET not in everything(got) and "••••" in text(got)


def test_an_unset_variable_leaves_the_field_empty(tmp_path: pathlib.Path) -> None:
    assert loaded(tmp_path, "gateway: {apiKey: '${KEY}'}\n").settings.gateway.api_key is None


def test_a_numeric_key_from_the_environment_stays_text(tmp_path: pathlib.Path) -> None:
    got = loaded(tmp_path, "", {"PERP__GATEWAY__API_SECRET": "00123456"}).settings.gateway.api_secret
    assert got is not None and got.get_secret_value() == "00123456"


@pytest.mark.parametrize("value", ["778899", "[778899]", "{a: 778899}", "x778899-${KEY}", "778899.5"])
def test_an_error_about_a_secret_does_not_show_it(tmp_path: pathlib.Path, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, f"gateway:\n  apiKey: {value}\n", {"KEY": SECRET})
    assert "778899" not in str(caught.value) and caught.value.line == 4


def test_a_reference_outside_a_secret_field_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match=r":3: .*secrets only"):
        loaded(tmp_path, "account: ${HOME}\n", {"HOME": "x"})


def test_show_lists_every_key_with_its_origin(tmp_path: pathlib.Path) -> None:
    got = loaded(tmp_path, "seed: 9\n", {"PERP__ROUNDS__HOURS": "2"}, equity=500.0)
    found = {entry.key: entry for entry in entries(got)}
    assert found["seed"].origin == "file" and found["seed"].value == 9
    assert found["rounds.hours"].origin == "env PERP__ROUNDS__HOURS"
    assert found["equity"].origin == "flag equity"
    assert found["strategies.0.params.base_size"].origin == "default"
    assert found["strategies.0.risk.drawdown_bands"].value == [5.0, 8.0, 12.0]
    assert "[5, 8, 12]" in text(got)


def test_changes_are_the_keys_that_differ(tmp_path: pathlib.Path) -> None:
    before = loaded(tmp_path)
    after = loaded(tmp_path, "", {"PERP__STRATEGIES__0__RISK__NET_MAX": "0.1"})
    found = {change.key: (change.before, change.after) for change in changes(before, after)}
    assert found == {"strategies.0.params.net_max": (0.21, 0.1), "strategies.0.risk.net_max": (0.21, 0.1)}
    assert before.sha256 != after.sha256 and changes(before, before) == ()
