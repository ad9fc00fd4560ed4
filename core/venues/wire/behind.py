"""The exchange behind the wire: the simulated exchange run by the wall clock, its market, and the books of its orders.

Speaks ticks, lots and ns of the venue; dialects turn these into their text. Requests act at the instant of the call:
latency belongs to the network and to the faults in front of it. One account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import msgspec
import numpy as np

from core.domain.book import F_BOOK, F_GAP, F_MARK, Feed
from core.domain.errors import Fatal
from core.domain.instrument import Instrument, Latency
from core.domain.order import (
    AMEND,
    AMEND_REJECTED,
    CANCEL,
    CREATE,
    DELEVERAGED,
    FILLED,
    GTC,
    LIMIT,
    LIQUIDATED,
    Report,
    Request,
)
from core.domain.ports import Clock
from core.domain.units import BUY, FAR, NS_PER_S, sign_of
from core.exchange.accounts import book_fill
from core.exchange.blocks import ERROR_NAMES, Account
from core.exchange.exchange import CHANGES, SimExchange
from core.exchange.window import Window
from core.kernel import Kernels
from core.venues.wire.orders import Changed, WireBooks, WireOrder
from core.venues.wire.terms import Shown

CHUNK_NS = 10 * NS_PER_S
AT_ONCE = Latency("constant", 1)
FIELDS = CHANGES[:13]


class Tape(Protocol):
    """The market that the venue shows: any source of core.market."""

    @property
    def instruments(self) -> tuple[Instrument, ...]: ...
    @property
    def start_ns(self) -> int: ...
    def extend(self, i: int, until_ns: int) -> Feed | None: ...


class Public(msgspec.Struct, frozen=True):
    """One public market event. `kind` F_BOOK (px, sz: shape (2, LEVELS)), F_BBO, F_TRADE, F_MARK (values), F_GAP."""

    instrument: int
    kind: int
    ts: int  # ns, venue wall time
    px: np.ndarray | None = None
    sz: np.ndarray | None = None
    values: tuple[int, int, int, int] = (0, 0, 0, 0)


class WireExchange:
    """`listen` hears every public event and every change of the account, in order, as soon as it happened.

    Times that leave this class are wall time of `clock`. Raises Fatal when the simulated exchange reports an error.
    """

    def __init__(
        self, tape: Tape, equity: int, seed: int, kernels: Kernels, clock: Clock, warm_ns: int = 0
    ) -> None:  # fmt: skip
        self.clock, self.tape = clock, tape
        self.instruments = tuple(
            msgspec.structs.replace(x, entry=AT_ONCE, response=AT_ONCE, feed=AT_ONCE) for x in tape.instruments
        )
        self.exchange = SimExchange(self.instruments, equity, seed, kernels)
        self.books = WireBooks()
        self.listeners: list[Callable[[Public | Changed], None]] = []
        self.shift = clock.now() - tape.start_ns - warm_ns  # wall time = tape time + shift; the market is that old
        self.skew_ns = 0  # fault: the clock that clients are shown is off by this
        self.last: dict[tuple[int, int], Public] = {}  # newest public event by (instrument, kind)
        self.shown = [Shown() for _ in self.instruments]  # terms as they are listed
        self._shadow = Account(n=len(self.instruments))
        self._windows: list[Window | None] = [None] * len(self.instruments)
        self._shown = [0] * len(self.instruments)  # rows already told, absolute
        self._taken = [0] * len(self.instruments)  # changes already told
        self._covered = tape.start_ns
        self._number = 0
        self._refusal = 0  # of the amend that is being sent
        self._now = tape.start_ns
        self.ended = False
        for i, market in enumerate(self.exchange.markets):
            market.s.v_keep, market.s.wake_mask = 1, 0
            self._shadow.s.unit[i] = self.instruments[i].unit
        self.catch_up()

    # time --------------------------------------------------------------------------------------------------------

    def now(self) -> int:
        """Wall time of the venue, ns; what `time` endpoints and signature checks use."""
        return self.clock.now() + self.skew_ns

    def catch_up(self) -> None:
        """Run the market and everything in it up to the wall clock; listeners hear what happened."""
        self._run(self.clock.now() - self.shift)

    def _run(self, until: int) -> None:
        until = max(until, self._now + 1)
        while self._covered <= until and not self.ended:
            self._extend()
        while self.exchange.advance(until) not in (0, 1):
            pass
        for market in self.exchange.markets:
            if market.s.err:
                name = ERROR_NAMES.get(market.s.err, str(market.s.err))
                raise Fatal(f"loopback venue: {name} ({market.s.err_a}, {market.s.err_b})")
        self._now = until
        for event in self._news():
            for listener in self.listeners:
                listener(event)

    def _extend(self) -> None:
        target = self._covered + CHUNK_NS
        more = False
        for i in range(len(self.instruments)):
            chunk = self.tape.extend(i, target)
            if chunk is None:
                continue
            more = True
            chunk = chunk._replace(ts_recv=chunk.ts_exch.copy())
            window, market = self._windows[i], self.exchange.markets[i].s
            if window is None:
                window = self._windows[i] = Window(chunk)
                self.exchange.attach(i, chunk)
                continue
            gone = window.extend(chunk, min(self._shown[i] - window.base, market.i_loc))
            self.exchange.attach(i, window.feed, None, market.i_ex - gone, market.i_loc - gone)
        self.ended = not more
        self._covered = FAR if self.ended else target

    # news --------------------------------------------------------------------------------------------------------

    def _news(self) -> Iterator[Public | Changed]:
        found: list[tuple[int, int, int, Public | Changed]] = []
        for i, window in enumerate(self._windows):
            for change in self._changes(i):
                found.append((change.ts, 1, i, change))
            if window is not None:
                for row in range(self._shown[i] - window.base, self.exchange.markets[i].s.i_ex):
                    event = self._public(i, window.feed, row)
                    self.last[i, event.kind] = event
                    found.append((event.ts, 0, i, event))
                self._shown[i] = window.base + self.exchange.markets[i].s.i_ex
        found.sort(key=lambda item: item[:3])
        return iter([item[3] for item in found])

    def _public(self, i: int, feed: Feed, row: int) -> Public:
        kind, at, ts = int(feed.kind[row]), int(feed.row[row]), int(feed.ts_exch[row]) + self.shift
        if kind == F_BOOK:
            return Public(i, kind, ts, feed.book_px[at], feed.book_sz[at])
        if kind == F_GAP:
            return Public(i, kind, ts)
        a, b, c, d = (int(value) for value in feed.small[at])
        if kind == F_MARK and d not in (0, FAR):
            d += self.shift
        return Public(i, kind, ts, values=(a, b, c, d))

    def _changes(self, i: int) -> list[Changed]:
        out = []
        market = self.exchange.markets[i].s
        for row in self.exchange.changes(i, self._taken[i]):
            report = Report(i, *(int(value) for value in row[: len(FIELDS)]))
            if report.kind == AMEND_REJECTED:
                self._refusal = report.code
            realised = 0
            if report.kind in (FILLED, LIQUIDATED, DELEVERAGED):
                lots = report.qty * sign_of(report.side)
                realised = book_fill(self._shadow.s, i, lots, report.px, report.fee)
            changed = self.books.take(msgspec.structs.replace(report, ts=report.ts + self.shift), realised)
            if changed is not None:
                out.append(changed)
        self._taken[i] = market.v_tail
        market.v_head = market.v_tail
        self.exchange.drain(i)  # reports are for a simulated client; ours listen to the changes
        return out

    # requests ----------------------------------------------------------------------------------------------------

    def create(
        self,
        client: str,
        instrument: int,
        side: int,
        px: int,
        qty: int,
        type: int = LIMIT,
        tif: int = GTC,
        flags: int = 0,
    ) -> WireOrder:
        """A new order, acted on before this returns; `status` and `code` say what became of it."""
        self._number += 1
        now = self.clock.now()
        order = WireOrder(self._number, client, instrument, side, px, qty, type, tif, flags, now)
        self.books.new(order)
        self._send(Request(0, instrument, CREATE, order.number, 0, side, px, qty, type, tif, flags, 0))
        return order

    def cancel(self, order: WireOrder) -> bool:
        """True when the order was open and is not any more because of this."""
        if not order.open:
            return False
        self._send(Request(0, order.instrument, CANCEL, 0, order.venue_id, order.side, 0, 0, 0, 0, 0, 0))
        return order.status == "canceled"

    def amend(self, order: WireOrder, px: int, qty: int) -> int:
        """New price and new total size (filled part included); 0 when done, else a reason of core.domain.reasons."""
        self._refusal = 0
        self._send(Request(0, order.instrument, AMEND, 0, order.venue_id, order.side, px, qty, 0, 0, 0, 0))
        return self._refusal

    def _send(self, request: Request) -> None:
        self.catch_up()
        arrival = self.exchange.send(request, self._now)
        self._run(arrival + 2)

    # reads -------------------------------------------------------------------------------------------------------

    def position(self, i: int) -> tuple[int, int]:
        """(lots, signed cost basis in 1e-8 quote)."""
        a = self.exchange.account.s
        return int(a.pos[i]), int(a.cost[i])

    def mark(self, i: int) -> int:
        """Ticks; 0 before the first."""
        return int(self.exchange.account.s.mark[i])

    def top(self, i: int) -> tuple[int, int]:
        """(best bid, best ask) of the exchange's book, ticks; 0 = none."""
        m = self.exchange.markets[i].s
        return int(m.px[BUY][0]), int(m.px[1 - BUY][0])

    def depth(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """The exchange's book without our orders: prices ticks and sizes lots, each (2, LEVELS)."""
        m = self.exchange.markets[i]
        return m.array("px").copy(), m.array("sz").copy()

    def set_leverage(self, i: int, leverage: int) -> None:
        """For positions and orders from now on."""
        self.exchange.account.s.leverage[i] = leverage

    def inject(self, i: int, name: str, values: Sequence[int] = ()) -> bool:
        """A venue-made change by its name in core.exchange.faults."""
        a, b, c = (*values, 0, 0, 0)[:3]
        done = self.exchange.inject(i, name, a, b, c, self._now)
        self._run(self._now + 2)
        return done
