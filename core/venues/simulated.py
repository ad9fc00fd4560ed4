"""The simulated venue without a memory: what a backtest trades against. The paper venue adds a ledger file to it."""

from __future__ import annotations

from typing import Protocol

from core.domain.events import Read, ReadReply
from core.domain.order import Report, Request
from core.exchange.exchange import SimExchange


class SimulatedVenue(Protocol):
    """What a driver in virtual time needs of a venue; `PaperVenue` and `PlainVenue` have it."""

    exchange: SimExchange

    def advance(self, horizon: int) -> int: ...
    def send(self, request: Request, now: int) -> int: ...
    def drain(self, instrument: int) -> list[Report]: ...
    def read(self, read: Read, now: int) -> ReadReply: ...
    def close(self) -> None: ...


class PlainVenue:
    """`SimExchange` as a venue; reads are answered from its state at the moment they arrive."""

    def __init__(self, exchange: SimExchange) -> None:
        self.exchange = exchange
        self.advance = exchange.advance
        self.send = exchange.send
        self.drain = exchange.drain

    def read(self, read: Read, now: int) -> ReadReply:
        """Answer a read: orders | positions | trades (id > since) | balance."""
        return read_of(self.exchange, read, now)

    def close(self) -> None:
        """Nothing is kept."""


def read_of(x: SimExchange, read: Read, now: int) -> ReadReply:
    """What the exchange says of the account that is asked for."""
    what, nonce, account = read.what, read.nonce, read.account
    if what == "orders":
        return ReadReply(what, nonce, now, orders=x.open_orders(account), account=account)
    if what == "positions":
        return ReadReply(what, nonce, now, positions=x.positions(account), account=account)
    if what == "trades":
        return ReadReply(what, nonce, now, trades=x.trades(read.since, account), account=account)
    return ReadReply(what, nonce, now, balance=x.balance(account), account=account)
