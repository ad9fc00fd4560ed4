"""What the console is started with: who sits at it, the clock, keys and looks, and whom to tell when it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.clock import SystemClock
from core.domain.audit import AuditPort, JournalFile
from core.domain.ports import Clock

if TYPE_CHECKING:
    from textual.driver import Driver


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8", errors="replace")


def _nothing(why: str) -> None:
    """Default of the callbacks: nobody else needs to know."""


def _no_export(name: str, text: str) -> str:
    raise OSError(f"this console writes no {name} file")


@dataclass(frozen=True)
class Options:
    """`core_alive()` False is drawn as CORE DEAD and ends a console that asked for a stop.

    `attached`: the core is another process; leaving this console leaves it alone, and it knows by itself that we came
    or went. `on_lost(why)`: the terminal is gone. `on_stuck()`: 0.5 s after EMERGENCY the core shows no stop
    (RELIABILITY.md E2: start `panic --halt-only`). `palette` "" chooses by NO_COLOR, `ascii_only` None by the locale.
    """

    who: str = "operator"
    clock: Clock = field(default_factory=SystemClock)
    keys: Mapping[str, str | list[str]] = field(default_factory=dict)
    palette: str = ""
    ascii_only: bool | None = None
    read_only: bool = False
    attached: bool = False
    hz: float = 2.0
    double_press_flattens: bool = True
    core_alive: Callable[[], bool] = lambda: True
    on_lost: Callable[[str], None] = _nothing
    on_stuck: Callable[[], None] | None = None
    read_report: Callable[[str], str] = _read
    export: Callable[[str, str], str] = _no_export  # name, text -> path
    audit: Callable[[], AuditPort] | None = None  # starts a replay's process
    journals: Callable[[], Sequence[JournalFile]] = tuple  # that there are to replay, the newest first
    journal: str = ""  # this console is about this journal; "" = about a core
    driver: Callable[[Callable[[str], None]], type[Driver]] | None = None  # given `on_end(why)`; None: a terminal
