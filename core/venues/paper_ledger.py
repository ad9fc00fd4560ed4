"""The paper venue's own ledger file: orders, fills, positions, balance, marks. The venue's truth across restarts.

Append-only frames (paper_frames.py), compacted on open. It stands still while no process runs; `close_offline` serves
`panic` and `position` without a console. The caller holds the single-instance lock.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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

NAME = "paper.ledger"
TRADES = 4096  # fills, funding and transfers kept for reads
IDS = 4096  # client ids kept against a second create
COMPACT_BYTES = 32 << 20
PER_INSTRUMENT = ("pos", "cost", "mark", "iso", "realised_of", "fees_of", "funding_of")
TOTALS = ("wallet", "start", "transfers", "realised", "fees", "funding", "next_trade", "next_venue")


class Listed(msgspec.Struct, frozen=True, array_like=True):
    """What the ledger must know of an instrument to list and close without a config."""

    venue: str
    symbol: str
    unit: int
    taker_fee_ppm: int
    referral_ppm: int
    tick: float
    lot: float


class Resting(msgspec.Struct, array_like=True):
    """One live order. `instrument` indexes the ledger's own list."""

    instrument: int
    cl_id: int
    venue_id: int
    side: int
    px: int
    qty: int
    left: int
    tif: int
    flags: int


def listed(instrument: Instrument) -> Listed:
    """The ledger's view of an instrument."""
    x = instrument
    return Listed(x.venue, x.symbol, x.unit, x.taker_fee_ppm, x.referral_ppm, x.tick, x.lot)


def state_of(account: Account) -> dict[str, Any]:
    """Money and positions of an account as plain values."""
    a = account.s
    state: dict[str, Any] = {name: getattr(a, name) for name in TOTALS}
    for name in PER_INSTRUMENT:
        state[name] = list(getattr(a, name)[: a.n])
    return state


class PaperLedger:
    """One open ledger file. `notes` says what was found or done at open (torn tail, migration, a fresh account).

    Raises Refused for a foreign or newer file and for instruments that changed under open orders or positions.
    """

    def __init__(
        self, state_dir: Path, instruments: Sequence[Instrument] = (), equity: int = 0, fresh: bool = False
    ) -> None:
        self.path = state_dir / NAME
        self.notes: list[str] = []
        self.instruments: list[Listed] = []
        self.orders: dict[int, Resting] = {}
        self.trades: deque[Report] = deque(maxlen=TRADES)
        self.ids: deque[int] = deque(maxlen=IDS)
        self.spread: list[int] = []  # ask - bid at the last frame, ticks
        self.now = 0
        self.account = Account(wallet=equity, start=equity)
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
            self._match([listed(x) for x in instruments])
        self._compact()

    @classmethod
    def exists(cls, state_dir: Path) -> bool:
        """Whether there is a paper account in this state dir."""
        return (state_dir / NAME).exists()

    def _replay(self, frame: Frame) -> None:
        kind = frame["t"]
        if kind == "header":
            self.instruments = msgspec.convert(frame["instruments"], list[Listed])
            return
        if kind == "checkpoint":
            self.orders = {r.venue_id: r for r in msgspec.convert(frame["orders"], list[Resting])}
            self.trades.extend(msgspec.convert(frame["trades"], list[Report]))
            self.ids.extend(frame["ids"])
        for instrument, change in frame.get("changes", ()):
            self._apply(instrument, tuple(change))
        self._set_state(frame)

    def _set_state(self, frame: Frame) -> None:
        state = frame["state"]
        self.account.s.n = len(self.instruments)
        for name in TOTALS:
            setattr(self.account.s, name, state[name])
        for name in PER_INSTRUMENT:
            for i, value in enumerate(state[name]):
                getattr(self.account.s, name)[i] = value
        for i, x in enumerate(self.instruments):
            self.account.s.unit[i] = x.unit
        self.spread, self.now = list(frame["spread"]), frame["now"]

    def _apply(self, instrument: int, change: tuple[int, ...]) -> None:
        kind, _, cl, venue, side, px, qty, left, trade = change[:9]
        if kind == ACCEPTED:
            self.ids.append(cl)
            self.orders[venue] = Resting(instrument, cl, venue, side, px, qty, left, change[13], change[14])
        elif kind in (CANCELED, EXPIRED) or (kind == FILLED and left == 0):
            self.orders.pop(venue, None)
        elif kind == FILLED and venue in self.orders:
            self.orders[venue].left = left
        elif kind == AMENDED and venue in self.orders:
            order = self.orders[venue]
            if px != order.px or left > order.left:  # back of the queue: the dict keeps the order of priority
                self.orders[venue] = self.orders.pop(venue)
            order.px, order.qty, order.left = px, qty, left
        if trade:
            self.trades.append(Report(instrument, *change[:13]))

    def _match(self, wanted: list[Listed]) -> None:
        """Re-index by the instruments of this run; what still holds something must be among them, unchanged."""
        places = {(x.venue, x.symbol): i for i, x in enumerate(wanted)}
        old, state = self.instruments, state_of(self.account)
        moved = {name: [0] * len(wanted) for name in PER_INSTRUMENT}
        spread, to = [0] * len(wanted), {}
        for i, x in enumerate(old):
            holds = state["pos"][i] != 0 or any(order.instrument == i for order in self.orders.values())
            place = places.get((x.venue, x.symbol))
            if holds and (place is None or wanted[place].unit != x.unit):
                raise Refused(
                    f"Expected {x.venue} {x.symbol} as in the paper account, which holds a position or orders in it; "
                    "add it to the config, flatten it with panic, or start with --fresh"
                )
            if place is None:
                continue
            to[i] = place
            for name in PER_INSTRUMENT:
                moved[name][place] = state[name][i]
            spread[place] = self.spread[i] if i < len(self.spread) else 0
        for order in self.orders.values():
            order.instrument = to[order.instrument]
        self.trades = deque(
            (msgspec.structs.replace(t, instrument=to[t.instrument]) for t in self.trades if t.instrument in to),
            maxlen=TRADES,
        )
        self.instruments = wanted
        self._set_state({"state": state | moved, "spread": spread, "now": self.now})

    def _compact(self) -> None:
        if self._file is not None:
            self._file.close()
        header: Frame = {"t": "header", "schema": SCHEMA, "instruments": self.instruments}
        checkpoint: Frame = {
            "t": "checkpoint",
            "orders": list(self.orders.values()),
            "trades": list(self.trades),
            "ids": list(self.ids),
            "state": state_of(self.account),
            "spread": self.spread,
            "now": self.now,
        }
        write(self.path, [header, checkpoint])
        self._file = Appender(self.path)

    def record(
        self, now: int, changes: Sequence[tuple[int, tuple[int, ...]]], account: Account, spread: Sequence[int]
    ) -> None:
        """Append the exchange's changes (instrument, change) and the account after them as one frame."""
        frame: Frame = {
            "t": "frame", "changes": changes, "state": state_of(account), "spread": list(spread), "now": now
        }  # fmt: skip
        if self._file is None:
            raise Refused("Expected an open paper ledger, was a closed one")
        self._file.append(frame)
        for instrument, change in changes:
            self._apply(instrument, change)
        self._set_state(frame)
        if self._file.size > COMPACT_BYTES:
            self._compact()

    def open_orders(self) -> tuple[OpenOrder, ...]:
        """Live orders, by instrument and venue id."""
        rows = sorted(self.orders.values(), key=lambda r: (r.instrument, r.venue_id))
        return tuple(OpenOrder(r.instrument, r.cl_id, r.venue_id, r.side, r.px, r.left, r.flags) for r in rows)

    def positions(self) -> tuple[HeldPosition, ...]:
        """Positions that are not zero (no liquidation price: tiers are the config's)."""
        a = self.account.s
        return tuple(HeldPosition(i, a.pos[i], a.cost[i], 0) for i in range(a.n) if a.pos[i] != 0)

    def equity(self) -> int:
        """Wallet and unrealised PnL at the last marks, 1e-8 quote."""
        return equity_of(self.account.s)

    def cancel_offline(self, instrument: int = -1) -> int:
        """Cancel every resting order (of one instrument); returns how many. Only while no console runs."""
        gone = [r for r in self.orders.values() if instrument in (-1, r.instrument)]
        changes = [
            (r.instrument, (CANCELED, self.now, r.cl_id, r.venue_id, r.side, r.px, r.qty, r.left, *(0,) * 7))
            for r in gone
        ]
        if changes:
            self.record(self.now, changes, self.account, self.spread)
        return len(gone)

    def close_offline(self, instrument: int = -1) -> tuple[Report, ...]:
        """Cancel orders, then close positions (of one instrument) at the last mark minus half the spread and taker fee.

        Raises Refused where a position has no last mark. Returns the closing fills.
        """
        self.cancel_offline(instrument)
        a = self.account.s
        changes: list[tuple[int, tuple[int, ...]]] = []
        due = [i for i in range(a.n) if a.pos[i] != 0 and instrument in (-1, i)]
        for i in due:
            if a.mark[i] <= 0:
                raise Refused(f"Expected a last mark of {self.instruments[i].symbol} to close at, was none")
        for i in due:
            x, size = self.instruments[i], abs(a.pos[i])
            side = SELL if a.pos[i] > 0 else BUY
            half = -(-self.spread[i] // 2) if i < len(self.spread) else 0
            px = max(1, a.mark[i] + sign_of(side) * half)
            fee = fee_at(size * px * x.unit, x.taker_fee_ppm, x.referral_ppm)
            book_fill(a, i, size * sign_of(side), px, fee)
            a.next_trade += 1
            changes.append((i, (FILLED, self.now, 0, 0, side, px, size, 0, a.next_trade, fee, 0, 0, 0, 0, 0)))
        if changes:
            self.record(self.now, changes, self.account, self.spread)
        return tuple(Report(i, *change[:13]) for i, change in changes)

    def close(self) -> None:
        """Sync and close the file; nothing can be recorded afterwards."""
        if self._file is not None:
            self._file.close()
            self._file = None
