"""What state a venue is in for us, and whether new risk may be sent to it: pure, fed with verdicts, asked with a time.

A breaker in the usual form: after several failures in a row nothing new goes out until one probe came back. A refused
key or a wrong clock stays until somebody mended it. Cancels and reads are never held here.
"""

from __future__ import annotations

import msgspec

from core.domain.reasons import OK, RATE_LIMIT, STALE_DATA, VENUE_CLOSED
from core.domain.units import NS_PER_S

FAILURES = 5
LEAST_NS, MOST_NS = NS_PER_S, 30 * NS_PER_S
OFFSET_WARN_NS, OFFSET_STOP_NS = NS_PER_S // 4, NS_PER_S
OVERLOAD_NS = 10 * NS_PER_S
NEXT_STEPS = {
    "auth": "check the key, its permissions and its allowed addresses, then restart",
    "clock": "set the machine's clock (ntp), trading goes on by itself",
    "closed": "the venue is closed or in maintenance; trading goes on when it answers again",
    "banned": "requests were refused for a while; nothing is sent until then",
    "overloaded": "the venue is overloaded; orders may be late, new ones wait",
    "down": "the venue does not answer; probes go on",
    "ok": "",
}


class State(msgspec.Struct, frozen=True):
    """For the screen: name, since when or until when (ns, 0 = open end), text, next step for the operator."""

    name: str
    until: int = 0
    text: str = ""
    next_step: str = ""


class Condition:
    """Times are the wall clock, ns."""

    def __init__(self) -> None:
        self.state = State("ok")
        self.changes: list[State] = []  # since the last take
        self.offset_ns = 0
        self.offset_known = False
        self._failures = 0
        self._wait = LEAST_NS
        self._overloaded_until = 0  # ten seconds after the last sign of it, whatever else came since

    def _to(self, name: str, until: int = 0, text: str = "") -> None:
        if (name, until) != (self.state.name, self.state.until):
            fresh = name != self.state.name
            self.state = State(name, until, text, NEXT_STEPS[name])
            if fresh:
                self.changes.append(self.state)

    def failed(self, venue: str, text: str, now: int, retry_after_s: float = 0.0) -> None:
        """A request failed; `venue` as in verdicts ("ok" where the failure says nothing of the venue itself)."""
        if self.state.name == "auth":
            return
        if venue == "banned":
            self._to("banned", now + int(max(1.0, retry_after_s) * NS_PER_S), text)
        elif venue == "overloaded":
            self._overloaded_until = now + OVERLOAD_NS
            self._to("overloaded", self._overloaded_until, text)
        elif venue in ("auth", "clock", "closed"):
            self._to(venue, 0, text)
        else:
            self._failures += 1
            if self._failures >= FAILURES:
                self._to("down", now + self._wait, text)

    def answered(self, now: int) -> None:
        """The venue answered something: failures start again from none, what was open ends; a ban keeps its time."""
        self._failures, self._wait = 0, LEAST_NS
        if self.state.name in ("down", "closed") or (self.state.until and now >= self.state.until):
            self._to("ok")

    def proves_at(self, asked: int) -> int:
        """0 where absence from an answer to what was asked for at `asked`, ns, proves something; else from when on it
        would: an overloaded venue may still apply what it has taken in."""
        return self._overloaded_until if asked < self._overloaded_until else 0

    def probe_due(self, now: int) -> bool:
        """True when a probe should be sent: half open. The wait doubles with every one that fails."""
        if self.state.name not in ("down", "closed", "overloaded", "banned") or now < self.state.until:
            return False
        self._wait = min(MOST_NS, self._wait * 2)
        self.state = msgspec.structs.replace(self.state, until=now + self._wait)
        return True

    def measured(self, offset_ns: int) -> None:
        """The venue's clock minus ours."""
        self.offset_ns, self.offset_known = offset_ns, True
        if abs(offset_ns) > OFFSET_STOP_NS:
            self._to("clock", 0, f"the clocks are {offset_ns / NS_PER_S:+.3f} s apart")
        elif self.state.name == "clock":
            self._to("ok")

    def blocks(self, now: int) -> int:
        """Reason why a create may not go out at `now`, 0 = it may. Without a measured clock nothing may."""
        if not self.offset_known:
            return STALE_DATA
        if self.state.name == "ok":
            return OK
        if self.state.name in ("banned", "overloaded") and now >= self.state.until:
            return OK
        return RATE_LIMIT if self.state.name == "banned" else VENUE_CLOSED

    def take_changes(self) -> list[State]:
        """New states since the last call, oldest first."""
        taken, self.changes = self.changes, []
        return taken


class ClockFilter:
    """Venue clock minus ours by round trips: of the last eight samples the one with the least delay (RFC 5905, 10)."""

    def __init__(self) -> None:
        self._samples: list[tuple[int, int]] = []

    def add(self, sent: int, received: int, venue: int) -> int:
        """Offset in ns after this sample; times of our wall clock and the venue's, ns."""
        self._samples = [*self._samples[-7:], (received - sent, venue - (sent + received) // 2)]
        return min(self._samples)[1]
