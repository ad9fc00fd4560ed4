"""`perpconsole serve`: read-only consoles in a browser, through textual-serve, on 127.0.0.1 alone.

Each tab is a process of `attach --read-only`, never a core. The address holds a word that cannot be guessed; requests
under another host name (a foreign page that points a name of its own at the loopback) are refused.
"""

from __future__ import annotations

import asyncio
import errno
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from getpass import getuser
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from app.attached import START
from app.tab import Tab, argv
from app.webdriver import COLUMNS, ROWS, within
from app.webpage import HEADERS, page
from core import tasks
from core.control.client import ControlClient
from core.domain.errors import Refused, Unavailable

LOOPBACK = "127.0.0.1"
NAMES = ("127.0.0.1", "localhost")
FONT = (8, 16, 40)
BEAT_S = 15.0  # a tab that answers no beat is gone, and its console with it
MOST_BYTES = 64 * 1024  # of one message of a browser: keys and sizes
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Wish:
    """What is served: the core of `state_dir`, at most `tabs` consoles at once, on `port` (0 = a free one)."""

    state_dir: Path
    host: str = LOOPBACK
    port: int = 8765
    tabs: int = 4
    config: Path | None = None


class Serving:
    """The pages and sockets of one server. `tabs`: the consoles that run now."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.word = secrets.token_urlsafe(16)
        self.tabs: set[Tab] = set()

    def application(self) -> web.Application:
        """Routes below the unguessable word; everything else is not there."""
        app = web.Application(middlewares=[self._guarded])
        app.router.add_get(f"/{self.word}/", self.index)
        app.router.add_get(f"/{self.word}/ws", self.console)
        for folder in ("css", "js", "fonts"):
            app.router.add_static(f"/{self.word}/static/{folder}", str(files("textual_serve") / "static" / folder))
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if urlsplit(f"//{request.host}").hostname not in NAMES:
            raise web.HTTPForbidden(text=f"Expected the host {' or '.join(NAMES)}, was another name\n")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    async def index(self, request: web.Request) -> web.Response:
        """The page."""
        self._room()
        size = within(request.query.get("fontsize", ""), FONT)
        text = page(f"ws://{request.host}/{self.word}/ws", size)
        return web.Response(text=text, content_type="text/html")

    async def console(self, request: web.Request) -> web.WebSocketResponse:
        """The terminal of one tab, until one of its two ends has gone."""
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text="Expected a page of this server\n")
        self._room()
        ears = web.WebSocketResponse(heartbeat=BEAT_S, max_msg_size=MOST_BYTES)
        tab = Tab(argv(self.wish.state_dir, self.wish.config), ears.send_bytes, ears.close)
        self.tabs.add(tab)
        try:
            await ears.prepare(request)
            asked = request.query
            await tab.start(within(asked.get("width", ""), COLUMNS), within(asked.get("height", ""), ROWS))
            async for message in ears:
                if message.type == WSMsgType.TEXT:
                    await self._heard(tab, ears, message.data)
        finally:
            try:
                await tab.end()
            finally:
                self.tabs.discard(tab)
        return ears

    async def _heard(self, tab: Tab, ears: web.WebSocketResponse, text: str) -> None:
        if text.startswith('["ping"'):
            await ears.send_str('["pong"' + text[len('["ping"') :])
        else:
            await tab.heard(text)

    def _room(self) -> None:
        if len(self.tabs) >= self.wish.tabs:
            most = self.wish.tabs
            raise web.HTTPServiceUnavailable(text=f"{most} views are open already, the most there may be: close one\n")

    async def end(self) -> None:
        """Every console is gone when this returns."""
        await asyncio.gather(*(tab.end() for tab in list(self.tabs)))


def serve(wish: Wish, say: Callable[[dict[str, Any]], None]) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP. `say` hears once where. Raises Refused before anything is opened."""
    if wish.host not in NAMES:
        raise Refused(f"Expected --host {LOOPBACK}, was {wish.host}: there is no login; from elsewhere by ssh -L")
    try:
        with ControlClient(wish.state_dir):
            pass
    except Unavailable as error:
        raise Refused(f"{error}; {START}") from error
    with _listening(wish.port) as listener:
        asyncio.run(_until_stopped(wish, listener, say))


def _listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            why = "taken by another program" if error.errno == errno.EADDRINUSE else "not for us to open"
            raise Refused(f"port {port} of {LOOPBACK} is {why}: name another one with --port") from error
        raise
    return listener


async def _until_stopped(wish: Wish, listener: socket.socket, say: Callable[[dict[str, Any]], None]) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopped.set)
    serving = Serving(wish)
    runner = web.AppRunner(serving.application(), handle_signals=False, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        say(_told(listener.getsockname()[1], serving.word, wish))
        await stopped.wait()
    finally:
        async with tasks.timeout(10.0):
            await serving.end()
            await runner.cleanup()


def _told(port: int, word: str, wish: Wish) -> dict[str, Any]:
    url = f"http://{LOOPBACK}:{port}/{word}/"
    tunnel = f"ssh -N -L {port}:{LOOPBACK}:{port} {getuser()}@{socket.gethostname()}"
    text = (
        f"read-only view of the core in {wish.state_dir}, at most {wish.tabs} tabs\n"
        f"  here            {url}\n"
        f"  from elsewhere  {tunnel}   then the same address there\n"
        "No login: whoever has this address sees every number and can move nothing. Ctrl+C ends it; the core goes on."
    )
    return {"url": url, "port": port, "tunnel": tunnel, "tabs": wish.tabs, "text": text}
