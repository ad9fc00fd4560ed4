"""Hostile peers of the control socket and of the metrics server: bounded, counted, and nothing changes state."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.control.client import ControlClient
from core.control.protocol import FRAME_CAP, VERSION, Address, Do, Hello, Status, frame
from core.control.server import MAX_CONNECTIONS
from core.domain.commands import Pause
from core.telemetry.server import AT_ONCE, TelemetryServer
from tests.hostile.payloads import SAYABLE
from tests.unit.control.support import FakeCore

CONNECTIONS = 10_000


@pytest.fixture
def core(state_dir: Path) -> Iterator[FakeCore]:
    fake = FakeCore(state_dir)
    yield fake
    fake.stop()
    assert list(fake.server.faults) == []


def dialled(state_dir: Path) -> socket.socket:
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    peer.settimeout(5)
    with Address(state_dir) as name:
        peer.connect(name)
    return peer


def rubbish(dice: random.Random) -> bytes:
    """No frame, half a frame, a frame that is too long, or one whose message is hostile."""
    good = frame(Hello(version=VERSION, role="command", who=dice.choice(SAYABLE)))
    told = frame(Do(command=Pause(who=dice.choice(SAYABLE), reason=dice.choice(SAYABLE)[:200])))
    whole = good + told
    return dice.choice((
        b"", dice.randbytes(dice.randint(1, 300)), whole[: dice.randrange(len(whole))],
        struct.pack(">I", FRAME_CAP + 1),
        struct.pack(">I", 2**32 - 1), struct.pack(">I", 5) + b"\xff\xff\xff\xff\xff", good[:4] + b"{" * (len(good) - 4),
        good + struct.pack(">I", 1_000_000) + b"x", frame(Status()), told, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        good + b"\x00\x00\x00\x00", bytes(b ^ (1 << dice.randrange(8)) for b in good),
    ))  # fmt: skip


@pytest.mark.row("R-X7")
@pytest.mark.slow
def test_ten_thousand_hostile_connections_leave_the_socket_bounded_and_answering(
    core: FakeCore, state_dir: Path, seed: int
) -> None:
    """No thread, file or task is left over, no command reaches the core, a console gets its answer in between."""
    dice = random.Random(seed)
    before, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    kept: list[socket.socket] = []
    most = 0
    for n in range(CONNECTIONS):
        try:
            peer = dialled(state_dir)
        except BlockingIOError:
            continue
        with contextlib.suppress(OSError):
            peer.sendall(rubbish(dice))
        if dice.random() < 0.02 and len(kept) < 200:
            kept.append(peer)  # and says no more
        else:
            peer.close()
        most = max(most, len(core.server.connections))
        if n % 1_000 == 999:
            for silent in kept:
                silent.close()
            kept.clear()
            assert answered(state_dir) == "RUNNING"
    assert most <= MAX_CONNECTIONS
    assert [type(command).__name__ for command in core.seen] == []
    assert not core.gate.closed
    for _ in range(200):  # what the last peers left is let go of, however busy the machine is
        if threading.active_count() <= threads and len(os.listdir("/proc/self/fd")) <= before + MAX_CONNECTIONS:
            break
        threading.Event().wait(0.05)
    assert threading.active_count() <= threads
    assert len(os.listdir("/proc/self/fd")) <= before + MAX_CONNECTIONS


def answered(state_dir: Path) -> str:
    """The run state, asked until there is room: peers that are gone must be let go of."""
    for _ in range(200):
        with contextlib.suppress(Exception), ControlClient(state_dir) as client:
            return str(client.ask(Status()).body["run"])
        threading.Event().wait(0.05)
    return "no answer"


@pytest.fixture
def server() -> Iterator[TelemetryServer]:
    made = TelemetryServer({"/metrics": lambda: (200, "text/plain", b"mm_position 1\n" * 200_000)}, port=0)
    made.start()
    yield made
    made.close()


def said(port: int, raw: bytes, wait: float = 5.0) -> bytes:
    """What the server answers to raw bytes, at most its first 64 kB."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as peer:
        with contextlib.suppress(OSError):
            peer.sendall(raw)
            peer.shutdown(socket.SHUT_WR)
        out = b""
        with contextlib.suppress(OSError):
            while len(out) < 65_536 and (part := peer.recv(65_536)):
                out += part
        return out


@pytest.mark.row("R-X6")
@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"403"),
        (b"GET /metrics HTTP/1.1\r\n\r\n", b"403"),
        (b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://evil\r\n\r\n", b"403"),
        (b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\n\r\n", b"200"),
        (b"POST /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\nhi", b"501"),
        (b"PUT /halt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"501"),
        (b"DELETE /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"501"),
        (b"GET /halt?confirm=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"404"),
        (b"GET /../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"404"),
        (b"GET /\x1b]0;x\x07 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"404"),
        (b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 500 + b"\r\n", b"431"),
        (b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n", b"505"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
    ],
)
def test_a_wrong_request_to_the_metrics_server_is_refused_and_changes_nothing(
    server: TelemetryServer, raw: bytes, status: bytes
) -> None:
    answer = said(server.port, raw)
    assert status in answer[:600], answer[:600]
    assert b"\x1b" not in answer and b"\x07" not in answer
    assert said(server.port, b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n").startswith(b"HTTP/1.0 200")


@pytest.mark.row("R-X6")
def test_clients_that_go_away_or_never_speak_print_nothing_and_are_bounded(
    server: TelemetryServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """A trace of the library on the terminal that the console draws on was the old end of a reset connection."""
    for _ in range(30):
        peer = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.sendall(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")
        peer.recv(100)
        peer.close()
    before = threading.active_count()
    silent = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(3 * AT_ONCE)]
    threading.Event().wait(0.5)
    assert threading.active_count() <= before + AT_ONCE
    for peer in silent:
        peer.close()
    threading.Event().wait(0.2)
    assert said(server.port, b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n").startswith(b"HTTP/1.0 200")
    assert capfd.readouterr() == ("", "")
