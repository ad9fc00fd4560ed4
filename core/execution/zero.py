"""When a flatten may believe that nothing of ours is left: lists of positions that show none, far enough apart.

One list may have lost a row, or come from a replica that is behind. Where our own books hold lots, lists that deny it
must agree for as long as a list may lag (RELIABILITY.md E7, B4). Reads nothing.
"""

from __future__ import annotations

from core.domain.lateness import LAG_NS
from core.domain.units import NS_PER_MS, NS_PER_S

ZERO_GAP_NS = 250 * NS_PER_MS
LOOK_NS = NS_PER_S  # between two lists that our own books deny


class Zero:
    """`since`: when the first of the lists in a row came that show none, ns; None = the last one showed some. `held`:
    our own books hold what an order could close."""

    def __init__(self) -> None:
        self.since: int | None = None
        self.held = False

    def next_look(self, asked: int, now: int) -> int:
        """For a list without any, asked for at `asked`: when the next one is needed, ns; 0 = this was the last."""
        if self.since is None:
            self.since = now
        if now - self.since < ZERO_GAP_NS:
            return self.since + ZERO_GAP_NS
        if self.held and asked - self.since < LAG_NS:
            return min(self.since + LAG_NS, now + LOOK_NS)
        return 0

    def near(self, now: int) -> bool:
        """The next list without any may be the last."""
        return self.since is not None and now - self.since >= ZERO_GAP_NS
