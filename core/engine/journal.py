"""The journal: one append-only file of msgpack frames in zstd blocks; the write-ahead log and the whole memory.

`append` works in memory; `close_block` makes everything before it readable after SIGKILL, with `sync` also after power
loss. What a disk refuses waits, bounded, and no torn block is left before a whole one; after a failed sync nothing in
this process counts as written any more. `sha256` is over the frames alone: differently blocked runs agree.
File: MAGIC, then blocks of (u32 packed length, u32 crc32 of the packed bytes, zstd bytes); frames carry a u32 length.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import pathlib
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec
import zstandard

from core.domain.errors import DataError, Fatal
from core.domain.events import Moment, Read
from core.domain.order import Refusal, Request

MAGIC = b"PERPJ\x00\x01\n"
VERSION = 1
BLOCK_BYTES = 1 << 18
WAITING_BYTES = 64 << 20  # packed blocks that wait for a disk; beyond it the journal ends at its last whole block
_HEAD = struct.Struct("<II")
_LEN = struct.Struct("<I")


class Header(msgspec.Struct, frozen=True, tag="header", array_like=True):
    """First frame: what a replay needs to rebuild the engine."""

    version: int
    config: dict[str, Any]  # the effective configuration, secrets absent
    config_sha256: str
    source: dict[str, Any]  # Source.ref: kind, names, sha256s, seed
    mode: str
    seed: int
    epoch: int
    started: int


class Chunk(msgspec.Struct, frozen=True, tag="chunk", array_like=True):
    """Feed rows of a source that cannot be read again: row number of the first, then the columns' bytes."""

    instrument: int
    base: int
    columns: tuple[bytes, ...]


class Frame(msgspec.Struct, frozen=True, tag="step", array_like=True):
    """One call of `Engine.process`: what came in, what went out."""

    seq: int
    moment: Moment
    requests: tuple[Request, ...]
    refused: tuple[Refusal, ...]
    reads: tuple[Read, ...]


AnyFrame = Header | Chunk | Frame


class Journal:
    """Writer. `path` None keeps only the hash (for sweeps and tests)."""

    def __init__(self, path: pathlib.Path | None) -> None:
        self.path = path
        self._encoder = msgspec.msgpack.Encoder()
        self._buffer = bytearray()
        self._hash = hashlib.sha256()
        self._packer = zstandard.ZstdCompressor(level=1)
        self.frames = 0
        self.bytes = 0
        self.lost = ""  # why nothing more can be relied on: a failed sync, or too much that waited
        self._ended = False  # too much waited: what comes now is in no file
        self._waiting: deque[bytes] = deque()  # packed blocks, oldest first
        self._waiting_bytes = 0
        self._whole = len(MAGIC)  # bytes of the file that whole blocks cover
        self._file: BinaryIO | None = None
        if path is not None:
            try:
                self._file = open(path, "xb", buffering=0)  # noqa: SIM115 - owned until close()
                self._file.write(MAGIC)
            except OSError as error:
                raise Fatal(f"Expected a writable journal, was {error}") from error

    def append(self, frame: AnyFrame) -> None:
        """Add a frame in memory; a full block is written. What the disk refuses is raised by the next `close_block`."""
        raw = self._encoder.encode(frame)
        self._buffer += _LEN.pack(len(raw))
        self._buffer += raw
        self.frames += 1
        if len(self._buffer) >= BLOCK_BYTES:
            with contextlib.suppress(Fatal):
                self.close_block()

    def close_block(self, sync: bool = False) -> None:
        """Write what is pending; with `sync` also force it to the disk. Raises Fatal when the disk refuses; what it
        refused is tried again by the next call."""
        if self._buffer:
            raw = bytes(self._buffer)
            self._buffer.clear()
            self._hash.update(raw)
            if self._file is not None and not self._ended:
                packed = self._packer.compress(raw)
                self._waiting.append(_HEAD.pack(len(packed), zlib.crc32(packed)) + packed)
                self._waiting_bytes += len(self._waiting[-1])
        while self._waiting:
            self._write(self._waiting[0])
            self._waiting_bytes -= len(self._waiting.popleft())
        if sync:
            self.sync()

    def mark(self) -> int:
        """The byte at which the next frame will begin; closes the pending block. Raises Fatal as `close_block` does."""
        self.close_block()
        return self._whole

    def sync(self) -> None:
        """Force what was written to the disk; may run in another thread than the writer's. Raises Fatal, and after one
        failure always: the kernel forgets what it could not write, so a later success proves nothing."""
        if self.lost:
            raise Fatal(f"Expected the journal to reach the disk, was {self.lost}; stop this core and start it again")
        if self._file is not None:
            try:
                os.fdatasync(self._file.fileno())
            except OSError as error:
                self.lost = f"a sync that failed before: {error}"
                raise Fatal(f"Expected the journal to reach the disk, was {error}") from error

    def _write(self, data: bytes) -> None:
        """All of it or nothing: what a full disk took of a block is taken back before the next try."""
        assert self._file is not None
        view = memoryview(data)
        try:
            if self.bytes > self._whole - len(MAGIC):
                self._file.seek(self._whole)
                self._file.truncate()
                self.bytes = self._whole - len(MAGIC)
            while view:
                written = self._file.write(view) or 0
                if written <= 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                view = view[written:]
                self.bytes += written
        except OSError as error:
            if self._waiting_bytes > WAITING_BYTES:
                self.lost = f"more than {WAITING_BYTES >> 20} MB that waited for a disk: {error}"
                self._ended = True
                self._waiting.clear()
                self._waiting_bytes = 0
            raise Fatal(f"Expected a writable journal, was {error}") from error
        self._whole += len(data)

    @property
    def sha256(self) -> str:
        """Hash of all frames so far; closes the pending block."""
        self.close_block()
        return self._hash.hexdigest()

    def close(self) -> None:
        """Raises Fatal where the disk refuses the rest; the file is closed all the same."""
        try:
            self.close_block(sync=True)
        finally:
            self._waiting.clear()
            if self._file is not None:
                self._file.close()
                self._file = None


def read_frames(path: pathlib.Path, first_byte: int = 0) -> Iterator[AnyFrame]:
    """Frames of a journal up to the last whole block; a torn tail ends the stream silently (see `torn_bytes`). From
    the block at `first_byte` on (what `Journal.mark` said), 0 = all.

    Raises DataError for a file that is not a journal, and for damage before the last block.
    """
    decoder = msgspec.msgpack.Decoder(AnyFrame)
    for block in _blocks(path, first_byte):
        at = 0
        while at < len(block):
            (length,) = _LEN.unpack_from(block, at)
            at += _LEN.size
            yield decoder.decode(block[at : at + length])
            at += length


def _blocks(path: pathlib.Path, first_byte: int) -> Iterator[bytes]:
    unpacker = zstandard.ZstdDecompressor()
    size = path.stat().st_size
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise DataError("Expected a perpconsole journal of version 1, was another kind of file", str(path))
        file.seek(max(first_byte, len(MAGIC)))
        while True:
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return
            length, crc = _HEAD.unpack(head)
            if length == 0:  # a file that grew before its content reached the disk: zeros to the end
                return
            packed = file.read(length)
            last = file.tell() >= size
            if len(packed) < length or (zlib.crc32(packed) != crc and last):
                return
            if zlib.crc32(packed) != crc:
                raise DataError(f"Expected a sound block, was damage before byte {file.tell()}", str(path))
            yield unpacker.decompress(packed)


def torn_bytes(path: pathlib.Path) -> int:
    """Bytes at the end that no whole block covers: what a crash cut off."""
    size, at = path.stat().st_size, len(MAGIC)
    with open(path, "rb") as file:
        file.seek(at)
        while True:
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return size - at
            length, crc = _HEAD.unpack(head)
            packed = file.read(length)
            if length == 0 or len(packed) < length or zlib.crc32(packed) != crc:
                return size - at
            at = file.tell()
