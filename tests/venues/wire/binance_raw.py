"""Raw requests and raw websockets to the Binance loopback venue: no client's code, none of ours."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from tests.venues.wire.binance_hall import KEY, SECRET, Venue, ask, signed

SYMBOL = "ETHUSDC"
FAR = 5_000  # ticks from the best price: rests


def px(at: Venue, ticks: int = -FAR, side: int = 0) -> str:
    """A price that many ticks from the best bid (side 0) or ask (side 1)."""
    return at.dialect.symbols[0].grid.px(at.exchange.top(0)[side] + ticks)


def limit(at: Venue, **more: Any) -> dict[str, Any]:
    """A buy that rests; values given replace, None leaves out."""
    order = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": px(at)}
    return {name: value for name, value in {**order, **more}.items() if value is not None}


def market(side: str = "BUY", quantity: str = "0.1", **more: Any) -> dict[str, Any]:
    return {"symbol": SYMBOL, "side": side, "type": "MARKET", "quantity": quantity, **more}


async def call(at: Venue, method: str, path: str, **params: Any) -> tuple[int, Any]:
    """A signed request: status and JSON. The query goes out exactly as it was signed."""
    import aiohttp
    from yarl import URL

    address = URL(f"{at.url}{path}?{signed(params)}", encoded=True)
    headers = {"X-MBX-APIKEY": KEY}
    async with aiohttp.ClientSession() as session, session.request(method, address, headers=headers) as answer:
        return answer.status, json.loads(await answer.text())


async def place(at: Venue, **params: Any) -> tuple[int, Any]:
    return await call(at, "POST", "/fapi/v1/order", **params)


async def code_of(at: Venue, method: str, path: str, **params: Any) -> int:
    """The code with which it is refused; 400 and the venue's form are checked."""
    status, told = await call(at, method, path, **params)
    assert status == 400 and set(told) == {"code", "msg"} and told["msg"], (status, told)
    return int(told["code"])


def sign_text(text: str, secret: str = SECRET) -> str:
    """A query signed exactly as it stands."""
    return f"{text}&signature={hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()}"


class Listener:
    """A raw websocket that keeps what it is told."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []
        self.texts: list[str] = []

    async def read(self) -> None:
        async for message in self.socket:
            self.texts.append(message.data)
            with contextlib.suppress(ValueError):
                self.frames.append(json.loads(message.data))

    async def ask(self, method: str, *names: str, number: int = 1) -> None:
        await self.socket.send_json({"method": method, "params": list(names), "id": number})

    def events(self, kind: str) -> list[Any]:
        """All frames of one kind, in order, out of their wrapping."""
        bare = [frame.get("data", frame) if "stream" in frame else frame for frame in self.frames]
        return [frame for frame in bare if frame.get("e") == kind]

    def orders(self) -> list[Any]:
        return [frame["o"] for frame in self.events("ORDER_TRADE_UPDATE")]


@contextlib.asynccontextmanager
async def listener(at: Venue, path: str) -> AsyncIterator[Listener]:
    """A raw connection."""
    import aiohttp

    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{at.url}{path}", max_msg_size=1 << 25, autoping=False) as socket,
    ):
        heard = Listener(socket)
        task = asyncio.create_task(heard.read())
        try:
            yield heard
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def listen_key(at: Venue, method: str = "POST") -> str:
    status, told, _ = await ask(at, method, "/fapi/v1/listenKey")
    assert status == 200, told
    return str(told.get("listenKey", ""))


@contextlib.asynccontextmanager
async def private(at: Venue) -> AsyncIterator[Listener]:
    """The private stream of the account."""
    async with listener(at, f"/private/ws?listenKey={await listen_key(at)}") as heard:
        yield heard


def sign_sorted(params: dict[str, Any], key: str = KEY, secret: str = SECRET) -> dict[str, Any]:
    """Parameters of the order socket: signed in the order of their names."""
    made = {"apiKey": key, "timestamp": int(time.time() * 1e3), **params}
    text = "&".join(f"{name}={made[name]}" for name in sorted(made))
    return {**made, "signature": hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()}
