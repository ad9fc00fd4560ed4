"""The locks and halt latches of all venue accounts of a live core (W1, W6): all are taken or none, a halt holds at all.

Knows no venue and no engine; the caller says what to do about a lock that is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.domain.errors import PerpError
from core.guard.account import AccountGuard
from core.guard.gate import GateFlag

if TYPE_CHECKING:
    from core.domain.ports import Clock


class AccountGuards:
    """`names` as `account_name` makes them, one a venue account."""

    def __init__(self, names: Sequence[str], clock: Clock, any_filesystem: bool = False) -> None:
        self.each = tuple(AccountGuard(name, clock, any_filesystem=any_filesystem) for name in names)

    def take(self) -> None:
        """Raises LockHeld or Refused; then none of them is held."""
        taken: list[AccountGuard] = []
        try:
            for guard in self.each:
                guard.take()
                taken.append(guard)
        except BaseException:
            for guard in reversed(taken):
                guard.release()
            raise

    def release(self) -> None:
        for guard in self.each:
            guard.release()

    def join_stop(self, gate: GateFlag) -> None:
        """A halt of one of the accounts, under whatever state dir, is ours as well. Raises Refused."""
        for guard in self.each:
            stop = guard.latch.read()
            if stop is not None and not gate.closed:
                gate.close(stop.reason, stop.verb, stop.who, stop.scope, stop.stop_id)

    def beat(self, gate: GateFlag) -> list[str]:
        """Once a second: heartbeats, and a closed gate latched at every account. What failed, one text each."""
        failed = []
        for guard in self.each:
            try:
                guard.beat()
                if gate.closed:
                    guard.stopped(gate.stop)
            except (PerpError, OSError) as error:
                failed.append(f"heartbeat or latch of the account: {error}")
        return failed

    def lost(self) -> bool:
        """One of the locks is not ours any more."""
        return not all(guard.lock.still_held() for guard in self.each)

    def rearmed(self, reason: str, who: str, ts: int) -> None:
        """Every latch is cleared, whatever one of them raises; the first fault is raised at the end."""
        first: PerpError | OSError | None = None
        for guard in self.each:
            try:
                guard.rearmed(reason, who, ts)
            except (PerpError, OSError) as error:
                first = first or error
        if first is not None:
            raise first
