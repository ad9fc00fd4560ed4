"""The venue's own books as one page: what a test compares our ledger with. Ticks, lots, 1e-8 quote, ns."""

from __future__ import annotations

import msgspec

from core.domain.order import FUNDED
from core.venues.wire.behind import WireExchange


class OrderRow(msgspec.Struct, frozen=True):
    """One order as the venue has it."""

    venue_id: int
    client: str
    instrument: int
    side: int
    px: int
    qty: int
    filled: int
    status: str
    code: int
    created: int


class TradeRow(msgspec.Struct, frozen=True):
    """One fill, or a close that the venue made (then client is empty and venue_id 0)."""

    id: int
    venue_id: int
    client: str
    instrument: int
    side: int
    px: int
    qty: int
    fee: int
    maker: bool
    ts: int
    realised: int


class BooksPage(msgspec.Struct, frozen=True):
    """Everything. `positions`: (instrument, lots, cost); `payments`: (id, kind, instrument, amount, ts)."""

    orders: list[OrderRow]
    trades: list[TradeRow]
    payments: list[tuple[int, int, int, int, int]]
    positions: list[tuple[int, int, int]]
    wallet: int
    fees: int
    funding: int


def books_page(exchange: WireExchange) -> BooksPage:
    """The state of this instant."""
    books = exchange.books
    orders = [
        OrderRow(o.venue_id, o.client, o.instrument, o.side, o.px, o.qty, o.filled, o.status, o.code, o.created)
        for o in books.orders
    ]
    trades = [
        TradeRow(
            t.id, t.order.venue_id if t.order else 0, t.order.client if t.order else "", t.instrument, t.side, t.px,
            t.qty, t.fee, t.maker, t.ts, t.realised,
        )
        for t in books.trades
    ]  # fmt: skip
    payments = [(p.id, p.kind, p.instrument, p.amount, p.ts) for p in books.payments]
    positions = [(i, *exchange.position(i)) for i in range(len(exchange.instruments)) if exchange.position(i)[0]]
    funding = sum(p.amount for p in books.payments if p.kind == FUNDED)
    return BooksPage(
        orders, trades, payments, positions, exchange.exchange.balance(), sum(t.fee for t in books.trades), funding
    )
