"""Subscriptions of /ws: who wants what, and the frames that events and ticks make of it.

Books go out as whole snapshots, at most one each `book_ms`; account news as soon as it happened. Frames leave through
`Stream.send` with the place "ws:<channel>".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from core.domain.book import F_BBO, F_BOOK, F_MARK, F_TRADE
from core.venues.wire.behind import Public
from core.venues.wire.hyperliquid.candles import INTERVALS
from core.venues.wire.hyperliquid.info import Info
from core.venues.wire.hyperliquid.market import Coin
from core.venues.wire.stream import Stream

Json = dict[str, Any]
Key = tuple[str, str, str]  # type, coin or user, interval
OF_COIN = ("l2Book", "trades", "bbo", "activeAssetCtx", "candle")
OF_USER = (
    "orderUpdates", "userFills", "userFundings", "userEvents", "clearinghouseState", "userNonFundingLedgerUpdates",
    "openOrders", "spotState",
)  # fmt: skip
STATE_EVERY_MS = 1_000
MIDS_EVERY_MS = 500
SNAPSHOT = 2000


def frame(channel: str, data: Any) -> str:
    """One message of the venue."""
    return msgspec.json.encode({"channel": channel, "data": data}).decode()


def _trades_frame(coin: Coin, spot: bool, rows: list[tuple[int, int, int, int, int]]) -> str:
    return frame("trades", [coin.trade_row(row, spot) for row in rows])


class Feeds:
    """All streams of the venue."""

    def __init__(self, info: Info, book_ms: int) -> None:
        self.info, self.ledger, self.book_ms = info, info.ledger, book_ms
        self.wants: dict[Stream, dict[Key, Json]] = {}
        self._dirty: set[int] = set()  # instruments whose book has changed
        self._sent_book: dict[int, int] = {}
        self._sent_state = self._sent_mids = 0
        self._tops: dict[int, tuple[int, int]] = {}
        self._state_due = False

    def open(self, stream: Stream) -> None:
        self.wants[stream] = {}

    def close(self, stream: Stream) -> None:
        self.wants.pop(stream, None)

    # asked for -----------------------------------------------------------------------------------------------------

    def ask(self, stream: Stream, method: str, wish: Json) -> None:
        """subscribe or unsubscribe; the stream is told what became of it."""
        key = self._key(wish)
        known = self.wants[stream]
        shown = msgspec.json.encode(wish).decode()
        if key is None:
            stream.send(frame("error", f"Invalid subscription {shown}"), "ws:error")
        elif method == "subscribe" and key in known:
            stream.send(frame("error", f"Already subscribed: {shown}"), "ws:error")
        elif method == "unsubscribe" and key not in known:
            stream.send(frame("error", f"Already unsubscribed: {shown}"), "ws:error")
        else:
            answer = frame("subscriptionResponse", {"method": method, "subscription": wish})
            stream.send(answer, "ws:subscriptionResponse")
            if method == "subscribe":
                known[key] = wish
                self._first(stream, key)
            else:
                del known[key]

    def _key(self, wish: Json) -> Key | None:
        kind = wish.get("type")
        if kind == "allMids":
            return ("allMids", "", "")
        if kind in OF_COIN and wish.get("coin") in self.info.by_name:
            interval = str(wish.get("interval", "")) if kind == "candle" else ""
            if kind == "candle" and interval not in INTERVALS:
                return None
            return (str(kind), str(wish["coin"]), interval)
        user = wish.get("user")
        if kind in OF_USER and isinstance(user, str) and len(user) == 42:
            return (str(kind), user.lower(), "")
        return None

    def _first(self, stream: Stream, key: Key) -> None:
        """What a new subscription is sent at once."""
        kind, name, interval = key
        now = self.info.now_ms
        if kind == "allMids":
            stream.send(frame(kind, {"mids": self.info.mids()}), "ws:allMids")
        elif kind in OF_COIN:
            coin, spot = self.info.by_name[name]
            if kind == "trades":
                rows = [coin.trade_row(row, spot) for row in list(coin.trades)[-10:]]
                stream.send(frame(kind, rows), "ws:trades")
            elif kind == "candle":
                self._candle(stream, coin, name, interval, now)
            else:
                stream.send(self._coin_frame(kind, coin, spot, now), f"ws:{kind}")
        elif kind in ("userFills", "userFundings", "userNonFundingLedgerUpdates"):
            stream.send(self._snapshot(kind, name), f"ws:{kind}")
        elif kind in ("clearinghouseState", "openOrders", "spotState"):
            stream.send(self._state_frame(kind, name), f"ws:{kind}")

    def _snapshot(self, kind: str, user: str) -> str:
        ours = user == self.ledger.user
        rows, field = {
            "userFills": (self.ledger.fills, "fills"),
            "userFundings": (self.ledger.fundings, "fundings"),
            "userNonFundingLedgerUpdates": (self.ledger.transfers, "nonFundingLedgerUpdates"),
        }[kind]
        return frame(kind, {"isSnapshot": True, "user": user, field: rows[-SNAPSHOT:] if ours else []})

    def _state_frame(self, kind: str, user: str) -> str:
        query = {"clearinghouseState": kind, "openOrders": "frontendOpenOrders", "spotState": "spotClearinghouseState"}
        answer = self.info.answer({"type": query[kind], "user": user})
        field = "orders" if kind == "openOrders" else kind
        return frame(kind, {"dex": "", "user": user, field: answer})

    def _coin_frame(self, kind: str, coin: Coin, spot: bool, now: int) -> str:
        name = coin.spot_name if spot else coin.name
        if kind == "l2Book":
            return frame(kind, coin.book(spot, now))
        if kind == "bbo":
            bids, asks = coin.levels(spot)
            best = [bids[0] if bids else None, asks[0] if asks else None]
            return frame(kind, {"coin": name, "time": now, "bbo": best})
        context = coin.spot_context() if spot else coin.context()
        return frame("activeSpotAssetCtx" if spot else "activeAssetCtx", {"coin": name, "ctx": context})

    # told ----------------------------------------------------------------------------------------------------------

    def _each(self, kind: str, name: str) -> list[tuple[Stream, Key]]:
        return [(s, key) for s, known in self.wants.items() for key in known if key[0] == kind and key[1] == name]

    def _tell(self, kind: str, name: str, make: Callable[[], str]) -> None:
        """Send one frame to all who want it; it is made only where anybody does."""
        takers = dict.fromkeys(stream for stream, _ in self._each(kind, name))
        if takers:
            text = make()
            for stream in takers:
                stream.send(text, f"ws:{kind}")

    def hear(self, event: Public) -> None:
        """A public event, after its coin has heard it."""
        coin = self.info.coins[event.instrument]
        if event.kind in (F_BOOK, F_BBO):
            self._dirty.add(coin.i)
        elif event.kind == F_TRADE:
            self.trades(coin, 1)
        elif event.kind == F_MARK:
            for spot in (False, True):
                name = coin.spot_name if spot else coin.name
                now = self.info.now_ms
                self._tell("activeAssetCtx", name, partial(self._coin_frame, "activeAssetCtx", coin, spot, now))

    def trades(self, coin: Coin, n: int) -> None:
        """The newest `n` trades of the coin."""
        rows = list(coin.trades)[-n:]
        for name, spot in ((coin.name, False), (coin.spot_name, True)):
            self._tell("trades", name, partial(_trades_frame, coin, spot, rows))
            for stream, key in self._each("candle", name):
                self._candle(stream, coin, name, key[2], self.info.now_ms)

    def _candle(self, stream: Stream, coin: Coin, name: str, interval: str, now: int) -> None:
        rows = coin.candles.rows(name, interval, now - INTERVALS[interval] * 60_000 - 1, now)
        if rows:
            stream.send(frame("candle", rows[-1]), "ws:candle")

    def book_changed(self, i: int) -> None:
        """An order of ours changed what the book shows."""
        self._dirty.add(i)

    def tick(self) -> None:
        """What has piled up since the last tick, and what goes out by the clock."""
        now = self.info.now_ms
        for i in list(self._dirty):
            coin = self.info.coins[i]
            top = self.info.exchange.top(i)
            if self._tops.get(i) != top:
                self._tops[i] = top
                self._both("bbo", coin, now)
            if now - self._sent_book.get(i, 0) >= self.book_ms:
                self._sent_book[i] = now
                self._dirty.discard(i)
                self._both("l2Book", coin, now)
        if now - self._sent_mids >= MIDS_EVERY_MS:
            self._sent_mids = now
            self._tell("allMids", "", lambda: frame("allMids", {"mids": self.info.mids()}))
        self.flush()
        if self._state_due or now - self._sent_state >= STATE_EVERY_MS:
            self._sent_state, self._state_due = now, False
            self._states()

    def _both(self, kind: str, coin: Coin, now: int) -> None:
        for name, spot in ((coin.name, False), (coin.spot_name, True)):
            self._tell(kind, name, partial(self._coin_frame, kind, coin, spot, now))

    def _states(self) -> None:
        user = self.ledger.user
        for kind in ("clearinghouseState", "openOrders"):
            self._tell(kind, user, partial(self._state_frame, kind, user))

    def flush(self) -> None:
        """Account news, in the order updates, fills, fundings."""
        ledger, user = self.ledger, self.ledger.user
        updates, ledger.updates = ledger.updates, []
        fills, ledger.news_fills = ledger.news_fills, []
        fundings, ledger.news_fundings = ledger.news_fundings, []
        gone, ledger.news_gone = ledger.news_gone, []
        moved, ledger.news_transfers = ledger.news_transfers, []
        if updates:
            self._state_due = True
            self._tell("orderUpdates", user, lambda: frame("orderUpdates", updates))
        if fills:
            self._state_due = True
            self._tell("userFills", user, lambda: frame("userFills", {"user": user, "fills": fills}))
            self._tell("userEvents", user, lambda: frame("user", {"fills": fills}))
        if gone:
            self._tell("userEvents", user, lambda: frame("user", {"nonUserCancel": gone}))
        if moved:
            self._state_due = True
            kind, told = "userNonFundingLedgerUpdates", {"user": user, "nonFundingLedgerUpdates": moved}
            self._tell(kind, user, partial(frame, kind, told))
        if fundings:
            self._state_due = True
            self._tell("userFundings", user, lambda: frame("userFundings", {"user": user, "fundings": fundings}))
            for row in fundings:
                self._tell("userEvents", user, partial(frame, "user", {"funding": row}))
