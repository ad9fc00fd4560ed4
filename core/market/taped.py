"""Our own recordings of live feeds: blocks of feed columns, readable up to the last whole block after a kill.

File: MAGIC, then blocks of (u32 length, u32 crc32, zstd of msgpack). The first block is the header, every other one a
`Feed` of whole rows. What was recorded is what was seen: same times, same books, same gaps.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import struct
import zlib
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import zstandard

from core.domain.book import F_BOOK, F_GAP, LEVELS, Feed, empty_feed
from core.domain.errors import DataError
from core.domain.instrument import Instrument

MAGIC = b"PERPTAPE"
VERSION = 1
SUFFIX = ".perptape"
PREFIX = "perpconsole_"
BLOCK_ROWS = 2_000
_HEAD = struct.Struct("<II")


class Header(msgspec.Struct, frozen=True):
    """What the rows are of. Grids as text, so that they compare exactly."""

    version: int
    venue: str
    symbol: str
    network: str
    tick: str
    lot: str
    started: int
    clock_offset_ns: int = 0  # venue minus ours when the file was begun; exchange times in it are in our time already


def file_name(instrument: Instrument, stamp: str) -> str:
    """Name under which `venue_of_tape` finds the instrument again."""
    return f"{PREFIX}{instrument.venue}_{instrument.symbol.lower()}_{stamp}{SUFFIX}"


class TapeWriter:
    """A feed sink (as the engine's inbox is) that writes one instrument's rows. `rows` and `bytes` count.

    Raises OSError where the file cannot be made, FileExistsError where there is one. A later write error ends the
    recording: `trouble` says why, and the file is cut back to its last whole block.
    """

    def __init__(self, path: pathlib.Path, instrument: Instrument, started: int, clock_offset_ns: int = 0) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self.rows = 0
        self.bytes = 0  # of whole blocks
        self.trouble = ""
        self._last_recv = 0
        self._times: list[tuple[int, int, int, int]] = []  # ts_exch, ts_recv, kind, row
        self._books: list[tuple[np.ndarray, np.ndarray]] = []
        self._small: list[tuple[int, int, int, int]] = []
        header = Header(
            VERSION, instrument.venue, instrument.symbol, instrument.network, repr(instrument.tick),
            repr(instrument.lot), started, clock_offset_ns,
        )  # fmt: skip
        try:
            self._put(MAGIC + _block(msgspec.msgpack.encode(header)))
        except OSError:
            os.close(self._file)
            path.unlink(missing_ok=True)
            raise

    def book(self, _instrument: int, ts_exch: int, ts_recv: int, px: np.ndarray, sz: np.ndarray) -> None:
        """A whole book, shapes (2, LEVELS)."""
        self._books.append((px.copy(), sz.copy()))
        self._add(ts_exch, ts_recv, F_BOOK, len(self._books) - 1)

    def small(self, _instrument: int, ts_exch: int, ts_recv: int, kind: int, values: tuple[int, int, int, int]) -> None:
        """A best price, trade or mark."""
        self._small.append(values)
        self._add(ts_exch, ts_recv, kind, len(self._small) - 1)

    def gap(self, _instrument: int, ts_exch: int, ts_recv: int, lost: int) -> None:
        """Messages were lost."""
        self._add(ts_exch, ts_recv, F_GAP, lost)

    def _add(self, ts_exch: int, ts_recv: int, kind: int, row: int) -> None:
        ts_recv = self._last_recv = max(ts_recv, ts_exch, self._last_recv)
        self._times.append((min(ts_exch, ts_recv), ts_recv, kind, row))
        self.rows += 1
        if len(self._times) >= BLOCK_ROWS:
            self.flush()

    def flush(self) -> None:
        """Everything so far as one block on the disk."""
        if not self._times or self.trouble:
            return
        times = np.asarray(self._times, np.int64)
        book = np.asarray([pair[0] for pair in self._books], np.int64).reshape(-1, 2, LEVELS)
        size = np.asarray([pair[1] for pair in self._books], np.int64).reshape(-1, 2, LEVELS)
        small = np.asarray(self._small, np.int64).reshape(-1, 4)
        columns = [times[:, 0], times[:, 1], times[:, 2], times[:, 3], book, size, small]
        raw = msgspec.msgpack.encode([np.ascontiguousarray(column).tobytes() for column in columns])
        try:
            self._put(_block(raw))
        except OSError as error:
            self.trouble = f"{self.path.name}: {error.strerror}"
            with contextlib.suppress(OSError):  # a reader leaves a torn end out as well
                os.ftruncate(self._file, self.bytes)
            return
        self._times, self._books, self._small = [], [], []

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        self.bytes += len(data)

    def close(self) -> None:
        """The last block, synced. What the disk refuses is told in `trouble`."""
        self.flush()
        try:
            os.fsync(self._file)
        except OSError as error:
            self.trouble = self.trouble or f"{self.path.name}: {error.strerror}"
        finally:
            os.close(self._file)


def _block(raw: bytes) -> bytes:
    packed = zstandard.ZstdCompressor(level=3).compress(raw)
    return _HEAD.pack(len(packed), zlib.crc32(packed)) + packed


def read_tape(path: pathlib.Path) -> tuple[Header, Feed, bool]:
    """(header, all rows, whole): `whole` False where the file ends inside a block, which then is left out.

    Raises DataError for a foreign file, a newer version, a damaged block before the end, or no rows.
    """
    blocks = list(_blocks(path))
    whole = bool(blocks) and blocks[-1][1]
    raws = [raw for raw, good in blocks if good]
    if not raws:
        raise DataError("Expected a recording of ours, was one without its header; record again", str(path))
    try:
        header = msgspec.msgpack.decode(raws[0], type=Header)
    except msgspec.MsgspecError as error:
        raise DataError(f"Expected the header of a recording, was not readable: {error}", str(path)) from None
    if header.version != VERSION:
        raise DataError(f"Expected version {VERSION}, was {header.version}; a newer program made it", str(path))
    feeds = [_feed(raw) for raw in raws[1:]]
    if not feeds:
        raise DataError("Expected rows, was a recording of none; record longer", str(path))
    return header, _in_time(_joined(feeds)), whole


def read_tapes(paths: Sequence[pathlib.Path], hole_ns: int) -> tuple[list[Header], Feed, bool]:
    """Tapes of one instrument, one after the other by when they were begun: (headers, all rows, all whole).

    Where more than `hole_ns` lie between two, a gap makes the book void until the next whole one. Raises DataError as
    `read_tape` does, and for tapes of the same time.
    """
    read = sorted(((path, *read_tape(path)) for path in paths), key=lambda one: (one[1].started, one[0].name))
    feeds: list[Feed] = []
    last = 0
    for path, _, feed, _ in read:
        first = int(feed.ts_recv[0])
        if feeds and first < last:
            raise DataError("Expected recordings one after the other, was one begun before another ended", str(path))
        if feeds and first - last > hole_ns:
            feeds.append(_gap_at(last + hole_ns))
        last = int(feed.ts_recv[-1])
        feeds.append(feed)
    return [one[1] for one in read], _in_time(_joined(feeds)), all(one[3] for one in read)


def _gap_at(ts: int) -> Feed:
    one = np.array([ts], np.int64)
    return empty_feed()._replace(ts_exch=one, ts_recv=one, kind=np.array([F_GAP], np.int64), row=np.zeros(1, np.int64))


def header_of(path: pathlib.Path) -> Header:
    """The header alone. Raises DataError."""
    for raw, good in _blocks(path):
        if good:
            try:
                return msgspec.msgpack.decode(raw, type=Header)
            except msgspec.MsgspecError:
                break
        break
    raise DataError("Expected a recording of ours, was one without its header; record again", str(path))


def _blocks(path: pathlib.Path) -> Iterator[tuple[bytes, bool]]:
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise DataError("Expected a recording of ours, was another file", str(path))
        number = 0
        while head := file.read(_HEAD.size):
            number += 1
            if len(head) < _HEAD.size:
                yield b"", False
                return
            length, crc = _HEAD.unpack(head)
            packed = file.read(length)
            if len(packed) < length:
                yield b"", False
                return
            if zlib.crc32(packed) != crc:
                if file.read(1):
                    raise DataError("Expected a whole block, was damaged; copy the file again", str(path), number)
                yield b"", False
                return
            yield zstandard.ZstdDecompressor().decompress(packed), True


def _feed(raw: bytes) -> Feed:
    flat = [np.frombuffer(column, np.int64) for column in msgspec.msgpack.decode(raw, type=list[bytes])]
    book, size, small = flat[4].reshape(-1, 2, LEVELS), flat[5].reshape(-1, 2, LEVELS), flat[6].reshape(-1, 4)
    return Feed(flat[0], flat[1], flat[2], flat[3], book, size, small)


def _joined(feeds: list[Feed]) -> Feed:
    rows, books, small = [], 0, 0
    for feed in feeds:
        shift = np.where(feed.kind == F_BOOK, books, np.where(feed.kind == F_GAP, 0, small))
        rows.append(feed.row + shift)
        books, small = books + len(feed.book_px), small + len(feed.small)
    columns = [np.concatenate([feed[k] for feed in feeds]) for k in (0, 1, 2)]
    rest = [np.concatenate([feed[k] for feed in feeds]) for k in (4, 5, 6)]
    return Feed(columns[0], columns[1], columns[2], np.concatenate(rows), *rest)


def _in_time(feed: Feed) -> Feed:
    """Exchange times that step back (streams of one venue arrive beside each other) are put in order, stably."""
    exch = _gaps_before_books(feed)
    order = np.argsort(exch, kind="stable")
    if (order == np.arange(len(order))).all():
        return feed._replace(ts_exch=exch)
    recv = np.maximum.accumulate(feed.ts_recv[order])
    return feed._replace(ts_exch=exch[order], ts_recv=recv, kind=feed.kind[order], row=feed.row[order])


def _gaps_before_books(feed: Feed) -> np.ndarray:
    """Exchange times where no gap, which has none of its own, comes after the whole book that ended it."""
    exch, books = feed.ts_exch.copy(), np.flatnonzero(feed.kind == F_BOOK)
    for gap in np.flatnonzero(feed.kind == F_GAP):
        after = int(np.searchsorted(books, gap))
        if after < len(books):
            exch[gap] = min(exch[gap], exch[books[after]])
    return exch
