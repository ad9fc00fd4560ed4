"""Named timers of the engine. Due timers come out by (time, name), so the order of setting them cannot matter."""

from __future__ import annotations

import heapq

from core.domain.units import FAR


class TimerQueue:
    """At most one pending instant a name. A timer set again moves; a cancelled one is skipped when it comes up."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []
        self._due: dict[str, int] = {}

    def at(self, ts: int, name: str) -> None:
        """Fire `name` at `ts` ns, instead of any earlier setting of that name."""
        self._due[name] = ts
        heapq.heappush(self._heap, (ts, name))

    def cancel(self, name: str) -> None:
        """Forget `name`; unknown names are no error."""
        self._due.pop(name, None)

    def when(self, name: str) -> int | None:
        """When `name` will fire, or None."""
        return self._due.get(name)

    def next_due(self) -> int:
        """Time of the earliest timer, FAR when there is none."""
        heap = self._heap
        while heap:
            ts, name = heap[0]
            if self._due.get(name) == ts:
                return ts
            heapq.heappop(heap)
        return FAR

    def pop_due(self, now: int) -> list[str]:
        """Names due at or before `now`, by (time, name)."""
        names: list[str] = []
        while self.next_due() <= now:
            _, name = heapq.heappop(self._heap)
            del self._due[name]
            names.append(name)
        return names
