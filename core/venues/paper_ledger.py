"""The paper venue's own ledger file: orders, fills, positions, balances, marks. The venue's truth across restarts.

Append-only frames (paper_frames.py), compacted on open; all accounts stand in one file, so that one frame holds what
one instant did to any of them. It stands still while no process runs; `close_offline` serves `panic` and `position`
without a console. The caller holds the single-instance lock.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.domain.errors import Refused
from core.domain.events import HeldPosition, OpenOrder
from core.domain.instrument import Instrument
from core.domain.order import ACCEPTED, AMENDED, CANCELED, EXPIRED, FILLED, Report
from core.domain.units import BUY, SELL, sign_of
from core.exchange.accounts import book_fill, equity_of
from core.exchange.blocks import Account
from core.models.fees import fee_at
from core.venues.paper_frames import SCHEMA, Appender, Frame, read, write
from core.venues.paper_rows import Listed, Resting, listed
from core.venues.paper_wallets import Seating, State, fresh_state, put_state, reseated, state_of

NAME = "paper.ledger"
TRADES = 4096  # fills, funding and transfers kept for reads
IDS = 4096  # client ids kept against a second create
COMPACT_BYTES = 32 << 20


class PaperLedger:
    """One open ledger file. `notes` says what was found or done at open (torn tail, migration, a fresh account).

    `owners[i]` is the account of instrument i (default: one has all; without instruments: as the file says); `equity`
    what a new account begins with, 1e-8 quote, of each or one value an account. `accounts[k].s` holds instrument i at
    `seating.places[i]`. Raises Refused for a foreign or newer file and for instruments that changed under open orders
    or positions.
    """

    def __init__(
        self,
        state_dir: Path,
        instruments: Sequence[Instrument] = (),
        equity: int | Sequence[int] = 0,
        fresh: bool = False,
        owners: Sequence[int] = (),
    ) -> None:
        self.path = state_dir / NAME
        self.notes: list[str] = []
        self.instruments: list[Listed] = []
        self.seating = Seating.of(())
        self.accounts: list[Account] = []
        self.orders: dict[tuple[int, int], Resting] = {}  # by instrument and venue id, in order of priority
        self.trades: deque[Report] = deque(maxlen=TRADES)
        self.ids: deque[int] = deque(maxlen=IDS)
        self.spread: list[int] = []  # ask - bid at the last frame, ticks
        self.now = 0
        self._asleep: dict[str, State] = {}
        self._file: Appender | None = None
        if fresh and self.path.exists():
            old = self.path.with_name(NAME + ".old")
            os.replace(self.path, old)
            self.notes.append(f"paper ledger: a new account; the last one is kept as {old.name}")
        frames: list[Frame] = []
        if self.path.exists():
            frames, notes = read(self.path)
            self.notes += notes
        self.restored = bool(frames)
        if not frames and not instruments:
            raise Refused(f"Expected a paper account in {self.path}, was none")
        for frame in frames:
            self._replay(frame)
        if instruments:
            seating = Seating.of([x.venue for x in instruments], owners)
            balances = [equity] * seating.n if isinstance(equity, int) else list(equity)
            if len(balances) != seating.n:
                raise ValueError(f"Expected {seating.n} start balances, was {len(balances)}")
            self._match([listed(x) for x in instruments], seating, balances)
        self._compact()

    @classmethod
    def exists(cls, state_dir: Path) -> bool:
        """Whether there is a paper account in this state dir."""
        return (state_dir / NAME).exists()

    @property
    def account(self) -> Account:
        """The first account: the only one unless `owners` said otherwise."""
        return self.accounts[0]

    def mark(self, instrument: int) -> int:
        """Last mark in ticks, 0 = none."""
        place = self.seating.places[instrument]
        return int(self.accounts[self.seating.owners[instrument]].s.mark[place])

    def _replay(self, frame: Frame) -> None:
        kind = frame["t"]
        if kind == "header":
            self._seat(msgspec.convert(frame["instruments"], list[Listed]), [int(owner) for owner in frame["owners"]])
            return
        if kind == "checkpoint":
            rows = msgspec.convert(frame["orders"], list[Resting])
            self.orders = {(r.instrument, r.venue_id): r for r in rows}
            self.trades.extend(msgspec.convert(frame["trades"], list[Report]))
            self.ids.extend(frame["ids"])
            self._asleep = dict(frame["asleep"])
        for instrument, change in frame.get("changes", ()):
            self._apply(instrument, tuple(change))
        self._set_states(frame)

    def _seat(self, instruments: list[Listed], owners: Sequence[int]) -> None:
        self.instruments, self.seating = instruments, Seating.of([x.venue for x in instruments], owners)
        self.accounts = [Account(n=self.seating.owners.count(k)) for k in range(self.seating.n)]
        for x, owner, place in zip(instruments, self.seating.owners, self.seating.places, strict=True):
            self.accounts[owner].s.unit[place] = x.unit

    def _set_states(self, frame: Frame) -> None:
        for account, state in zip(self.accounts, frame["states"], strict=True):
            put_state(account, state)
        self.spread, self.now = list(frame["spread"]), frame["now"]

    def _apply(self, instrument: int, change: tuple[int, ...]) -> None:
        kind, _, cl, venue, side, px, qty, left, trade = change[:9]
        key = instrument, venue
        if kind == ACCEPTED:
            self.ids.append(cl)
            self.orders[key] = Resting(instrument, cl, venue, side, px, qty, left, change[13], change[14])
        elif kind in (CANCELED, EXPIRED) or (kind == FILLED and left == 0):
            self.orders.pop(key, None)
        elif kind == FILLED and key in self.orders:
            self.orders[key].left = left
        elif kind == AMENDED and key in self.orders:
            order = self.orders[key]
            if px != order.px or left > order.left:  # back of the queue: the dict keeps the order of priority
                self.orders[key] = self.orders.pop(key)
            order.px, order.qty, order.left = px, qty, left
        if trade:
            self.trades.append(Report(instrument, *change[:13]))

    def _match(self, wanted: list[Listed], seating: Seating, balances: list[int]) -> None:
        """Re-index by the instruments and accounts of this run; what still holds something must be among them."""
        places = {(x.venue, x.symbol): i for i, x in enumerate(wanted)}
        spread, to, held = [0] * len(wanted), {}, set()
        resting = {order.instrument for order in self.orders.values()}
        holding = {position.instrument for position in self.positions()}
        for i, x in enumerate(self.instruments):
            place = places.get((x.venue, x.symbol))
            if i in resting | holding:
                held.add(i)
                if place is None or wanted[place].unit != x.unit:
                    raise Refused(
                        f"Expected {x.venue} {x.symbol} as in the paper account, which holds a position or orders in "
                        "it; add it to the config, flatten it with panic, or start with --fresh"
                    )
            if place is None:
                continue
            to[i] = place
            spread[place] = self.spread[i] if i < len(self.spread) else 0
        if self.restored:
            states = [state_of(account) for account in self.accounts]
            now, self._asleep, notes = reseated(self.seating, states, self._asleep, seating, to, held, balances)
            self.notes += notes
        else:
            now = [fresh_state(balance, seating.owners.count(k)) for k, balance in enumerate(balances)]
        for order in self.orders.values():
            order.instrument = to[order.instrument]
        self.orders = {(order.instrument, order.venue_id): order for order in self.orders.values()}
        self.trades = deque(
            (msgspec.structs.replace(t, instrument=to[t.instrument]) for t in self.trades if t.instrument in to),
            maxlen=TRADES,
        )
        self._seat(wanted, seating.owners)
        self._set_states({"states": now, "spread": spread, "now": self.now})

    def _compact(self) -> None:
        if self._file is not None:
            self._file.close()
        header: Frame = {
            "t": "header", "schema": SCHEMA, "instruments": self.instruments, "owners": self.seating.owners
        }  # fmt: skip
        checkpoint: Frame = {
            "t": "checkpoint",
            "orders": list(self.orders.values()),
            "trades": list(self.trades),
            "ids": list(self.ids),
            "states": [state_of(account) for account in self.accounts],
            "asleep": self._asleep,
            "spread": self.spread,
            "now": self.now,
        }
        write(self.path, [header, checkpoint])
        self._file = Appender(self.path)

    def record(
        self,
        now: int,
        changes: Sequence[tuple[int, tuple[int, ...]]],
        accounts: Account | Sequence[Account],
        spread: Sequence[int],
    ) -> None:
        """Append the exchange's changes (instrument, change) and the accounts after them as one frame."""
        states = [state_of(a) for a in ([accounts] if isinstance(accounts, Account) else accounts)]
        frame: Frame = {"t": "frame", "changes": changes, "states": states, "spread": list(spread), "now": now}
        if self._file is None:
            raise Refused("Expected an open paper ledger, was a closed one")
        self._file.append(frame)
        for instrument, change in changes:
            self._apply(instrument, change)
        self._set_states(frame)
        if self._file.size > COMPACT_BYTES:
            self._compact()

    def open_orders(self) -> tuple[OpenOrder, ...]:
        """Live orders of all accounts, by instrument and venue id."""
        rows = sorted(self.orders.values(), key=lambda r: (r.instrument, r.venue_id))
        return tuple(OpenOrder(r.instrument, r.cl_id, r.venue_id, r.side, r.px, r.left, r.flags) for r in rows)

    def positions(self) -> tuple[HeldPosition, ...]:
        """Positions of all accounts that are not zero (no liquidation price: tiers are the config's)."""
        found = []
        for i, (owner, place) in enumerate(zip(self.seating.owners, self.seating.places, strict=True)):
            a = self.accounts[owner].s
            if a.pos[place] != 0:
                found.append(HeldPosition(i, a.pos[place], a.cost[place], 0))
        return tuple(found)

    def equity(self, account: int = 0) -> int:
        """Wallet and unrealised PnL at the last marks, 1e-8 quote."""
        return equity_of(self.accounts[account].s)

    def cancel(self, gone: Sequence[Resting]) -> tuple[Report, ...]:
        """Cancel these resting orders. Only while no console runs."""
        changes = [
            (r.instrument, (CANCELED, self.now, r.cl_id, r.venue_id, r.side, r.px, r.qty, r.left, *(0,) * 7))
            for r in gone
        ]
        if changes:
            self.record(self.now, changes, self.accounts, self.spread)
        return tuple(Report(i, *change[:13]) for i, change in changes)

    def cancel_offline(self, instrument: int = -1) -> int:
        """Cancel every resting order (of one instrument); returns how many. Only while no console runs."""
        return len(self.cancel([r for r in self.orders.values() if instrument in (-1, r.instrument)]))

    def close_offline(self, instrument: int = -1) -> tuple[Report, ...]:
        """Cancel orders, then close positions (of one instrument) at the last mark minus half the spread and taker fee.

        Raises Refused where a position has no last mark. Returns the closing fills.
        """
        self.cancel_offline(instrument)
        changes: list[tuple[int, tuple[int, ...]]] = []
        due = [held for held in self.positions() if instrument in (-1, held.instrument)]
        for held in due:
            if self.mark(held.instrument) <= 0:
                raise Refused(
                    f"Expected a last mark of {self.instruments[held.instrument].symbol} to close at, was none"
                )
        for held in due:
            i, size = held.instrument, abs(held.pos)
            x, a = self.instruments[i], self.accounts[self.seating.owners[i]].s
            side = SELL if held.pos > 0 else BUY
            half = -(-self.spread[i] // 2) if i < len(self.spread) else 0
            px = max(1, self.mark(i) + sign_of(side) * half)
            fee = fee_at(size * px * x.unit, x.taker_fee_ppm, x.referral_ppm)
            book_fill(a, self.seating.places[i], size * sign_of(side), px, fee)
            a.next_trade += 1
            changes.append((i, (FILLED, self.now, 0, 0, side, px, size, 0, a.next_trade, fee, 0, 0, 0, 0, 0)))
        if changes:
            self.record(self.now, changes, self.accounts, self.spread)
        return tuple(Report(i, *change[:13]) for i, change in changes)

    def close(self) -> None:
        """Sync and close the file; nothing can be recorded afterwards."""
        if self._file is not None:
            self._file.close()
            self._file = None
