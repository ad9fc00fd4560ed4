"""The far end of a venue without sockets: a session that answers from a table and websockets that are fed by hand.

It stands where aiohttp's session stands, so ccxt's own request, receive loop and handlers run unchanged above it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from aiohttp import WSMessage, WSMsgType

Answer = Callable[[str, str, bytes], tuple[int, str]]  # method, path and query, body -> status, text


class Response:
    """One answer, as `async with session.get(...)` gives it."""

    def __init__(self, status: int, text: str) -> None:
        self.status, self.reason, self._text = status, "OK" if status == 200 else "Bad", text
        self.headers: dict[str, str] = {"Content-Type": "application/json"}

    async def text(self, errors: str = "strict") -> str:
        return self._text

    async def __aenter__(self) -> Response:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


class Socket:
    """One websocket. `feed(raw)` is a frame that came; what ccxt sends stands in `sent`."""

    def __init__(self, url: str, hears: Callable[[Socket, str], None]) -> None:
        self.url, self.closed, self._conn, self._hears = url, False, None, hears
        self.sent: list[str] = []
        self._frames: asyncio.Queue[WSMessage] = asyncio.Queue()

    async def __aenter__(self) -> Socket:
        return self

    def feed(self, raw: bytes, binary: bool = False) -> None:
        """Text where the bytes are text (as aiohttp hands it over), else binary."""
        try:
            message = WSMessage(WSMsgType.TEXT, raw.decode("utf-8"), None)
        except UnicodeDecodeError:
            binary = True
        if binary:
            message = WSMessage(WSMsgType.BINARY, raw, None)
        self._frames.put_nowait(message)

    @property
    def waiting(self) -> int:
        """Frames that were not read yet."""
        return self._frames.qsize()

    async def receive(self) -> WSMessage:
        return await self._frames.get()

    async def send_str(self, text: str) -> None:
        self.sent.append(text)
        self._hears(self, text)

    async def ping(self, data: bytes = b"") -> None:
        self._frames.put_nowait(WSMessage(WSMsgType.PONG, data, None))

    async def pong(self, _data: bytes = b"") -> None:
        return None

    async def close(self, **_: object) -> None:
        if not self.closed:
            self.closed = True
            self._frames.put_nowait(WSMessage(WSMsgType.CLOSED, None, None))


class Session:
    """What ccxt asks of an aiohttp session."""

    def __init__(self, end: FarEnd) -> None:
        self._end, self.closed = end, False
        self.headers: dict[str, str] = {}
        self.connector = SimpleNamespace(connect=None)  # nothing is dialled

    def _ask(self, method: str, url: Any, data: Any = None, **_: Any) -> Response:
        body = data if isinstance(data, bytes) else str(data or "").encode()
        path = str(url).split("//", 1)[1].partition("/")[2]
        self._end.asked.append((method, "/" + path, body))
        return Response(*self._end.answer(method, "/" + path, body))

    def get(self, url: Any, **named: Any) -> Response:
        return self._ask("GET", url, **named)

    def post(self, url: Any, **named: Any) -> Response:
        return self._ask("POST", url, **named)

    def put(self, url: Any, **named: Any) -> Response:
        return self._ask("PUT", url, **named)

    def delete(self, url: Any, **named: Any) -> Response:
        return self._ask("DELETE", url, **named)

    def ws_connect(self, url: str, **_: Any) -> Socket:
        socket = Socket(str(url), self._end.hears)
        self._end.sockets.append(socket)
        return socket

    async def close(self) -> None:
        self.closed = True


class FarEnd:
    """`answer` may be exchanged at any time; `asked` is every request, `sockets` every websocket in order."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, bytes]] = []
        self.sockets: list[Socket] = []

    def hears(self, socket: Socket, text: str) -> None:
        """A subscription is granted under its own number, as Binance does it."""
        asked = json.loads(text)
        if "id" in asked:
            socket.feed(json.dumps({"result": None, "id": asked["id"]}).encode())

    def session(self) -> Any:
        return Session(self)

    def open_sockets(self) -> list[Socket]:
        return [socket for socket in self.sockets if not socket.closed]
