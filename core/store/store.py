"""The store in its synchronous form: for virtual time, backtests and command-line queries. One transaction a flush.

A sink: `take` collects rows, `flush` writes them. A locked or failing file loses nothing: rows wait, bounded.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from pathlib import Path

from core.domain.events import Step
from core.domain.units import NS_PER_S
from core.store import schema
from core.store.rows import Row, Rows, grouped

WAITING = 200_000  # rows kept while the file cannot be written; older ones are dropped, the journal still has them
FLUSH_ROWS = 2_000
FLUSH_NS = NS_PER_S


class Store:
    """`path` must have been `schema.prepare`d. `busy_ms` bounds how long one flush may wait for a lock."""

    name = "store"

    def __init__(self, path: Path, rows: Rows | None = None, busy_ms: int = schema.BUSY_MS) -> None:
        self.path, self.rows = path, rows
        self._db = schema.connect(path, busy_ms)
        self.waiting: deque[Row] = deque()
        self.dropped = self.written = 0
        self.error = ""
        self._last = 0

    def take(self, step: Step) -> None:
        if self.rows is None:
            return
        found = self.rows.of(step)
        if found:
            self.put(*found)
        now = step.moment.ts
        if self.waiting and (len(self.waiting) >= FLUSH_ROWS or now - self._last >= FLUSH_NS):
            self._last = now
            self.flush()

    def put(self, *rows: Row) -> None:
        """Queue rows (alerts, rounds, balances)."""
        self.waiting.extend(rows)
        while len(self.waiting) > WAITING:
            self.waiting.popleft()
            self.dropped += 1

    def flush(self) -> bool:
        """Write what waits in one transaction; False when the file refused, `error` says why, the rows stay."""
        if not self.waiting:
            return True
        rows = list(self.waiting)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for sql, values in grouped(rows).items():
                    self._db.executemany(sql, values)
                self._db.execute("COMMIT")
            except sqlite3.Error:
                self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            self.error = str(error)
            return False
        self.error = ""
        self.written += len(rows)
        for _ in rows:
            self.waiting.popleft()
        return True

    def close(self) -> None:
        self.flush()
        self._db.close()
