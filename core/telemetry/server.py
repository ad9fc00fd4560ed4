"""The loopback server of /metrics and /health, in a thread of its own (stdlib: 8 ms to import, two pages to serve).

GET and HEAD only, Host header checked (no DNS rebinding), loopback addresses only, no state change (R-X6).
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from core.domain.errors import Refused

HOST, PORT = "127.0.0.1", 8080
LOOPBACK = ("127.0.0.1", "localhost", "::1")
AT_ONCE = 16  # clients
SLOW_S = 5.0  # a client that says nothing for so long is dropped
Page = Callable[[], tuple[int, str, bytes]]


class PortBusy(Refused):
    """The port is taken; `holder` is who has it, as far as this process may know."""

    def __init__(self, port: int, holder: str) -> None:
        self.port, self.holder = port, holder
        super().__init__(
            f"Expected port {port} to be free for metrics, was held by {holder}. "
            "Choose another with --metrics-port (0 picks one)."
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 16
    pages: dict[str, Page]
    refused = 0  # connections beyond AT_ONCE
    faults = 0  # clients that went away while they were answered, and errors of ours

    def __init__(self, *address: Any) -> None:
        self._room = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(*address)

    def process_request(self, request: Any, client_address: Any) -> None:
        """One thread a client, and no more than AT_ONCE of them."""
        if not self._room.acquire(blocking=False):
            self.refused += 1
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Counted; the library would print it on the terminal that the console draws on."""
        self.faults += 1


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = SLOW_S
    server_version = "perpconsole"
    sys_version = ""

    def do_GET(self) -> None:
        self._serve(body=True)

    def do_HEAD(self) -> None:
        self._serve(body=False)

    def _serve(self, body: bool) -> None:
        if not _host_ok(self.headers.get("Host", "")) or self.headers.get("Origin"):
            self._answer(403, "text/plain", b"this server answers its own machine only\n", body)
            return
        page = self.server.pages.get(self.path.split("?", 1)[0])
        if page is None:
            known = ", ".join(sorted(self.server.pages))
            self._answer(404, "text/plain", f"here are {known}\n".encode(), body)
            return
        self._answer(*page(), body)

    def _answer(self, status: int, kind: str, content: bytes, body: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Scrapes are not logged."""


def _host_ok(host: str) -> bool:
    name = host.rsplit(":", 1)[0] if host.count(":") == 1 or (host.startswith("[") and "]:" in host) else host
    return name.strip("[]").lower() in LOOPBACK


class TelemetryServer:
    """`pages` maps a path to a call that gives (status, content type, body); it runs in the server's threads."""

    def __init__(self, pages: dict[str, Page], port: int = PORT, host: str = HOST) -> None:
        """Binds at once. Raises PortBusy, or Refused for an address that is not loopback."""
        if host not in LOOPBACK:
            raise Refused(f"Expected a loopback address for metrics, was {host}")
        try:
            self._server = _Server((host, port), _Handler)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                raise PortBusy(port, holder_of(port)) from error
            raise
        self._server.pages = pages
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stops serving and frees the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(timeout=SLOW_S)
        self._server.server_close()


def holder_of(port: int) -> str:
    """`pid 4711 (command)` of who listens on a local TCP port; `another user's process` when it may not be seen."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            held = any(os.readlink(fd) in inodes for fd in (process / "fd").iterdir())
            if held:
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                return f"pid {process.name} ({''.join(c if c.isprintable() else '?' for c in words)[:120].strip()})"
        except OSError:
            continue  # gone meanwhile, or not ours to look at
    return "another user's process" if inodes else "an unknown process"
