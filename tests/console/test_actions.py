"""The rules of CONSOLE.md section 3, walked over the registry."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.console import Console
from core.domain.errors import ConfigError
from screens import actions as reg


def test_the_registry_breaks_no_rule_of_the_keymap() -> None:
    assert reg.faults(reg.ACTIONS) == []


@pytest.mark.parametrize("key", sorted(reg.NEVER_TRADE))
def test_no_key_of_the_never_list_may_trade(key: str) -> None:
    broken = reg.faults((*reg.built(), reg.Action("sell_all", (key,), "", danger=reg.ASK)))
    assert any("sell_all" in text for text in broken)


def test_the_never_list_is_that_of_the_specification() -> None:
    tails = set("ABCDFHIMOPQRSZ~0123456789") | {"escape", "enter"}
    control = {f"ctrl+{c}" for c in "bacdz\\sqhijm[ekuvwxy]^"}
    assert tails | control | {"f1", "f2", "f3", "f4", "f5", "f10", "f11"} == reg.NEVER_TRADE


def test_no_screen_rebinds_a_key_that_is_the_same_everywhere() -> None:
    same = {"ctrl+g", "f12", "f", "p", "R", "q", "d", ":", "?"}
    assert same <= {key for a in reg.ACTIONS if a.fixed for key in a.keys}
    assert reg.faults((*reg.ACTIONS, reg.Action("mine", ("p",), "", scope="rounds")))


def test_emergency_cannot_be_unbound_but_may_get_more_keys() -> None:
    for keys in ([], "f6", ["ctrl+g"], ""):
        with pytest.raises(ConfigError):
            reg.rebind({"emergency": keys})
    more = reg.rebind({"emergency": ["ctrl+g", "f12", "f6"]})
    assert next(a for a in more if a.name == "emergency").keys == ("ctrl+g", "f12", "f6")


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"flatten": "A"}, "torn"),
        ({"pause": "ctrl+s"}, "torn"),
        ({"rounds": "p"}, "rounds"),
        ({"nonsense": "z"}, "name of an action"),
        ({"rounds": "w"}, "one meaning"),
        ({"rounds": []}, "at least one key"),
        ({"rearm": "z", "flatten": "R"}, "torn"),
    ],
)
def test_a_rebinding_that_breaks_a_rule_is_a_config_error(keys: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        reg.rebind(keys)


def test_a_sound_rebinding_is_taken() -> None:
    made = reg.rebind({"rounds": "n"})
    assert next(a for a in made if a.name == "rounds").keys == ("n",)


def test_every_built_action_exists_in_the_app_and_later_ones_are_not_shown() -> None:
    for action in reg.built():
        assert hasattr(Console, f"action_{action.name}"), action.name
    text = reg.keys_text()
    assert "Risk screen" not in text
    assert "ctrl+g" in text
    assert "perpconsole panic" in text


def test_footer_and_help_come_from_the_registry() -> None:
    assert reg.footer(reg.ACTIONS, reg.OVERVIEW)[0].name == "emergency"
    assert {"rounds", "write_report", "holder"} <= {a.name for a in reg.footer(reg.ACTIONS, reg.OVERVIEW)}  # UC-13


def test_the_registry_imports_no_toolkit() -> None:
    code = "import sys, screens.actions; assert not {'textual', 'rich'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
