"""Length-prefixed msgpack frames between the processes of an audit replay: over pipes and over socket pairs.

Knows no journal. A frame is a u32 length and that many bytes.
"""

from __future__ import annotations

import socket
import struct
from typing import Any, Generic, TypeVar

import msgspec

from core.domain.errors import Unavailable

T = TypeVar("T")
CAP = 16 << 20
READ = 1 << 18
_LENGTH = struct.Struct(">I")
_encoder = msgspec.msgpack.Encoder()


def packed(message: Any) -> bytes:
    """One frame."""
    raw = _encoder.encode(message)
    return _LENGTH.pack(len(raw)) + raw


class Unpacker(Generic[T]):
    """Bytes in, whole messages out. Raises Unavailable for bytes that are no frames of ours."""

    def __init__(self, form: Any) -> None:
        self._decoder = msgspec.msgpack.Decoder(form)
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[T]:
        self._buffer += data
        out: list[T] = []
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > CAP:
                raise Unavailable(f"Expected a frame of at most {CAP} bytes, was {length}")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                break
            try:
                out.append(self._decoder.decode(bytes(self._buffer[_LENGTH.size : end])))
            except msgspec.MsgspecError as error:
                raise Unavailable(f"Expected a word of the audit replay, was another: {error}") from error
            del self._buffer[:end]
        return out


class Channel(Generic[T]):
    """One end of a socket pair. `read` is what came: None when the other end is gone; `fds` came with messages."""

    def __init__(self, sock: socket.socket, form: Any) -> None:
        self.sock = sock
        self.fds: list[int] = []
        self._unpacker: Unpacker[T] = Unpacker(form)

    def fileno(self) -> int:
        return self.sock.fileno()

    def say(self, message: Any, *fds: int) -> None:
        """Send it. Raises OSError when the other end is gone."""
        data = packed(message)
        if fds:
            sent = socket.send_fds(self.sock, [data], list(fds))
            data = data[sent:]
        self.sock.sendall(data)

    def read(self) -> list[T] | None:
        try:
            data, fds, _, _ = socket.recv_fds(self.sock, READ, 4)
        except ConnectionResetError:
            return None
        self.fds += fds
        return self._unpacker.feed(data) if data else None

    def close(self) -> None:
        self.sock.close()
