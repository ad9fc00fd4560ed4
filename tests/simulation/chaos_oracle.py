"""What must hold of a market maker's core after every event, judged by the venue's own books (RELIABILITY.md 6.6).

(i) venue orders are journaled intents, (ii) one intent is one order, (iii) the core never counts less than the venue
holds, (iv) nothing opens while the gate is closed, (v) limits hold at the venue, (vii) nothing leaves inside a ban.
What the venue did to the account unasked counts once it has been told: nobody counts what nobody heard, and liveness
wants it ten seconds after the faults. A start counts from its first agreement on, with no moment excused; before that
it says "not reconciled" and sends nothing but a stop's closes, which are sized by the venue's own positions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.domain.events import Step
from core.domain.order import ACCEPTED, CANCEL, CREATE, FILLED, FREE, REDUCE_ONLY, RESTING_REJECT, SLOTS, STOP, Request
from core.domain.units import BUY, sign_of
from core.execution.closeout import is_stop
from core.execution.fills import is_seen
from core.venues.wire.behind import Public
from core.venues.wire.orders import Changed, Trade

if TYPE_CHECKING:
    from tests.simulation.chaos_life import Life
    from tests.simulation.chaos_world import World

MOST = 6  # of each promise are kept
EXCUSED_S = 8.0  # after the venue itself moved the position: heard within 6 s (R-B3), then orders above the cap go


class Oracle:
    """`wrong` collects what does not hold: (second, which promise, what)."""

    def __init__(self, world: World) -> None:
        self.world = world
        risk = world.loaded.risks[0]
        self.cap_lots = round(risk.net_max / world.instrument.lot)
        self.single_lots = round(risk.single_max / world.instrument.lot)
        self.wrong: list[tuple[float, str, str]] = []
        self.fatals: list[str] = []
        self.worst = 0
        self.n_checked = 0
        self.after_closed = 0  # requests that a closed gate let through rightly
        self._frame_of: dict[int, tuple[Life, int]] = {}  # by identity: an order may be amended several times
        self._kept: list[Request] = []
        self._intents: set[int] = set()
        self._sent: set[int] = set()
        self._orders: set[int] = set()
        self._untold: list[Trade] = []  # the venue's own doing and a stop's closes, until a ledger has them
        self._venue_moved_t = -EXCUSED_S
        self._early = self._n_trades = 0

    def says(self, promise: str, what: str) -> None:
        if sum(known == promise for _, known, _ in self.wrong) < MOST:
            self.wrong.append((self.world.venue.t, promise, what))

    def fatal(self, why: str) -> None:
        self.fatals.append(why)
        self.says("fatal", why)

    # events ----------------------------------------------------------------------------------------------------------

    def venue(self, event: Public | Changed) -> None:
        """A change of the books."""
        if isinstance(event, Public):
            return
        order = event.order
        if event.kind == ACCEPTED and order is not None:
            client = int(order.client or 0)
            if client not in self._intents:
                self.says("(i)", f"order {client} at the venue was never journaled")
            if client in self._orders:
                self.says("(ii)", f"intent {client} is a second order")
            self._orders.add(client)
            if order.qty > self.single_lots and not order.flags & REDUCE_ONLY:
                self.says("(v)", f"order {client} of {order.qty} lots, limit {self.single_lots}")
        self.look()

    def step(self, life: Life, step: Step) -> None:
        """The core has decided."""
        for request in step.requests:
            self._frame_of[id(request)] = (life, life.journal.frames)
            self._kept.append(request)
            if request.kind == CREATE:
                self._intents.add(request.cl_id)
        self.look()

    def sent(self, request: Request) -> None:
        """Handed to the adapter."""
        life = self.world.life
        if life is None or request.kind == CANCEL:
            return
        if request.kind == CREATE:
            if request.cl_id in self._sent:
                self.says("(ii)", f"create {request.cl_id} was sent twice")
            self._sent.add(request.cl_id)
        if request.flags & STOP:
            self.after_closed += 1
            return
        whose, frame = self._frame_of.get(id(request), (None, 1 << 60))
        if whose is not life or frame > life.synced_frames:
            self.says("(i)", f"request of {request.cl_id} left before its frame was on the disk")
        if life.gate.closed:
            self.says("(iv)", f"request of {request.cl_id} left after the gate was closed")

    # always ----------------------------------------------------------------------------------------------------------

    def _news(self) -> None:
        """Trades that the books have since the last look: a listener hears the first of several after the last."""
        trades = self.world.exchange.books.trades
        for trade in trades[self._n_trades :]:
            if trade.order is None or is_stop(int(trade.order.client or 0)):
                self._untold.append(trade)
                if trade.kind != FILLED:
                    self._venue_moved_t = self.world.venue.t
        self._n_trades = len(trades)

    def look(self) -> None:
        """Exposure and limits, at this instant."""
        self.n_checked += 1
        self._news()
        world = self.world
        books, pos = world.exchange.books, world.exchange.position(0)[0]
        buy = sell = opens_buy = opens_sell = 0
        for order in books.open_of():
            stop = is_stop(int(order.client or 0))
            reduces = bool(order.flags & REDUCE_ONLY)
            if order.side == BUY:
                buy += 0 if stop else order.left
                opens_buy += 0 if reduces else order.left
            else:
                sell += 0 if stop else order.left
                opens_sell += 0 if reduces else order.left
        self.worst = worst = max(pos + opens_buy, opens_sell - pos)
        if worst > self.cap_lots and world.venue.t > self._venue_moved_t + EXCUSED_S:
            self.says("(v)", f"{worst} lots at the venue, cap {self.cap_lots}")
        early = len(world.venue.log.early)
        if early > self._early:
            self._early = early
            self.says("(vii)", "something left inside a Retry-After window")
        life = world.life
        if life is None or not life.engine.check.clean:
            return
        ledger = life.ledger
        if self._untold:
            self._untold = [trade for trade in self._untold if not is_seen(ledger, trade.id)]
            pos -= sum(trade.qty * sign_of(trade.side) for trade in self._untold)
        for name, theirs, ours in (
            ("long", pos + buy, ledger.pos + ledger.open_lots[0]),
            ("short", sell - pos, ledger.open_lots[1] - ledger.pos),
        ):
            if theirs > ours:
                self.says("(iii)", f"{name}: {theirs} lots at the venue, the core counts {ours}")

    # liveness --------------------------------------------------------------------------------------------------------

    def differences(self) -> list[str]:
        """Where the two ledgers differ now; empty = reconciled: every order, fill, fee, payment, lot and unit."""
        life = self.world.life
        if life is None:
            return ["no core"]
        ledger, books, exchange = life.ledger, self.world.exchange.books, self.world.exchange
        said = [] if life.engine.check.clean else [f"not reconciled: {life.engine.check.trouble}"]
        if ledger.n_unknown:
            said.append(f"{ledger.n_unknown} UNKNOWN")
        alive = {int(ledger.cl_id[i]) for i in range(SLOTS) if ledger.state[i] not in (FREE, RESTING_REJECT)}
        open_ = {int(order.client) for order in books.open_of() if not is_stop(int(order.client))}
        if alive != open_:
            said.append(f"orders: ours alone {sorted(alive - open_)}, the venue's alone {sorted(open_ - alive)}")
        fills = [trade for trade in books.trades if trade.id not in life.seen]
        payments = [payment for payment in books.payments if -payment.id not in life.seen]
        cash = -sum(t.qty * t.px * self.world.instrument.unit * sign_of(t.side) for t in fills)
        for what, ours, theirs in (
            ("position", ledger.pos, exchange.position(0)[0]),
            ("fills", sum(ledger.n_fills), len(fills)),
            ("fees", ledger.fees, sum(trade.fee for trade in fills)),
            ("funding", ledger.funding, sum(payment.amount for payment in payments)),
            ("cash", ledger.realised - ledger.cost + life.cost, cash),
        ):
            if ours != theirs:
                said.append(f"{what}: ours {ours}, the venue's {theirs}")
        return said

    def counts(self) -> tuple[int, int]:
        """(duplicated, lost): intents that became several orders; fills that no ledger has at the end."""
        doubled = sum(promise == "(ii)" for _, promise, _ in self.wrong)
        life = self.world.life
        if life is None:
            return doubled, 0
        return doubled, sum(
            t.id not in life.seen and not is_seen(life.ledger, t.id) for t in self.world.exchange.books.trades
        )
