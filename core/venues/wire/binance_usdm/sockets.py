"""The websocket doors of the streams: public and market data, and the private stream by listen key.

Each name is served on its own route alone; elsewhere it is accepted and never says anything, as since the split of
2026-04 on the real venue. Orders over a socket: order_socket.py.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

import msgspec
from aiohttp import web

from core.domain.units import NS_PER_S
from core.venues.wire.binance_usdm.feeds import Feeds
from core.venues.wire.server import VenueServer
from core.venues.wire.stream import Stream

Json = dict[str, Any]
UNREAD = (ValueError, RecursionError, KeyError, TypeError, AttributeError)
ROUTES = ("", "/public", "/market", "/private")
MESSAGES_PER_S = 10  # a client that says more is cut off


class Parts(Protocol):
    """What stands behind the streams."""

    feeds: Feeds


class Sockets:
    """All of them."""

    def __init__(self, parts: Parts, server: VenueServer) -> None:
        self.server, self.feeds = server, parts.feeds

    def routes(self, app: web.Application) -> None:
        for route in ROUTES:
            app.router.add_get(f"{route}/ws{{tail:.*}}", self.serve)
            app.router.add_get(f"{route}/stream", self.serve)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """<route>/ws, <route>/ws/<names>, <route>/stream?streams=<names>; /private/ws?listenKey=K."""
        head, _, tail = request.path.partition("/ws") if "/ws" in request.path else request.path.partition("/stream")
        combined = request.path.endswith("/stream")
        given = request.query.get("streams", "") if combined else request.query.get("listenKey", "") or tail
        stream = await self.server.open_stream(request)
        self.feeds.open(stream, [name for name in given.split("/") if name and not name.isdigit()], combined, head)
        heard: deque[int] = deque(maxlen=MESSAGES_PER_S)
        try:
            await stream.run(lambda text: self._hear(stream, text, heard))
        finally:
            self.feeds.close(stream)
            self.server.drop(stream)
        return stream.socket

    async def _hear(self, stream: Stream, text: str, heard: deque[int]) -> None:
        now = self.server.clock.now()
        if len(heard) == MESSAGES_PER_S and now - heard[0] < NS_PER_S:
            stream.close(1008)
            return
        heard.append(now)
        number: Any = None
        try:
            message = msgspec.json.decode(text)
            number, method = message.get("id"), message["method"]
            names = [str(name) for name in message.get("params") or []]
            result: Any = None
            if method == "SUBSCRIBE":
                for name in names:
                    self.feeds.add(stream, name)
            elif method == "UNSUBSCRIBE":
                for name in names:
                    self.feeds.remove(stream, name)
            elif method == "LIST_SUBSCRIPTIONS":
                result = sorted(self.feeds.wants[stream])
            else:
                raise KeyError(method)
        except UNREAD:
            answer(stream, {"error": {"code": 2, "msg": "Invalid request: unknown method or text"}, "id": number})
            return
        answer(stream, {"result": result, "id": number})


def answer(stream: Stream, message: Json) -> None:
    """An answer to what a client said on a socket."""
    stream.send(msgspec.json.encode(message).decode(), "ws:answer")
