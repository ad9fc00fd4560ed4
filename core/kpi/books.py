"""What measures may read of a running engine. `Books` is for the path of a step, `Desk` for pictures and reports.

Index i is one strategy on one instrument (one `Ledger`). Implementations give live blocks; readers never write them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

import msgspec

from core.domain.book import View
from core.domain.instrument import Instrument
from core.domain.order import Ledger
from core.domain.pair import PairStatus
from core.domain.snapshot import BandRow, LimitRow, Quoter
from core.domain.units import BUY, MONEY, SELL


class Books(Protocol):
    """Cheap reads: references that stay the same objects for the life of the engine."""

    @property
    def count(self) -> int: ...
    def strategy(self, i: int) -> int:
        """Number of the strategy, as in `Request.strategy`."""
        ...

    def place(self, i: int) -> int:
        """Index of the instrument, as in `Report.instrument` and `Slice.instrument`."""
        ...

    def name(self, i: int) -> str: ...
    def instrument(self, i: int) -> Instrument: ...
    def ledger(self, i: int) -> Ledger: ...
    def view(self, i: int) -> View: ...


class Activity(msgspec.Struct, frozen=True, gc=False):
    """Counts since the start of one strategy's planner and quoter."""

    quotes: int = 0  # quotes generated (targets decided)
    suppressed: int = 0  # orders left alone though not exactly at target (S3-46)
    dropped: int = 0  # changes given up for the message budget
    ts_quoted: int = 0  # last decision with at least one quote, ns; 0 = none yet


class Wire(msgspec.Struct, frozen=True, gc=False):
    """Counts since the start of one venue's REST side and streams (S3-31, S0-24..28)."""

    venue: str = ""
    requests: int = 0
    errors: int = 0
    weight_used: int = 0
    weight_limit: int = 0
    orders_used: int = 0
    orders_limit: int = 0
    dropped: int = 0  # messages refused by the codec
    conflated: int = 0
    received: int = 0
    reconnects: int = 0
    places: tuple[tuple[int, int, int], ...] = ()  # (instrument number, dropped, conflated) of each feed


class Desk(Books, Protocol):
    """Reads that may cost microseconds, for once a second and for reports."""

    def quoter(self, i: int) -> Quoter | None: ...
    def limits(self, i: int) -> tuple[LimitRow, ...]: ...
    def bands(self, i: int) -> tuple[BandRow, ...]: ...
    def activity(self, i: int) -> Activity: ...
    def liquidation(self, i: int) -> int:
        """Liquidation price in ticks, 0 = none, -1 = unknown."""
        ...

    def equity_start(self) -> int:
        """Equity when the core began, 1e-8 quote."""
        ...

    def wires(self) -> tuple[Wire, ...]: ...
    def log_tail(self, lines: int) -> tuple[str, ...]: ...


class GateSeen(msgspec.Struct, frozen=True, gc=False):
    """The gate for one first leg: the filter that bars it ("" = none), the conditions that hold, whether it passes."""

    barred: str
    holds: tuple[str, ...]
    opens: bool


class PairEyes(Protocol):
    """What only the saga and the strategy know of a pair. Cheap: asked for once a step and once a second."""

    def naked_since(self) -> int:
        """Since when more than a lot stands unhedged that no state declares, ns; 0 = it does not."""
        ...

    def naked_limit_ns(self) -> int:
        """How long it may."""
        ...

    def wish(self) -> tuple[str, str]:
        """The wish that stands (`core.domain.pair.WISH_NAMES`) and its reason, both of fixed lists."""
        ...

    def gate(self) -> tuple[GateSeen, GateSeen] | None:
        """The gate with the long leg first, with the short leg first; None before the first decision."""
        ...

    def bands(self) -> tuple[float, float, float] | None:
        """Spread, lower and upper band as the decision has them; None while one is unknown."""
        ...


class PairLegs(msgspec.Struct, frozen=True):
    """Two ledgers that one strategy trades as a pair, and a third where it has a backup venue. Without a status there
    are no episodes, only money."""

    name: str
    long: int  # ledger of the leg on the long venue
    short: int
    status: PairStatus | None = None  # live block
    why: Callable[[], str] = str  # the wish that stands and its reason, one line
    stuck: Callable[[], str] = str  # what the pair waits for, "" = it moves
    eyes: PairEyes | None = None  # without: no naked times, gate and band figures
    backup: int = -1  # ledger on the backup venue, -1 = none
    playing: Callable[[], tuple[int, int]] | None = None  # ledgers that are the legs now; without: always the first two


class Paired(Protocol):
    """What a desk has in addition when pairs are traded."""

    def pairs(self) -> tuple[PairLegs, ...]:
        """The same pairs for the life of the engine; a ledger belongs to at most one."""
        ...


def pairs_of(books: Books) -> tuple[PairLegs, ...]:
    """The pairs of a desk, none where it knows of no pairs."""
    return cast("Paired", books).pairs() if hasattr(books, "pairs") else ()


class Money(msgspec.Struct, frozen=True, gc=False):
    """Cumulative money of one ledger at its mark, 1e-8 quote. net = price - fees + funding, to the last unit."""

    price: int
    fees: int
    funding: int
    realised: int
    unrealised: int

    @property
    def net(self) -> int:
        return self.price - self.fees + self.funding


def money_of(books: Books, i: int) -> Money:
    """Money of ledger i now; unrealised at the mark, 0 while flat or while no mark is known."""
    ledger, mark = books.ledger(i).s, mark_of(books, i)
    known = mark > 0 or ledger.pos == 0
    unrealised = ledger.pos * mark * books.instrument(i).unit - ledger.cost if known else 0
    return Money(
        price=ledger.realised + unrealised,
        fees=ledger.fees,
        funding=ledger.funding,
        realised=ledger.realised,
        unrealised=unrealised,
    )


def mark_of(books: Books, i: int) -> int:
    """Mark in ticks, the rounded mid where no mark came yet, 0 when neither is known."""
    view = books.view(i).s
    return view.mark if view.mark > 0 else (view.px[BUY][0] + view.px[SELL][0]) // 2 if view.book_ok else 0


def mid2_of(books: Books, i: int) -> int:
    """Best bid + best ask in ticks (twice the mid); 0 without a valid two-sided book."""
    view = books.view(i).s
    bid, ask = view.px[BUY][0], view.px[SELL][0]
    return bid + ask if view.book_ok and bid > 0 and ask > 0 else 0


def quote_units(amount: int) -> float:
    """1e-8 units as a float for display."""
    return amount / MONEY
