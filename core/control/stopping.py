"""The small loop that drives `execution.emergency` at one venue for a process that has no engine (`panic`).

Delivers the venue's answers, carries out requests and reads, waits when the table says so. All decisions are in the
table; every fact comes from the venue. Blocking: `panic` runs one a venue, each in a thread of its own.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from core import rng
from core.control.legs import NOBODY, Legs
from core.control.naming import meant, names, several
from core.control.outcome import AUTH_FAILED, GRAVITY, UNVERIFIED, Outcome
from core.domain.errors import PerpError
from core.domain.events import Read, ReadReply
from core.domain.order import Report, Request
from core.domain.units import MONEY
from core.execution.closing import Grid, Touch
from core.execution.emergency import Emergency, Event
from core.execution.stopping import AUTH_FAILED as AUTH
from core.execution.stopping import CLOSE, OK, StopPlan, Tick
from core.execution.stopping import UNVERIFIED as UNVERIFIED_VENUE

if TYPE_CHECKING:
    from core.domain.ports import Clock

IDLE_S = 0.05


class PanicVenue(Protocol):
    """One venue account for a stop. Every method blocks until the venue answered; a refusal is a report, an outage a
    `ReadReply.error` (`auth...`, `banned <until ns>`, or any other text) or a PerpError.

    symbols: by instrument number. q_ns: Q of E4, how much later than the first the second empty read must come.
    patience_s: give up when the venue has not answered for so long; None = never. It may have `foreign` (instrument,
    lots that are not ours), `legs` (core.control.legs), `listed_grids` (of instruments beyond `grids`), `renewed`
    (grids that are other ones by now, with the foreign lots in them), `lives()`
    (whether a venue that was silent answers something cheap) and `read_all(reads)` (several that leave together; such a
    one waits out a short Retry-After by itself) and `unreachable` (how many listed orders nobody can cancel, and their
    words: the stop is not verified then), too.
    """

    name: str
    symbols: tuple[str, ...]
    grids: tuple[Grid, ...]
    q_ns: int
    patience_s: float | None

    def send(self, requests: Sequence[Request]) -> Sequence[Report]: ...
    def read(self, read: Read) -> ReadReply: ...
    def touch(self) -> Sequence[Touch]: ...
    def close(self) -> None: ...


class VenueStop:
    """One run. scope: account | ours; symbol: only this one, empty = all; note(step, text) takes the evidence;
    `give_up` set from outside ends a run whose venue does not answer; `legs`: those of all accounts of the panic."""

    def __init__(
        self,
        venue: PanicVenue,
        verb: str,
        clock: Clock,
        note: Callable[[str, str], None],
        scope: str = "account",
        symbol: str = "",
        give_up: threading.Event | None = None,
        reason: str = "panic",
        legs: Legs | None = None,
    ) -> None:
        self._venue, self._clock, self._note, self._legs = venue, clock, note, legs
        self._symbol, self._give_up = symbol, give_up or threading.Event()
        self._pause = threading.Event()
        now = clock.now()
        foreign = tuple(getattr(venue, "foreign", ()))
        plan = StopPlan("panic", verb, reason, now, scope, venue.q_ns, grids=venue.grids, foreign=foreign)
        draws = rng.stream(os.getpid(), f"panic {venue.name}").random(8)
        self._table = Emergency(plan, tuple(float(draw) for draw in draws))
        self._table.together = hasattr(venue, "read_all")
        self._events: deque[Event] = deque([Tick()])
        self._answered = clock.monotonic()
        self._seen = 0
        self._kept: dict[int, str] = {}
        self._settled = 0
        if legs is not None:
            legs.join(id(venue), getattr(venue, "legs", ()), self._table)

    def run(self) -> Outcome:
        """Until the table is finished, the key is refused, the venue is given up, or all that is left is a leg whose
        other one nobody can close."""
        try:
            return self._run()
        finally:
            if self._legs is not None:
                self._legs.ended(id(self._venue))

    def settle(self, since: int) -> None:
        """From any thread: since then nothing that a core had sent can arrive any more (`Emergency.settle`)."""
        self._settled = since
        self._pause.set()

    def _run(self) -> Outcome:
        table = self._table
        while True:
            wake = self._drain()
            if table.finished() or table.venue.status == AUTH or self._lost() or self._waits_for_nobody():
                return self._outcome()
            left_s = (wake - self._clock.now()) / 1e9 if wake else IDLE_S
            self._pause.wait(min(max(left_s, 0.0), 1.0))
            self._pause.clear()
            if left_s > 1.0 and table.venue.status == UNVERIFIED_VENUE and self._lives():
                table.answered(self._clock.now())
            self._events.append(Tick())

    def _drain(self) -> int:
        """Deliver what is waiting and do what the table wants; ns of its next wish."""
        wake = 0
        while self._events:
            self._keep()
            actions = self._table.on(self._events.popleft(), self._clock.now())
            wake = actions.wake_at
            if actions.requests:
                self._send(actions.requests)
            if actions.reads:
                self._events.extend(self._read(actions.reads))
            self._tell()
        return wake

    def _lives(self) -> bool:
        """Between two readings of a silent venue: is it back?"""
        lives: Callable[[], bool] | None = getattr(self._venue, "lives", None)
        return lives is not None and lives()

    def _keep(self) -> None:
        """Legs that wait for their other one."""
        found = {} if self._legs is None else self._legs.kept(id(self._venue))
        if found != self._kept:
            self._kept = found
            for number, why in found.items():
                self._note("hold", f"{self._venue.name}: {self._symbol_of(number)} is kept: {why}")
        self._table.keep(frozenset(found), self._clock.now())
        if self._settled:
            self._table.settle(self._settled, self._clock.now())

    def _waits_for_nobody(self) -> bool:
        left = self._table.closeout.positions
        return self._table.phase == CLOSE and bool(left) and all(self._kept.get(n) == NOBODY for n in left)

    def _send(self, requests: tuple[Request, ...]) -> None:
        try:
            self._events.extend(self._venue.send(requests))
        except PerpError as error:  # the next read says what became of them
            self._note("send", f"{self._venue.name}: {error}")

    def _read(self, reads: Sequence[Read]) -> list[ReadReply]:
        try:
            together: Callable[[Sequence[Read]], list[ReadReply]] | None = getattr(self._venue, "read_all", None)
            replies = together(reads) if together is not None else [self._venue.read(read) for read in reads]
            if any(reply.what == "positions" and not reply.error for reply in replies):
                self._events.extend(self._venue.touch())  # before the list, which is answered with closes
        except PerpError as error:
            text = str(error) or type(error).__name__
            replies = [ReadReply(read.what, read.nonce, self._clock.now(), error=text) for read in reads]
        if any(not reply.error for reply in replies):
            self._answered = self._clock.monotonic()
            if self._table.scope == "account":  # what no record names is closed on the venue's own grid
                for grid in getattr(self._venue, "listed_grids", ()):
                    self._table.closeout.grids.setdefault(grid.instrument, grid)
            for grid, foreign in getattr(self._venue, "renewed", ()):
                self._table.closeout.grids[grid.instrument] = grid
                self._table.closeout.foreign[grid.instrument] = foreign
        if not self._symbol:
            return replies
        return [
            msgspec.structs.replace(
                reply,
                orders=tuple(order for order in reply.orders if self._meant(order.instrument)),
                positions=tuple(held for held in reply.positions if self._meant(held.instrument)),
            )
            for reply in replies
        ]

    def _meant(self, instrument: int) -> bool:
        symbols = self._venue.symbols
        known = 0 <= instrument < len(symbols)
        return not known or (not self._several() and instrument in meant(symbols, self._symbol))

    def _several(self) -> tuple[str, ...]:
        return several(self._venue.symbols, self._symbol) if self._symbol else ()

    @property
    def named(self) -> bool:
        """The account has an instrument of the name that was asked for, whether something is held there or not."""
        knows: Callable[[str], bool] | None = getattr(self._venue, "knows", None)
        return names(self._venue.symbols, self._symbol) or (knows is not None and knows(self._symbol))

    def _lost(self) -> bool:
        if self._table.venue.status == OK and self._table.verified != "unverified":
            return False
        silent = (self._clock.monotonic() - self._answered) / 1e9
        patience = self._venue.patience_s
        return (self._give_up.is_set() and silent > 0) or (patience is not None and silent > patience)

    def _tell(self) -> None:
        for line in self._table.evidence[self._seen :]:
            self._note(line.what, f"{self._venue.name}: {line.text}")
        self._seen = len(self._table.evidence)

    def _outcome(self) -> Outcome:
        now = self._table.progress()
        code = self._table.exit_code()
        beyond, words = getattr(self._venue, "unreachable", (0, ""))
        if self._symbol:
            beyond, words = 0, ""
        if beyond and GRAVITY.index(code) < GRAVITY.index(UNVERIFIED):
            code = UNVERIFIED
        if doubt := self._several():
            code, words = UNVERIFIED, f"{self._symbol} is more than one, none was touched: {', '.join(doubt)}"
        text = now.state if not now.venue.reason else f"{now.state}; {now.venue.status}: {now.venue.reason}"
        if code == AUTH_FAILED:
            text += "; cancel and close by hand on the venue's own page"
        elif code == UNVERIFIED:
            text += "; not verified, look at the venue's own page"
        if now.dust:
            text += "; dust " + ", ".join(self._dust(number, lots) for number, lots in now.dust)
        if now.foreign_orders or now.foreign_positions:
            text += f"; foreign: {now.foreign_orders} orders, {now.foreign_positions} positions, not touched"
        if now.stops_kept:
            text += f"; stops kept {now.stops_kept}"
        text += "".join(f"; {self._symbol_of(number)} kept: {why}" for number, why in self._kept.items())
        text += f"; {words}" if words else ""
        verified = "unverified" if code in (UNVERIFIED, AUTH_FAILED) else now.verified
        return Outcome(self._venue.name, code, verified, now.orders_left + beyond, now.positions_left, text)

    def _dust(self, instrument: int, lots: int) -> str:
        """`DUST size value` of E7."""
        touch, grid = self._table.closeout.touch.get(instrument), self._table.closeout.grids[instrument]
        value = f"{abs(lots) * touch.ask * grid.unit / MONEY:.2f}" if touch is not None else "not known"
        return f"{self._symbol_of(instrument)} {lots} lots, value {value}"

    def _symbol_of(self, instrument: int) -> str:
        symbols = self._venue.symbols
        return symbols[instrument] if 0 <= instrument < len(symbols) else f"instrument {instrument}"
