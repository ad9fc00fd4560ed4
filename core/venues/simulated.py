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
        x = self.exchange
        if read.what == "orders":
            return ReadReply("orders", read.nonce, now, orders=x.open_orders())
        if read.what == "positions":
            return ReadReply("positions", read.nonce, now, positions=x.positions())
        if read.what == "trades":
            return ReadReply("trades", read.nonce, now, trades=x.trades(read.since))
        return ReadReply("balance", read.nonce, now, balance=x.balance())

    def close(self) -> None:
        """Nothing is kept."""
