"""Streams: gaps, drops, uptime, reconnects, heartbeat spikes (S0-24..27, S0-52); stream and desk apart (K-05)."""

from __future__ import annotations

from collections import deque

import msgspec

STREAM_UPTIME, DESK_UPTIME, DROP_RATE = 0.999, 0.9999, 0.0001  # S0-25, S0-10, S0-26
SPIKE = 4.0  # heartbeat above this multiple of the median of the last 60


def lost_between(previous: int, current: int) -> int:
    """Messages lost between two sequence numbers: 100 then 105 = 4 (S0-24). A repeat or a step back loses none."""
    return max(0, current - previous - 1)


class Uptime(msgspec.Struct):
    """Share of time up since `since`; an interval still open counts up to the moment of the question."""

    since: int
    up: bool = False
    changed: int = 0
    up_ns: int = 0
    times_up: int = 0

    def set(self, ts: int, up: bool) -> None:
        if up == self.up:
            return
        if self.up:
            self.up_ns += ts - max(self.changed, self.since)
        else:
            self.times_up += 1
        self.up, self.changed = up, ts

    def share(self, now: int) -> float | None:
        """None before any time has passed."""
        total = now - self.since
        if total <= 0:
            return None
        return min(1.0, (self.up_ns + (now - max(self.changed, self.since) if self.up else 0)) / total)

    def restart(self, now: int) -> None:
        """Count from `now` on, the state kept."""
        self.since, self.up_ns, self.times_up = now, 0, 0

    @property
    def reconnects(self) -> int:
        return max(0, self.times_up - 1)


class Stream:
    """Counters of one instrument's feed."""

    def __init__(self, now: int) -> None:
        self.uptime = Uptime(now)
        self.total_reconnects = 0
        self.gaps = self.lost = self.messages = 0
        self.dropped = 0
        self._base = (0, 0, 0, 0)
        self._beats: deque[int] = deque(maxlen=60)
        self.why = ""

    def link(self, ts: int, up: bool, why: str) -> None:
        if up and not self.uptime.up and self.uptime.changed:
            self.total_reconnects += 1
        self.uptime.set(ts, up)
        self.why = "" if up else why

    def heartbeat(self, round_trip_ns: int) -> bool:
        """True when this round trip is a spike against the recent median (S0-27); needs 10 beats."""
        usual = sorted(self._beats)[len(self._beats) // 2] if len(self._beats) >= 10 else None
        self._beats.append(round_trip_ns)
        return usual is not None and round_trip_ns > SPIKE * max(usual, 1)

    def new_round(self, now: int) -> None:
        """Open the scope of a round."""
        self.uptime.restart(now)
        self._base = (self.gaps, self.lost, self.messages, self.dropped)

    def of_round(self) -> tuple[int, int, int, int]:
        """(gaps, lost, messages, dropped) since the round began."""
        gaps, lost, messages, dropped = self._base
        return self.gaps - gaps, self.lost - lost, self.messages - messages, self.dropped - dropped

    @property
    def drop_rate(self) -> float | None:
        """Lost and refused messages of the round over all that should have come; None before the first."""
        _, lost, messages, dropped = self.of_round()
        total = messages + lost + dropped
        return (lost + dropped) / total if total else None

    def down_ns(self, now: int) -> int:
        """How long the stream has been down, 0 while up."""
        return 0 if self.uptime.up else max(0, now - (self.uptime.changed or self.uptime.since))
