"""One browser tab: a process of `perpconsole attach --read-only`, ended with the tab and never left behind.

Packets and their reading are textual-serve's; what a console may ask of a browser is cut down to "I have ended".
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from app.webdriver import COLUMNS, ROWS, within
from core import tasks

MOST_KEYS = 4096  # characters of one message
END_S = 3.0  # that a console may take to end by itself
LOCALE = {"LC_ALL": "C.UTF-8"}  # of a browser, whatever that of the server's terminal is
WORDS = ("attach", "--read-only")


def argv(state_dir: Path, config: Path | None = None) -> list[str]:
    """The only program that a tab ever starts."""
    looks = [] if config is None else ["--config", str(config)]
    return [sys.executable, "-m", "app", "--state-dir", str(state_dir), *WORDS, *looks]


class Tab(AppService):
    """`talk(messages)` until the browser or the console has ended; then `end()`, whatever happened."""

    def __init__(
        self, program: Sequence[str], write_bytes: Callable[[bytes], Awaitable[None]],
        close: Callable[[], Awaitable[object]],
    ) -> None:  # fmt: skip
        super().__init__(
            " ".join(program), write_bytes=write_bytes, write_str=_nothing, close=_closing(close),
            download_manager=DownloadManager(),
        )  # fmt: skip
        self._program = program
        self._seen = False

    @property
    def pid(self) -> int:
        """Of its process; 0 before it runs."""
        return self._process.pid if self._process is not None else 0

    async def _open_app_process(self, width: int = 80, height: int = 24) -> asyncio.subprocess.Process:
        """No shell, and a session of its own: Ctrl+C at the server ends the server, which ends its tabs."""
        root = str(Path(__file__).resolve().parent.parent)  # the same code as ours, whatever the working directory is
        known = [path for path in [os.environ.get("PYTHONPATH", "")] if path]
        self._process = process = await asyncio.create_subprocess_exec(
            *self._program,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**self._build_environment(width, height), **LOCALE, "PYTHONPATH": os.pathsep.join([root, *known])},
            start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        self._stdin = process.stdin
        return process

    async def heard(self, text: str) -> None:
        """One message of the browser: keys, a new size, or focus. Anything else is passed over."""
        try:
            kind, *rest = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            return
        told = rest[0] if rest else None
        if kind == "stdin" and isinstance(told, str):
            await self.send_bytes(told[:MOST_KEYS].encode("utf-8", "replace"))
        elif kind == "resize" and isinstance(told, dict):
            await self.set_terminal_size(within(told.get("width"), COLUMNS), within(told.get("height"), ROWS))
        elif kind == "blur":
            await self.blur()
        elif kind == "focus":
            await self.focus()

    async def on_data(self, payload: bytes) -> None:
        self._seen = True
        await super().on_data(payload)

    async def on_meta(self, data: bytes) -> None:
        """A console may say that it has ended: no addresses to open, no files to bring."""
        if json.loads(data).get("type") == "exit":
            await super().on_meta(data)

    async def on_packed(self, payload: bytes) -> None:
        """Files of the console: none."""

    async def run(self) -> None:
        """The packets of the process to their end; a console that never drew says why on the page."""
        await super().run()
        if not self._seen:
            await self.remote_write_bytes(b"The console did not start: no core answers here any more.\r\n")
        await self.remote_close()

    async def end(self) -> None:
        """Its process is gone when this returns: asked first, then by the closed pipe, then by its pid."""
        process = self._process
        if process is None:
            return
        try:
            async with tasks.timeout(END_S):
                await self.send_meta({"type": "quit"})  # waits where the process does not read
                self.stdin.close()
                await process.wait()
        except (TimeoutError, OSError):
            process.kill()
            await process.wait()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])


async def _nothing(text: str) -> None:
    """Words for the page beside the terminal: none."""


def _closing(close: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    async def closed() -> None:
        await close()

    return closed
