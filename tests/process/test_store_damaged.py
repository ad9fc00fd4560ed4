"""The store under a real core: locked by another program, bytes flipped, its write-ahead log cut (R-S2). Orders never
wait for it; a start opens what it finds, puts it aside, or refuses with one message.

With `PERP_FAULTS` the lock is held for the 30 s of the row (10 s otherwise, a third: twice what the store itself waits)
and a thousand copies are damaged each way.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import time
from pathlib import Path

import numpy as np
import pytest

from core.domain.errors import Refused
from core.domain.events import Health
from core.domain.units import NS_PER_S
from core.engine.journal import Frame, read_frames
from core.rng import stream
from core.store import schema
from core.store.queries import Queries
from core.store.store import Store
from tests.process.live_venue import Served
from tests.process.prompt import FAULTS, in_state, said, some, soon
from tests.process.real_core import command, core, stop

pytestmark = pytest.mark.slow
LOCKED_S = 30.0 if FAULTS else 10.0
COPIES = 1_000 if FAULTS else 60
LAG_S = 1.0  # of the core's loop on a machine that does other work as well; the figure is printed
FAST = ("--speed", "60")


def lags(state_dir: Path, since: int, until: int) -> list[float]:
    """How late the core's loop was, second by second, seconds."""
    return [
        event.loop_lag_ns / NS_PER_S
        for path in (state_dir / "journal").glob("*.perpj")
        for frame in read_frames(path)
        if isinstance(frame, Frame) and since <= frame.moment.ts < until
        for event in frame.moment.inputs
        if isinstance(event, Health)
    ]


def test_a_locked_store_holds_up_no_order_and_every_row_is_there_afterwards(state_dir: Path, venue: Served) -> None:
    """R-S2: another program sits on the file for longer than the store waits; orders come and go meanwhile."""
    with core(state_dir, "--mode", "live", "--config", str(venue.config), **venue.keys) as child:
        in_state(state_dir, "PAUSED")
        assert command(state_dir, "resume", "--word", "y").returncode == 0
        soon(lambda: len(venue.books()["orders"]) >= 4, "orders")
        holder = sqlite3.connect(state_dir / "store.db", isolation_level=None, timeout=30)
        holder.execute("BEGIN EXCLUSIVE")
        since = time.time_ns()
        time.sleep(LOCKED_S)
        until = time.time_ns()
        meanwhile = [order for order in venue.books()["orders"] if since < order["created"] < until]
        holder.execute("ROLLBACK")
        holder.close()
        assert len(meanwhile) >= 2, "trading goes on"
        assert said(state_dir)["run"] == "RUNNING"
        soon(lambda: venue.books()["trades"], "a fill")
        assert stop(child)[0] == 0
    worst = max(lags(state_dir, since, until))
    print(f"locked for {LOCKED_S:g} s: {len(meanwhile)} orders, the loop {worst * 1e3:.1f} ms late at most")
    assert worst <= LAG_S
    told = "".join(path.read_text() for path in (state_dir / "logs").glob("*.jsonl"))
    assert "trading is not affected" in told
    ask = Queries(state_dir / "store.db")
    assert len(ask.fills()) == len(venue.books()["trades"])
    ask.close()


def orders_in(path: Path) -> int:
    db = sqlite3.connect(path, timeout=30)
    try:
        return int(db.execute("SELECT count(*) FROM orders").fetchone()[0])
    finally:
        db.close()


def test_a_start_beside_a_program_that_holds_the_store_trades_and_writes_once_it_may(state_dir: Path) -> None:
    """R-S2: rows wait from the first one on."""
    schema.prepare(state_dir / "store.db", "t")
    holder = sqlite3.connect(state_dir / "store.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with core(state_dir, *FAST) as child:
        in_state(state_dir, "RUNNING", child=child)
        soon(lambda: said(state_dir).get("open_orders"), "orders")
        assert orders_in(state_dir / "store.db") == 0
        holder.execute("ROLLBACK")
        holder.close()
        soon(lambda: orders_in(state_dir / "store.db") > 0, "rows, once the file is free")
        assert stop(child)[0] == 0


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a core that was killed while it wrote, with the write-ahead log that it left."""
    kept = tmp_path_factory.mktemp("killed")
    state_dir = tmp_path_factory.mktemp("s")
    state_dir.chmod(0o700)
    with core(state_dir, *FAST) as child:
        in_state(state_dir, "RUNNING")
        wal = state_dir / "store.db-wal"
        soon(lambda: wal.exists() and wal.stat().st_size > 100_000, "a write-ahead log")
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    for path in state_dir.glob("store.db*"):
        shutil.copy2(path, kept / path.name)
    return kept


def copy_of(killed: Path, folder: Path, whole: bool = False) -> Path:
    """Its two files; `whole`: all in one, since pages of the log hide what is damaged in the file."""
    for name in ("store.db", "store.db-wal"):
        shutil.copy2(killed / name, folder / name)
        (folder / name).chmod(0o600)
    path = folder / "store.db"
    if whole:
        db = sqlite3.connect(path)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
    return path


def empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


def usable(path: Path) -> str:
    """Opens, puts aside or refuses; then one more row goes in. What it did."""
    try:
        opened = schema.prepare(path, "20260106T120000Z")
    except Refused:
        return "refused"
    store = Store(path)
    store.put(("INSERT INTO balances VALUES ('s', 1, 0, 0, 0)", ()))
    written = store.flush()
    store.close()
    assert written or store.error
    return "aside" if opened.aside else "opened" if written else "opened, takes no rows"


def test_flipped_bytes_in_the_store_of_a_killed_core_are_opened_put_aside_or_refused(
    killed: Path, tmp_path: Path, seed: int
) -> None:
    """R-S2: in the file and in its write-ahead log, anywhere, 1 to 64 of them."""
    dice, did = stream(seed, "flips"), dict[str, int]()
    for n in range(COPIES):
        path = copy_of(killed, empty(tmp_path / "copy"), whole=n % 2 == 0)
        victim = path if n % 2 == 0 else path.with_name("store.db-wal")
        raw = np.frombuffer(victim.read_bytes(), np.uint8).copy()
        at = dice.integers(0, len(raw), size=int(dice.integers(1, 65)))
        raw[at] ^= dice.integers(1, 256, size=len(at)).astype(np.uint8)
        victim.write_bytes(raw.tobytes())
        what = usable(path)
        did[what] = did.get(what, 0) + 1
    print(f"{COPIES} stores with flipped bytes: {did}")
    assert sum(did.values()) == COPIES


def test_a_write_ahead_log_cut_at_every_page_and_within_opens_with_what_was_whole(killed: Path, tmp_path: Path) -> None:
    """R-S2: 32 bytes of head, then frames of 24 bytes and a page; cut at each border and in the middle between."""
    raw = (killed / "store.db-wal").read_bytes()
    page = 24 + int.from_bytes(raw[8:12], "big")
    borders = [32 + n * page for n in range((len(raw) - 32) // page + 1)]
    cuts = [0, 7, 31, *(cut for border in borders for cut in (border, border + page // 2))]
    step = max(1, len(cuts) // COPIES)
    rows = []
    for cut in cuts[::step]:
        path = copy_of(killed, empty(tmp_path / "copy"))
        path.with_name("store.db-wal").write_bytes(raw[:cut])
        assert usable(path) in ("opened", "aside"), f"cut at {cut}"
        db = sqlite3.connect(path)
        rows.append(db.execute("SELECT count(*) FROM orders").fetchone()[0])
        db.close()
    assert rows == sorted(rows), "the longer the log, the more rows"
    print(f"{len(rows)} cuts of {len(raw)} bytes: {rows[0]} to {rows[-1]} orders")


@pytest.mark.parametrize("victim", some("store.db", "store.db-wal"))
def test_the_program_starts_on_a_damaged_store_and_says_so(killed: Path, state_dir: Path, victim: str) -> None:
    """R-S2: it trades; what was damaged is kept beside the new file."""
    copy_of(killed, state_dir, whole=victim == "store.db")
    raw = bytearray((state_dir / victim).read_bytes())
    for at in range(40, len(raw), 997):
        raw[at] ^= 0xFF
    (state_dir / victim).write_bytes(bytes(raw))
    with core(state_dir, *FAST) as child:
        in_state(state_dir, "RUNNING")
        soon(lambda: said(state_dir).get("open_orders"), "orders")
        if victim == "store.db":
            assert list(state_dir.glob("store.db.damaged-*"))
        assert stop(child)[0] == 0
    db = sqlite3.connect(state_dir / "store.db")
    assert db.execute("PRAGMA quick_check").fetchone()[0] == "ok"
    db.close()
