"""`perpconsole serve`: a real core, a real server, its page and its socket as a browser would use them (issue 5, 8)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core import tasks
from tests.process.pane import alive
from tests.process.real_core import PATIENCE_S, command, core, environment, eventually, status, until
from tests.process.running import ROOT, end

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def served(state_dir: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The server and what it says of itself; killed at the end if it still lives."""
    child = subprocess.Popen(
        [sys.executable, "-m", "app", "--json", "--state-dir", str(state_dir), "serve", "--port", "0", *words],
        cwd=ROOT, env=environment(LANG="C"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert child.stdout is not None and child.stderr is not None
        line = child.stdout.readline()
        assert line, child.stderr.read()
        yield child, json.loads(line)
    finally:
        end(child)


def consoles(server: subprocess.Popen[str]) -> list[int]:
    """Processes whose parent is the server, by the kernel's word."""
    found = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return [int(pid) for pid in found]


class Browser:
    """What a tab has drawn so far, and its keys."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.drawn = b""

    async def sees(self, text: str) -> None:
        """Wait until the frames hold `text`; what was drawn before is forgotten then."""
        async with tasks.timeout(PATIENCE_S):
            while text.encode() not in self.drawn:
                message = await self.socket.receive()
                assert message.type is aiohttp.WSMsgType.BINARY, message
                self.drawn += message.data
        self.drawn = b""

    async def press(self, keys: str) -> None:
        await self.socket.send_str(json.dumps(["stdin", keys]))


@contextlib.asynccontextmanager
async def tab(url: str, width: int = 120, height: int = 40) -> AsyncIterator[Browser]:
    """The page as a browser reads it, then the socket that the page names."""
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as answer:
            assert answer.status == 200
            page = await answer.text()
        named = re.search(r'data-session-websocket-url="([^"]+)"', page)
        assert named is not None
        async with session.ws_connect(f"{named[1]}?width={width}&height={height}") as socket:
            yield Browser(socket)


def test_a_tab_shows_the_core_read_only_and_no_key_moves_it(state_dir: Path) -> None:
    """Ctrl+G, p and f, a pasted one too, in a browser: each says that this console only watches."""
    with core(state_dir) as child, served(state_dir) as (server, said):
        before = until(state_dir, "RUNNING")

        async def look() -> None:
            async with tab(said["url"]) as browser:
                await browser.sees("READ-ONLY")
                await browser.press("\x07")
                await browser.sees("perpconsole halt")
                await browser.press("p")
                await browser.sees("this console only watches")
                await browser.press("\x1b[24~")
                await browser.sees("perpconsole halt")
                await browser.press("f")
                await browser.sees("this console only watches")
                await browser.press("\x1b[200~f\x07p\x1b[201~")
                await browser.press("\x07" * 20)
                await browser.sees("perpconsole halt")
                assert len(consoles(server)) == 1

        asyncio.run(look())
        after = status(state_dir)
        assert after["run"] == "RUNNING" and not after["gate_closed"] and after["pid"] == before["pid"] == child.pid
        eventually(lambda: not consoles(server), "the end of the tab's console")
        assert server.poll() is None


def test_the_page_fetches_nothing_from_elsewhere_and_only_under_its_word(state_dir: Path) -> None:
    """A foreign name for the loopback (DNS rebinding), a foreign page and a guessed address are refused."""
    with core(state_dir), served(state_dir) as (_, said):
        origin, word = re.fullmatch(r"(http://127\.0\.0\.1:\d+)/([\w-]{20,})/", said["url"]).groups()  # type: ignore[union-attr]

        async def look() -> None:
            async with aiohttp.ClientSession() as session:

                async def asked(path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
                    async with session.get(origin + path, headers=headers) as answer:
                        return answer.status, await answer.text(errors="replace"), dict(answer.headers)

                status_, page, headers = await asked(f"/{word}/")
                assert status_ == 200 and "default-src 'none'" in headers["Content-Security-Policy"]
                links = re.findall(r'(?:src|href)="([^"]+)"|url\("([^"]+)"\)', page)
                paths = [a or b for a, b in links if not (a or b).startswith("data:")]
                assert len(paths) == 3 and all(path.startswith("static/") for path in paths)
                for path in paths:
                    assert (await asked(f"/{word}/{path}"))[0] == 200
                assert not re.search(r"https?://", page)
                for path in ("/", "/ws", "/static/js/textual.js", f"/{word[:-1]}/", f"/{word}/static/js/"):
                    assert (await asked(path))[0] in (403, 404), path
                assert (await asked(f"/{word}/", Host="evil.example"))[0] == 403
                assert (await asked(f"/{word}/ws", Host="evil.example:80"))[0] == 403
                assert (await asked(f"/{word}/", Host="localhost:9000"))[0] == 200  # another local end of the tunnel
                with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                    await session.ws_connect(f"{origin}/{word}/ws", origin="http://evil.example")

        asyncio.run(look())


def test_a_tab_too_many_is_refused_until_another_is_closed(state_dir: Path) -> None:
    with core(state_dir), served(state_dir, "--tabs", "1") as (server, said):

        async def look() -> None:
            async with tab(said["url"], 80, 24) as browser, aiohttp.ClientSession() as session:
                await browser.sees("READ-ONLY")
                for path in ("", "ws"):
                    async with session.get(said["url"] + path) as answer:
                        assert answer.status == 503 and "close one" in await answer.text()
                assert len(consoles(server)) == 1
            async with tasks.timeout(PATIENCE_S):
                while consoles(server):
                    await tasks.sleep(0.05)
            async with tab(said["url"], 80, 24) as browser:
                await browser.sees("READ-ONLY")

        asyncio.run(look())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_console_outlives_the_server(state_dir: Path, number: signal.Signals) -> None:
    """A killed server cannot end its consoles: the closed pipe does. The core never notices."""
    with core(state_dir) as child, served(state_dir) as (server, said):
        started: list[int] = []

        async def look() -> None:
            async with tab(said["url"]) as one, tab(said["url"], 80, 24) as other:
                await one.sees("READ-ONLY")
                await other.sees("READ-ONLY")
                started.extend(consoles(server))
                os.kill(server.pid, number)
                for browser in (one, other):
                    async with tasks.timeout(PATIENCE_S):
                        while not browser.socket.closed:
                            await browser.socket.receive()

        asyncio.run(look())
        assert len(started) == 2
        eventually(lambda: not any(alive(pid) for pid in started), "the end of both consoles", 20.0)
        code = server.wait(PATIENCE_S)
        assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
        assert child.poll() is None and status(state_dir)["pid"] == child.pid


def test_a_tab_whose_core_has_ended_says_so_and_closes(state_dir: Path) -> None:
    with core(state_dir) as child, served(state_dir) as (server, said):
        os.kill(child.pid, signal.SIGKILL)
        child.wait(PATIENCE_S)

        async def look() -> None:
            async with tab(said["url"]) as browser:
                await browser.sees("no core answers here any more")
                message = await browser.socket.receive()
                assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)

        asyncio.run(look())
        assert server.poll() is None


def _no_core(state_dir: Path) -> tuple[list[str], str]:
    return [], "perpconsole starts one with a console"


def _foreign_host(state_dir: Path) -> tuple[list[str], str]:
    return ["--host", "0.0.0.0"], "Expected --host 127.0.0.1, was 0.0.0.0"


@pytest.mark.parametrize("case", [_no_core, _foreign_host])
def test_what_cannot_be_served_is_a_refusal_with_the_next_step(
    state_dir: Path, case: Callable[[Path], tuple[list[str], str]]
) -> None:
    words, sentence = case(state_dir)
    done = command(state_dir, "serve", *words)
    assert done.returncode == 1 and sentence in done.stderr and not done.stdout


def test_a_taken_port_is_named(state_dir: Path) -> None:
    with core(state_dir), socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = command(state_dir, "serve", "--port", str(port))
        assert done.returncode == 1 and f"port {port}" in done.stderr and "--port" in done.stderr
