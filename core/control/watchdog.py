"""The dead-man's switch of venues that grant none: a process of its own that cancels OUR orders when the core is dead.

It watches a heartbeat, reads and cancels. It cannot create: its accounts have no path for that, down to the client. It
ends by itself once the core has ended cleanly, another core took over, or a dead core's orders are proven gone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.clock import stamp
from core.control.evidence import Evidence
from core.control.live_account import CancelAccount, LiveAccount
from core.control.outcome import AUTH_FAILED, ORDERS_ZERO, UNVERIFIED, Outcome, worst
from core.control.pulse import ALIVE, ENDED, GONE, STALE, Pulse, Watched
from core.control.stopping import VenueStop
from core.control.venue_record import read_venues
from core.control.watching import STARTING, WATCHING, WORKING, say_state
from core.domain.errors import PerpError, Refused
from core.domain.events import Read, ReadReply
from core.domain.order import Report, Request
from core.execution.closing import Touch
from core.guard.private import private_dir, write_synced

if TYPE_CHECKING:
    from core.domain.ports import Clock

POLL_S = 0.5
READ_AGAIN_S = 1.0
WHY = {
    GONE: "the core is gone and did not end cleanly",
    STALE: "the core gives no sign of life",
}


class _Guarded:
    """A `PanicVenue` that answers nothing any more once the core is back: its orders are its own again."""

    def __init__(self, account: CancelAccount, back: threading.Event) -> None:
        self._account, self._back = account, back
        self.name, self.symbols, self.grids, self.q_ns = account.name, account.symbols, account.grids, account.q_ns
        self.patience_s: float | None = None  # it never gives up by itself

    def read(self, read: Read) -> ReadReply:
        if self._back.is_set():
            return ReadReply(read.what, read.nonce, self._account.clock.now(), error="the core is back")
        return self._account.read(read)

    def send(self, requests: Sequence[Request]) -> Sequence[Report]:
        return () if self._back.is_set() else self._account.send(requests)

    def touch(self) -> Sequence[Touch]:
        return ()

    def close(self) -> None:
        self._account.close()


class Watchdog:
    """`run()` until it is not needed any more; its exit code. say(text): one line for the log."""

    def __init__(
        self,
        state_dir: Path,
        reports: Path,
        core: Watched,
        accounts: Sequence[CancelAccount],
        clock: Clock,
        say: Callable[[str], None],
        stale_s: float,
    ) -> None:
        if any(isinstance(account, LiveAccount) for account in accounts):
            raise Refused("Expected accounts that only cancel, was one that can close positions")
        self._state_dir, self._reports, self._core = state_dir, reports, core
        self._accounts, self._clock, self._say, self._stale_s = tuple(accounts), clock, say, stale_s
        self._pulse = Pulse(state_dir, core, clock, stale_s, POLL_S)
        self._pause = threading.Event()
        self._told = False  # of this silence
        self._watched = self._accounts

    def run(self) -> int:
        """0 when it was not needed or not any more, else the code of the stop that it made."""
        try:
            self._note(STARTING)
            if not self._read_once():
                return AUTH_FAILED
            self._note(WATCHING)
            self._say(f"watching pid {self._core.pid}: {', '.join(account.name for account in self._accounts)}")
            return self._watch()
        finally:
            for account in self._accounts:
                account.close()

    def _note(self, phase: str) -> None:
        try:
            say_state(self._state_dir, self._core, phase, tuple(account.name for account in self._accounts))
        except (OSError, PerpError) as error:  # a full disk must not end the watch
            self._say(f"state not written: {error}")

    def _read_once(self) -> bool:
        """Every account has answered one read: before that nobody may rely on us. False where a key is refused."""
        waiting = list(self._accounts)
        nonce = 0
        while waiting:
            nonce += 1
            reply = waiting[0].read(Read("orders", nonce))
            if not reply.error:
                waiting.pop(0)
                continue
            self._say(f"{waiting[0].name}: {reply.error}")
            if reply.error.startswith("auth"):
                return False
            if self._pulse.look() in (GONE, ENDED):
                break  # `_watch` knows what to do about it
            self._pause.wait(READ_AGAIN_S)
        return True

    def _watch(self) -> int:
        while True:
            state = self._pulse.look()
            if state == ENDED:
                self._say("the core ended cleanly")
                return 0
            if state == ALIVE and self._told:
                self._told = False
                self._say("the core is back")
                self._note(WATCHING)
            if state == GONE:
                self._watched = self._not_taken_over()
                if not self._watched:
                    self._say("a core that started since trades these accounts; it has its own watchdog")
                    return 0
            if state in WHY:
                code, hopeless = self._stop(state)
                if hopeless or (state == GONE and code in (ORDERS_ZERO, AUTH_FAILED)):
                    return code
            self._pause.wait(POLL_S)

    def _not_taken_over(self) -> tuple[CancelAccount, ...]:
        """The accounts that no later core has recorded as its own: its orders are not ours to cancel. One that trades
        something else leaves these to us."""
        try:
            epochs = {record.account: record.epoch for record in read_venues(self._state_dir)}
        except (OSError, PerpError):
            return self._watched  # nobody can have taken over what cannot be read
        return tuple(a for a in self._watched if epochs.get(a.record.account, a.record.epoch) == a.record.epoch)

    def _stop(self, state: str) -> tuple[int, bool]:
        """Cancel what is ours at every venue, until two empty reads prove it; early end when a core is back.
        (exit code, no venue takes our key)."""
        self._note(WORKING)
        why = f"{WHY[state]}, for {self._pulse.silent_s:.1f} s"
        evidence = Evidence(self._clock, lambda text: None)
        evidence.stop = {"verb": "halt", "scope": "ours", "who": "watchdog", "reason": why, "pid": self._core.pid}
        if not self._told:
            self._say(f"{why}: cancelling our orders")
        done = self._sweep(state, evidence)
        for account in self._watched:
            missing = Outcome(account.name, UNVERIFIED, "unverified", 0, 0, "no result")
            evidence.outcomes.append(done.get(id(account), missing))
        evidence.code = worst(evidence.outcomes, "halt")
        cancelled = any(step.step == "cancel" for step in evidence.steps)
        if cancelled or not self._told:
            self._write(evidence)
        self._told = True
        return evidence.code, all(outcome.code == AUTH_FAILED for outcome in evidence.outcomes)

    def _sweep(self, state: str, evidence: Evidence) -> dict[int, Outcome]:
        """One thread an account; meanwhile the core is looked at. Outcomes by id of the account."""
        done: dict[int, Outcome] = {}
        back = {id(account): threading.Event() for account in self._watched}
        threads = [
            threading.Thread(target=self._one, args=(account, evidence, back[id(account)], done), daemon=True)
            for account in self._watched
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            now = self._pulse.look()
            returned = now == ENDED or (now == ALIVE and state == STALE)
            kept = [] if returned else [id(a) for a in (self._not_taken_over() if now == GONE else self._watched)]
            for key, event in back.items():
                if key not in kept:
                    event.set()
            self._pause.wait(POLL_S / 5)
        return done

    def _one(self, account: CancelAccount, evidence: Evidence, back: threading.Event, done: dict[int, Outcome]) -> None:
        venue = _Guarded(account, back)
        done[id(account)] = VenueStop(
            venue, "halt", self._clock, evidence.note, scope="ours", give_up=back, reason="watchdog"
        ).run()

    def _write(self, evidence: Evidence) -> None:
        """One JSON file and one line; neither may hold the watch up."""
        name = f"watchdog-{stamp(self._clock.now())}-{self._clock.now() % 1_000_000_000:09d}.json"
        path = self._reports / name
        try:
            private_dir(self._reports)
            write_synced(path, msgspec.json.encode({**evidence.body(), "report": str(path)}))
            where = str(path)
        except (OSError, PerpError) as error:
            where = f"evidence not written: {error}"
        found = "; ".join(f"{o.venue}: {o.text}, {o.orders_left} orders left" for o in evidence.outcomes)
        self._say(f"{evidence.code} {found}; {where}")
