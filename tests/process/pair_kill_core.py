"""`perpconsole`, which sends itself SIGKILL at one point of a pair's step: `ROLE MOMENT WORD ...`, words as of it.

ROLE first | second | rollback | none: whose order it is; MOMENT journal | journalled | sent | ack | partial | full. The
hooks look on and kill; of the program nothing is off.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import Sequence
from typing import Any

from core.build.live_core import LiveCore
from core.domain.order import ACCEPTED, CREATE, FILLED, SLOTS, Report, Request
from core.engine.inbox import Inbox
from core.engine.outgoing import Outgoing
from core.execution.pair_saga import words as w
from core.venues.ccxt.venue import CcxtVenue

SENT_S = (0.001, 0.03)  # from the call that sends to the death: signing, on the wire, answered
CELLS = {
    "none": (), "first": (w.OPENING, w.PAIRING), "second": (w.PAIRING, w.S2_LOCKING),
    "rollback": (w.ROLLBACK, w.CUTTING),
}  # fmt: skip


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Hooks:
    """Where the core stands, from its own blocks."""

    def __init__(self, role: str, moment: str) -> None:
        self.role, self.moment = role, moment
        self.saga: Any = None
        self.ledgers: list[Any] = []
        self.leaving: set[int] = set()  # legs of the creates that wait for the disk

    def at(self, leg: int) -> bool:
        """Whether an order of this leg is of the role now."""
        if self.saga is None or self.saga.state not in CELLS[self.role]:
            return False
        return self.role == "rollback" or (leg == self.saga.first) == (self.role == "first")

    def left(self, one: Report) -> int:
        """Lots of the order that our ledger still has open."""
        ledger = self.ledgers[one.instrument] if self.ledgers else None
        slot = one.cl_id % SLOTS
        return int(ledger.left[slot]) if ledger is not None and ledger.cl_id[slot] == one.cl_id else 0

    def install(self) -> None:
        stand, take, sync, send, report = (
            LiveCore._stand, Outgoing.take, LiveCore._sync, CcxtVenue.send, Inbox.report
        )  # fmt: skip

        def stood(core: Any, *words: Any) -> None:
            stand(core, *words)
            seat = core.engine.seats[0]
            self.saga, self.ledgers = seat.saga.s, [post.ledger.s for post in seat.posts]

        def taken(outgoing: Any, requests: Sequence[Request], decided: int) -> None:
            legs = {request.instrument for request in requests if request.kind == CREATE}
            if self.moment == "journal" and any(map(self.at, legs)):
                die()
            self.leaving |= legs
            take(outgoing, requests, decided)

        async def synced(core: Any) -> None:
            await sync(core)
            if self.moment == "journalled" and any(map(self.at, self.leaving)):
                die()
            self.leaving.clear()

        async def sending(venue: Any, request: Request) -> None:
            if self.moment == "sent" and request.kind == CREATE and self.at(request.instrument):
                asyncio.get_running_loop().call_later(random.uniform(*SENT_S), die)
            await send(venue, request)

        def told(inbox: Any, one: Report) -> None:
            fill = "partial" if self.left(one) > one.qty else "full"
            if self.moment == {ACCEPTED: "ack", FILLED: fill}.get(one.kind) and self.at(one.instrument):
                die()
            report(inbox, one)

        for owner, name, hook in (
            (LiveCore, "_stand", stood), (Outgoing, "take", taken), (LiveCore, "_sync", synced),
            (CcxtVenue, "send", sending), (Inbox, "report", told),
        ):  # fmt: skip
            setattr(owner, name, hook)


if __name__ == "__main__":
    from app.__main__ import main

    Hooks(sys.argv[1], sys.argv[2]).install()
    main(sys.argv[3:])
