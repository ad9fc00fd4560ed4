"""What the streams say: book differences with their numbers, trades, marks, best prices; frames and their rhythm.

A book stream is one line for all who hear it: what one frame leaves out the next does not repeat, so a frame that is
lost on the way leaves a gap in `pu`. Frames leave through `Stream.send` with the place "ws:<kind>".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from core.domain.book import F_MARK, F_TRADE
from core.domain.units import NS_PER_MS
from core.venues.wire.behind import Public, WireExchange
from core.venues.wire.binance_usdm.market import Levels, Symbol, changes
from core.venues.wire.stream import Stream

Json = dict[str, Any]
NAME = re.compile(r"^([a-z0-9_]+)@(depth(?:5|10|20)?|trade|aggTrade|markPrice|bookTicker)(?:@(100ms|250ms|500ms|1s))?$")
ROUTE = {
    "depth": "/public", "bookTicker": "/public", "trade": "/public", "aggTrade": "/market", "markPrice": "/market"
}  # fmt: skip
PRIVATE = "/private"
RHYTHM_MS = {"": 250, "100ms": 100, "250ms": 250, "500ms": 500}


class Line:
    """One book stream: what its listeners know, and when they are told next (ms)."""

    def __init__(self, symbol: Symbol, depth: int, rhythm_ms: int) -> None:
        self.symbol, self.depth, self.rhythm_ms = symbol, depth, rhythm_ms
        self.known: Levels = symbol.look()
        self.last = symbol.update_id
        self.sent_ms = 0

    def frame(self, now_ms: int) -> Json | None:
        """The difference since the last frame, or the best levels; None where nothing changed or it is too early."""
        if now_ms - self.sent_ms < self.rhythm_ms:
            return None
        found = self.symbol.look()
        if self.symbol.update_id == self.last:
            return None
        before, self.last, self.sent_ms = self.last, self.symbol.update_id, now_ms
        old, self.known = self.known, found
        sides = found if self.depth else (changes(old[0], found[0]), changes(old[1], found[1]))
        limit = self.depth or 1_000
        return {
            "e": "depthUpdate", "E": now_ms, "T": now_ms, "s": self.symbol.name, "U": before + 1, "u": self.last,
            "pu": before, "b": self.symbol.rows(0, sides[0], limit), "a": self.symbol.rows(1, sides[1], limit),
        }  # fmt: skip


class Feeds:
    """All public and private streams. `wants`: stream -> the names that it hears."""

    def __init__(self, exchange: WireExchange, symbols: Sequence[Symbol]) -> None:
        self.exchange = exchange
        self.by_name = {symbol.name.lower(): symbol for symbol in symbols}
        self.wants: dict[Stream, set[str]] = {}
        self.combined: set[Stream] = set()
        self.route: dict[Stream, str] = {}
        self._lines: dict[str, Line] = {}
        self._best: dict[str, Any] = {}
        self._marked: dict[str, int] = {}

    @property
    def now_ms(self) -> int:
        return self.exchange.now() // NS_PER_MS

    # asked for -------------------------------------------------------------------------------------------------------

    def open(self, stream: Stream, names: Sequence[str], combined: bool, route: str) -> None:
        self.wants[stream], self.route[stream] = set(), route
        if combined:
            self.combined.add(stream)
        for name in names:
            self.add(stream, name)

    def close(self, stream: Stream) -> None:
        self.wants.pop(stream, None)
        self.route.pop(stream, None)
        self.combined.discard(stream)

    def add(self, stream: Stream, name: str) -> None:
        """Names that are no stream are accepted and never say anything, as on the real venue. So are listen keys."""
        self.wants[stream].add(name)
        found = NAME.match(name)
        if found is None or found[1] not in self.by_name:
            return
        if found[2].startswith("depth") and name not in self._lines:
            depth = int(found[2][5:] or 0)
            self._lines[name] = Line(self.by_name[found[1]], depth, RHYTHM_MS.get(found[3] or "", 250))

    def remove(self, stream: Stream, name: str) -> None:
        self.wants[stream].discard(name)

    def _takers(self, name: str, route: str) -> list[Stream]:
        return [stream for stream, names in self.wants.items() if name in names and self.route[stream] == route]

    def _send(self, takers: Sequence[Stream], name: str, told: Json, place: str) -> None:
        text = msgspec.json.encode(told).decode()
        for stream in takers:
            whole = f'{{"stream":"{name}","data":{text}}}' if stream in self.combined else text
            stream.send(whole, place)

    # told ------------------------------------------------------------------------------------------------------------

    def _tell(self, name: str, kind: str, make: Callable[[], Json]) -> None:
        takers = self._takers(name, ROUTE[kind])
        if takers:
            self._send(takers, name, make(), f"ws:{kind}")

    def hear(self, event: Public, symbol: Symbol) -> None:
        """A public event, after its symbol has heard it."""
        if event.kind == F_TRADE:
            self.trade(symbol)
        elif event.kind == F_MARK:
            self._mark(symbol)

    def trade(self, symbol: Symbol) -> None:
        """The newest trade of the symbol."""
        row, name = symbol.trades[-1], symbol.name.lower()
        ms, px, lots, aggressor, number = row
        head = {"E": self.now_ms, "s": symbol.name}
        self._tell(f"{name}@trade", "trade", lambda: {
            "e": "trade", **head, "T": ms, "t": number, "p": symbol.grid.px(px), "q": symbol.grid.sz(lots),
            "X": "MARKET", "m": aggressor < 0,
        })  # fmt: skip
        self._tell(f"{name}@aggTrade", "aggTrade", lambda: {"e": "aggTrade", **head, **symbol.aggregate_row(row)})

    def _mark(self, symbol: Symbol) -> None:
        now = self.now_ms
        told = symbol.premium(now)

        def frame() -> Json:
            return {
                "e": "markPriceUpdate", "E": now, "s": symbol.name, "p": told["markPrice"], "i": told["indexPrice"],
                "P": told["estimatedSettlePrice"], "r": told["lastFundingRate"], "T": told["nextFundingTime"],
            }  # fmt: skip

        for suffix, rhythm in (("@1s", 1_000), ("", 3_000)):
            name = f"{symbol.name.lower()}@markPrice{suffix}"
            if now - self._marked.get(name, 0) >= rhythm - 50:
                self._marked[name] = now
                self._tell(name, "markPrice", frame)

    def tick(self) -> None:
        """What the clock lets go out: books and best prices."""
        now = self.now_ms
        for name, line in self._lines.items():
            told = line.frame(now) if self._takers(name, ROUTE["depth"]) else None
            if told is not None:
                self._tell(name, "depth", lambda told=told: told)  # type: ignore[misc]
        for low, symbol in self.by_name.items():
            name = f"{low}@bookTicker"
            best = symbol.best()
            if self._best.get(low) != best:
                self._best[low] = best
                self._tell(name, "bookTicker", lambda s=symbol: self._ticker(s, now))  # type: ignore[misc]

    def _ticker(self, symbol: Symbol, now: int) -> Json:
        told = symbol.book_ticker(now)
        return {
            "e": "bookTicker", "u": told["lastUpdateId"], "s": symbol.name, "b": told["bidPrice"], "B": told["bidQty"],
            "a": told["askPrice"], "A": told["askQty"], "T": now, "E": now,
        }  # fmt: skip

    # private ---------------------------------------------------------------------------------------------------------

    def tell_private(self, news: Sequence[Json], key: str) -> None:
        """Account events, in order, to every private stream with this key, which is alive."""
        takers = self._takers(key, PRIVATE)
        for event in news:
            self._send(takers, key, event, f"ws:user:{event['e']}")

    def expire(self, key: str) -> None:
        """Tell those who hear with this key that it ended."""
        told = {"e": "listenKeyExpired", "E": self.now_ms, "listenKey": key}
        self._send(self._takers(key, PRIVATE), key, told, "ws:user:listenKeyExpired")
