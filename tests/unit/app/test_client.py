"""`CoreClient` in both forms: a stop is immediate, pictures are the newest, answers come back once (UC-05)."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.attached import VIEWER, attach
from app.client import InProcess, Socket
from core.clock import SystemClock
from core.control.desk import MAX_QUEUED, Desk
from core.control.launch import Launch
from core.domain.commands import Answer, Flatten, Halt, Pause, Resume
from core.domain.errors import Refused, Unavailable
from core.domain.questions import LogLines, LogPage
from core.domain.snapshot import LogRow, Snapshot
from core.guard.gate import GateFlag
from core.guard.redact import PROCESS
from core.telemetry.logs import Log
from tests.unit.control.support import FakeCore


def eventually(true: object) -> None:
    pause = threading.Event()
    for _ in range(500):
        if true():  # type: ignore[operator]
            return
        pause.wait(0.02)
    pytest.fail("Expected the condition within 10 s, was still false")


@pytest.fixture
def core(state_dir: Path) -> Iterator[FakeCore]:
    fake = FakeCore(state_dir)
    yield fake
    fake.stop()


@pytest.mark.row("UC-05")
@pytest.mark.parametrize("command", [Halt(), Flatten()])
def test_stop_closes_the_gate_in_the_calling_thread_before_anybody_takes_it(command: Halt | Flatten) -> None:
    """E0: no core is connected at all."""
    desk = Desk(GateFlag(SystemClock()))
    InProcess(desk).send(command)
    assert desk.gate.closed
    assert [type(taken) for taken in desk.take()] == [type(command)]


def test_other_commands_do_not_close_the_gate_and_keep_their_order() -> None:
    desk = Desk(GateFlag(SystemClock()))
    client = InProcess(desk)
    client.send(Pause(id="a"))
    client.send(Resume(id="b"))
    assert not desk.gate.closed
    assert [command.id for command in desk.take()] == ["a", "b"]


def test_halt_queued_before_a_rearm_and_taken_after_it_closes_again() -> None:
    desk = Desk(GateFlag(SystemClock()))
    desk.send(Halt())
    desk.gate.reopen()
    assert not desk.gate.closed
    desk.take()
    assert desk.gate.closed


def test_commands_without_an_id_get_different_ones() -> None:
    desk = Desk(GateFlag(SystemClock()))
    for _ in range(100):
        desk.send(Pause())
    assert len({command.id for command in desk.take()}) == 100


def test_answer_goes_to_whoever_asked_and_only_there() -> None:
    desk = Desk(GateFlag(SystemClock()))
    asked = desk.ask(Pause())
    desk.send(Resume())
    for command in desk.take():
        desk.answer(Answer(id=command.id, ok=True, text=type(command).__name__))
    assert asked.result(1).text == "Pause"
    assert [answer.text for answer in InProcess(desk).answers()] == ["Resume"]
    assert desk.answers() == ()


def test_full_queue_refuses_commands_but_never_a_stop() -> None:
    desk = Desk(GateFlag(SystemClock()))
    for _ in range(MAX_QUEUED + 5):
        desk.send(Pause())
    assert [answer.ok for answer in desk.answers()] == [False] * 5
    desk.send(Halt())
    assert isinstance(desk.take()[-1], Halt)


def test_end_of_the_core_answers_open_questions() -> None:
    desk = Desk(GateFlag(SystemClock()))
    asked = desk.ask(Pause())
    desk.disconnect()
    assert not asked.result(1).ok


def test_latest_is_the_newest_picture() -> None:
    desk = Desk(GateFlag(SystemClock()))
    assert InProcess(desk).latest() is None
    for seq in (1, 2, 3):
        desk.publish(Snapshot(seq=seq))
    picture = InProcess(desk).latest()
    assert picture is not None
    assert picture.seq == 3


def test_socket_client_shows_pictures_and_brings_answers(core: FakeCore, state_dir: Path) -> None:
    client = Socket(state_dir, hz=20)
    try:
        eventually(lambda: client.latest() is not None)
        client.send(Pause(id="p"))
        found: list[Answer] = []
        eventually(lambda: found.extend(client.answers()) or found)
        assert (found[0].id, found[0].ok) == ("p", True)
    finally:
        client.close()


def test_socket_client_halts_a_core_that_does_not_answer(core: FakeCore, state_dir: Path) -> None:
    core.freeze()
    client = Socket(state_dir)
    try:
        client.send(Pause())
        client.send(Halt(id="h"))
        eventually(lambda: core.gate.closed)
    finally:
        client.close()


def test_socket_client_without_a_core_says_so(state_dir: Path) -> None:
    client = Socket(state_dir)
    try:
        client.send(Halt(id="h"))
        found: list[Answer] = []
        eventually(lambda: found.extend(client.answers()) or found)
        assert not found[0].ok
        assert "perpconsole panic" in found[0].text
        assert not client.connected
    finally:
        client.close()


def test_a_viewer_sends_nothing_not_even_a_stop(core: FakeCore, state_dir: Path) -> None:
    """CONSOLE 0.2: whatever key found its way."""
    client = Socket.connected_to(state_dir, "viewer")
    try:
        client.send(Halt(id="h"))
        client.send(Pause(id="p"))
        assert [(answer.id, answer.ok) for answer in client.answers()] == [("h", False), ("p", False)]
        eventually(lambda: client.latest() is not None)
        assert not core.gate.closed and core.seen == []
    finally:
        client.close()


def test_a_console_knows_its_core_by_process_and_start(core: FakeCore, state_dir: Path) -> None:
    client = Socket.connected_to(state_dir, "controller")
    try:
        assert client.core_pid == os.getpid() and client.core_alive()
        with pytest.raises(Refused, match=f"was pid {os.getpid()}; perpconsole attach --read-only"):
            Socket.connected_to(state_dir, "controller")
        client._welcome = msgspec.structs.replace(client._welcome, start_ticks=1)  # another process of that pid
        assert not client.core_alive()
        with pytest.raises(Refused, match="name of a report"):
            client.report("../etc/passwd")
    finally:
        client.close()


def test_a_core_with_a_console_of_its_own_refuses_a_controller(core: FakeCore, state_dir: Path) -> None:
    core.server.console_here = True
    with pytest.raises(Refused, match="the console of the core itself"):
        Socket.connected_to(state_dir, "controller")
    Socket.connected_to(state_dir, "viewer").close()


def test_attaching_where_no_core_runs_says_so(state_dir: Path) -> None:
    with pytest.raises(Unavailable, match="no core answers"):
        Socket.connected_to(state_dir, "viewer")


def test_pages_come_over_the_socket_as_they_do_in_process(core: FakeCore, state_dir: Path) -> None:
    """CONSOLE 0.2: through the same door; a viewer may ask too."""
    page = LogPage(3, 4, (LogRow(1, "info", "[boot]", "up"), LogRow(2, "crit", "[x]", "down")))
    asked: list[LogLines] = []

    def lines(question: LogLines) -> LogPage:
        asked.append(question)
        return page

    client = Socket.connected_to(state_dir, "viewer")
    try:
        with pytest.raises(Refused, match="does not answer this yet"):
            client.query(LogLines())
        core.desk.answer_with(LogLines, lines)
        assert client.query(LogLines(after=2, most=5)) == page == InProcess(core.desk).query(LogLines(after=2, most=5))
        assert asked == [LogLines(after=2, most=5)] * 2
    finally:
        client.close()


def test_the_ring_gives_lines_by_number_also_those_that_are_left_of_a_gap() -> None:
    log = Log(None, PROCESS)
    try:
        log.ring = log.ring.__class__(log.ring._json, size=5)
        for n in range(1, 9):
            log.ring.emit(logging.LogRecord("perpconsole", logging.INFO, "", 0, f"line {n}", (), None))
        first, last, rows = log.ring.after(0, 100)
        assert (first, last, [row.text for row in rows]) == (4, 8, [f"line {n}" for n in range(4, 9)])
        assert [row.text for row in log.ring.after(6, 1)[2]] == ["line 7"]
        assert log.ring.after(8, 10) == (9, 8, ())
    finally:
        log.close()


def test_attach_where_no_core_runs_is_refused_with_what_starts_one(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1, as `status`: nothing is wrong with us."""
    monkeypatch.setattr("app.hangup.terminal_ok", lambda: (True, ""))
    with pytest.raises(Refused, match=r"no core answers.*perpconsole core") as refused:
        attach(Launch(state_dir=state_dir, report_dir=state_dir), VIEWER)
    assert refused.value.code == 1


def test_reports_come_over_the_socket_by_their_name(state_dir: Path, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.mkdir(mode=0o700)
    (reports / "round-1.md").touch(mode=0o600)
    (reports / "round-1.md").write_text("# Round 1")
    core = FakeCore(state_dir, reports)
    client = Socket.connected_to(state_dir, "viewer")
    try:
        assert client.report("round-1.md") == "# Round 1"
    finally:
        client.close()
        core.stop()
