"""One websocket of a loopback venue: ordered sending with a bound, and the faults of streams on the way out.

Owns no subscription: dialects call `send` with a text and its place. A client that does not read is dropped, not
waited for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from aiohttp import WSMsgType, web

from core import tasks
from core.domain.ports import Clock
from core.domain.units import NS_PER_S
from core.venues.wire.faults import Faults, Rule

STREAM_FAULTS = ("gap", "poison", "torn", "huge", "double", "late", "silent", "half_open", "close")
BOUND = 20_000  # frames that may wait
HUGE = 10_000_000


class Stream:
    """`run` serves until either side closes; `place` names what is sent for the fault rules ("ws:depth")."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, faults: Faults, clock: Clock) -> None:
        self.socket, self.request = socket, request
        self.faults, self.clock = faults, clock
        self.sent = 0
        self._queue: deque[str] = deque()
        self._more = asyncio.Event()
        self._mute_until = 0  # nothing is sent
        self._deaf_until = 0  # pings are not answered

    @property
    def closed(self) -> bool:
        return self.socket.closed

    def send(self, text: str, place: str) -> None:
        """Queue one frame, subject to the stream faults of `place`."""
        now = self.clock.now()
        rule = self.faults.at(place, now, STREAM_FAULTS)
        if rule is not None and self._suffer(rule, text, now):
            return
        self._put(text)

    def _put(self, text: str) -> None:
        if len(self._queue) >= BOUND:
            self.abort()
            return
        self._queue.append(text)
        self._more.set()

    def _suffer(self, rule: Rule, text: str, now: int) -> bool:
        """Do what the rule says; True where the frame itself must not be sent any more."""
        hold = now + int(rule.seconds * NS_PER_S)
        if rule.do == "gap":
            return True
        if rule.do == "poison":
            self._put('{"e":"depthUpdate","E":' + "\ufffd not json")
        elif rule.do == "torn":
            self._put(text[: len(text) // 2])
            return True
        elif rule.do == "huge":
            self._put('{"pad":"' + "x" * HUGE + '"}')
        elif rule.do == "double":
            self._put(text)
        elif rule.do == "late":
            tasks.spawn(self._later(text, rule.seconds), "loopback venue: a late frame")
            return True
        elif rule.do in ("silent", "half_open"):
            self._mute_until = hold
            if rule.do == "half_open":
                self._deaf_until = hold
            return True
        elif rule.do == "close":
            self.close(rule.status or 1006)
            return True
        return False

    async def _later(self, text: str, seconds: float) -> None:
        await tasks.sleep(seconds)
        if not self.closed:
            self._put(text)

    def abort(self) -> None:
        """Cut the connection without a closing frame."""
        if self.request.transport is not None:
            self.request.transport.abort()

    def close(self, code: int) -> None:
        """Close with a code; 1006 is a cut."""
        if code == 1006:
            self.abort()
        else:
            tasks.spawn(self.socket.close(code=code), "loopback venue: close a stream")

    async def run(self, on_text: Callable[[str], Awaitable[None]] | None = None) -> None:
        """Send what is queued and hand incoming text to `on_text(text)` (a coroutine function) until the end."""
        writer = tasks.spawn(self._write(), "loopback venue: stream writer")
        try:
            async for message in self.socket:
                if message.type == WSMsgType.PING:
                    if self.clock.now() >= self._deaf_until:
                        await self.socket.pong(message.data)
                elif message.type == WSMsgType.TEXT and on_text is not None:
                    await on_text(message.data)
        finally:
            writer.cancel()

    async def _write(self) -> None:
        while not self.closed:
            while self._queue:
                if self.clock.now() < self._mute_until:
                    self._queue.clear()  # what a silent stream did not send is never sent
                    break
                await self.socket.send_str(self._queue.popleft())
                self.sent += 1
            self._more.clear()
            await self._more.wait()
