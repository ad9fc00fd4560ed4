"""Our orders as the measures follow them, from request to last report: one record a client id, dropped at its end."""

from __future__ import annotations

import msgspec

SEEN = 8_192  # trade ids remembered, two generations of this


class Order(msgspec.Struct, gc=False):
    """One order of ours. Prices ticks, sizes lots, times ns; `mid2` = best bid + ask when it was decided, 0 = none."""

    i: int
    strategy: int
    instrument: int
    cl_id: int
    side: int
    px: int
    qty: int
    type: int
    tif: int
    flags: int
    key: int
    sent: int
    mid2: int
    state: str = "sent"
    acked: int = 0
    filled: int = 0
    counted: bool = False
    amend_px: int = 0
    amend_qty: int = 0
    ended: int = 0
    code: int = 0
    venue_id: int = 0


class Fill(msgspec.Struct, frozen=True, gc=False):
    """One execution of ours. `why`: trade | liquidated | deleveraged; `fee` 1e-8 quote, positive = paid."""

    ts: int
    i: int
    instrument: int
    cl_id: int
    trade_id: int
    side: int
    px: int
    qty: int
    fee: int
    maker: bool
    key: int
    flags: int
    mid2: int
    slippage_bps: float | None
    why: str = "trade"


class SeenTrades:
    """Whether a trade id was met before; remembers at least the last `SEEN`, at most twice as many (S3-75)."""

    def __init__(self) -> None:
        self._now: set[tuple[int, int, int]] = set()
        self._before: set[tuple[int, int, int]] = set()

    def repeated(self, instrument: int, trade_id: int, cl_id: int) -> bool:
        """True for a repeat; a trade without an id (0) is never one."""
        if trade_id == 0:
            return False
        key = (instrument, trade_id, cl_id)
        if key in self._now or key in self._before:
            return True
        if len(self._now) >= SEEN:
            self._before, self._now = self._now, set()
        self._now.add(key)
        return False
