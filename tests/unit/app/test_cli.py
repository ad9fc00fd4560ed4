"""The command line: what is listed, exit codes, one message for one error, --json everywhere (DESIGN.md section 8)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import app.built
from app.__main__ import run
from app.cli import FLAGS, WITH_VALUE, cli, hoisted
from app.context import as_json, as_text, clean
from core.domain.errors import Refused

ROOT = Path(__file__).resolve().parents[3]
LISTED = [
    "run", "core", "attach", "serve", "status", "position", "pause", "resume", "halt", "flatten", "panic", "limit",
    "check", "backtest", "replay", "report", "rounds", "rejects", "keys", "record", "doctor", "credentials", "audit",
    "why", "round", "config",
]  # fmt: skip
Out = pytest.CaptureFixture[str]


def call(state_dir: Path, capsys: Out, *arguments: str) -> tuple[int, str, str]:
    code = run(["--state-dir", str(state_dir), *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def body(text: str) -> dict[str, Any]:
    assert text.count("\n") == 1
    found: dict[str, Any] = json.loads(text)
    return found


def test_help_lists_every_command_of_this_issue_and_none_that_is_not_built() -> None:
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    names = [line.split()[0] for line in result.output.partition("Commands:")[2].splitlines() if line.startswith("  ")]
    assert names[: len(LISTED)] == LISTED
    for later in ("optimise", "promote", "backfill"):
        assert later not in names


@pytest.mark.parametrize("command", [*LISTED, "round finish", "config show", "demo pair"])
def test_every_command_has_help(command: str) -> None:
    result = CliRunner().invoke(cli, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["status", "--nonsense"],
        ["replay"],
        ["--metrics-port", "70000", "status"],
        ["run", "--speed", "-1"],
        ["run", "--speed", "nan"],
        ["run", "--on-round-end", "explode"],
        ["flatten", "--scope", "world"],
        ["backtest"],
    ],
)
def test_wrong_usage_is_64_with_one_message(state_dir: Path, capsys: Out, arguments: list[str]) -> None:
    code, out, err = call(state_dir, capsys, *arguments)
    assert (code, out) == (64, "")
    assert err.startswith("perpconsole: ")
    assert "Traceback" not in err
    assert os.listdir(state_dir) == []


@pytest.mark.parametrize(
    "arguments", [["pause"], ["halt"], ["flatten"], ["resume"], ["round", "finish"], ["report"], ["report", "7"]]
)
def test_refusals_are_1_and_name_the_next_step(state_dir: Path, capsys: Out, arguments: list[str]) -> None:
    code, out, err = call(state_dir, capsys, *arguments)
    assert (code, out) == (1, "")
    assert "perpconsole " in err.removeprefix("perpconsole: ")
    assert err.count("\n") == 1


def test_console_without_a_terminal_refuses_with_the_next_step(state_dir: Path, capsys: Out) -> None:
    """UC-11: no tty."""
    code, _, err = call(state_dir, capsys)
    assert code == 1
    assert "perpconsole run --headless" in err


def test_live_needs_the_word_in_the_config_and_compiled_is_refused_as_not_built(state_dir: Path, capsys: Out) -> None:
    """R-C1: `--mode live` alone does nothing."""
    code, _, err = call(state_dir, capsys, "run", "--mode", "live", "--headless")
    assert (code, "Expected live: true" in err) == (1, True)
    code, _, err = call(state_dir, capsys, "run", "--mode", "alive")
    assert (code, "paper or live" in err) == (1, True)
    code, _, err = call(state_dir, capsys, "backtest", "--config", "x", "--market", "y", "--driver", "compiled")
    assert (code, "not built yet" in err) == (1, True)


def test_the_default_mode_is_paper_and_a_backtest_is_a_command(state_dir: Path, capsys: Out) -> None:
    """S1-47: paper, live or backtest; a backtest without a config is refused."""
    code, out, _ = call(state_dir, capsys, "run", "--help")
    assert code == 0 and re.search(r"--mode.*?\[default: paper\]", out, re.S)
    code, _, err = call(state_dir, capsys, "backtest", "--market", "synthetic")
    assert code != 0 and "--config" in err


def test_status_without_a_core_is_1_and_shows_the_latch(state_dir: Path, capsys: Out) -> None:
    from core.guard.latch import Latch, Stop

    Latch(state_dir).engage(Stop(stop_id="stop-1", reason="drill"))
    code, out, _ = call(state_dir, capsys, "status", "--json")
    assert code == 1
    found = body(out)
    assert (found["running"], found["latch"]["reason"], found["holder"]) == (False, "drill", None)


@pytest.mark.parametrize("place", ["before", "behind"])
@pytest.mark.parametrize("command", ["status", "position", "rounds", "keys", "doctor"])
def test_json_is_taken_before_and_behind_the_command(state_dir: Path, capsys: Out, command: str, place: str) -> None:
    words = ["--json", command] if place == "before" else [command, "--json"]
    _, out, _ = call(state_dir, capsys, *words)
    assert body(out)


def test_state_dir_is_taken_behind_the_command(state_dir: Path, capsys: Out) -> None:
    assert run(["status", f"--state-dir={state_dir}", "--json"]) == 1
    assert str(state_dir) in capsys.readouterr().out


words = st.lists(st.sampled_from([*FLAGS, *WITH_VALUE, "--state-dir=x", "status", "--verify", "--", "a", "7"]))


@given(arguments=words)
def test_hoisting_loses_and_invents_no_word(arguments: list[str]) -> None:
    moved = hoisted(arguments)
    assert sorted(moved) == sorted(arguments)
    if "--" in arguments and "--" in moved:
        rest = arguments[arguments.index("--") :]
        if arguments[: arguments.index("--")][-1:] not in [[name] for name in WITH_VALUE]:
            assert moved[-len(rest) :] == rest


def test_build_results_are_printed_and_not_ok_is_1(
    state_dir: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def fake(name: str) -> Any:
        def result(*arguments: Any) -> dict[str, Any]:
            seen.append((name, *arguments))
            return {"ok": name != "replay", "text": f"did {name}", "nan": float("nan")}

        return result

    monkeypatch.setattr(app.built, "built", fake)
    code, out, _ = call(state_dir, capsys, "check", "--config", "c.yml", "--price", "2500")
    assert (code, out) == (0, "did check\n")
    launch = seen[-1][1]
    assert (str(launch.config), launch.price, launch.state_dir) == ("c.yml", 2500.0, state_dir)
    code, out, _ = call(state_dir, capsys, "backtest", "--config", "c", "--market", "a", "--market", "b", "--json")
    assert code == 0
    assert body(out)["nan"] is None
    assert seen[-1][1].market == ("a", "b")
    code, out, _ = call(state_dir, capsys, "replay", "j", "--verify")
    assert (code, out) == (1, "did replay\n")
    assert seen[-1] == ("replay", Path("j"), True)


def test_missing_engine_function_is_refused_not_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    import types

    monkeypatch.setitem(sys.modules, "core.build", types.ModuleType("core.build"))
    with pytest.raises(Refused, match="not built yet"):
        app.built.built("run_core")


def test_fault_of_ours_is_70_without_traceback(state_dir: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> Any:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(app.built, "built", broken)
    with pytest.raises(SystemExit) as caught:
        run(["--state-dir", str(state_dir), "check"])
    assert caught.value.code == 70
    err = capsys.readouterr().err
    assert "fault of ours: ZeroDivisionError: planted" in err
    assert "Traceback" not in err
    with pytest.raises(ZeroDivisionError):
        run(["--state-dir", str(state_dir), "--debug", "check"])


def test_reports_are_listed_and_printed_from_the_report_dir(state_dir: Path, capsys: Out) -> None:
    folder = state_dir / "elsewhere"
    folder.mkdir()
    for number in (1, 2, 10):
        (folder / f"round-{number:04d}-20261121T01000{number % 10}Z.md").write_text(f"# Round {number}\n")
    (folder / "index.md").write_text("# Index\n")
    where = ["--report-dir", str(folder)]
    code, out, _ = call(state_dir, capsys, *where, "rounds", "--json")
    assert (code, [row["round"] for row in body(out)["rounds"]]) == (0, [10, 2, 1])
    assert call(state_dir, capsys, *where, "report")[1].startswith("# Round 10")
    assert call(state_dir, capsys, *where, "report", "2")[1].startswith("# Round 2")
    assert call(state_dir, capsys, *where, "report", "3")[0] == 1


def test_keys_come_from_the_registry(state_dir: Path, capsys: Out) -> None:
    from screens.actions import built as actions

    _, out, _ = call(state_dir, capsys, "keys", "--json")
    assert [row["keys"] for row in body(out)["keys"]] == [action.label for action in actions()]


def test_doctor_fails_on_an_open_state_dir_and_passes_on_a_private_one(state_dir: Path, capsys: Out) -> None:
    code, out, _ = call(state_dir, capsys, "doctor", "--json")
    rows = {row["check"]: row for row in body(out)["checks"]}
    assert code == 0
    assert rows["lock"]["verdict"] == "ok"
    assert set(rows) == {
        "platform", "terminal", "state dir", "lock", "latch", "venues", "disk", "sync", "numba", "jitter"
    }  # fmt: skip
    state_dir.chmod(0o755)
    code, out, _ = call(state_dir, capsys, "doctor")
    state_dir.chmod(0o700)
    assert code == 1
    assert "FAIL  state dir" in out


def test_values_for_the_terminal_carry_no_escape_sequence() -> None:
    assert clean("a\x1b]0;x\x07b") == "a?]0;x?b"
    assert clean(None) == "--"
    assert "\x1b" not in as_text({"a": {"b": ["\x1b[2J"]}, "c": [{"d": "\x1b"}]})
    assert json.loads(as_json({"a": float("inf"), "b": Path("x")})) == {"a": None, "b": "x"}


def test_module_runs_as_a_program_and_prints_its_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Usage: perpconsole" in done.stdout


def test_usage_error_of_the_program_is_64() -> None:
    done = subprocess.run([sys.executable, "-m", "app", "statu"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 64
    assert "Did you mean" in done.stderr
    assert "status" in done.stderr


@pytest.mark.parametrize(
    ("typed", "parsed"),
    [
        ("backtest --market a b --json", "backtest --market a --market b --json"),
        ("run --market a --market b --speed 5", "run --market a --market b --speed 5"),
        ("run --market", "run --market"),
        ("run --market --json", "run --market --json"),
        ("replay -- --market a b", "replay -- --market a b"),
    ],
)
def test_market_takes_several_recordings_in_one_go(typed: str, parsed: str) -> None:
    from app.cli import spread

    assert spread(typed.split()) == parsed.split()
