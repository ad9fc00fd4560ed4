"""Converted recordings on disk: one file of int64 columns, memory-mapped, written once and renamed into place.

Layout: magic, length of the header, JSON header (shapes, checksums, what the conversion counted), columns aligned to
64 bytes. A cut-off or foreign file is not an error: it reads as absent and is made again. VERSION changes whenever a
converter would give other rows.
"""

from __future__ import annotations

import os
import pathlib
import tempfile
import zlib
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from core.domain.book import LEVELS, Feed

VERSION = 3
MAGIC = b"PERPCOL1"
_ALIGN = 64
_CHECKED = ("ts_exch", "ts_recv", "kind", "row", "small")  # the books are checked by length, the rest by sum too


class Column(msgspec.Struct, frozen=True):
    """Where one column lies: byte offset, shape, and crc32 of its bytes (0 = not kept)."""

    offset: int
    shape: tuple[int, ...]
    crc: int


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says of itself. `size` is its whole length in bytes; `key` names sources, grid and version."""

    key: str
    size: int
    columns: dict[str, Column]
    counts: dict[str, int]
    labels: tuple[str, ...]
    one_clock: bool


def store(
    path: pathlib.Path, key: str, feed: Feed, counts: dict[str, int], labels: tuple[str, ...], one_clock: bool
) -> None:
    """Write the columns beside `path` and rename them into place. Raises OSError when the folder cannot be written."""
    arrays = {name: np.ascontiguousarray(column, np.int64) for name, column in zip(feed._fields, feed)}
    header = Header(key=key, size=0, columns={}, counts=counts, labels=labels, one_clock=one_clock)
    room = _aligned(len(MAGIC) + 8 + len(msgspec.json.encode(header)) + 200 * len(arrays))
    columns, offset = {}, room
    for name, array in arrays.items():
        crc = zlib.crc32(_bytes_of(array)) if name in _CHECKED else 0
        columns[name] = Column(offset, array.shape, crc)
        offset = _aligned(offset + array.nbytes)
    header = msgspec.structs.replace(header, size=offset, columns=columns)
    text = msgspec.json.encode(header).ljust(room - len(MAGIC) - 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".making-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(MAGIC + len(text).to_bytes(8, "little") + text)
            for name_of, array in arrays.items():
                file.seek(columns[name_of].offset)
                file.write(_bytes_of(array))
            file.truncate(offset)
        os.replace(name, path)
    except BaseException:
        pathlib.Path(name).unlink(missing_ok=True)
        raise


def load(path: pathlib.Path, key: str) -> tuple[Feed, Header] | None:
    """The mapped feed, or None when the file is absent, cut off, foreign or made for another key.

    Arrays are private copies on write: a kernel that wrote to them would not touch the file.
    """
    try:
        with path.open("rb") as file:
            length = os.fstat(file.fileno()).st_size
            head = file.read(len(MAGIC) + 8)
            if head[: len(MAGIC)] != MAGIC:
                return None
            size = int.from_bytes(head[len(MAGIC) :], "little")
            if size > length:
                return None
            header = msgspec.json.decode(file.read(size), type=Header)
        if header.key != key or header.size != length or set(header.columns) != set(Feed._fields):
            return None
        raw = np.memmap(path, np.uint8, "c")
        arrays: dict[str, Any] = {name: _column(raw, column) for name, column in header.columns.items()}
    except (OSError, msgspec.MsgspecError, ValueError):
        return None
    feed = Feed(**arrays)
    if any(zlib.crc32(_bytes_of(arrays[name])) != header.columns[name].crc for name in _CHECKED):
        return None
    return (feed, header) if _shapes_fit(feed) else None


def _column(raw: npt.NDArray[np.uint8], column: Column) -> npt.NDArray[np.int64]:
    n = int(np.prod(column.shape, dtype=np.int64)) * 8
    if column.offset < 0 or n < 0 or column.offset + n > len(raw):
        raise ValueError(f"Expected a column within {len(raw)} bytes, was {column.offset} + {n}")
    return np.asarray(raw[column.offset : column.offset + n]).view(np.ndarray).view(np.int64).reshape(column.shape)


def _shapes_fit(feed: Feed) -> bool:
    n, books = feed.ts_exch.shape, feed.book_px.shape[:1]
    return (
        len(n) == 1
        and all(column.shape == n for column in (feed.ts_recv, feed.kind, feed.row))
        and feed.book_px.shape == feed.book_sz.shape == (*books, 2, LEVELS)
        and feed.small.shape[1:] == (4,)
    )


def _bytes_of(array: npt.NDArray[np.int64]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data if array.size else memoryview(b"")


def _aligned(n: int) -> int:
    return -(-n // _ALIGN) * _ALIGN
