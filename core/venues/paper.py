"""The paper venue: the simulated exchange and its ledger file, as one venue. Synchronous, in virtual time.

Changes of the exchange stand in the file before `drain` shows their reports to the engine. At start the exchange is
set up from the file; a resting order then stands at the back of its queue.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.domain.errors import Refused
from core.domain.events import Read, ReadReply
from core.domain.instrument import Instrument
from core.domain.order import ACCEPTED, AMENDED, CANCELED, EXPIRED, FILLED, REDUCE_ONLY, Report, Request
from core.domain.units import BUY, NS_PER_S, SELL
from core.exchange.blocks import ORDERS, SEEN_IDS
from core.exchange.exchange import QueueModel, SimExchange
from core.exchange.matching import count_open, enqueue
from core.kernel import Kernels
from core.venues.paper_ledger import PER_INSTRUMENT, TOTALS, PaperLedger, state_of

KEPT = (ACCEPTED, AMENDED, CANCELED, EXPIRED, FILLED)


class PaperVenue:
    """`SimExchange` with a memory. `notes` is what the ledger had to say at open.

    Raises Refused as `PaperLedger` does, ValueError as `SimExchange` does, OSError where the file cannot be written.
    """

    def __init__(
        self,
        state_dir: Path,
        instruments: Sequence[Instrument],
        equity: int,
        seed: int,
        kernels: Kernels,
        queue_model: QueueModel | None = None,
        fresh: bool = False,
    ) -> None:
        self.exchange = SimExchange(instruments, equity, seed, kernels, queue_model)
        self.ledger = PaperLedger(state_dir, instruments, equity, fresh)
        self.notes = self.ledger.notes
        self._last = 0  # time of the last frame
        if self.ledger.restored:
            self._restore()
        for market in self.exchange.markets:
            market.s.v_keep = 1

    def _restore(self) -> None:
        a, state = self.exchange.account.s, state_of(self.ledger.account)
        for name in TOTALS:
            setattr(a, name, state[name])
        for name in PER_INSTRUMENT:
            for i, value in enumerate(state[name]):
                getattr(a, name)[i] = value
        for cl in self.ledger.ids:
            for market in self.exchange.markets:
                market.s.seen_cl[cl % SEEN_IDS] = cl
        for r in self.ledger.orders.values():
            m = self.exchange.markets[r.instrument].s
            slot = m.n_live
            if slot >= ORDERS:
                raise Refused(f"Expected at most {ORDERS} resting orders an instrument, was more in the paper ledger")
            m.o_live[slot], m.o_cl[slot], m.o_venue[slot], m.o_side[slot] = 1, r.cl_id, r.venue_id, r.side
            m.o_px[slot], m.o_qty[slot], m.o_left[slot] = r.px, r.qty, r.left
            m.o_tif[slot], m.o_flags[slot] = r.tif, r.flags
            m.n_live += 1
            m.n_reduce += 1 if r.flags & REDUCE_ONLY else 0
            count_open(m, a, r.instrument, slot, r.left)
            enqueue(m, slot)

    def _sync(self) -> None:
        """Write what the exchange half changed, and once a second the marks of open positions."""
        changes: list[tuple[int, tuple[int, ...]]] = []
        now = 0
        for i, market in enumerate(self.exchange.markets):
            m = market.s
            now = max(now, m.now)
            if m.v_tail > m.v_head:
                fresh = self.exchange.changes(i, m.v_head)
                changes += [(i, change) for change in fresh if change[0] in KEPT or change[8] > 0]
                m.v_head = m.v_tail
        held = now - self._last >= NS_PER_S and any(self.exchange.account.s.pos)
        if changes or held:
            self.ledger.record(now, changes, self.exchange.account, self._spreads())
            self._last = now

    def _spreads(self) -> list[int]:
        spreads = []
        for i, market in enumerate(self.exchange.markets):
            m = market.s
            both = m.sz[BUY][0] > 0 and m.sz[SELL][0] > 0
            known = self.ledger.spread[i] if i < len(self.ledger.spread) else 0
            spreads.append(max(0, m.px[SELL][0] - m.px[BUY][0]) if both else known)
        return spreads

    def advance(self, horizon: int) -> int:
        """`SimExchange.advance`; the ledger file is written before this returns."""
        why = self.exchange.advance(horizon)
        self._sync()
        return why

    def send(self, request: Request, now: int) -> int:
        """`SimExchange.send`."""
        return self.exchange.send(request, now)

    def drain(self, instrument: int) -> list[Report]:
        """`SimExchange.drain`, after the file holds what they report."""
        self._sync()
        return self.exchange.drain(instrument)

    def inject(self, instrument: int, name: str, a: int = 0, b: int = 0, c: int = 0, now: int = 0) -> bool:
        """`SimExchange.inject`, written at once."""
        done = self.exchange.inject(instrument, name, a, b, c, now)
        self._sync()
        return done

    def read(self, read: Read, now: int) -> ReadReply:
        """Answer a read from the venue's truth: orders | positions | trades (id > since) | balance."""
        x = self.exchange
        self._sync()
        if read.what == "orders":
            return ReadReply("orders", read.nonce, now, orders=x.open_orders())
        if read.what == "positions":
            return ReadReply("positions", read.nonce, now, positions=x.positions())
        if read.what == "trades":
            return ReadReply("trades", read.nonce, now, trades=self.trades(read.since))
        if read.what == "balance":
            return ReadReply("balance", read.nonce, now, balance=x.balance())
        return ReadReply(
            read.what, read.nonce, now, error=f"Expected orders, positions, trades or balance, was {read.what}"
        )

    def trades(self, since: int = 0) -> tuple[Report, ...]:
        """Fills, funding and transfers with trade id > `since`, from the ledger, also of earlier processes."""
        return tuple(t for t in self.ledger.trades if t.trade_id > since)

    def close(self) -> None:
        """Write the last state and close the file."""
        self._sync()
        x = self.exchange
        self.ledger.record(max(m.s.now for m in x.markets) or self.ledger.now, [], x.account, self._spreads())
        self.ledger.close()
