"""R-X2: a canary key through every path that prints or writes, in real processes; 0 hits in any form."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from core.engine.journal import MAGIC, read_frames
from core.guard.redact import MASK
from tests.process.real_core import command, core, page, status, stop, with_orders
from tests.process.running import start
from tests.support.canary import leaks, secret_of

pytestmark = pytest.mark.row("R-X2")
HOLDER = str(Path(__file__).with_name("canary_holder.py"))
KEY, SECRET = secret_of(1), secret_of(2)
ENV = {"BYBIT_API_KEY": KEY, "BYBIT_SECRET": SECRET}
CRASHES = [
    "uncaught", "in_a_thread", "in_a_task", "unraisable", "logged_without_a_log", "fault_of_ours", "debugged",
    "console", "objects",
]  # fmt: skip


def hits(text: str) -> list[str]:
    return [*leaks(text, SECRET), *leaks(text, KEY), *(["signature"] if "5eed5eed" in text else [])]


def ended(ending: str, folder: Path, *more: str) -> str:
    """All that a holder of the keys printed."""
    child = start(HOLDER, ending, str(folder), *more, **ENV, PYTHONASYNCIODEBUG="1", COLUMNS="4000")
    out, err = child.communicate(timeout=90)
    return out + err


@pytest.mark.parametrize("ending", CRASHES)
def test_a_crash_in_a_frame_that_holds_the_key_shows_the_fault_and_not_the_key(ending: str, state_dir: Path) -> None:
    """S4-83, R-X2: uncaught, in a thread, a task, a destructor, a log call, a command, the console."""
    said = ended(ending, state_dir)
    assert "planted" in said and MASK in said, said
    assert hits(said) == [], said


@pytest.mark.parametrize("ending", [*CRASHES[:5], "console"])
def test_without_the_hooks_the_same_crash_shows_the_key(ending: str, state_dir: Path) -> None:
    """The test of the test."""
    assert hits(ended(ending, state_dir, "--bare"))


def test_a_traceback_still_says_where_and_no_core_file_is_left(state_dir: Path) -> None:
    said = ended("uncaught", state_dir)
    assert "canary_holder.py" in said and "in broken" in said and "RuntimeError: planted" in said
    assert "keys = {" not in said and "core file limit (0, 0)" in said


def test_log_ring_and_alerts_hold_no_form_of_the_key(state_dir: Path) -> None:
    """R-X2, S3-30: the sinks were built with a redactor of their own that was told nothing."""
    shown = ended("sinks", state_dir)
    written = (state_dir / "logs" / "perpconsole.jsonl").read_text()
    for text in (shown, written):
        assert "planted" in text and MASK in text and hits(text) == [], text
    assert SECRET[:8] not in written  # cut to length, it was whole when it was cleaned


CONFIG = """\
strategies:
  - {{name: mm, kind: asmm, venue: binance_usdm, symbol: ETHUSDC}}
gateway: {{apiKey: {key}, apiSecret: '{secret}'}}
venues:
  bybit: {{network: testnet, keys: {keys}}}
"""


def config(folder: Path, source: str, whole: bool) -> Path:
    """A config whose gateway holds the canary and whose other venue finds it in `source`."""
    lines = f"BYBIT_API_KEY={KEY}\n" + (f"BYBIT_SECRET={SECRET}\n" if whole else "")
    (folder / "keys.env").write_text(lines)
    (folder / "keys.env").chmod(0o600)
    (folder / "print.py").write_text(f"print({lines!r}, end='')")
    where = {"env": "", "file": f", file: {folder / 'keys.env'}",
             "command": f", command: [{sys.executable}, {folder / 'print.py'}]"}  # fmt: skip
    path = folder / "c.yml"
    path.write_text(
        CONFIG.format(key=KEY, secret=SECRET, keys=f"{{source: {source}{where[source]}}}"), encoding="utf-8"
    )
    return path


@pytest.mark.parametrize("source", ["env", "file", "command"])
@pytest.mark.parametrize("whole", [True, False])
def test_the_check_of_keys_shows_names_and_never_a_value_or_a_length(state_dir: Path, source: str, whole: bool) -> None:
    """S4-83: as text where all are there, as JSON where one is missing."""
    path = config(state_dir, source, whole)
    environ = {"BYBIT_API_KEY": KEY} | ({"BYBIT_SECRET": SECRET} if whole else {}) if source == "env" else {}
    done = command(state_dir, *(() if whole else ("--json",)), "credentials", "--config", str(path), **environ)
    said = done.stdout + done.stderr
    assert done.returncode == (0 if whole else 1), said
    assert "apiKey" in said and ("BYBIT_SECRET" in said) is not whole
    assert hits(said) == [] and str(len(SECRET)) not in said.replace(str(state_dir), "")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_the_shown_configuration_masks_the_keys(state_dir: Path, form: tuple[str, ...]) -> None:
    """R-X2: `config show`."""
    shown = command(state_dir, *form, "config", "show", "--config", str(config(state_dir, "env", True)))
    assert shown.returncode == 0 and "api_secret" in shown.stdout and hits(shown.stdout + shown.stderr) == []


def test_a_file_that_others_may_read_fails_the_check_with_the_command_that_mends_it(state_dir: Path) -> None:
    """R-X3."""
    path = config(state_dir, "file", True)
    (state_dir / "keys.env").chmod(0o640)
    done = command(state_dir, "credentials", "--config", str(path))
    assert done.returncode == 1 and f"run: chmod 600 {state_dir / 'keys.env'}" in done.stdout
    assert hits(done.stdout + done.stderr) == []


def everything(folder: Path) -> str:
    """The text of every file below a folder, journals read frame by frame."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        found.append(content.decode("utf-8", "replace"))
        if content.startswith(MAGIC):
            found += [repr(frame) for frame in read_frames(path)]
    return "\n".join(found)


@pytest.mark.slow
def test_a_run_leaves_no_key_in_journal_report_log_database_metrics_or_status(state_dir: Path, tmp_path: Path) -> None:
    """R-X2: the whole program with keys in its config, on paper."""
    with core(state_dir, "--speed", "20", "--config", str(config(tmp_path, "env", True)), **ENV) as child:
        with_orders(state_dir)
        body = status(state_dir)
        pages = "".join(page(body["metrics_port"], path)[1] for path in ("/metrics", "/health"))
        code, err = stop(child)
    assert (code, err) == (0, "")
    written = everything(state_dir)
    missing = [
        s for s in ("Header(", "Frame(", "mm_position", "api_secret", "••••", "# Round") if s not in written + pages
    ]
    assert missing == []  # journal, metrics, configuration and report have been looked at
    assert hits(written + pages + repr(body)) == []
