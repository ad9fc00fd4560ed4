"""A venue whose lists of positions lose the row whenever the stop asks: no FLAT over lots that somebody knows of.

Found by seed 1322: both lists of the stop had lost the row, the cross-check's between them had not.
"""

from __future__ import annotations

import msgspec
import pytest

from core.domain.commands import Flatten
from core.domain.events import Read, ReadReply
from core.engine.stopping import NONCE_BASE
from core.execution.closeout import Closeout
from core.execution.emergency import Emergency
from tests.simulation.async_venue import AsyncVenue
from tests.simulation.live_rig import LiveRig

BLIND_S = 2.0  # less than lists may lag


class Holed:
    """The stop's lists of positions have no row: for a while, or twice with answers that fail between them until the
    cross-check has been shown the truth."""

    def __init__(self, kind: str) -> None:
        self.kind, self.on = kind, False
        self.first: float | None = None
        self.shown = False
        self.left = 2

    def of(self, venue: AsyncVenue, asked: Read, reply: ReadReply) -> ReadReply:
        if not self.on or asked.what != "positions" or reply.error:
            return reply
        if asked.nonce < NONCE_BASE:
            self.shown = self.shown or self.first is not None
            return reply
        if self.first is None:
            self.first = venue.t
        if self.kind == "ledger":
            lost = venue.t < self.first + BLIND_S
        elif self.left == 1 and not self.shown:
            return ReadReply(asked.what, asked.nonce, reply.ts, error="429", account=asked.account)
        else:
            lost = self.left > 0
            self.left -= 1
        return msgspec.structs.replace(reply, positions=()) if lost else reply


@pytest.mark.parametrize("denies", ["ledger", "another list"])
def test_no_flat_while_our_own_books_or_another_list_show_lots(monkeypatch: pytest.MonkeyPatch, denies: str) -> None:
    """R-E7, R-B4, R-E8: two lists without a position are not enough where we know better; each witness by itself."""
    holed, read = Holed(denies), AsyncVenue.read

    async def lies(self: AsyncVenue, asked: Read, emergency: bool = False) -> ReadReply:
        return holed.of(self, asked, await read(self, asked, emergency))

    monkeypatch.setattr(AsyncVenue, "read", lies)
    if denies == "ledger":
        monkeypatch.setattr(Closeout, "shown", lambda self, reply, everything: False)
    else:
        monkeypatch.setattr(Emergency, "hold", lambda self, held, now: None)

    async def script(rig: LiveRig) -> None:
        await rig.to(20)
        while not rig.exchange.position(0)[0]:
            await rig.to(rig.venue.t + 0.5)
        holed.on = rig.flag.closed = True
        rig.ask(Flatten(id="f", who="test"))
        until = rig.venue.t + 25
        while rig.engine.state.run != "FLAT" and rig.venue.t < until:
            await rig.to(rig.venue.t + 0.05)
        assert rig.engine.state.run == "FLAT" and rig.exchange.position(0)[0] == 0
        assert holed.first is not None and (holed.shown or denies == "ledger"), "Expected the lists to have lied"

    LiveRig(5).run(script)


def test_a_ledger_that_holds_what_no_list_shows_does_not_hold_up_flat_for_longer_than_lists_lag() -> None:
    """The news of the closes is lost: the lists are right and are believed."""

    async def script(rig: LiveRig) -> None:
        await rig.to(20)
        rig.flag.closed = True
        rig.ask(Flatten(id="f", who="test"))
        while rig.engine.state.run != "FLATTENING":
            await rig.to(rig.venue.t + 0.01)
        rig.engine.posts[0].ledger.s.pos += 50
        begun = rig.venue.t
        while rig.engine.state.run != "FLAT":
            await rig.to(rig.venue.t + 0.05)
            assert rig.venue.t < begun + 5
        assert rig.venue.t > begun + 2.9, "Expected to wait for what lists may lag"
        assert rig.exchange.position(0)[0] == 0

    LiveRig(5).run(script)
