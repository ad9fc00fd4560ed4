"""The control socket's server: its own thread and loop, so that a stuck core still sees its gate closed and acks HALT.

0600 in the 0700 state dir, same uid only (SO_PEERCRED, X7). Every queue is bounded and a slow reader only loses
pictures of its own. Bytes that are no frame end their connection and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Any

from core import tasks
from core.control.connection import Connection
from core.control.desk import Desk
from core.control.protocol import Address, peer_of
from core.domain.errors import Refused

MAX_CONNECTIONS = 32

# from 3.13 on asyncio would look up the file by the name that the socket was bound to, a short-lived one of ours
KEEP_FILE: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}


class ControlServer:
    """`start()` binds (raises Refused or OSError), `stop()` ends it. `faults` keeps the last errors of ours.

    `desk.read_position(verify)` answers `position --verify` from a thread of its own.
    uid: the only user that may connect, ours by default.
    """

    def __init__(
        self,
        desk: Desk,
        state_dir: Path,
        reports: Path | None = None,
        uid: int | None = None,
    ) -> None:
        self.desk, self.reports = desk, reports
        self._state_dir = state_dir
        self._uid = os.getuid() if uid is None else uid
        self.connections: dict[int, Connection] = {}
        self.controller: Connection | None = None
        self.console_here = False  # a console of this very process controls the core
        self.refused = 0
        self.faults: deque[str] = deque(maxlen=20)
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._listening: socket.socket | None = None

    def start(self) -> None:
        """Bind and serve. Only the holder of the state dir's lock may call this: it replaces a socket left behind."""
        self._listening = self._bind()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="control-socket", daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise Refused("Expected the control socket's thread to start within 10 s, was not there")

    def _bind(self) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        address = Address(self._state_dir)
        try:
            with address as name:
                address.path.unlink(missing_ok=True)
                listening.bind(name)
                os.chmod(name, 0o600)
            listening.listen(MAX_CONNECTIONS)
            listening.setblocking(False)
        except BaseException:
            listening.close()
            raise
        return listening

    def _run(self, ready: threading.Event) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._fault)
        self._end = asyncio.Event()
        server = await asyncio.start_unix_server(self._connected, sock=self._listening, **KEEP_FILE)
        ready.set()
        await self._end.wait()
        server.close()
        for connection in list(self.connections.values()):
            connection.abort()
        await tasks.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pid, uid = peer_of(writer.get_extra_info("socket"))
        if uid != self._uid or len(self.connections) >= MAX_CONNECTIONS:
            self.refused += 1
            writer.transport.abort()
            return
        self._count += 1
        number = self._count
        connection = Connection(self, reader, writer, number, pid)
        self.connections[number] = connection
        try:
            await connection.serve()
        finally:
            del self.connections[number]
            connection.abort()

    def fault(self, error: BaseException) -> None:
        """Keep an error of ours for `doctor` and the logs; the connection it came from is closed by its caller."""
        self.faults.append(f"{type(error).__name__}: {error}")

    def _fault(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.fault(error if isinstance(error, BaseException) else RuntimeError(str(context.get("message"))))

    @property
    def controlled_by(self) -> str:
        """Which console controls the core, "" = none."""
        if self.console_here:
            return f"the console of the core itself, pid {os.getpid()}"
        return f"pid {self.controller.pid}" if self.controller is not None else ""

    @property
    def viewers(self) -> int:
        """Consoles that look on: connections that watch."""
        return sum(connection.watching for connection in list(self.connections.values()))

    def stop(self) -> None:
        """End all connections and remove the socket. Safe to call twice."""
        loop, end, thread = self._loop, self._end, self._thread
        if loop is not None and end is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):  # closed in between
                loop.call_soon_threadsafe(end.set)
        if thread is not None:
            thread.join(5)
        if self._listening is not None:
            self._listening.close()
            self._listening = None
            with contextlib.suppress(OSError):  # a disk that takes no changes; the next start takes the name over
                (Address(self._state_dir).path).unlink(missing_ok=True)
