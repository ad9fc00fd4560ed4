"""Opens a store file: pragmas, schema version, migrations after a copy, and what to do with a damaged file.

A damaged file is kept aside and a new one is made; the caller says so. A newer schema is refused.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec

from core.domain.errors import Refused

VERSION = 1
BUSY_MS = 5_000
Migration = Callable[[sqlite3.Connection], None]
MIGRATIONS: dict[int, Migration] = {}  # from version n to n + 1


class Opened(msgspec.Struct, frozen=True):
    """What opening did. `aside`: where a damaged file was kept, None = it was sound."""

    path: Path
    created: bool = False
    migrated_from: int = 0
    aside: Path | None = None
    why: str = ""


def schema_text() -> str:
    return (Path(__file__).parent / "schema.sql").read_text("utf-8")


def prepare(path: Path, stamp: str, migrations: dict[int, Migration] | None = None) -> Opened:
    """Make `path` a sound store of this version. `stamp` names the files put aside.

    Raises Refused for a schema newer than ours, sqlite3.OperationalError when the file is locked, OSError.
    """
    created = not path.exists() or path.stat().st_size == 0
    if not created:
        why = damage(path)
        if why:
            aside = _set_aside(path, stamp)
            _make(path)
            return Opened(path, created=True, aside=aside, why=why)
    else:
        _make(path)
        return Opened(path, created=True)
    old = _version(path)
    if old > VERSION:
        raise Refused(f"Expected a store of schema {VERSION} or older, was {old}: {path.name} is of a newer program")
    if old < VERSION:
        _migrate(path, old, stamp, MIGRATIONS if migrations is None else migrations)
        return Opened(path, migrated_from=old)
    return Opened(path)


def connect(path: Path, busy_ms: int = BUSY_MS, read_only: bool = False) -> sqlite3.Connection:
    """A connection with our pragmas; autocommit off is left to the caller's transactions."""
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
    db = sqlite3.connect(uri, uri=True, timeout=busy_ms / 1000, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    for pragma in pragmas(busy_ms, read_only):
        db.execute(pragma)
    return db


def pragmas(busy_ms: int, read_only: bool = False) -> list[str]:
    """NORMAL is enough: the journal is what must survive a power cut, this file can be made again."""
    out = [f"PRAGMA busy_timeout = {busy_ms}"]
    return out if read_only else [*out, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL"]


def damage(path: Path) -> str:
    """Why the file cannot be used, empty when it is sound. A locked file is not damaged: OperationalError passes."""
    try:
        db = connect(path)
        try:
            [(answer,)] = db.execute("PRAGMA quick_check(1)").fetchall()
            if answer != "ok":
                return str(answer)
            names = {str(row[0]) for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            missing = tables() - names if _version(path) == VERSION else set()
            return f"tables missing: {', '.join(sorted(missing))}" if missing else ""
        finally:
            db.close()
    except sqlite3.DatabaseError as error:
        if _locked(error):
            raise
        return str(error)
    except UnicodeDecodeError:  # sqlite's own message held bytes of the file
        return "unreadable schema"


def tables() -> set[str]:
    """Names of the tables that a store of this version has."""
    return set(re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", schema_text()))


def _locked(error: sqlite3.DatabaseError) -> bool:
    return isinstance(error, sqlite3.OperationalError) and ("locked" in str(error) or "busy" in str(error))


def _make(path: Path) -> None:
    path.touch(mode=0o600)
    db = connect(path)
    try:
        db.executescript(schema_text())
        db.execute(f"PRAGMA user_version = {VERSION}")
    finally:
        db.close()


def _version(path: Path) -> int:
    db = connect(path)
    try:
        return int(db.execute("PRAGMA user_version").fetchone()[0])
    finally:
        db.close()


def _migrate(path: Path, old: int, stamp: str, migrations: dict[int, Migration]) -> None:
    """Copy first (with the WAL in it), then step by step in one transaction."""
    db = connect(path)
    try:
        copy = sqlite3.connect(path.with_name(f"{path.name}.v{old}-{stamp}"))
        try:
            db.backup(copy)
        finally:
            copy.close()
        db.execute("BEGIN IMMEDIATE")
        try:
            for version in range(old, VERSION):
                migrations[version](db)
            db.execute(f"PRAGMA user_version = {VERSION}")
            db.execute("COMMIT")
        except (sqlite3.Error, KeyError):
            db.execute("ROLLBACK")
            raise
    finally:
        db.close()


def _set_aside(path: Path, stamp: str) -> Path:
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    path.rename(aside)
    for end in ("-wal", "-shm"):
        side = path.with_name(path.name + end)
        if side.exists():
            side.rename(aside.with_name(aside.name + end))
    return aside
