"""Disks that fill up, turn read-only or break under a core of the real program (R-S1). Real file systems of their own:
a tmpfs that has no room left, an ext4 that goes read-only or answers every write and sync with an I/O error.

`PERP_FAULTS=1` runs every kind, else the worst ones.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.domain.order import CREATE
from core.domain.units import NS_PER_S
from core.engine.journal import Frame, read_frames, torn_bytes
from core.guard.latch import Latch
from core.venues.identity import read_text
from core.venues.paper_ledger import PaperLedger
from tests.process.live_venue import Served
from tests.process.prompt import in_state, said, some, soon
from tests.process.real_core import asked, command, core, stop
from tests.support.small_disk import SmallDisk, small_disk

pytestmark = pytest.mark.slow
HALT_S = 1.0  # R-S1
BLOCK_S = 1.0  # between two blocks of a journal where nothing is created
FLYING_S = 0.25  # what had left before, and two clocks of a loaded machine
FAST = ("--speed", "20")


def quoting(state_dir: Path, at: Served) -> None:
    """Armed, with quotes at the venue that come and go."""
    in_state(state_dir, "PAUSED")
    assert command(state_dir, "resume", "--word", "y").returncode == 0
    soon(lambda: len(at.books()["orders"]) >= 6 and at.open(), "orders that come and go at the venue")


def resting(state_dir: Path) -> None:
    """Until orders of the paper account rest."""
    soon(lambda: said(state_dir).get("open_orders"), "orders")


def created(state_dir: Path) -> set[int]:
    """Client ids of all creates in the journals."""
    found = set()
    for path in (state_dir / "journal").glob("*.perpj"):
        for frame in read_frames(path):
            if isinstance(frame, Frame):
                found |= {request.cl_id for request in frame.requests if request.kind == CREATE}
    return found


def unjournaled(state_dir: Path, at: Served) -> list[str]:
    """Orders at the venue that no journal knows."""
    known = created(state_dir)
    texts = [str(order["client"]) for order in at.books()["orders"]]
    return [text for text in texts if (told := read_text(text)) is None or told.cl_id not in known]


def kept_until(state_dir: Path) -> int:
    """Time of the newest frame that is in a journal: what the disk took last; 0 where it cannot be read any more."""
    try:
        frames = [frame for path in (state_dir / "journal").glob("*.perpj") for frame in read_frames(path)]
    except OSError:
        return 0
    return max(frame.moment.ts for frame in frames if isinstance(frame, Frame))


def stopped_in_time(state_dir: Path, at: Served, since: int, child: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for HALTED; no order stands, and none came to the venue later than a second after the disk refused: a disk
    that is full still takes what fits into the last page of the journal."""
    found = in_state(state_dir, "HALTED", child=child)
    halted = (time.time_ns() - found["stop"]["ts"]) / NS_PER_S
    assert at.open() == [], "cancels never need the disk"
    refused = max(since, kept_until(state_dir))
    late = [(order["created"] - refused) / NS_PER_S for order in at.books()["orders"] if order["created"] > refused]
    closed = (found["stop"]["ts"] - refused) / NS_PER_S
    last = max(late, default=0.0)
    print(
        f"gate closed {closed:+.3f} s after the disk refused, HALTED {halted:.2f} s after that; orders after it: "
        f"{len(late)}, last {last:.3f} s"
    )
    assert closed <= BLOCK_S + HALT_S and last <= HALT_S + FLYING_S
    assert found["gate_closed"]
    return found


def fails(disk: SmallDisk, how: str) -> int:
    """The time at which it refuses."""
    breaks: dict[str, Callable[[], None]] = {
        "full": disk.fill, "read-only": disk.turn_read_only, "broken": disk.fail,
    }  # fmt: skip
    breaks[how]()
    return time.time_ns()


def test_a_full_disk_halts_a_live_core_within_a_second_and_with_room_again_the_journal_is_whole(
    state_dir: Path, venue: Served
) -> None:
    """R-S1: the core lives, its cancels left without the disk; the latch is written as soon as it can be."""
    with small_disk("tmpfs", state_dir) as disk:
        with core(state_dir, *venue.words, **venue.keys) as child:
            quoting(state_dir, venue)
            since = fails(disk, "full")
            found = stopped_in_time(state_dir, venue, since, child)
            assert "No space left" in found["stop"]["reason"], found["stop"]
            assert child.poll() is None and not Latch(state_dir).engaged()
            disk.clear()
            soon(Latch(state_dir).engaged, "the latch, once there is room", 20.0)
            code, err = stop(child)
            assert code == 0 and "Traceback" not in err and "Logging error" not in err, err
            assert "halt latch not written" in err
        assert unjournaled(state_dir, venue) == []
        [path] = (state_dir / "journal").glob("*.perpj")
        assert torn_bytes(path) == 0 and command(state_dir, "replay", str(path)).returncode == 0
        with core(state_dir, *venue.words, **venue.keys) as child:
            in_state(state_dir, "HALTED")
            before = len(venue.books()["orders"])
            done = command(state_dir, "resume", "--word", "arm", "--reason", "there is room again")
            assert done.returncode == 0, done.stderr
            if in_state(state_dir, "RUNNING", "PAUSED")["run"] == "PAUSED":  # as every live start
                assert command(state_dir, "resume", "--word", "y").returncode == 0
            soon(lambda: len(venue.books()["orders"]) > before, f"orders again, {said(state_dir)}")
            assert stop(child)[0] == 0
        assert venue.open() == []


@pytest.mark.parametrize("how", some("broken", "read-only"))
def test_a_disk_that_turns_read_only_or_breaks_halts_a_live_core_and_it_lives_on_to_be_asked(
    state_dir: Path, venue: Served, tmp_path: Path, how: str
) -> None:
    """R-S1: EROFS of files that are open, EIO of writes and of fsync; nothing of it ends the process."""
    words = {"read-only": "Read-only file system", "broken": "Input/output error"}
    with small_disk("ext4", state_dir, tmp_path / "image") as disk:
        with core(state_dir, *venue.words, **venue.keys) as child:
            quoting(state_dir, venue)
            since = fails(disk, how)
            found = stopped_in_time(state_dir, venue, since, child)
            assert words[how] in found["stop"]["reason"], found["stop"]
            time.sleep(2.5)  # heartbeats, records and pictures go on to fail
            assert child.poll() is None and said(state_dir)["run"] == "HALTED"
            code, err = stop(child)
            assert code in (0, 70) and "Traceback" not in err and "Logging error" not in err, (code, err)
            assert venue.open() == []
        disk.again()
        assert unjournaled(state_dir, venue) == []
        with core(state_dir, *venue.words, **venue.keys) as child:
            in_state(state_dir, "PAUSED", "HALTED")
            held = sum(lots for _, lots, _ in venue.books()["positions"])
            told = asked(state_dir, "position")
            assert sum(round(row["size"] / 0.001) for row in told["positions"]) == held, told
            assert stop(child)[0] == 0


@pytest.mark.parametrize("how", some("full", "read-only"))
def test_a_paper_core_on_a_disk_that_refuses_ends_with_one_message_and_starts_again_after_it(
    state_dir: Path, tmp_path: Path, how: str
) -> None:
    """R-S1: its account is a file on that disk, so the venue itself is gone; the file holds no order that the journal
    does not."""
    kind, image = ("tmpfs", None) if how == "full" else ("ext4", tmp_path / "image")
    with small_disk(kind, state_dir, image) as disk:
        with core(state_dir, *FAST) as child:
            in_state(state_dir, "RUNNING")
            resting(state_dir)
            fails(disk, how)
            _, err = child.communicate(timeout=60)
            assert child.returncode in (1, 70) and "Traceback" not in err and "Logging error" not in err, err
            word = "No space left" if how == "full" else "Read-only file system"
            last = err.strip().splitlines()[-1]
            assert last.startswith("perpconsole: ") and word in last and "fault of ours" not in last, err
        disk.clear() if how == "full" else disk.again()
        known, ledger = created(state_dir), PaperLedger(state_dir)
        assert {order.cl_id for order in ledger.open_orders()} <= known
        ledger.close()
        with core(state_dir, *FAST) as child:
            in_state(state_dir, "RUNNING")
            resting(state_dir)
            assert stop(child)[0] == 0


@pytest.mark.parametrize("case", some("full live", "read-only paper", "full paper", "read-only live", first=2))
def test_a_start_on_a_disk_that_refuses_is_one_message_and_nothing_is_sent(
    state_dir: Path, venue: Served, tmp_path: Path, case: str
) -> None:
    """R-S1, R-C1."""
    how, mode = case.split()
    kind, image = ("tmpfs", None) if how == "full" else ("ext4", tmp_path / "image")
    with small_disk(kind, state_dir, image) as disk:
        fails(disk, how)
        words = venue.words if mode == "live" else FAST
        done = command(state_dir, "--metrics-port", "0", "run", "--headless", *words, **venue.keys)
        assert done.returncode in (1, 70), done.stdout
        last = done.stderr.strip().splitlines()[-1]
        assert ("No space left" if how == "full" else "Read-only file system") in last, done.stderr
        assert "Traceback" not in done.stderr and "fault of ours" not in done.stderr
        assert venue.books()["orders"] == []
