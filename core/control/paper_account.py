"""The paper accounts for `panic` and `position` when no core runs: their ledger file, opened under the lock.

Nothing moves while no process runs, so closing happens at the last mark minus half the spread and the taker fee.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain.errors import Unavailable
from core.domain.events import Read, ReadReply
from core.domain.order import CANCEL, REJECTED, Report, Request
from core.execution.closing import Grid, Touch
from core.guard.lock import InstanceLock, LockHeld
from core.venues.paper_ledger import PaperLedger

if TYPE_CHECKING:
    from core.domain.ports import Clock

MAX_LOTS = 1 << 50
PATIENCE_S = 5.0


class PaperAccount:
    """A `PanicVenue` over all accounts of a ledger file. Use `close()` (or `with`) so that the lock is free again."""

    name = "paper"
    q_ns = 0  # no create can be in flight: the exchange stands still
    patience_s: float | None = PATIENCE_S

    def __init__(self, ledger: PaperLedger, lock: InstanceLock, clock: Clock) -> None:
        self._ledger, self._lock, self._clock = ledger, lock, clock
        several = ledger.seating.n > 1  # one coin at two venues may have one symbol
        self.symbols = tuple(f"{x.venue} {x.symbol}" if several else x.symbol for x in ledger.instruments)
        self.grids = tuple(Grid(n, 1, MAX_LOTS, listed.unit, True) for n, listed in enumerate(ledger.instruments))

    def read(self, read: Read) -> ReadReply:
        """Orders or positions as the ledger has them."""
        now = self._clock.now()
        if read.what == "orders":
            return ReadReply("orders", read.nonce, now, orders=self._ledger.open_orders())
        return ReadReply("positions", read.nonce, now, positions=self._ledger.positions())

    def touch(self) -> Sequence[Touch]:
        """No market runs: none. The stop goes to market at once and gets the ledger's own price."""
        return ()

    def send(self, requests: Sequence[Request]) -> Sequence[Report]:
        """Cancels by venue id; a close takes the whole position of its instrument."""
        reports: list[Report] = []
        doomed = {(request.instrument, request.venue_id) for request in requests if request.kind == CANCEL}
        reports += self._ledger.cancel([order for key, order in self._ledger.orders.items() if key in doomed])
        for request in requests:
            if request.kind == CANCEL:
                continue
            held = any(position.instrument == request.instrument for position in self._ledger.positions())
            if held:
                reports += self._ledger.close_offline(request.instrument)
            else:
                reports.append(Report(request.instrument, REJECTED, self._clock.now(), request.cl_id))
        return reports

    def close(self) -> None:
        """Close the file and give the lock back."""
        self._ledger.close()
        self._lock.release()

    def __enter__(self) -> PaperAccount:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_accounts(state_dir: Path, clock: Clock, role: str, any_filesystem: bool = False) -> list[PaperAccount]:
    """The paper account of a state dir, or nothing if none was ever opened there.

    role: `panic` or `position`, shown to others in the lock's record. Raises Unavailable while a core has it open,
    Refused for a file that is no ledger of ours.
    """
    if not PaperLedger.exists(state_dir):
        return []
    lock = InstanceLock(state_dir, clock, any_filesystem=any_filesystem, role=role)
    try:
        lock.acquire()
    except LockHeld as held:
        raise Unavailable(f"the paper account is open elsewhere: {held}") from held
    try:
        return [PaperAccount(PaperLedger(state_dir), lock, clock)]
    except BaseException:
        lock.release()
        raise
