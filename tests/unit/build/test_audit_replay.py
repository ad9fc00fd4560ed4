"""The engine of a journal again, step by step (CONSOLE.md 3 AUDIT; issue 5 point 6)."""

from __future__ import annotations

import pathlib

import msgspec
import pytest

from core.build.audit.file import Reader
from core.build.audit.index import Index
from core.build.audit.replay import Replayed
from core.build.replaying import replay_into
from core.domain.audit import DIFFERS, SAME, SUM
from core.domain.commands import Halt, Pause, Rearm, Resume
from core.domain.errors import DataError
from core.domain.events import Step
from core.engine.journal import MAGIC, Frame, Header, Journal, read_frames
from tests.simulation.rig import PLAIN, Rig

COMMANDS = ((12.0, Pause(id="a", who="ann")), (14.5, Resume(id="b")), (20.0, Halt(reason="test", id="c")))
AFTER = ((26.0, Rearm(word="arm", reason="checked", id="d")), (26.5, Resume(id="e")))
NEVER = lambda: False


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Forty seconds of a paper core on the invented market, with a pause, a halt and a re-arm."""
    path = tmp_path_factory.mktemp("audit") / "paper.perpj"
    rig = Rig(7, journal=path)
    for t, command in (*COMMANDS, *AFTER):
        rig.to(t)
        rig.ask(command)
    rig.to(40.0)
    rig.journal.close()
    return path


@pytest.fixture(scope="module")
def steps(journal: pathlib.Path) -> list[Frame]:
    return [frame for frame in read_frames(journal) if isinstance(frame, Frame)]


def picture(replayed: Replayed) -> bytes:
    return msgspec.msgpack.encode(replayed.picture())


class Taken:
    """Every step, as a sink sees it."""

    name = "taken"

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def take(self, step: Step) -> None:
        self.steps.append(step)


def test_step_by_step_gives_what_the_whole_replay_gives(journal: pathlib.Path, steps: list[Frame]) -> None:
    whole = Taken()
    out = replay_into(journal, lambda *_: [whole], PLAIN)
    assert out.first is None and out.engine is not None
    replayed = Replayed(journal, PLAIN)
    for step in whole.steps:
        assert replayed.forward(step.seq, NEVER)
        assert replayed.step == step
    assert replayed.seq == replayed.proven == len(steps) > 150
    assert [post.net_pnl() for post in replayed.engine.posts] == [post.net_pnl() for post in out.engine.posts]
    assert replayed.engine.state.history == out.engine.state.history


def test_the_picture_of_a_step_is_the_same_bytes_however_it_was_reached(
    journal: pathlib.Path, steps: list[Frame]
) -> None:
    """A step back is the engine again from an earlier point: in one go, in single steps, with pictures in between."""
    for seq in (1, len(steps) // 3, len(steps)):
        straight, slowly = Replayed(journal, PLAIN), Replayed(journal, PLAIN)
        straight.forward(seq, NEVER)
        for k in range(1, seq + 1):
            slowly.forward(k, NEVER)
            slowly.picture()
        assert picture(straight) == picture(slowly)
        assert straight.lines() == slowly.lines()
        assert straight.picture().mode == "REPLAY" and straight.picture().ts == steps[seq - 1].moment.ts


def test_a_way_can_be_interrupted_and_gone_on_with(journal: pathlib.Path, steps: list[Frame]) -> None:
    replayed, straight = Replayed(journal, PLAIN), Replayed(journal, PLAIN)
    assert not replayed.forward(50, lambda: True) and replayed.seq == 1
    while not replayed.forward(50, lambda: True):
        continue
    straight.forward(50, NEVER)
    assert picture(replayed) == picture(straight)
    assert replayed.forward(10**9, NEVER) and replayed.seq == len(steps)  # the end of the file is an end, too


def test_what_was_decided_and_refused_stands_in_the_lines(journal: pathlib.Path, steps: list[Frame]) -> None:
    at = {word: next(f.seq for f in steps if test(f)) for word, test in (
        ("create", lambda f: any(r.kind == 1 for r in f.requests)),
        ("command pause by ann", lambda f: any("Pause" in repr(e) for e in f.moment.inputs)),
        ("run_halted", lambda f: f.moment.ts > steps[0].moment.ts + 20_500_000_000),
    )}  # fmt: skip
    replayed = Replayed(journal, PLAIN)
    found = {}
    for seq in range(1, len(steps) + 1):
        replayed.forward(seq, NEVER)
        found[seq] = " | ".join(line.text for line in replayed.lines())
    assert "create" in found[at["create"]] and "post-only" in found[at["create"]]
    assert "command pause by ann: operator" in found[at["command pause by ann"]]
    assert any("run_halted" in text for text in found.values())
    assert any("nothing was asked of a venue" in text for text in found.values())


def forged(journal: pathlib.Path, to: pathlib.Path) -> int:
    """One request left out: the number of that step."""
    made, changed = Journal(to), 0
    for frame in read_frames(journal):
        if isinstance(frame, Frame) and frame.requests and not changed and frame.seq > 30:
            changed = frame.seq
            frame = Frame(frame.seq, frame.moment, frame.requests[:-1], frame.refused, frame.reads)
        made.append(frame)
    made.close()
    return changed


def test_it_stops_at_the_first_step_that_comes_out_different(journal: pathlib.Path, tmp_path: pathlib.Path) -> None:
    seq = forged(journal, tmp_path / "b.perpj")
    replayed = Replayed(tmp_path / "b.perpj", PLAIN)
    assert replayed.forward(10**9, NEVER)
    assert replayed.seq == seq and replayed.proven == seq - 1 and f"step {seq} differs in its requests" in (
        replayed.differs)  # fmt: skip


def whole(path: pathlib.Path) -> Index:
    index = Index(path)
    assert index.read_on(NEVER)
    return index


def test_the_list_names_every_step_once_and_in_order(journal: pathlib.Path, steps: list[Frame]) -> None:
    index = whole(journal)
    assert index.steps == len(steps) and list(index.ts) == [frame.moment.ts for frame in steps]
    rows = index.rows(0, index.steps, proven=40, differs=41)
    assert [row.seq for row in rows] == list(range(1, len(steps) + 1))
    assert [row.check for row in rows[38:43]] == [SAME, SAME, DIFFERS, SUM, SUM]
    for frame, row in zip(steps, rows, strict=True):
        ids = [f"{request.cl_id:x}" for request in frame.requests]
        assert not ids or row.order
        assert row.kind != "refused" or frame.refused


def test_the_filter_looks_into_kind_every_order_id_and_text(journal: pathlib.Path, steps: list[Frame]) -> None:
    index = whole(journal)
    wanted = next(frame for frame in steps if len(frame.requests) > 3).requests[3].cl_id

    def touches(frame: Frame) -> bool:
        ids = [r.cl_id for r in (*frame.requests, *frame.moment.reports, *(x.request for x in frame.refused))]
        return wanted in ids

    index.sift(f"{wanted:X}")  # capitals do not matter
    assert index.sift_on(NEVER)
    assert list(index.kept) == [frame.seq for frame in steps if touches(frame)]
    assert [row.seq for row in index.rows(0, 500, 0, 0)] == list(index.kept)
    assert index.row_at(index.kept[0]) == 0 and index.row_at(index.kept[0] - 1) == -1
    index.sift("no such text")
    assert index.sift_on(NEVER) and index.matches == 0 and index.rows(0, 500, 0, 0) == ()
    index.sift("")
    assert index.matches == len(steps)


def test_a_time_finds_the_last_step_at_or_before_it(journal: pathlib.Path, steps: list[Frame]) -> None:
    index = whole(journal)
    assert index.step_at(0) == 1 and index.step_at(2**62) == len(steps)
    for frame in steps[10:60:7]:
        assert index.step_at(frame.moment.ts) == max(f.seq for f in steps if f.moment.ts <= frame.moment.ts)
        assert index.step_at(frame.moment.ts - 1) == max(f.seq for f in steps if f.moment.ts < frame.moment.ts)


def test_a_torn_end_is_left_out_and_counted(journal: pathlib.Path, tmp_path: pathlib.Path) -> None:
    made = Journal(tmp_path / "a.perpj")
    for frame in read_frames(journal):
        made.append(frame)
        made.close_block()
    made.close()
    data = (tmp_path / "a.perpj").read_bytes()
    (tmp_path / "torn.perpj").write_bytes(data[:-7])
    index = whole(tmp_path / "torn.perpj")
    assert index.steps == whole(journal).steps - 1 and index.file.torn > 0
    with open(tmp_path / "torn.perpj", "ab") as file:  # the core that was writing it goes on
        file.write(data[-7:])
    assert index.read_on(NEVER) and index.steps == whole(journal).steps and index.file.torn == 0


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "another kind of file"),
        (b"PK\x03\x04 a zip file", "another kind of file"),
        (MAGIC, "a header, was an empty one"),
    ],
)
def test_a_foreign_or_empty_file_gets_one_sentence(tmp_path: pathlib.Path, data: bytes, says: str) -> None:
    (tmp_path / "x.perpj").write_bytes(data)
    with pytest.raises(DataError, match=says):
        Replayed(tmp_path / "x.perpj", PLAIN)
    with pytest.raises(DataError, match="can be read"):
        Reader(tmp_path / "none.perpj")


def test_damage_in_the_middle_and_another_version_are_named(journal: pathlib.Path, tmp_path: pathlib.Path) -> None:
    made = Journal(tmp_path / "a.perpj")
    for frame in read_frames(journal):
        if isinstance(frame, Header):
            old = Journal(tmp_path / "old.perpj")
            old.append(msgspec.structs.replace(frame, version=9))
            old.close()
        made.append(frame)
        made.close_block()
    made.close()
    data = bytearray((tmp_path / "a.perpj").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "damaged.perpj").write_bytes(data)
    with pytest.raises(DataError, match="damage before byte"):
        whole(tmp_path / "damaged.perpj")
    with pytest.raises(DataError, match="version 1, was 9"):
        whole(tmp_path / "old.perpj")
    with pytest.raises(DataError, match="version 1, was 9"):
        Replayed(tmp_path / "old.perpj", PLAIN)


def test_a_replay_writes_nothing_beside_the_journal(journal: pathlib.Path) -> None:
    before = sorted(path.name for path in journal.parent.iterdir())
    Replayed(journal, PLAIN).forward(10**9, NEVER)
    assert sorted(path.name for path in journal.parent.iterdir()) == before
