"""What must hold of a live core, judged by the venue's own books and not by what the core believes."""

from __future__ import annotations

from core.domain.events import Step
from core.domain.order import CANCEL, CREATE, FREE, RESTING_REJECT, SLOTS, STOP, Request
from core.venues.wire.behind import Public
from core.venues.wire.orders import Changed
from tests.simulation.live_rig import LiveRig


class Oracle:
    """Watches a run from its start; `settled()` compares both ledgers after the faults have ended."""

    def __init__(self, rig: LiveRig) -> None:
        self.rig = rig
        self.cap_lots = round(rig.loaded.risks[0].net_max / rig.instrument.lot)
        self.worst = 0
        self.halted_at: float | None = None
        self.frame_of: dict[int, int] = {}  # by identity: an order may be amended several times
        self._kept: list[Request] = []
        self.unsynced: list[int] = []
        self.after_halt: list[int] = []
        rig.exchange.listeners.append(self._venue)
        rig.seen.each = self._step
        rig.venue.on_send = self._sent

    def _venue(self, event: Public | Changed) -> None:
        if isinstance(event, Changed):
            pos = self.rig.exchange.position(0)[0]
            buy, sell = self.rig.exchange.books.worst_lots(0)
            self.worst = max(self.worst, pos + buy, sell - pos)

    def _step(self, step: Step) -> None:
        for request in step.requests:
            self.frame_of[id(request)] = self.rig.journal.frames
            self._kept.append(request)

    def _sent(self, request: Request) -> None:
        if request.kind == CANCEL or request.flags & STOP:
            return
        if self.frame_of.get(id(request), 1 << 60) > self.rig.synced_frames:
            self.unsynced.append(request.cl_id)
        if self.rig.flag.closed:
            self.after_halt.append(request.cl_id)

    def always(self) -> None:
        """Safety: at any time of any run."""
        venue = self.rig.venue
        sent = [r.cl_id for _, r in venue.log.sent if r.kind == CREATE]
        assert len(sent) == len(set(sent)), "R-O1: a create was sent twice"
        arrived = [cl_id for _, cl_id in venue.log.creates]
        assert len(arrived) == len(set(arrived)), "R-O1: one intent became two orders"
        assert not self.unsynced, "R-S1: a create left before its frame was on the disk"
        assert not self.after_halt, "R-E1: new risk left after the gate was closed"
        assert self.worst <= self.cap_lots, f"R-L2: {self.worst} lots at the venue, cap {self.cap_lots}"

    async def agrees(self, seconds: float = 10.0) -> None:
        """`settled`, at the latest after `seconds`: an order that filled while it was cancelled, or that the venue made
        smaller, is UNKNOWN until reads have proved its fate (R + skew + L). Safety is not given any time."""
        until = self.rig.venue.t + seconds
        while self.rig.venue.t < until:
            self.always()
            try:
                self.settled()
            except AssertionError:
                await self.rig.to(self.rig.venue.t + 0.25)
            else:
                return
        self.settled()

    def settled(self) -> None:
        """Liveness: both ledgers agree in every order, fill, fee and lot."""
        self.always()
        ledger, books = self.rig.engine.posts[0].ledger.s, self.rig.exchange.books
        alive = {ledger.cl_id[i] for i in range(SLOTS) if ledger.state[i] not in (FREE, RESTING_REJECT)}
        assert ledger.n_unknown == 0, "R-O1: an order stayed UNKNOWN"
        assert alive == {int(order.client) for order in books.open_of()}, "orders differ"
        assert ledger.pos == self.rig.exchange.position(0)[0], "positions differ"
        assert sum(ledger.n_fills) == len(books.trades), "R-O2: fills differ"
        assert ledger.fees == sum(trade.fee for trade in books.trades), "fees differ"
        assert ledger.funding == sum(p.amount for p in books.payments), "funding differs"
        cash = self.rig.engine.equity_start + ledger.realised - ledger.cost - ledger.fees + ledger.funding
        assert cash == self.rig.exchange.exchange.balance() - self.rig.exchange.position(0)[1], "cash differs"
