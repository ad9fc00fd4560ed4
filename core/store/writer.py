"""The store on the core's loop: one aiosqlite connection, one writer task, off the order path by construction.

`take` only appends to a list; a locked file costs waiting rows, never a step. Same rows as the synchronous twin.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import tasks
from core.domain.events import Step
from core.store import schema
from core.store.rows import Row, Rows, grouped
from core.store.store import FLUSH_ROWS, WAITING

EVERY_S = 0.25
RETRY_S = 1.0


class AsyncStore:
    """`start` opens the file and its task; `on_trouble(text)` hears once that writing fails, once that it works."""

    name = "store"

    def __init__(
        self, path: Path, rows: Rows, on_trouble: Callable[[str], None], busy_ms: int = schema.BUSY_MS
    ) -> None:
        self.path, self.rows, self._busy_ms, self._on_trouble = path, rows, busy_ms, on_trouble
        self.waiting: deque[Row] = deque()
        self.dropped = self.written = 0
        self.error = ""
        self._db: Any = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        import aiosqlite

        self._db = await aiosqlite.connect(self.path, timeout=self._busy_ms / 1000, isolation_level=None)
        for pragma in schema.pragmas(self._busy_ms):
            await self._db.execute(pragma)
        self._task = tasks.spawn(self._write(), "store writer")

    def take(self, step: Step) -> None:
        found = self.rows.of(step)
        if found:
            self.put(*found)

    def put(self, *rows: Row) -> None:
        """Queue rows; the oldest go when too many wait (the journal keeps them all)."""
        self.waiting.extend(rows)
        while len(self.waiting) > WAITING:
            self.waiting.popleft()
            self.dropped += 1

    async def _write(self) -> None:
        while not self._stopping:
            await tasks.sleep(EVERY_S if not self.error else RETRY_S)
            await self.flush()

    async def flush(self) -> bool:
        """Write what waits, in transactions of a bounded size; False when the file refused."""
        async with self._lock:
            return await self._flush()

    async def _flush(self) -> bool:
        while self.waiting:
            rows = [self.waiting[k] for k in range(min(len(self.waiting), FLUSH_ROWS))]
            dropped = self.dropped
            try:
                await self._transaction(rows)
            except sqlite3.Error as error:
                if not self.error:
                    self._on_trouble(f"store: {error}; {len(self.waiting)} rows wait, trading is not affected")
                self.error = str(error)
                return False
            for _ in range(len(rows) - (self.dropped - dropped)):
                self.waiting.popleft()
            self.written += len(rows)
        if self.error:
            self.error = ""
            self._on_trouble("store: writes again")
        return True

    async def _transaction(self, rows: list[Row]) -> None:
        await self._db.execute("BEGIN IMMEDIATE")
        try:
            for sql, values in grouped(rows).items():
                await self._db.executemany(sql, values)
            await self._db.execute("COMMIT")
        except sqlite3.Error:
            await self._db.execute("ROLLBACK")
            raise

    async def close(self) -> None:
        """A last flush, then the file is closed."""
        self._stopping = True
        async with self._lock:  # never in the middle of a transaction
            if self._task is not None:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
            if self._db is not None:
                await self._flush()
                await self._db.close()
