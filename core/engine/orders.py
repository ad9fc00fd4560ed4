"""Whose order is it: routes reports to ledgers, tells each ledger what the others have, takes back what never left.

A client id names its ledger (`cl_id >> OWNER_SHIFT`); closes of an emergency stop and venue-made changes go to the
ledger whose position they reduce.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from core.domain.events import RequestRefused
from core.domain.order import DELEVERAGED, FILLED, FUNDED, LIQUIDATED, SLOTS, Report
from core.domain.units import BUY, SELL, sign_of
from core.engine.post import NUMBER_SHIFT, Post
from core.execution.closeout import is_stop

OWNER_SHIFT = NUMBER_SHIFT + SLOTS.bit_length() - 1


class OrderDesk:
    """Routing over all ledgers of one account."""

    def __init__(self, posts: Sequence[Post]) -> None:
        self.posts = tuple(posts)
        self._at: dict[int, list[Post]] = {}
        for post in posts:
            self._at.setdefault(post.place, []).append(post)
        self._alone = {place: members[0] for place, members in self._at.items() if len(members) == 1}

    def route(self, reports: Iterable[Report]) -> dict[int, list[Report]]:
        """Reports by ledger number, in order. A funding payment of a shared instrument is split by position."""
        out: dict[int, list[Report]] = {}
        for report in reports:
            alone = self._alone.get(report.instrument)
            if alone is not None:
                out.setdefault(alone.number, []).append(report)
            elif report.kind == FUNDED:
                for number, part in self._split(report):
                    out.setdefault(number, []).append(part)
            elif report.kind == FILLED and is_stop(report.cl_id):
                for number, part in self._shared(report):
                    out.setdefault(number, []).append(part)
            else:
                out.setdefault(self._owner(report).number, []).append(report)
        return out

    def _shared(self, report: Report) -> list[tuple[int, Report]]:
        """A stop's close goes to the ledgers whose positions it reduces, the largest first; what is more than all of
        them hold goes to the last one. The fee by size, to the last unit."""
        against = -sign_of(report.side)
        members = sorted(self._at[report.instrument], key=lambda post: (-post.ledger.s.pos * against, post.number))
        reducing = [post for post in members if post.ledger.s.pos * against > 0] or members[:1]
        parts, lots, fee = [], report.qty, report.fee
        for n, post in enumerate(reducing):
            part = lots if n == len(reducing) - 1 else min(lots, abs(post.ledger.s.pos))
            paid = fee if part == lots else report.fee * part // report.qty
            lots, fee = lots - part, fee - paid
            if part:
                parts.append((post.number, msgspec.structs.replace(report, qty=part, fee=paid)))
        return parts

    def _owner(self, report: Report) -> Post:
        number = report.cl_id >> OWNER_SHIFT
        members = self._at[report.instrument]
        if not is_stop(report.cl_id):
            for post in members:
                if post.number == number and report.cl_id:
                    return post
        if report.kind in (FILLED, LIQUIDATED, DELEVERAGED):
            against = -sign_of(report.side)
            return max(members, key=lambda post: (post.ledger.s.pos * against, -post.number))
        return members[0]

    def _split(self, report: Report) -> list[tuple[int, Report]]:
        members = self._at[report.instrument]
        total = sum(post.ledger.s.pos for post in members)
        if total == 0:
            return [(members[0].number, report)]
        parts, left = [], report.amount
        for n, post in enumerate(members):
            share = left if n == len(members) - 1 else report.amount * post.ledger.s.pos // total
            left -= share
            parts.append((post.number, msgspec.structs.replace(report, amount=share)))
        return parts

    def unsent(self, event: RequestRefused) -> None:
        """A request that the wire gate dropped: it never existed at the venue."""
        for post in self._at.get(event.instrument, ()):
            if post.number == event.cl_id >> OWNER_SHIFT:
                post.unsent(event.cl_id, event.kind)

    def share_exposure(self) -> None:
        """Each ledger of a shared instrument learns what the others hold and have in the market."""
        for place, members in self._at.items():
            if place in self._alone:
                continue
            for post in members:
                mine = post.ledger.s
                others = [other.ledger.s for other in members if other is not post]
                mine.other_pos = sum(o.pos for o in others)
                for side in (BUY, SELL):
                    mine.other_lots[side] = sum(o.open_lots[side] for o in others)
                    prices = [o.px[i] for o in others for i in range(SLOTS) if o.left[i] and o.side[i] == side]
                    mine.other_best[side] = 0 if not prices else max(prices) if side == BUY else min(prices)
