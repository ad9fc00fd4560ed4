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
from core.venues.paper_ledger import PaperLedger
from core.venues.paper_wallets import put_state, state_of
from core.venues.simulated import read_of

KEPT = (ACCEPTED, AMENDED, CANCELED, EXPIRED, FILLED)
READS = ("orders", "positions", "trades", "balance")


class PaperVenue:
    """`SimExchange` with a memory. `notes` is what the ledger had to say at open.

    `owners[i]` is the account of instrument i (default: one has all); `equity` what a new account begins with, 1e-8
    quote: of each, or one value an account. Raises Refused as `PaperLedger` does, ValueError as `SimExchange` does,
    OSError where the file cannot be written.
    """

    def __init__(
        self,
        state_dir: Path,
        instruments: Sequence[Instrument],
        equity: int | Sequence[int],
        seed: int,
        kernels: Kernels,
        queue_model: QueueModel | None = None,
        fresh: bool = False,
        owners: Sequence[int] = (),
    ) -> None:
        one = equity if isinstance(equity, int) else equity[0]
        self.exchange = SimExchange(instruments, one, seed, kernels, queue_model, owners=owners or None)
        self.ledger = PaperLedger(state_dir, instruments, equity, fresh, self.exchange.owners)
        self.notes = self.ledger.notes
        self._last = 0  # time of the last frame
        for account, kept in zip(self.exchange.accounts, self.ledger.accounts, strict=True):
            put_state(account, state_of(kept))
        if self.ledger.restored:
            self._restore()
        for market in self.exchange.markets:
            market.s.v_keep = 1

    def _restore(self) -> None:
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
            owner, place = self.exchange.owners[r.instrument], self.exchange.places[r.instrument]
            count_open(m, self.exchange.accounts[owner].s, place, slot, r.left)
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
        held = now - self._last >= NS_PER_S and any(any(account.s.pos) for account in self.exchange.accounts)
        if changes or held:
            self.ledger.record(now, changes, self.exchange.accounts, self._spreads())
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
        """Answer a read from the account that it names: orders | positions | trades (id > since) | balance."""
        self._sync()
        what, nonce, account = read.what, read.nonce, read.account
        if what not in READS:
            error = f"Expected {', '.join(READS)}, was {what}"
            return ReadReply(what, nonce, now, error=error, account=account)
        if not 0 <= account < len(self.exchange.accounts):
            error = f"Expected an account below {len(self.exchange.accounts)}, was {account}"
            return ReadReply(what, nonce, now, error=error, account=account)
        if what == "trades":
            return ReadReply(what, nonce, now, trades=self.trades(read.since, account), account=account)
        return read_of(self.exchange, read, now)

    def trades(self, since: int = 0, account: int = 0) -> tuple[Report, ...]:
        """Fills, funding and transfers of an account with trade id > `since`, also of earlier processes."""
        mine = self.exchange.of(account)
        return tuple(t for t in self.ledger.trades if t.trade_id > since and t.instrument in mine)

    def close(self) -> None:
        """Write the last state and close the file."""
        self._sync()
        x = self.exchange
        self.ledger.record(max(m.s.now for m in x.markets) or self.ledger.now, [], x.accounts, self._spreads())
        self.ledger.close()
