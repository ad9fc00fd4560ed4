"""The list of alerts: raised, repeated (counted, not listed twice), acknowledged. Rules live in `rules`.

Plain state on the core's thread. A critical alert stays open until somebody acknowledges it.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from core.domain.snapshot import AlertRow
from core.domain.units import NS_PER_S
from core.guard.redact import Redactor

KEEP = 500
REPEAT_NS = 300 * NS_PER_S  # the same finding within this time after its last sign is the same alert
LEVELS = ("info", "warn", "crit")


class Alert(msgspec.Struct):
    number: int
    ts: int
    level: str
    code: str
    text: str
    strategy: str = ""
    acked: bool = False
    times: int = 1
    last: int = 0

    def row(self) -> AlertRow:
        text = f"{self.text} (x{self.times})" if self.times > 1 else self.text
        return AlertRow(self.number, self.ts, self.level, self.code, text, self.acked, self.strategy)


class Alerts:
    """`on_new(alert)` hears each new alert, and one that grew worse; not repeats."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redact = redactor or Redactor()
        self._list: list[Alert] = []
        self._open: dict[tuple[str, str], Alert] = {}
        self._number = 0
        self.on_new: list[Callable[[Alert], None]] = []

    def add(self, ts: int, level: str, code: str, text: str, strategy: str = "") -> Alert:
        """A finding. ValueError for an unknown level."""
        if level not in LEVELS:
            raise ValueError(f"Expected info, warn or crit, was {level!r}")
        text = self._redact.clean(text)
        known = self._open.get((code, strategy))
        if known is not None and not known.acked and ts - known.last <= REPEAT_NS:
            known.times, known.last, known.text = known.times + 1, ts, text
            if LEVELS.index(level) > LEVELS.index(known.level):
                known.level = level
                self._tell(known)
            return known
        self._number += 1
        alert = Alert(self._number, ts, level, code, text, strategy, last=ts, acked=level == "info")
        self._list.append(alert)
        self._open[(code, strategy)] = alert
        del self._list[:-KEEP]
        self._tell(alert)
        return alert

    def _tell(self, alert: Alert) -> None:
        for hear in self.on_new:
            hear(alert)

    def ack(self, number: int = 0) -> int:
        """Acknowledge one alert, or all of them with 0; returns how many that changed."""
        changed = 0
        for alert in self._list:
            if (number in (0, alert.number)) and not alert.acked:
                alert.acked = True
                changed += 1
        return changed

    def unacked(self) -> int:
        return sum(not a.acked for a in self._list)

    def rows(self, n: int = 50) -> tuple[AlertRow, ...]:
        """The newest n, newest first; open critical ones are never pushed out by newer ones."""
        newest = self._list[-n:]
        held = [a for a in self._list[:-n] if not a.acked and a.level == "crit"] if len(self._list) > n else []
        return tuple(a.row() for a in reversed([*held, *newest]))
