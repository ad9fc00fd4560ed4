"""The control socket's words: length-prefixed msgpack frames, a versioned hello, one request number per question.

Owns message types, framing and the socket's address. Opens no socket and knows no core.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path
from typing import Any

import msgspec

from core.domain.commands import AnyCommand
from core.domain.errors import PerpError
from core.domain.questions import AnyQuestion
from core.domain.snapshot import Snapshot
from core.guard.private import check_private

VERSION = 2
SOCKET_FILE = "control.sock"
FRAME_CAP = 4 << 20
ACK_MS = 500
STALLED_MS = 2_000
ROLES = ("command", "viewer", "controller")
_LENGTH = struct.Struct(">I")


class BadFrame(PerpError):
    """Bytes on the socket that are not a frame of ours."""


class Ask(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag=str.lower):
    """Base of what a client says. `n` comes back with every answer to it."""

    n: int = 0


class Hello(Ask, frozen=True):
    """First frame of a connection. role: command | viewer (read only) | controller (at most one)."""

    version: int
    role: str = "command"
    who: str = ""


class Status(Ask, frozen=True):
    """The core's picture in short: answered from the server's thread, also when the core is stuck."""


class Position(Ask, frozen=True):
    """Positions and open orders; with `verify` read from the venue again, foreign ones included."""

    verify: bool = False


class Do(Ask, frozen=True):
    """A command for the core. Halt and Flatten are closed at the gate first and then streamed (`Ack`, `Progress`)."""

    command: AnyCommand


class Watch(Ask, frozen=True):
    """Stream pictures, at most `hz` a second, the newest only."""

    hz: float = 2.0


class Reports(Ask, frozen=True):
    """Names of the report files, newest first."""


class Report(Ask, frozen=True):
    """The text of one report file by its name in the report folder."""

    name: str


class Query(Ask, frozen=True):
    """A page that is not in the picture; the reply's body is the page as plain values."""

    question: AnyQuestion


AnyAsk = Hello | Status | Position | Do | Watch | Reports | Report | Query


class Told(msgspec.Struct, frozen=True, kw_only=True, tag_field="told", tag=str.lower):
    """Base of what the server says."""

    n: int = 0


class Welcome(Told, frozen=True):
    """The server's hello: which process answers."""

    version: int
    pid: int
    start_ticks: int
    host: str
    role: str


class Reply(Told, frozen=True):
    """The answer to one question: ok, one sentence, and plain values."""

    ok: bool
    text: str = ""
    body: dict[str, Any] = {}


class Picture(Told, frozen=True):
    """One snapshot of a `Watch`."""

    snapshot: Snapshot


class Ack(Told, frozen=True):
    """The gate is closed. `closed_ns`: how long that took in the server, from the frame to the flag."""

    stop_id: str
    verb: str
    closed_ns: int


class Progress(Told, frozen=True):
    """How far a stop got. `pictures` moves while the core lives; done with an exit code 0 | 2 | 3 | 6. `report`: the
    path of its evidence, "" before the file is there."""

    stop_id: str
    run: str
    orders_left: int
    positions_left: int
    verified: str
    pictures: int
    text: str = ""
    done: bool = False
    code: int = 3
    report: str = ""


AnyTold = Welcome | Reply | Picture | Ack | Progress

_encoder = msgspec.msgpack.Encoder()
_ask = msgspec.msgpack.Decoder(AnyAsk)
_told = msgspec.msgpack.Decoder(AnyTold)


def frame(message: Ask | Told) -> bytes:
    """One message as bytes for the wire. Raises BadFrame above the cap."""
    body = _encoder.encode(message)
    if len(body) > FRAME_CAP:
        raise BadFrame(f"Expected a frame of at most {FRAME_CAP} bytes, was {len(body)}")
    return _LENGTH.pack(len(body)) + body


def frame_length(header: bytes) -> int:
    """The length in a 4-byte header. Raises BadFrame for an empty or oversized frame."""
    length: int = _LENGTH.unpack(header)[0]
    if not 0 < length <= FRAME_CAP:
        raise BadFrame(f"Expected a frame of 1 .. {FRAME_CAP} bytes, was {length}")
    return length


def read_ask(body: bytes) -> AnyAsk:
    """A client's message. Raises BadFrame for anything else."""
    try:
        return _ask.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"Expected a request of protocol {VERSION}: {error}") from error


def read_told(body: bytes) -> AnyTold:
    """A server's message. Raises BadFrame for anything else."""
    try:
        return _told.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"Expected an answer of protocol {VERSION}: {error}") from error


def peer_of(connection: socket.socket) -> tuple[int, int]:
    """(pid, uid) of the process at the other end, as the kernel knows it (SO_PEERCRED)."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", raw)
    return pid, uid


class Address:
    """`control.sock` of a state dir, named through a descriptor of that folder: any path length fits into the 107
    bytes that a Unix socket's name may have, and no second folder has to be trusted. Use as a context manager.
    """

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / SOCKET_FILE
        self._folder = state_dir
        self._fd = -1

    def __enter__(self) -> str:
        check_private(self._folder, "folder")
        self._fd = os.open(self._folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._fd}/{SOCKET_FILE}"

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
