"""The connections of /ws: what clients say on them. Subscriptions go to the feeds, posts to the parts behind requests.

A post suffers the same faults as a request, at the place "ws-post:<type>".
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from aiohttp import web

from core import tasks
from core.venues.wire.faults import Rule
from core.venues.wire.hyperliquid.actions import type_of
from core.venues.wire.hyperliquid.feeds import Feeds, frame
from core.venues.wire.hyperliquid.shapes import BROKEN
from core.venues.wire.server import REQUEST_FAULTS, UNANSWERED, Asked, VenueServer
from core.venues.wire.stream import Stream

Json = dict[str, Any]
SILENT_MS = 60_000  # a connection on which nothing was sent for so long is closed
UNREAD = (*BROKEN, KeyError, TypeError)


class Parts(Protocol):
    """What stands behind a post."""

    feeds: Feeds

    def query(self, body: bytes) -> web.Response: ...
    def act(self, body: bytes, place: str) -> web.Response: ...
    def rule(self, place: str, kinds: tuple[str, ...]) -> Rule | None: ...
    def failure(self, status: int, code: int, text: str, retry_after: int) -> web.Response: ...


class Connections:
    """All of them. `tick` closes those on which the venue has long had nothing to say."""

    def __init__(self, parts: Parts, server: VenueServer) -> None:
        self.parts, self.server = parts, server
        self._spoke: dict[Stream, tuple[int, int]] = {}  # frames sent, and when that was seen (ms)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, until it ends."""
        stream = await self.server.open_stream(request)
        self.parts.feeds.open(stream)
        try:
            await stream.run(lambda text: self._hear(stream, text))
        finally:
            self.parts.feeds.close(stream)
            self._spoke.pop(stream, None)
            self.server.drop(stream)
        return stream.socket

    def tick(self, now_ms: int) -> None:
        for stream in list(self.parts.feeds.wants):
            sent, since = self._spoke.get(stream, (-1, 0))
            if stream.sent != sent:
                self._spoke[stream] = (stream.sent, now_ms)
            elif now_ms - since > SILENT_MS:
                stream.close(1000)

    async def _hear(self, stream: Stream, text: str) -> None:
        try:
            message = msgspec.json.decode(text)
            method = message["method"]
            if method == "ping":
                stream.send('{"channel":"pong"}', "ws:pong")
            elif method in ("subscribe", "unsubscribe"):
                self.parts.feeds.ask(stream, method, dict(message["subscription"]))
            elif method == "post":
                post = self._post(stream, int(message["id"]), dict(message["request"]))
                tasks.spawn(post, "loopback venue: a post over the stream")
            else:
                raise KeyError(method)
        except UNREAD:
            error = f"Error parsing JSON into valid websocket request: {text[:200]}"
            stream.send(frame("error", error), "ws:error")

    async def _post(self, stream: Stream, number: int, request: Json) -> None:
        """A query or an action, with the faults of requests."""
        action, payload = request.get("type") == "action", request.get("payload")
        body = msgspec.json.encode(payload)
        place = f"ws-post:{type_of('/exchange' if action else '/info', body)}"
        rule = self.parts.rule(place, REQUEST_FAULTS)
        do = "" if rule is None else rule.do
        answer: web.Response | None = None
        if do not in ("hang", "drop", "status"):
            answer = self.parts.act(body, place) if action else self.parts.query(body)
        if rule is not None and do in ("status", "status_after"):
            answer = self.parts.failure(rule.status or 503, rule.code, rule.text or "fault", 0)
        if do in UNANSWERED:
            answer = None
        self.server.asked.append(Asked(self.server.clock.now(), place, 0 if answer is None else answer.status))
        if do in ("drop", "drop_after"):
            stream.abort()
        if rule is not None and do == "slow":
            await tasks.sleep(rule.seconds)
        if answer is not None and not stream.closed:
            told = _told(action, payload, answer)
            stream.send(frame("post", {"id": number, "response": told}), "ws:post")


def _told(action: bool, payload: Any, answer: web.Response) -> Json:
    """The answer of a request as a connection carries it."""
    body = bytes(answer.body) if isinstance(answer.body, bytes | bytearray) else b""
    if answer.status != 200:
        return {"type": "error", "payload": f"{answer.status} {body.decode('utf-8', 'replace')}"}
    value = msgspec.Raw(body)
    if action:
        return {"type": "action", "payload": value}
    return {"type": "info", "payload": {"type": payload.get("type"), "data": value}}
