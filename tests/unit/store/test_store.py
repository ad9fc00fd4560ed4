"""The projection: what it holds, what happens when the file is locked, damaged or of another version."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest

from core import tasks
from core.domain.commands import Halt
from core.domain.errors import Refused
from core.domain.events import Asked, Note
from core.domain.order import ACCEPTED, CANCELED, REJECTED, Refusal, Report
from core.domain.reasons import NET_CAP, POST_ONLY_CROSS
from core.domain.snapshot import AlertRow
from core.kpi.measures import Measures
from core.store import schema
from core.store.queries import Queries
from core.store.rows import ROUND, Rows
from core.store.store import Store
from core.store.writer import AsyncStore
from tests.unit.kpi.desk import T0, Desk, create, filled, step


def rows_of(desk: Desk | None = None) -> tuple[Measures, Rows]:
    desk = desk or Desk()
    measures = Measures(desk, T0)
    return measures, Rows(desk, measures, "s1", "paper")


def life(measures: Measures, *sinks: Store | AsyncStore) -> None:
    """One order filled in two parts, the first part reported twice; one cancelled; one rejected; one refused."""
    parts = filled(1, 0, 250_000, 4, left=6, trade_id=11), filled(1, 0, 250_000, 6, trade_id=12)
    gone = Report(0, CANCELED, T0, cl_id=2)
    steps = [
        step(T0, requests=(create(1), create(2), create(3)), refused=(Refusal(create(4), NET_CAP, 215, 210),)),
        step(T0 + 1, Report(0, ACCEPTED, T0, cl_id=1), Report(0, ACCEPTED, T0, cl_id=2)),
        step(T0 + 2, parts[0], Report(0, REJECTED, T0, cl_id=3, code=POST_ONLY_CROSS)),
        step(T0 + 3, parts[0], applied=()),  # the ledger knew it
        step(T0 + 4, *parts, gone, applied=(parts[1], gone)),
        step(T0 + 5, inputs=(Asked(Halt(who="ann@pts/1")),), notes=(Note("warn", "shock", "10 %"),)),
    ]
    for n, one in enumerate(steps):
        one = msgspec.structs.replace(one, seq=n)
        measures.take(one)
        for sink in sinks:
            sink.take(one)


def dump(path: Path) -> list[str]:
    db = sqlite3.connect(path)
    try:
        return list(db.iterdump())
    finally:
        db.close()


def test_the_projection_holds_each_fill_once_and_each_reject_with_its_figures(tmp_path: Path) -> None:
    """S3-75, S3-65, S1-65: every row of an order and a fill says whose account at which venue it was."""
    path = tmp_path / "store.db"
    assert schema.prepare(path, "t").created
    measures, rows = rows_of()
    store = Store(path, rows)
    life(measures, store)
    store.put(rows.alert(AlertRow(1, T0, "crit", "shock", "x", False), 2), rows.balance(T0, 200, 0))
    store.put((ROUND, (3, T0, T0 + 9, "PAPER", "flat", 150_000_000, 1, 1, 0, 2, "r.md", "j", "ab")))
    store.close()
    ask = Queries(path)
    assert [(f["trade_id"], f["qty"]) for f in ask.fills()] == [(12, 6), (11, 4)]
    assert {(r["venue"], r["account"]) for r in (*ask.orders(), *ask.fills())} == {("simulated", "paper")}
    states = {o["cl_id"]: (o["state"], o["filled"]) for o in ask.orders()}
    assert states == {1: ("filled", 10), 2: ("canceled", 0), 3: ("rejected", 0)}
    assert {(r["reason"], r["origin"], r["n"]) for r in ask.reject_counts()} == {
        ("net_cap", "gate", 1), ("post_only_cross", "venue", 1),
    }  # fmt: skip
    [gate] = [r for r in ask.rejects(session="s1") if r["origin"] == "gate"]
    assert (gate["value"], gate["bound"], gate["symbol"]) == (215, 210, "ETHUSDC")
    assert {a["action"] for a in ask.audit()} == {"halt", "shock"}
    [found] = ask.rounds()
    assert found["net_quote"] == 1.5
    assert ask.round(3) == {k: v for k, v in found.items() if k != "net_quote"}
    assert ask.round(4) is None
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(sqlite3.OperationalError):
        ask._db.execute("DELETE FROM fills")
    ask.close()


def test_rebuilding_from_the_same_steps_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    schema.prepare(path, "t")
    images = []
    for _ in range(2):
        measures, rows = rows_of()
        store = Store(path, rows)
        life(measures, store)
        store.close()
        images.append(dump(path))
    assert images[0] == images[1]


async def test_the_async_writer_writes_what_its_twin_writes(tmp_path: Path) -> None:
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    for path in (one, two):
        schema.prepare(path, "t")
    measures, rows = rows_of()
    twin, store = Store(one, rows), AsyncStore(two, rows, print)
    await store.start()
    life(measures, twin, store)
    twin.close()
    await store.close()
    assert dump(one) == dump(two)


async def test_a_locked_file_holds_nothing_up_and_loses_nothing(tmp_path: Path) -> None:
    """R-S2: rows wait while another process holds the lock, then go in; trouble is said once, and its end."""
    path, said = tmp_path / "store.db", []
    schema.prepare(path, "t")
    measures, rows = rows_of()
    store = AsyncStore(path, rows, said.append, busy_ms=10)
    await store.start()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    life(measures, store)
    for _ in range(3):
        assert await store.flush() is False
    assert len(said) == 1
    assert "trading is not affected" in said[0]
    life(rows_of()[0], store)  # a step takes no lock
    waiting = len(store.waiting)
    assert waiting > 8
    holder.execute("ROLLBACK")
    holder.close()
    assert await store.flush() is True
    assert said[1:] == ["store: writes again"]
    assert store.written == waiting
    await store.close()
    ask = Queries(path)
    assert len(ask.fills()) == 2
    ask.close()


def test_rows_that_wait_too_long_are_dropped_oldest_first_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"
    schema.prepare(path, "t")
    monkeypatch.setattr("core.store.store.WAITING", 3)
    store = Store(path)
    store.put(*(("INSERT INTO balances VALUES ('s', ?, 0, 0, 0)", (n,)) for n in range(5)))
    assert store.dropped == 2
    assert [values[0] for _, values in store.waiting] == [2, 3, 4]
    assert store.flush()


def test_the_writer_task_flushes_by_itself_in_virtual_time(tmp_path: Path) -> None:
    """Its waits are those of core.tasks; aiosqlite's own thread is real, so the loop here is real and short."""
    path = tmp_path / "store.db"
    schema.prepare(path, "t")

    async def main() -> int:
        measures, rows = rows_of()
        store = AsyncStore(path, rows, print)
        await store.start()
        life(measures, store)
        for _ in range(200):
            if not store.waiting:
                break
            await tasks.sleep(0.01)
        left = len(store.waiting)
        await store.close()
        return left

    import asyncio

    assert asyncio.run(main()) == 0


def test_a_damaged_file_is_kept_aside_and_a_new_one_made(tmp_path: Path) -> None:
    """R-S2."""
    path = tmp_path / "store.db"
    schema.prepare(path, "t")
    raw = bytearray(path.read_bytes())
    raw[:100] = b"x" * 100
    path.write_bytes(bytes(raw))
    opened = schema.prepare(path, "20260106T120000Z")
    assert opened.aside == tmp_path / "store.db.damaged-20260106T120000Z"
    assert opened.why
    assert opened.aside.read_bytes()[:3] == b"xxx"
    store = Store(path)
    store.put(("INSERT INTO balances VALUES ('s', 1, 0, 0, 0)", ()))
    assert store.flush()
    store.close()
    assert schema.prepare(path, "t").aside is None


def test_flipped_bytes_anywhere_open_or_are_put_aside_never_crash(tmp_path: Path, seed: int) -> None:
    from core.rng import stream

    path = tmp_path / "store.db"
    schema.prepare(path, "t")
    measures, rows = rows_of()
    store = Store(path, rows)
    life(measures, store)
    store.close()
    sound = path.read_bytes()
    dice = stream(seed, "flip")
    for n in range(40):
        raw = bytearray(sound)
        for at in dice.integers(0, len(raw), 200):
            raw[at] ^= 0xFF
        for end in ("", "-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        path.write_bytes(bytes(raw))
        try:
            schema.prepare(path, str(n))
        except Refused:
            continue  # the bytes of the version were hit: refused, file untouched
        ask = Queries(path)
        ask.rounds()
        ask.close()


def test_a_newer_store_is_refused_and_an_older_one_migrated_after_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"
    schema.prepare(path, "t")
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 7")
    db.close()
    with pytest.raises(Refused, match="Expected a store of schema 1 or older, was 7"):
        schema.prepare(path, "t")
    monkeypatch.setattr(schema, "VERSION", 8)

    def widen(db: sqlite3.Connection) -> None:
        db.execute("ALTER TABLE rounds ADD COLUMN extra INTEGER")

    def drop(db: sqlite3.Connection) -> None:
        db.execute("DROP TABLE rounds")

    opened = schema.prepare(path, "t", {7: widen})
    assert opened.migrated_from == 7
    assert (tmp_path / "store.db.v7-t").exists()
    assert sqlite3.connect(path).execute("PRAGMA user_version").fetchone() == (8,)
    monkeypatch.setattr(schema, "VERSION", 10)
    with pytest.raises(KeyError):
        schema.prepare(path, "u", {8: drop})
    assert sqlite3.connect(path).execute("SELECT COUNT(*) FROM rounds").fetchone() == (0,)  # rolled back
