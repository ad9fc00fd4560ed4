"""The journal: one append-only file of msgpack frames in zstd blocks; the write-ahead log and the whole memory.

`append` works in memory; `close_block` makes everything before it readable after SIGKILL, with `sync` also after power
loss. `sha256` is over the frames alone, so that differently blocked runs of the same events agree.
File: MAGIC, then blocks of (u32 packed length, u32 crc32 of the packed bytes, zstd bytes); frames carry a u32 length.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import struct
import zlib
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
        self._file: BinaryIO | None = None
        if path is not None:
            try:
                self._file = open(path, "xb", buffering=0)  # noqa: SIM115 - owned until close()
                self._file.write(MAGIC)
            except OSError as error:
                raise Fatal(f"Expected a writable journal, was {error}") from error

    def append(self, frame: AnyFrame) -> None:
        """Add a frame in memory; a full block is written."""
        raw = self._encoder.encode(frame)
        self._buffer += _LEN.pack(len(raw))
        self._buffer += raw
        self.frames += 1
        if len(self._buffer) >= BLOCK_BYTES:
            self.close_block()

    def close_block(self, sync: bool = False) -> None:
        """Write what is pending; with `sync` also force it to the disk. Raises Fatal when the disk refuses."""
        if self._buffer:
            raw = bytes(self._buffer)
            self._buffer.clear()
            self._hash.update(raw)
            if self._file is not None:
                packed = self._packer.compress(raw)
                self._write(_HEAD.pack(len(packed), zlib.crc32(packed)) + packed)
        if sync:
            self.sync()

    def sync(self) -> None:
        """Force what was written to the disk; may run in another thread than the writer's. Raises Fatal."""
        if self._file is not None:
            try:
                os.fdatasync(self._file.fileno())
            except OSError as error:
                raise Fatal(f"Expected the journal to reach the disk, was {error}") from error

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        view = memoryview(data)
        try:
            while view:
                written = self._file.write(view) or 0
                if written <= 0:
                    raise Fatal("Expected the journal to take bytes, was a full disk")
                view = view[written:]
                self.bytes += written
        except OSError as error:
            raise Fatal(f"Expected a writable journal, was {error}") from error

    @property
    def sha256(self) -> str:
        """Hash of all frames so far; closes the pending block."""
        self.close_block()
        return self._hash.hexdigest()

    def close(self) -> None:
        self.close_block(sync=True)
        if self._file is not None:
            self._file.close()
            self._file = None


def read_frames(path: pathlib.Path) -> Iterator[AnyFrame]:
    """Frames of a journal up to the last whole block; a torn tail ends the stream silently (see `torn_bytes`).

    Raises DataError for a file that is not a journal, and for damage before the last block.
    """
    decoder = msgspec.msgpack.Decoder(AnyFrame)
    for block in _blocks(path):
        at = 0
        while at < len(block):
            (length,) = _LEN.unpack_from(block, at)
            at += _LEN.size
            yield decoder.decode(block[at : at + length])
            at += length


def _blocks(path: pathlib.Path) -> Iterator[bytes]:
    unpacker = zstandard.ZstdDecompressor()
    size = path.stat().st_size
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise DataError("Expected a perpconsole journal of version 1, was another kind of file", str(path))
        while True:
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return
            length, crc = _HEAD.unpack(head)
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
            if len(packed) < length or zlib.crc32(packed) != crc:
                return size - at
            at = file.tell()
