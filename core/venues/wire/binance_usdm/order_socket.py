"""Orders, and a few questions, over a websocket: signed one by one, answered by id, with the limits in each answer.

A call suffers the same faults as a request, at the place "ws-api:<method>".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec
from aiohttp import web

from core import tasks
from core.domain.units import NS_PER_MS, NS_PER_S
from core.venues.wire.binance_usdm.access import Access
from core.venues.wire.binance_usdm.limits import Limits, weight_of
from core.venues.wire.binance_usdm.params import Params, word
from core.venues.wire.binance_usdm.public import depth_limit
from core.venues.wire.binance_usdm.refusals import Refusal
from core.venues.wire.binance_usdm.rest import KEYED, OPEN, SIGNED, Rest
from core.venues.wire.binance_usdm.sockets import UNREAD, answer
from core.venues.wire.faults import Rule
from core.venues.wire.server import REQUEST_FAULTS, UNANSWERED, Asked, VenueServer
from core.venues.wire.stream import Stream

Json = dict[str, Any]
METHODS = {  # method -> the request that does the same
    "order.place": "POST /fapi/v1/order", "order.modify": "PUT /fapi/v1/order", "order.cancel": "DELETE /fapi/v1/order",
    "order.status": "GET /fapi/v1/order", "algoOrder.place": "POST /fapi/v1/algoOrder",
    "algoOrder.cancel": "DELETE /fapi/v1/algoOrder", "account.balance": "GET /fapi/v2/balance",
    "v2/account.balance": "GET /fapi/v3/balance", "account.status": "GET /fapi/v2/account",
    "v2/account.status": "GET /fapi/v3/account", "account.position": "GET /fapi/v2/positionRisk",
    "v2/account.position": "GET /fapi/v3/positionRisk", "userDataStream.start": "POST /fapi/v1/listenKey",
    "userDataStream.ping": "PUT /fapi/v1/listenKey", "userDataStream.stop": "DELETE /fapi/v1/listenKey",
    "depth": "GET /fapi/v1/depth", "ticker.book": "GET /fapi/v1/ticker/bookTicker",
}  # fmt: skip


class Parts(Protocol):
    """What stands behind the order socket."""

    rest: Rest
    access: Access
    limits: Limits

    def rule(self, place: str, kinds: tuple[str, ...]) -> Rule | None: ...
    def flush(self) -> None: ...


class OrderSocket:
    """/ws-fapi/v1."""

    def __init__(self, parts: Parts, server: VenueServer) -> None:
        self.parts, self.server = parts, server

    async def serve(self, request: web.Request) -> web.StreamResponse:
        stream = await self.server.open_stream(request)
        try:
            await stream.run(lambda text: self._hear(stream, text))
        finally:
            self.server.drop(stream)
        return stream.socket

    async def _hear(self, stream: Stream, text: str) -> None:
        number: Any = None
        try:
            message = msgspec.json.decode(text)
            number, method = message.get("id"), str(message["method"])
            params = Params({str(k): word(v) for k, v in (message.get("params") or {}).items()})
            place = METHODS[method]
        except UNREAD:
            error = {"code": -1102, "msg": "The method or its parameters could not be read."}
            answer(stream, {"id": number, "status": 400, "error": error})
            return
        tasks.spawn(self._carry_out(stream, number, method, place, params), "loopback venue: an order socket")

    def _act(self, method: str, place: str, params: Params) -> Any:
        """The value of the answer. Raises Refusal."""
        rest, access = self.parts.rest, self.parts.access
        handler: Callable[[Params], Any]
        handler, right = rest.routes[place]
        if right == SIGNED:
            access.check_sorted(params, rest.now_ms)
        elif right == KEYED:
            access.check_key(params.values.get("apiKey"))
        rest.count(method)
        return handler(params)

    def _told(self, number: Any, method: str, place: str, params: Params) -> Json:
        now, limits = self.parts.rest.exchange.now(), self.parts.limits
        levels = 0
        told: Json = {"id": number}
        try:
            if self.parts.rest.routes[place][1] == OPEN and method == "depth":
                levels = depth_limit(params)
            weight = weight_of(place if method == "depth" else method, "symbol" in params.values, levels)
            status, wait = limits.spend(weight, now)
            if status:
                until = {"serverTime": now // NS_PER_MS, "retryAfter": (now + wait * NS_PER_S) // NS_PER_MS}
                error = {"code": -1003, "msg": limits.words(status, wait, now), "data": until}
                return told | {"status": status, "error": error, "rateLimits": limits.rows(now)}
            told |= {"status": 200, "result": self._act(method, place, params)}
        except Refusal as no:
            told |= {"status": no.status, "error": {"code": no.code, "msg": no.text}}
        if params.values.get("returnRateLimits", "true") == "true":
            told["rateLimits"] = limits.rows(now)
        return told

    async def _carry_out(self, stream: Stream, number: Any, method: str, place: str, params: Params) -> None:
        at = f"ws-api:{method}"
        rule = self.parts.rule(at, REQUEST_FAULTS)
        do = "" if rule is None else rule.do
        told: Json = {"id": number, "status": 503, "error": {"code": -1001, "msg": "fault"}}
        if do not in ("hang", "drop", "status"):
            told = self._told(number, method, place, params)
            self.parts.flush()
        if rule is not None and do in ("status", "status_after"):
            told = {"id": number, "status": rule.status, "error": {"code": rule.code, "msg": rule.text or "fault"}}
        status = 0 if do in UNANSWERED else int(told["status"])
        self.server.asked.append(Asked(self.server.clock.now(), at, status))
        if do in ("drop", "drop_after"):
            stream.abort()
        if rule is not None and do == "slow":
            await tasks.sleep(rule.seconds)
        if do not in UNANSWERED and not stream.closed:
            answer(stream, told)
