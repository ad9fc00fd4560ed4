"""The Binance wire (USD-M futures and spot): JSON frames to normalised frames, typed, hostile values counted.

Inverse contracts (COIN-M) are refused by name: their size is in contracts of quote, not in coins. A frame with one
bad level is dropped whole: the sequence check then asks for a fresh book, half a frame would leave a wrong one.
Source: venue documentation of depthUpdate, bookTicker, trade, markPriceUpdate; LIVE_VENUES.md.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import msgspec

from core.codec.frames import Depth, Frame, Levels, Mark, Print, Snapshot, Top
from core.codec.grid import MAX_LEVEL, Step, signed_units
from core.codec.reasons import (
    BAD_FRAME,
    CROSSED,
    EMPTY,
    FOREIGN,
    NOT_MARKET,
    OFF_GRID,
    TOO_LARGE,
    UNKNOWN_KIND,
    WRONG_TYPE,
    Hostile,
)
from core.domain.instrument import Instrument
from core.domain.units import FAR, NS_PER_MS

Ms = Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800_000)]  # 2100-01-01
Id = Annotated[int, msgspec.Meta(ge=0, le=(1 << 62))]
Pairs = Annotated[list[tuple[str, str]], msgspec.Meta(max_length=5_000)]
MAX_FRAME = 4 << 20


class _Depth(msgspec.Struct):
    s: str
    U: Id
    u: Id
    b: Pairs
    a: Pairs
    E: Ms
    T: Ms = 0
    pu: Id = 0


class _Top(msgspec.Struct):
    s: str
    u: Id
    b: str
    B: str
    a: str
    A: str
    T: Ms = 0


class _Print(msgspec.Struct):
    s: str
    t: Id
    T: Ms
    p: str
    q: str
    m: bool
    X: str = "MARKET"


class _Mark(msgspec.Struct):
    s: str
    E: Ms
    p: str
    i: str = ""
    r: str = ""
    T: Ms = 0


class _Snapshot(msgspec.Struct):
    lastUpdateId: Id
    bids: Pairs
    asks: Pairs
    T: Ms = 0


class _Envelope(msgspec.Struct):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()
    e: str = ""
    lastUpdateId: int | None = None


_KINDS = {
    "depth": _Depth,
    "depthUpdate": _Depth,
    "bookTicker": _Top,
    "trade": _Print,
    "markPrice": _Mark,
    "markPriceUpdate": _Mark,
}


class BinanceCodec:
    """Decoder of one instrument's frames. `dropped` counts by reason, `last_reason` tells the newest one.

    Never raises on content: a hostile frame gives None. Prices must lie on the grid; a size between two lots (dust
    that the venue shows) counts as the upper one, `n_rounded` of `n_sizes`: queues must not look shorter than they are.
    """

    def __init__(self, instrument: Instrument, symbol: str = "") -> None:
        self.symbol = symbol or "".join(c for c in instrument.symbol.upper() if c.isalnum())
        self.unit = instrument.unit
        self.price, self.size = Step(instrument.tick), Step(instrument.lot)
        self.dropped: Counter[str] = Counter()
        self.last_reason = ""
        self.n_sizes = self.n_rounded = 0
        self._envelope = msgspec.json.Decoder(_Envelope)
        self._snapshot = msgspec.json.Decoder(_Snapshot)
        self._decoders = {kind: msgspec.json.Decoder(struct) for kind, struct in _KINDS.items()}

    def decode(self, raw: bytes) -> Frame | None:
        """One frame, combined-stream wrapper or bare, or None when it was dropped and counted."""
        try:
            if len(raw) > MAX_FRAME:
                raise Hostile(TOO_LARGE)
            return self._frame(raw)
        except Hostile as error:
            self.last_reason = error.reason
        except msgspec.ValidationError:
            self.last_reason = WRONG_TYPE
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.last_reason = BAD_FRAME
        self.dropped[self.last_reason] += 1
        return None

    def _frame(self, raw: bytes) -> Frame:
        outer = self._envelope.decode(raw)
        if outer.lastUpdateId is not None:
            return self._snapshot_of(self._snapshot.decode(raw))
        kind = outer.e
        if outer.stream:
            kind = outer.stream.partition("@")[2].partition("@")[0]
            raw = bytes(outer.data)
        decoder = self._decoders.get(kind)
        if decoder is None:
            raise Hostile(UNKNOWN_KIND)
        body = decoder.decode(raw)
        if body.s != self.symbol:
            raise Hostile(FOREIGN)
        if isinstance(body, _Depth):
            ts = (body.T or body.E) * NS_PER_MS
            return Depth(ts, body.U, body.u, body.pu, self._levels(body.b), self._levels(body.a))
        if isinstance(body, _Top):
            return self._top_of(body)
        if isinstance(body, _Print):
            if body.X != "MARKET":
                raise Hostile(NOT_MARKET)
            px, sz = self._level(body.p, body.q)
            return Print(body.T * NS_PER_MS, body.t, px, self._some(sz), -1 if body.m else 1)
        return self._mark_of(body)

    def _level(self, px: str, sz: str) -> tuple[int, int]:
        ticks = self.price.positive(px)
        self.n_sizes += 1
        try:
            lots = self.size.units(sz)
        except Hostile as error:
            if error.reason != OFF_GRID:
                raise
            lots = self.size.units_up(sz)
            self.n_rounded += 1
        if ticks * lots * self.unit > MAX_LEVEL:
            raise Hostile(TOO_LARGE)
        return ticks, lots

    @staticmethod
    def _some(lots: int) -> int:
        if lots == 0:
            raise Hostile(EMPTY)
        return lots

    def _levels(self, pairs: list[tuple[str, str]]) -> Levels:
        return tuple([self._level(px, sz) for px, sz in pairs])

    def _top_of(self, body: _Top) -> Top:
        (bid, bid_sz), (ask, ask_sz) = self._level(body.b, body.B), self._level(body.a, body.A)
        if bid >= ask:
            raise Hostile(CROSSED)
        return Top(body.T * NS_PER_MS, body.u, bid, self._some(bid_sz), ask, self._some(ask_sz))

    def _mark_of(self, body: _Mark) -> Mark:
        mark = self.price.nearest(body.p)
        if mark == 0:
            raise Hostile(EMPTY)
        index = self.price.nearest(body.i) if body.i else 0
        rate = signed_units(body.r, "1e-8") if body.r else FAR
        return Mark(body.E * NS_PER_MS, mark, index, rate, body.T * NS_PER_MS)

    def _snapshot_of(self, body: _Snapshot) -> Snapshot:
        bids, asks = self._levels(body.bids), self._levels(body.asks)
        if not bids or not asks:
            raise Hostile(EMPTY)
        if max(bids)[0] >= min(asks)[0]:
            raise Hostile(CROSSED)
        return Snapshot(body.T * NS_PER_MS, body.lastUpdateId, bids, asks)
