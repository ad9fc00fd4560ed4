"""What becomes of an embedded core when its console ends, by how it ended (CONSOLE.md 0.4)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.commands import running
from core.control.launch import Launch


class Recorded:
    """A session that only notes what is asked of it."""

    def __init__(self, folder: Path) -> None:
        self.launch = Launch(state_dir=folder, report_dir=folder / "reports")
        self.clock, self.desk, self.server = None, None, SimpleNamespace(console_here=False)
        self.done: list[tuple[str, str]] = []

    core_alive = alarm = stuck = None

    def start(self, main: Any) -> Any:
        return SimpleNamespace(alive=True)

    def unattended(self, why: str, policy: str = "continue") -> None:
        self.done.append((why, policy))

    def stop_requested(self, why: str) -> None:
        self.done.append(("stop", why))


@pytest.mark.parametrize(
    ("why", "outlives", "wanted"),
    [
        ("detach", True, ("detach", "continue")),
        ("lost", True, ("lost", "halt")),
        (None, True, ("console fell", "halt")),
        ("stop", True, ("stop", "console ended: stop")),
        (None, False, ("stop", "console ended: None")),
        ("lost", False, ("stop", "console ended: lost")),
    ],
)
def test_a_console_that_ends_or_falls_leaves_the_core_as_it_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    why: str | None, outlives: bool, wanted: tuple[str, str],
) -> None:  # fmt: skip
    """A fault of the console is no reason to end what trades: the policy of a lost terminal is in force."""
    settings = SimpleNamespace(
        keys={}, palette="default", refresh_hz=2.0, double_press_flattens=True, on_terminal_lost="halt"
    )
    monkeypatch.setattr("app.built.built", lambda name: lambda launch: settings)
    monkeypatch.setattr(running, "_finish", lambda session: None)
    session: Any = Recorded(tmp_path)

    def make(client: Any, options: Any) -> Any:
        return SimpleNamespace(run=lambda: why)

    running.watched(session, lambda: None, make, outlives)  # type: ignore[arg-type, return-value]
    assert session.done == [wanted] and not session.server.console_here
    assert ("perpconsole attach" in capsys.readouterr().out) == (why is None and outlives)
