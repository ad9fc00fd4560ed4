"""When a stop may believe that no order is left: empty lists, of which one may be behind and one may have lost a page.

`clean` is the first empty list, `sealed` what E4 asks for: a later one that could have shown whatever was on its way. A
halt ends there and takes two such; a flatten lists the orders once more at its end (RELIABILITY.md 2.3, E4). Reads
nothing.
"""

from __future__ import annotations

ENOUGH = 2


class Seal:
    """`since`: when the first of the empty lists in a row came, ns; None = the last one showed some. `settled`: since
    when no order of ours can be on its way or alive, 0 = one may be. `blind`: of no listed order does the caller's
    ledger say what became of it."""

    def __init__(self, q_ns: int) -> None:
        self.q_ns = q_ns
        self.since: int | None = None
        self.settled = 0
        self.blind = True
        self._words = 0
        self._strange: int | None = None  # when a list last showed an order that nobody tells of

    def broken(self, now: int, untold: bool) -> None:
        """A list showed orders. `untold`: of one of them nobody tells; it may have filled before its cancel, and what
        lists show of that may lag."""
        self.since = None
        if untold or self.blind:
            self._strange = now

    def unproved(self, now: int) -> None:
        """An empty list of a venue that may still apply what it has taken in: no word, and all waiting begins here."""
        self.since, self._words = now, 0

    def next_look(self, asked: int, now: int, halts: bool) -> int:
        """For an empty list, asked for at `asked`: when the next one is needed, ns; 0 = this was the last."""
        first = self.since is None
        if self.since is None:
            self.since, self._words = now, 0
        if not (self._known(asked) or self.q_ns == 0 or asked - self.since >= self.q_ns):
            return self.since + self.q_ns
        self._words += 1
        return now if first or (halts and self._words < ENOUGH) else 0

    def passed(self, now: int) -> bool:
        """The next empty list may be the last."""
        return self.since is not None and now - self.since >= self.q_ns

    def _known(self, asked: int) -> bool:
        told = self._strange is None or asked - self._strange >= self.q_ns
        return told and 0 < self.settled <= asked
