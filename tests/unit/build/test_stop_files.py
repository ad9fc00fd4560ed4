"""The report of a core's own stop as a file: one a stop id, private, beside the core, and no disk stops a stop
(RELIABILITY 5, E9 and E10; R-S1, R-X3, R-X5)."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from core.build import stop_files
from core.build.stop_files import StopFiles
from core.build.stop_record import StopRecord
from core.clock import SystemClock, stamp
from core.domain.commands import Flatten, Halt, Rearm, Stop
from core.guard.gate import GateFlag
from core.guard.latch import Latch
from tests.simulation.rig import Rig

HOSTILE = "a|b <script>x</script> [l](http://e) `c` \x1b]0;t\x07 ![i](j)"


class Desk:
    """A paper core in virtual time whose stops leave their reports in `tmp`."""

    def __init__(self, tmp: Path, seed: int = 3, latched: bool = False) -> None:
        tmp.mkdir(mode=0o700, exist_ok=True)
        self.reports = tmp / "reports"
        self.alerts: list[tuple[str, str, str]] = []
        self.latch = Latch(tmp / "state")
        self.gate = GateFlag(SystemClock(), self.latch)
        self.rig = Rig(seed)
        self.files = StopFiles(
            StopRecord(self.rig.engine),
            self.reports,
            self.gate,
            {"mode": "paper"},
            lambda *one: self.alerts.append(one),
        )
        self.rig.driver.sinks.append(self.files)
        self.at = 40.0
        if not latched:
            self.rig.to(self.at)

    def stop(self, verb: str = "halt", reason: str = "operator", seconds: float = 20.0) -> None:
        self.gate.close(reason, verb, "tester@tty")
        assert self.gate.latched(2.0)
        self.rig.ask((Flatten if verb == "flatten" else Halt)(id="1", reason=reason, who="tester@tty"))
        self.run(seconds)

    def run(self, seconds: float) -> None:
        self.at += seconds
        self.rig.to(self.at)

    def ended(self) -> str:
        """The text of the one file, after the core's end."""
        self.files.end()
        found = sorted(map(str, self.reports.glob("emergency-*.md")))
        assert found == [self.files.path]
        return Path(self.files.path).read_text()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_halt_leaves_one_private_file_that_says_all_of_it(desk: Desk) -> None:
    desk.stop(reason="operator saw smoke")
    text = desk.ended()
    assert "Result: **2 orders zero, positions kept**" in text and "| verified |" in text and "| kept |" in text
    for words in ("operator saw smoke", "tester@tty", "gate closed", "latch written", "sealed", "read orders"):
        assert words in text, words
    assert text.count("cancel ETHUSDC") >= 2 and "canceled" in text and "0 orders" in text
    held = desk.rig.engine.posts[0].ledger.s.pos
    assert ("position kept" in text) == (held != 0)
    path = Path(desk.files.path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stamp(desk.gate.stop.ts) in path.name  # type: ignore[union-attr]
    assert [alert[:2] for alert in desk.alerts] == [("info", "evidence")] and desk.files.path in desk.alerts[0][2]


def test_a_second_trigger_and_a_flatten_join_the_file_and_the_re_arm_ends_it(desk: Desk) -> None:
    desk.stop()
    desk.stop("flatten", "the second press")
    desk.rig.ask(Rearm(id="r", word="arm", reason="all is well"))
    desk.run(5)
    text = desk.ended()
    assert "Result: **0 flat, sealed**" in text and "the second press" in text and "all is well" in text
    assert len(list(desk.reports.iterdir())) == 1


def test_the_next_stop_after_a_re_arm_has_its_own_file(desk: Desk) -> None:
    desk.stop()
    desk.rig.ask(Rearm(id="r", word="arm", reason="go on"))
    desk.run(5)
    desk.latch.clear("test", "me", 1)
    desk.gate.reopen()
    desk.stop(reason="again")
    desk.files.end()
    assert len(list(desk.reports.glob("emergency-*.md"))) == 2
    assert "| reason | again by tester@tty |" in Path(desk.files.path).read_text()


def test_texts_of_a_stop_are_text_in_the_report(desk: Desk) -> None:
    """R-X5: no raw HTML, no link, no image, no control character."""
    desk.stop(reason=HOSTILE)
    text = desk.ended()
    tokens = MarkdownIt("commonmark", {"linkify": False}).enable("table").parse(text)
    kinds = {one.type for token in tokens for one in (token, *(token.children or ()))}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "code_inline"}, kinds
    assert all(c.isprintable() or c == "\n" for c in text)


def test_a_full_disk_costs_an_alarm_and_the_file_comes_when_there_is_room(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-S1: the stop ends all the same; one alarm, not one a try."""
    full, tries = [True], [0]
    write = stop_files.write_synced

    def refusing(path: Path, data: bytes) -> None:
        tries[0] += 1
        if full[0]:
            raise OSError(28, os.strerror(28))
        write(path, data)

    monkeypatch.setattr(stop_files, "write_synced", refusing)
    monkeypatch.setattr(stop_files, "AGAIN_NS", 0)
    desk.stop()
    settled(desk, lambda: bool(desk.alerts))
    desk.run(5)
    before = tries[0]
    settled(desk, lambda: tries[0] > before + 1)  # though nothing new is to be told
    assert desk.rig.run_state == "HALTED" and desk.files.path == ""
    assert [alert[:2] for alert in desk.alerts] == [("crit", "evidence")]
    full[0] = False
    text = desk.ended()
    assert "Result: **2" in text and desk.alerts[-1][0] == "info"


def test_a_disk_that_hangs_holds_nobody_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a turn of the core nor, for more than two waits, its end."""
    go = threading.Event()
    monkeypatch.setattr(stop_files, "END_S", 0.05)
    monkeypatch.setattr(stop_files, "write_synced", lambda *_: go.wait(20))
    desk.stop()
    assert desk.rig.run_state == "HALTED"
    begun = SystemClock().monotonic()
    desk.files.end()
    assert SystemClock().monotonic() - begun < 2e9
    go.set()


def test_a_stop_that_a_crash_cut_off_is_completed_in_the_same_file(tmp_path: Path) -> None:
    first = Desk(tmp_path)
    first.stop("flatten", "the first process", seconds=0.05)
    settled(first, lambda: bool(first.files.path))
    again = Desk(tmp_path, seed=4, latched=True)
    assert again.gate.closed and again.gate.stop is not None
    again.rig.ask(Flatten(id=again.gate.stop.stop_id, who=again.gate.stop.who, reason=again.gate.stop.reason))
    again.run(30)
    text = again.ended()
    assert again.files.path == first.files.path
    result, _, before = text.partition("## Before this process")
    assert "Result: **0 flat, sealed**" in result and "Result: **3 not verified**" in before
    assert "the first process" in before


def test_a_panics_file_of_the_same_second_is_left_alone(desk: Desk) -> None:
    desk.reports.mkdir(mode=0o700)
    now = SystemClock().now()
    for second in range(3):
        path = desk.reports / f"emergency-{stamp(now + second * 10**9)}.md"
        path.write_text("a panic's own")
        path.chmod(0o600)
    desk.stop()
    desk.files.end()
    assert Path(desk.files.path).name.endswith("-1.md")
    assert sum(path.read_text() == "a panic's own" for path in desk.reports.iterdir()) == 3


def test_a_round_end_and_a_quit_write_none(tmp_path: Path) -> None:
    """Not latched, not an emergency."""
    desk = Desk(tmp_path)
    desk.rig.ask(Stop(id="s"))
    desk.run(20)
    desk.files.end()
    assert desk.rig.run_state == "STOPPED" and not desk.reports.exists()


def test_a_quit_out_of_a_halt_keeps_what_the_halt_was(desk: Desk) -> None:
    desk.stop("flatten")
    assert desk.rig.run_state == "FLAT"
    desk.rig.ask(Stop(id="s"))
    desk.run(20)
    text = desk.ended()
    assert "Result: **0 flat, sealed**" in text and "FLAT -\\> STOPPING" in text


def settled(desk: Desk, wish: Callable[[], Any]) -> None:
    """Until the writer's thread has done what is wished; the core's turns are virtual, its thread is not."""
    pause = threading.Event()
    for _ in range(500):
        desk.files.look()
        if wish():
            return
        pause.wait(0.01)
    raise AssertionError("Expected the writer to get there, was not")
