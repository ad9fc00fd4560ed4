"""Real frames and answers of a loopback venue, recorded once, and the adapter that is fed with them without a socket.

`record(hall)` lets the adapter trade for two seconds over the real wire; `replayed(tape)` is the same adapter whose
far end says what was recorded, or whatever a test makes of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from core.clock import SystemClock
from core.domain.events import Read
from core.domain.order import CANCEL, CREATE, IOC
from core.domain.units import NS_PER_S
from core.engine.inbox import Inbox
from core.venues.ccxt.instances import Access
from core.venues.ccxt.venue import CcxtVenue
from tests.hostile.far_end import Answer, FarEnd
from tests.venues.ccxt.fault_hall import LIVELY, LOT_PX, Hall
from tests.venues.ccxt.live_hall import eventually, request

QUERIES = ("orders", "positions", "trades", "balance")
EPOCH = 9


@dataclass
class Tape:
    """`frames`: (path of the websocket, text) in order; `answers`: by what was asked, the newest."""

    hall: Hall
    frames: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    ids: list[tuple[int, int]] = field(default_factory=list)  # (client id, price) of orders of ours that stood

    def kinds(self) -> dict[str, list[tuple[str, str]]]:
        """Frames by what they say."""
        out: dict[str, list[tuple[str, str]]] = {}
        for path, text in self.frames:
            out.setdefault(kind_of(text), []).append((path, text))
        return out

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, str]:
        """As the venue said it; 404 for what was never asked of it."""
        where = place(method, path, body)
        if where == "GET /fapi/v1/order":
            where = "POST /fapi/v1/order"  # the same order, as its create was answered
        return self.answers.get(where, (404, "{}"))


def place(method: str, path: str, body: bytes) -> str:
    """What a request asks for, whatever its arguments."""
    bare = path.partition("?")[0]
    if bare == "/info":
        return f"{method} {bare} {json.loads(body).get('type')}"
    return f"{method} {bare}"


def kind_of(text: str) -> str:
    """The venue's own name of a frame."""
    message = json.loads(text)
    if not isinstance(message, dict):
        return "other"
    return str(message.get("e") or message.get("channel") or "answer")


async def record(hall: Hall, seconds: float = 2.0) -> Tape:
    """A tape of this dialect, with orders, fills, cancels and every kind of read in it."""
    tape = Tape(hall)
    async with hall.venue(character=LIVELY) as at:
        made = hall.adapter(at, epoch=EPOCH)
        for exchange in (made.instances.data, made.instances.trade, made.instances.emergency):
            _tap(exchange, tape)
        await made.open()
        try:
            data = made.instances.data
            await eventually(lambda: all(s.newest_ns for s in made.streams if s.name.startswith("book")), "a book")
            await eventually(lambda: _listens(data, tape), "the private stream")
            await asyncio.sleep(0.3)
            bid, ask = at.exchange.top(0)[:2]
            for n in range(4):
                px = bid - 400 - 10 * n
                await made.send(request(CREATE, n + 1, px=px, qty=hall_lots(hall)))
                tape.ids.append(((n + 1) * 128 + 1, px))
            await made.send(request(CREATE, 5, px=ask + LOT_PX, tif=IOC, qty=hall_lots(hall)))
            await eventually(lambda: at.exchange.books.trades, "a fill")
            await made.send(request(CANCEL, 4))
            await asyncio.sleep(seconds)
            await eventually(lambda: _is_whole(tape), "news of a fill, a mark, a book and a trade")
            for number, what in enumerate(QUERIES):
                reply = await made.read(Read(what, number))
                assert not reply.error, reply.error
            assert data.clients
        finally:
            await made.close()
    return tape


def _listens(data: Any, tape: Tape) -> bool:
    """Private news are subscribed to."""
    if tape.hall.name == "binance_usdm":
        return any("private" in url and client.isConnected for url, client in (data.clients or {}).items())
    return len(tape.kinds().get("subscriptionResponse", ())) >= 5


def _is_whole(tape: Tape) -> bool:
    """Every kind of frame that the adapter's streams wait for was heard."""
    kinds = set(tape.kinds())
    fill = any('"x":"TRADE"' in text or ('"tid":' in text and "userFills" in text) for _, text in tape.frames)
    wanted = {"depthUpdate", "trade", "markPriceUpdate"}
    if tape.hall.name == "hyperliquid":
        wanted = {"l2Book", "trades", "activeAssetCtx", "orderUpdates"}
    return fill and wanted <= kinds


def hall_lots(hall: Hall) -> int:
    """A size that both venues take."""
    return 100


def _tap(exchange: Any, tape: Tape) -> None:
    whole, answered = exchange.client, exchange.on_rest_response

    def client(url: str) -> Any:
        made = whole(url)
        if not hasattr(made, "tapped"):
            made.tapped, inner = True, made.handle_message
            path = url.split("//", 1)[1].partition("/")[2]

            def handle(message: Any) -> None:
                if isinstance(message.data, str):
                    tape.frames.append((path, message.data))
                inner(message)

            made.handle_message = handle
        return made

    def on_rest_response(
        code: int, reason: str, url: str, method: str, headers: Any, text: Any, asked: Any = None, body: Any = None
    ) -> Any:
        path = "/" + str(url).split("//", 1)[1].partition("/")[2]
        tape.answers[place(method, path, str(body or "").encode())] = (code, text)
        return answered(code, reason, url, method, headers, text, asked, body)

    exchange.client, exchange.on_rest_response = client, on_rest_response


@contextlib.asynccontextmanager
async def replayed(
    tape: Tape, inbox: Any = None, answer: Answer | None = None, listen: bool = True
) -> AsyncIterator[tuple[CcxtVenue, FarEnd]]:
    """The adapter above a far end that answers as recorded; `venue.streams` are up once frames are fed."""
    hall, end = tape.hall, FarEnd(answer or tape.answer)
    urls = hall.traits().addresses("http://127.0.0.1:1")
    access = Access("loopback", hall.keys, urls, end.session)
    venue = CcxtVenue(
        hall.traits(), access, [(0, hall.instrument)], inbox or Inbox(1), SystemClock(), epoch=EPOCH
    )  # fmt: skip
    venue.reader.since_ns = venue.reader._newest_ns = SystemClock().now() - 3_600 * NS_PER_S
    venue.instances.data.enableRateLimit = False  # thousands of resyncs a minute are nobody's traffic
    for cl_id, _ in tape.ids:
        venue.ids.new_text(cl_id)
    await venue.open(listen=listen)
    try:
        yield venue, end
    finally:
        await venue.close()
