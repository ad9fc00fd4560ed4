"""A venue of plain lists for stops: loses replies, keeps orders, leaves dust, on request."""

from __future__ import annotations

from collections.abc import Sequence

from core.clock import SystemClock
from core.domain.errors import PerpError
from core.domain.events import HeldPosition, OpenOrder, Read, ReadReply
from core.domain.order import CANCEL, CANCELED, CREATE, FILLED, REDUCE_ONLY, Report, Request
from core.domain.units import BUY
from core.execution.closing import Grid, Touch

SYMBOLS = ("ETHUSDC", "BTCUSDC")


class ListVenue:
    """Orders and positions of two instruments. `errors`: what the next reads answer; `stubborn`: rounds of requests
    without effect; `slice`: lots that one close takes away at most; `late`: orders that appear after an empty read;
    `min_lots`: less than this is dust."""

    def __init__(
        self, orders: int = 0, eth: int = 0, btc: int = 0, min_lots: int = 1, name: str = "paper", q_ns: int = 0
    ) -> None:
        self.name, self.symbols, self.q_ns = name, SYMBOLS, q_ns
        self.patience_s: float | None = 0.2
        self.grids = tuple(Grid(n, min_lots, 1_000_000, 1) for n in range(2))
        self.orders = [OpenOrder(0, n + 1 if n % 2 == 0 else 0, n + 1, BUY, 100, 10, 0) for n in range(orders)]
        self.held = [eth, btc]
        self.errors: list[str] = []
        self.raises: list[PerpError] = []
        self.stubborn = 0
        self.slice = 1 << 40
        self.late: list[OpenOrder] = []
        self.calls: list[str] = []
        self.closed = False

    def read(self, read: Read) -> ReadReply:
        self.calls.append(read.what)
        if self.raises:
            raise self.raises.pop(0)
        now = SystemClock().now()
        if self.errors:
            return ReadReply(read.what, read.nonce, now, error=self.errors.pop(0))
        if read.what == "orders":
            listed = tuple(self.orders)
            if not listed and self.late:
                self.orders, self.late = self.late, []
            return ReadReply("orders", read.nonce, now, orders=listed)
        positions = tuple(HeldPosition(n, lots, 0, 0) for n, lots in enumerate(self.held) if lots)
        return ReadReply("positions", read.nonce, now, positions=positions)

    def touch(self) -> Sequence[Touch]:
        return [Touch(n, SystemClock().now(), 99, 101, (1000,) * 3, (1000,) * 3) for n in range(2)]

    def send(self, requests: Sequence[Request]) -> Sequence[Report]:
        if self.stubborn:
            self.stubborn -= 1
            return []
        return [self._one(request) for request in requests]

    def close(self) -> None:
        self.closed = True

    def _one(self, request: Request) -> Report:
        if request.kind == CANCEL:
            self.calls.append("cancel")
            self.orders = [order for order in self.orders if order.venue_id != request.venue_id]
            return Report(request.instrument, CANCELED, 0, request.cl_id, request.venue_id)
        assert request.kind == CREATE
        assert request.flags & REDUCE_ONLY, "a stop may only reduce"
        self.calls.append("close")
        held = self.held[request.instrument]
        assert (request.side == BUY) == (held < 0) or held == 0, "a stop may only reduce"
        part = min(abs(held), request.qty, self.slice)
        self.held[request.instrument] = held - part if held > 0 else held + part
        return Report(request.instrument, FILLED, 0, request.cl_id, 0, request.side, request.px, part)
