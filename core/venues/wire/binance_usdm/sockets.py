"""The websocket doors: market streams, the private stream by listen key, and orders over a socket.

An order over the socket suffers the same faults as a request, at the place "ws-api:<method>".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec
from aiohttp import web

from core import tasks
from core.venues.wire.binance_usdm.access import Access
from core.venues.wire.binance_usdm.feeds import Feeds
from core.venues.wire.binance_usdm.keys import ListenKeys
from core.venues.wire.binance_usdm.params import Params
from core.venues.wire.binance_usdm.refusals import Refusal
from core.venues.wire.faults import Rule
from core.venues.wire.server import REQUEST_FAULTS, UNANSWERED, Asked, VenueServer
from core.venues.wire.stream import Stream

Json = dict[str, Any]
UNREAD = (ValueError, RecursionError, KeyError, TypeError, AttributeError)


class Parts(Protocol):
    """What stands behind the sockets."""

    feeds: Feeds
    keys: ListenKeys
    access: Access

    def methods(self) -> dict[str, Callable[[Params], Any]]: ...
    def rule(self, place: str, kinds: tuple[str, ...]) -> Rule | None: ...
    def flush(self) -> None: ...


class Sockets:
    """All of them."""

    def __init__(self, parts: Parts, server: VenueServer) -> None:
        self.parts, self.server = parts, server
        self.feeds = parts.feeds

    async def market(self, request: web.Request) -> web.StreamResponse:
        """/ws, /ws/<names>, /stream?streams=..., with or without /public or /market before it."""
        combined = request.path.endswith("/stream")
        given = request.query.get("streams", "") if combined else request.path.rpartition("/ws")[2].strip("/")
        names = [name for name in given.split("/") if "@" in name]
        if not names and self.parts.keys.alive(given, self.parts.feeds.exchange.now()):
            return await self._private(request, given)
        stream = await self.server.open_stream(request)
        self.feeds.open(stream, names, combined)
        try:
            await stream.run(lambda text: self._hear(stream, text))
        finally:
            self.feeds.close(stream)
            self.server.drop(stream)
        return stream.socket

    async def private(self, request: web.Request) -> web.StreamResponse:
        """/private/ws?listenKey=K: says nothing where the key is not alive."""
        return await self._private(request, request.query.get("listenKey", ""))

    async def _private(self, request: web.Request, key: str) -> web.StreamResponse:
        stream = await self.server.open_stream(request)
        self.feeds.private[stream] = key
        try:
            await stream.run()
        finally:
            self.feeds.close(stream)
            self.server.drop(stream)
        return stream.socket

    async def _hear(self, stream: Stream, text: str) -> None:
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
            _send(stream, {"error": {"code": 2, "msg": "Invalid request: unknown method or text"}, "id": number})
            return
        _send(stream, {"result": result, "id": number})

    # orders over a socket --------------------------------------------------------------------------------------------

    async def orders(self, request: web.Request) -> web.StreamResponse:
        """/ws-fapi/v1."""
        stream = await self.server.open_stream(request)
        try:
            await stream.run(lambda text: self._order(stream, text))
        finally:
            self.server.drop(stream)
        return stream.socket

    async def _order(self, stream: Stream, text: str) -> None:
        number: Any = None
        try:
            message = msgspec.json.decode(text)
            number, method = message.get("id"), str(message["method"])
            params = Params({str(k): _word(v) for k, v in (message.get("params") or {}).items()})
            handler = self.parts.methods()[method]
        except UNREAD:
            error = {"code": -1102, "msg": "The method or its parameters could not be read."}
            _send(stream, {"id": number, "status": 400, "error": error})
            return
        tasks.spawn(self._carry_out(stream, number, method, params, handler), "loopback venue: an order socket")

    async def _carry_out(
        self, stream: Stream, number: Any, method: str, params: Params, handler: Callable[[Params], Any]
    ) -> None:
        place = f"ws-api:{method}"
        rule = self.parts.rule(place, REQUEST_FAULTS)
        do = "" if rule is None else rule.do
        answer: Json = {"id": number, "status": 503, "error": {"code": -1001, "msg": "fault"}}
        if do not in ("hang", "drop", "status"):
            try:
                answer = {"id": number, "status": 200, "result": handler(params)}
            except Refusal as no:
                answer = {"id": number, "status": no.status, "error": {"code": no.code, "msg": no.text}}
            self.parts.flush()
        if rule is not None and do in ("status", "status_after"):
            answer = {"id": number, "status": rule.status, "error": {"code": rule.code, "msg": rule.text or "fault"}}
        status = 0 if do in UNANSWERED else int(answer["status"])
        self.server.asked.append(Asked(self.server.clock.now(), place, status))
        if do in ("drop", "drop_after"):
            stream.abort()
        if rule is not None and do == "slow":
            await tasks.sleep(rule.seconds)
        if do not in UNANSWERED and not stream.closed:
            _send(stream, answer)


def _send(stream: Stream, message: Json) -> None:
    stream.send(msgspec.json.encode(message).decode(), "ws:answer")


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
