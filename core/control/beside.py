"""What a panic does beside a core that answers: the rest of its accounts, stopped at once (S3-55).

A core stops what it trades, and waits for each of its venues; nothing else in the accounts waits with it. Its gate is
closed, but what it had sent may still arrive: a list is sealed after Q, or once the core is sealed itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from core.control.evidence import Evidence
from core.control.outcome import AUTH_FAILED, UNVERIFIED, Outcome
from core.domain.errors import PerpError

if TYPE_CHECKING:
    from core.control.panic_accounts import PanicAccounts
    from core.control.stopping import PanicVenue
    from core.domain.ports import Clock


class Beside:
    """`accounts` makes the stops (called once, in the thread: it loads the kernels); `live` opens the accounts."""

    def __init__(
        self,
        accounts: Callable[[], PanicAccounts],
        live: Callable[[], Sequence[PanicVenue | Outcome]],
        clock: Clock,
        evidence: Evidence,
    ) -> None:
        self._make, self._live, self._clock, self._evidence = accounts, live, clock, evidence
        self._accounts: PanicAccounts | None = None
        self._unopened: list[Outcome] = []
        self._sealed = 0
        self._thread = threading.Thread(target=self._open, name="beside the core", daemon=True)
        self._thread.start()

    def _open(self) -> None:
        try:
            found = list(self._live())
        except (PerpError, OSError) as error:
            found = [Outcome("venue", UNVERIFIED, "unverified", 0, 0, str(error) or type(error).__name__)]
        self._unopened = [one for one in found if isinstance(one, Outcome)]
        accounts = self._make()
        accounts.begin(found)
        self._accounts = accounts
        if self._sealed:
            accounts.settle(self._sealed)

    def settle(self) -> None:
        """The core is sealed: nothing of its can arrive from here on."""
        self._sealed = self._clock.now()
        if self._accounts is not None:
            self._accounts.settle(self._sealed)

    def refused(self) -> bool:
        """Every account here is over, and one of them takes our key no more: a core there will never be done."""
        done = self._accounts.over() if self._accounts is not None else None
        return done is not None and any(one.code == AUTH_FAILED for one in done)

    def taken_over(self) -> PanicAccounts | None:
        """The core does not answer any more: who stops everything goes on with what was begun here."""
        self._thread.join()
        return self._accounts

    def end(self, interrupted: bool = False) -> None:
        """Until each is over; their outcomes are in the evidence then. What could not be begun is not verified."""
        self._thread.join(2.0 if interrupted else None)
        if self._accounts is not None:
            self._accounts.end(interrupted)
        else:
            text = "only what the core trades was stopped"
            self._evidence.outcomes.append(Outcome("venue", UNVERIFIED, "unverified", 0, 0, text))
        rows = self._evidence.outcomes
        for number, one in enumerate(rows):
            if any(one is failed for failed in self._unopened):
                text = f"only what the core trades was stopped there: {one.text}"
                rows[number] = msgspec.structs.replace(one, code=UNVERIFIED, text=text)
