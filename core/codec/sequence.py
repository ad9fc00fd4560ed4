"""Update ids of book differences: which frame follows, which is old, and where one is missing.

Futures name the last id of the frame before (`pu` = previous `u`); spot counts on (`U` = previous `u` + 1).
Owns the rule only; what a gap does to the book is the caller's.
"""

from __future__ import annotations

from core.codec.frames import Depth, Snapshot

STALE, NEXT, GAP = -1, 0, 1


class Sequence:
    """The update ids of one stream. `last` is the newest applied id, 0 before the first."""

    def __init__(self, futures: bool) -> None:
        self.futures = futures
        self.last = 0
        self._joining = False

    def start(self, snapshot: Snapshot) -> None:
        """A snapshot was loaded: the next frame may begin before it, but must reach it."""
        self.last, self._joining = snapshot.last, True

    def check(self, depth: Depth) -> int:
        """STALE: already in the book, leave it. NEXT: apply it. GAP: at least one frame is missing; the frame stands
        as the new `last`, but a book built on it is wrong until the next snapshot."""
        if self._joining:
            if depth.last < self.last + (0 if self.futures else 1):
                return STALE
            joined = depth.first <= self.last + (0 if self.futures else 1) or depth.prev == self.last
        elif depth.last <= self.last:
            return STALE
        else:
            joined = depth.prev == self.last if self.futures else depth.first == self.last + 1
        self._joining = False
        first_ever, self.last = self.last == 0, depth.last
        return NEXT if joined or first_ever else GAP
