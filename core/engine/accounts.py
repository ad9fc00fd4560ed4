"""The venue accounts of a core as one: a cross-check for each, clean only when all are.

One account that does not answer keeps the core from trading, never the others from being read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.domain.events import Note, Read, ReadReply
from core.domain.order import Report
from core.domain.units import NS_PER_S
from core.engine.crosscheck import CrossCheck
from core.engine.post import Post
from core.engine.timers import TimerQueue

FRESH_NS = 30 * NS_PER_S  # an agreement older than this says nothing of now


class Accounts:
    """`each[k]` is account k; a post names its account."""

    def __init__(self, posts: Sequence[Post], timers: TimerQueue, on_halt: Callable[[str], None], adopts: bool) -> None:
        numbers = range(max(post.account for post in posts) + 1)
        self.each = [CrossCheck([p for p in posts if p.account == k], timers, on_halt, k) for k in numbers]
        for check in self.each:
            check.adopts = adopts

    def ask(self, now: int, reads: list[Read]) -> None:
        """A round of reads at every account."""
        for check in self.each:
            check.ask(now, reads)

    def due(self, names: Sequence[str], now: int, reads: list[Read]) -> None:
        """Those whose timer fired."""
        for check in self.each:
            if check.timer in names:
                check.due(now, reads)

    def doubted(self, instrument: int, now: int) -> None:
        """Nobody knows the fate of an order there: its account is read as soon as that can tell."""
        for check in self.each:
            if any(post.place == instrument for post in check.posts):
                check.soon(now)

    def answered(self, reply: ReadReply, now: int) -> tuple[list[Note], list[Report]]:
        """As `CrossCheck.answered`, at the account that the reply names."""
        return self.each[reply.account].answered(reply, now)

    @property
    def clean(self) -> bool:
        return all(check.clean for check in self.each)

    @property
    def why(self) -> str:
        """Of the first account that is not reconciled; "" when all are."""
        return next((check.why for check in self.each if not check.clean), self.each[0].why)

    def agreed(self, now: int) -> bool:
        """Every account was read and agreed with ours a moment ago; `trouble` says what is in the way."""
        return all(check.clean and not check.why and now - check.last_ok <= FRESH_NS for check in self.each)

    @property
    def trouble(self) -> str:
        """The first account's that has one; else how long no answer has come."""
        known = next((check.why for check in self.each if check.why), "")
        return known or "no answer of the venue for 30 s"

    @property
    def rounds(self) -> int:
        return sum(check.rounds for check in self.each)

    @property
    def last_ok(self) -> int:
        """When the account that was last in agreement longest ago was."""
        return min(check.last_ok for check in self.each)

    @property
    def holds_reports(self) -> bool:
        return any(check.holds_reports for check in self.each)

    @property
    def balance(self) -> int | None:
        """All wallets, 1e-8 quote; None while one is unknown."""
        return _sum([check.balance for check in self.each])

    @property
    def adopted_balance(self) -> int | None:
        """The same at the adoption of simulated accounts."""
        return _sum([check.adopted_balance for check in self.each])

    @property
    def foreign_orders(self) -> int:
        return sum(check.foreign_orders for check in self.each)

    @property
    def foreign_positions(self) -> int:
        return sum(check.foreign_positions for check in self.each)


def _sum(parts: Sequence[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
