"""The replay's process: seeks forth and back by copies of itself, is bounded, and ends with the console (issue 5.6)."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from app.audit_process import AuditProcess, journals_in
from core.build.audit.pool import MOST
from core.build.audit.replay import Replayed
from core.domain.audit import (
    SAME,
    AnyAuditAsk,
    CursorTold,
    EventsTold,
    GoTo,
    JournalTold,
    Move,
    OpenJournal,
    Rows,
    Sift,
)
from core.domain.snapshot import Snapshot
from core.engine.journal import MAGIC
from tests.process.pane import alive
from tests.process.real_core import PLAIN as PURE
from tests.process.real_core import eventually
from tests.process.running import ROOT
from tests.simulation.rig import PLAIN, Rig


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A minute of a paper core."""
    path = tmp_path_factory.mktemp("audit") / "journal" / "paper.perpj"
    path.parent.mkdir()
    rig = Rig(11, journal=path)
    rig.to(60.0)
    rig.journal.close()
    return path


class Console:
    """Keeps the newest answer of each kind."""

    def __init__(self) -> None:
        self.replay = AuditProcess()
        self.newest: dict[type, Any] = {}

    def ask(self, *questions: AnyAuditAsk) -> None:
        for question in questions:
            self.replay.ask(question)

    def until(self, true: Callable[[], Any], what: str) -> Any:
        def look() -> Any:
            for one in self.replay.told():
                self.newest[type(one)] = one
            return true()

        return eventually(look, what)

    def at(self, seq: int) -> CursorTold:
        """The replay stands at this step."""

        def there() -> Any:
            told = self.newest.get(CursorTold)
            return told if told is not None and told.share is None and told.seq == seq == told.target else None

        return self.until(there, f"step {seq}")

    def steps(self) -> int:
        def read() -> int:
            told = self.newest.get(JournalTold)
            return told.steps if told is not None and told.read >= 1.0 else 0

        return int(self.until(read, "the whole journal read"))


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    for name, value in PURE.items():
        monkeypatch.setenv(name, value)
    made = Console()
    yield made
    made.replay.close()
    eventually(lambda: not alive(made.replay.pid), "the end of the replay's process")


def family(pid: int) -> list[int]:
    """The process and all that came from it."""
    found, seen = [pid], []
    while found:
        one = found.pop()
        seen.append(one)
        tasks = pathlib.Path(f"/proc/{one}/task/{one}/children")
        found += [int(word) for word in tasks.read_text().split()] if tasks.exists() else []
    return seen


def test_the_replay_opens_at_the_newest_step_and_every_step_back_is_the_state_of_then(
    console: Console, journal: pathlib.Path
) -> None:
    """CONSOLE.md 3 AUDIT: step and go to; a step back shows the very picture that the way forth showed."""
    console.ask(OpenJournal(str(journal)), Rows(10))
    last = console.steps()
    seen: dict[int, Snapshot | None] = {last: console.at(last).picture}
    ways = (
        (Move(-1), last - 1), (Move(-10), last - 11), (GoTo(edge="first"), 1), (Move(70), 71), (GoTo(seq=last), last),
        (GoTo(seq=last // 2), last // 2), (Move(-1), last // 2 - 1), (Move(1), last // 2), (GoTo(seq=71), 71),
    )  # fmt: skip
    for question, seq in ways:
        console.ask(question)
        told = console.at(seq)
        assert told.picture is not None and told.picture.seq == seq and told.picture.mode == "REPLAY"
        assert told.proven == last and not told.differs
        assert seen.setdefault(seq, told.picture) == told.picture
    straight = Replayed(journal, PLAIN)
    for seq in sorted(seen):
        straight.forward(seq, lambda: False)
        assert msgspec.msgpack.encode(seen[seq]) == msgspec.msgpack.encode(straight.picture())


def test_the_list_is_a_page_round_the_cursor_and_follows_the_filter(console: Console, journal: pathlib.Path) -> None:
    console.ask(OpenJournal(str(journal)), Rows(7))
    last = console.steps()
    console.at(last)

    def page(true: Callable[[EventsTold], Any]) -> EventsTold:
        return console.until(  # type: ignore[no-any-return]
            lambda: (told := console.newest.get(EventsTold)) is not None and true(told) and told, "that page"
        )

    rows = page(lambda told: told.rows and told.rows[-1].check == SAME).rows
    assert [row.seq for row in rows] == list(range(last - 6, last + 1))
    console.ask(Sift("create"))
    told = page(lambda told: told.needle == "create" and told.searched >= 1.0)
    assert 0 < told.matches < last and len(told.rows) == min(7, told.matches)
    console.ask(Move(-1))
    told = page(lambda told: told.cursor != last)
    assert console.at(told.cursor).lines and any("create" in line.text for line in console.at(told.cursor).lines)
    console.ask(GoTo(ts=console.newest[JournalTold].first_ts - 1))
    console.at(1)


def test_many_jumps_leave_a_bounded_number_of_processes(console: Console, journal: pathlib.Path) -> None:
    console.ask(OpenJournal(str(journal)), Rows(5))
    last = console.steps()
    console.at(last)
    for k in range(30):
        seq = 1 + (k * 7919) % last
        console.ask(GoTo(seq=seq))
        console.at(seq)
        assert len(family(console.replay.pid)) <= MOST + 4, k
    pids = family(console.replay.pid)
    console.replay.close()
    eventually(lambda: not any(alive(pid) for pid in pids), "the end of every copy")


def test_a_jump_is_interrupted_by_the_next_one(console: Console, journal: pathlib.Path) -> None:
    console.ask(OpenJournal(str(journal)), Rows(5))
    last = console.steps()
    for seq in (last, 2, last // 2, last - 3, 5):  # none of them waited for
        console.ask(GoTo(seq=seq))
    told = console.at(5)
    assert told.picture is not None and told.picture.seq == 5


@pytest.mark.parametrize(
    ("data", "says"), [(b"no journal at all", "another kind of file"), (MAGIC, "header"), (None, "can be read")]
)
def test_a_file_that_is_no_journal_is_one_sentence_and_the_next_one_opens(
    console: Console, journal: pathlib.Path, tmp_path: pathlib.Path, data: bytes | None, says: str
) -> None:
    bad = tmp_path / "bad.perpj"
    if data is not None:
        bad.write_bytes(data)
    console.ask(OpenJournal(str(bad)), Rows(5), Move(1), Sift("x"))
    trouble = console.until(lambda: console.newest.get(JournalTold) and console.newest[JournalTold].trouble, "a word")
    assert says in trouble and "\n" not in trouble
    console.ask(OpenJournal(str(journal)))
    console.at(console.steps() or 0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_the_console_however_that_dies(journal: pathlib.Path, number: signal.Signals) -> None:
    """No process of a replay outlives its console."""
    words = [sys.executable, "-m", "tests.process.audit_console", str(journal)]
    with subprocess.Popen(
        words, cwd=ROOT, env={**os.environ, **PURE, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    ) as dies:
        assert dies.stdout is not None
        pid = int(dies.stdout.readline())
        pids = family(pid)
        assert len(pids) >= 3  # the session, the engine at work, a copy
        dies.send_signal(number)
        dies.wait()
    eventually(lambda: not any(alive(one) for one in pids), "the end of the replay's processes")


def test_engines_that_are_killed_are_named_and_the_journal_opens_again(console: Console, journal: pathlib.Path) -> None:
    console.ask(OpenJournal(str(journal)), Rows(5))
    last = console.steps()
    console.at(last)
    console.ask(GoTo(seq=9))
    console.at(9)
    for pid in family(console.replay.pid)[1:]:
        os.kill(pid, signal.SIGKILL)
    console.ask(GoTo(seq=3), GoTo(seq=last), Move(-1))
    trouble = console.until(lambda: console.newest.get(JournalTold) and console.newest[JournalTold].trouble, "a word")
    assert "ended" in trouble
    console.ask(OpenJournal(str(journal)))
    console.at(last)


def test_it_gives_way_to_trading(console: Console, journal: pathlib.Path) -> None:
    console.ask(OpenJournal(str(journal)), Rows(5))
    console.at(console.steps())
    for pid in family(console.replay.pid):
        assert int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[16]) >= 15


def test_journals_are_listed_newest_first(tmp_path: pathlib.Path) -> None:
    assert journals_in(tmp_path)() == []
    (tmp_path / "journal").mkdir()
    for n, name in enumerate(("b", "c", "a")):
        path = tmp_path / "journal" / f"{name}.perpj"
        path.write_bytes(b"x" * n)
        os.utime(path, ns=(n * 10**9, n * 10**9))
    (tmp_path / "journal" / "b.paths").write_text("[]")
    assert [(one.name, one.size) for one in journals_in(tmp_path)()] == [("a.perpj", 2), ("c.perpj", 1), ("b.perpj", 0)]
