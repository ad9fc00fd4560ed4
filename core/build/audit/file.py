"""A journal read block by block at an offset of our own: by forked processes side by side, and while a core writes it.

Writes nothing. The format is core.engine.journal's; a block is given out only when its checksum holds.
"""

from __future__ import annotations

import os
import pathlib
import struct
import zlib

import msgspec
import zstandard

from core.domain.errors import DataError
from core.engine.journal import MAGIC, AnyFrame

_HEAD = struct.Struct("<II")
_LEN = struct.Struct("<I")


class Reader:
    """`frames()` is the next block's; at the end of the file an empty list, and later more when the file has grown."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.at = len(MAGIC)
        self._decoder = msgspec.msgpack.Decoder(AnyFrame)
        self._unpacker = zstandard.ZstdDecompressor()
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise DataError(f"Expected a journal that can be read, was {error.strerror}", str(path)) from error
        if os.pread(self._fd, len(MAGIC), 0) != MAGIC:
            self.close()
            raise DataError("Expected a perpconsole journal of version 1, was another kind of file", str(path))

    def close(self) -> None:
        os.close(self._fd)

    @property
    def size(self) -> int:
        """Bytes of the file now."""
        return os.fstat(self._fd).st_size

    @property
    def torn(self) -> int:
        """Bytes behind the last block that was read: cut off by a crash, or being written now."""
        return max(self.size - self.at, 0)

    @property
    def share(self) -> float:
        """How much of the file is read."""
        return self.at / max(self.size, 1)

    def frames(self) -> list[AnyFrame]:
        """The frames of the next whole block. Raises DataError for damage that is not at the end of the file."""
        raw = self._block()
        out: list[AnyFrame] = []
        at = 0
        try:
            while at < len(raw):
                (length,) = _LEN.unpack_from(raw, at)
                at += _LEN.size
                out.append(self._decoder.decode(raw[at : at + length]))
                at += length
        except (msgspec.MsgspecError, struct.error) as error:
            raise DataError("Expected frames as this version writes them, was another form", str(self.path)) from error
        return out

    def _block(self) -> bytes:
        head = os.pread(self._fd, _HEAD.size, self.at)
        if len(head) < _HEAD.size:
            return b""
        length, crc = _HEAD.unpack(head)
        end = self.at + _HEAD.size + length
        size = self.size
        if end > size or length == 0:  # cut off, or zeros that a power loss left
            return b""
        packed = os.pread(self._fd, length, self.at + _HEAD.size)
        if len(packed) < length or zlib.crc32(packed) != crc:
            if end >= size:
                return b""
            raise DataError(f"Expected a sound block, was damage before byte {end:,}", str(self.path))
        try:
            raw = self._unpacker.decompress(packed)
        except zstandard.ZstdError as error:
            raise DataError(f"Expected a packed block before byte {end:,}, was {error}", str(self.path)) from error
        self.at = end
        return raw
