"""What the command line and the API ask of the store. Read-only connections; plain dicts out, newest first."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from core.domain.units import MONEY
from core.store.schema import connect

Answer = list[dict[str, Any]]


class Queries:
    """Raises sqlite3.OperationalError when there is no store yet or it stays locked."""

    def __init__(self, path: Path, busy_ms: int = 2_000) -> None:
        self._db: sqlite3.Connection = connect(path, busy_ms, read_only=True)

    def _all(self, sql: str, *values: Any) -> Answer:
        return [dict(row) for row in self._db.execute(sql, values)]

    def rejects(self, session: str | None = None, since: int = 0, limit: int = 200) -> Answer:
        """Single rejects with the figures that decided (`perpconsole rejects`, S3-65)."""
        return self._all(
            "SELECT * FROM rejects WHERE ts >= ? AND (? IS NULL OR session = ?) "
            "ORDER BY ts DESC, seq DESC, n DESC LIMIT ?",
            since, session, session, limit,
        )  # fmt: skip

    def reject_counts(self, session: str | None = None, since: int = 0) -> Answer:
        return self._all(
            "SELECT reason, origin, COUNT(*) AS n FROM rejects WHERE ts >= ? AND (? IS NULL OR session = ?) "
            "GROUP BY reason, origin ORDER BY n DESC, reason",
            since, session, session,
        )  # fmt: skip

    def rounds(self, limit: int = 100) -> Answer:
        """With `net_quote` in quote units beside the exact figure."""
        rows = self._all("SELECT * FROM rounds ORDER BY started DESC LIMIT ?", limit)
        for row in rows:
            row["net_quote"] = None if row["net"] is None else row["net"] / MONEY
        return rows

    def round(self, number: int) -> dict[str, Any] | None:
        """The newest round of that number."""
        rows = self._all("SELECT * FROM rounds WHERE number = ? ORDER BY started DESC LIMIT 1", number)
        return rows[0] if rows else None

    def fills(self, since: int = 0, until: int = 1 << 62, limit: int = 1_000) -> Answer:
        return self._all("SELECT * FROM fills WHERE ts BETWEEN ? AND ? ORDER BY ts DESC LIMIT ?", since, until, limit)

    def orders(self, since: int = 0, until: int = 1 << 62, limit: int = 1_000) -> Answer:
        return self._all(
            "SELECT * FROM orders WHERE ts_sent BETWEEN ? AND ? ORDER BY ts_sent DESC LIMIT ?", since, until, limit
        )

    def audit(self, entity: str | None = None, since: int = 0, limit: int = 1_000) -> Answer:
        return self._all(
            "SELECT * FROM audit WHERE ts >= ? AND (? IS NULL OR entity = ?) "
            "ORDER BY ts DESC, seq DESC, n DESC LIMIT ?",
            since, entity, entity, limit,
        )  # fmt: skip

    def close(self) -> None:
        self._db.close()
