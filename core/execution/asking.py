"""Which questions of a stop are under way, and when one that failed is asked again.

One is waited for. Where a caller lets reads leave together there is one beside it that the stop will need next: its
answer is kept until the other one is worked off, and no longer.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.events import Read, ReadReply
from core.domain.units import NS_PER_MS, NS_PER_S
from core.execution.stopping import AUTH_FAILED, BANNED, UNVERIFIED, Venue

RETRY_FIRST_NS = 250 * NS_PER_MS
RETRY_MAX_NS = 5 * NS_PER_S


class Asking:
    """`waits`: until then (ns) the newest question is waited for; 0 = none is."""

    def __init__(self, first_nonce: int) -> None:
        self.waits = 0
        self._nonce = first_nonce
        self._asked: dict[int, tuple[str, int]] = {}  # those that may still be answered: nonce -> what, when
        self._ahead: tuple[ReadReply, int] | None = None

    def ask(self, what: str, beside: str, now: int, until: int) -> tuple[Read, ...]:
        """`what`, and before it `beside` where that is not empty: so its answer is there first."""
        self._ahead = None
        self.waits = until
        return tuple(self._read(one, now) for one in (beside, what) if one)

    def _read(self, what: str, now: int) -> Read:
        self._nonce += 1
        self._asked[self._nonce] = (what, now)
        return Read(what, self._nonce)

    def of(self, reply: ReadReply) -> tuple[str, int]:
        """What it answers and when that was asked; ("", 0) where nobody waits for it."""
        return self._asked.get(reply.nonce, ("", 0))

    def is_newest(self, reply: ReadReply) -> bool:
        """It answers the question that is waited for."""
        return reply.nonce == self._nonce

    def keep(self, reply: ReadReply, what: str, main: str) -> bool:
        """True for an answer of another kind than the phase asks for: it is kept, unless it failed."""
        if what == main:
            return False
        _, asked = self._asked.pop(reply.nonce)
        if not reply.error:
            self._ahead = (reply, asked)
        return True

    def take(self, what: str) -> tuple[ReadReply, int] | None:
        """The kept answer to this and when it was asked for, once."""
        if self._ahead is None or self._ahead[0].what != what:
            return None
        taken, self._ahead = self._ahead, None
        return taken

    def failed(self, reply: ReadReply) -> None:
        """No answer to this one will come any more."""
        del self._asked[reply.nonce]
        self._ahead = None

    def done(self) -> None:
        """What was kept beside a worked off answer is too old from here on."""
        self._ahead = None

    def forget(self) -> None:
        """Questions that were asked before this moment say nothing any more."""
        self._asked, self.waits = {}, 0


class Retrying:
    """For ever, with a delay that grows with `failures` in a row; `jitter` are draws in 0 .. 1."""

    def __init__(self, jitter: Sequence[float]) -> None:
        self.failures = 0
        self._jitter = tuple(jitter) or (0.5,)

    def after(self, error: str, venue: Venue, now: int) -> tuple[Venue, int]:
        """What is known of the venue after one more, and when to ask again. `auth...` and `banned <until ns>` are
        states of their own."""
        delay = min(RETRY_MAX_NS, RETRY_FIRST_NS << min(self.failures, 5))
        wake = now + delay + int(delay * 0.25 * self._jitter[self.failures % len(self._jitter)])
        self.failures += 1
        status, until = UNVERIFIED, 0
        if error.startswith("auth"):
            status, wake = AUTH_FAILED, now + RETRY_MAX_NS
        elif error.startswith("banned"):
            words = error.split()
            until = int(words[1]) if len(words) > 1 and words[1].isdigit() else now + RETRY_MAX_NS
            status, wake = BANNED, max(until, now + RETRY_FIRST_NS)
        since = venue.since if venue.status == status else now
        return Venue(status, error, since, until), wake
