"""The file format of the paper ledger: checksummed msgpack frames, a torn tail cut, older schemas migrated.

Knows bytes and versions, nothing of orders or money.
"""

from __future__ import annotations

import errno
import os
import shutil
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from core.domain.errors import Refused

MAGIC = b"PERPPAPR"
SCHEMA = 2
HEAD = 8  # length and crc32, 4 bytes each, little endian
MAX_FRAME = 1 << 26

Frame = dict[str, Any]
# schema n -> the frame of schema n + 1 made from one frame of schema n
MIGRATIONS: dict[int, Callable[[Frame], Frame]] = {}


def _several_accounts(frame: Frame) -> Frame:
    """1 -> 2: the one account becomes the first of several."""
    if frame["t"] == "header":
        return frame | {"owners": [0] * len(frame["instruments"])}
    if frame["t"] == "checkpoint":
        frame = frame | {"asleep": {}}
    frame["states"] = [frame.pop("state")]
    return frame


MIGRATIONS[1] = _several_accounts


def pack(frame: Frame) -> bytes:
    """One frame as it stands in the file."""
    raw = msgspec.msgpack.encode(frame)
    return len(raw).to_bytes(4, "little") + zlib.crc32(raw).to_bytes(4, "little") + raw


def unpack(data: bytes) -> tuple[list[Frame], int]:
    """All whole frames after the magic, and how many bytes of `data` they fill; the rest is a torn tail."""
    frames: list[Frame] = []
    at = len(MAGIC)
    while at + HEAD <= len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        raw = data[at + HEAD : at + HEAD + size]
        if size > MAX_FRAME or len(raw) < size or zlib.crc32(raw) != int.from_bytes(data[at + 4 : at + 8], "little"):
            break
        try:
            frames.append(msgspec.msgpack.decode(raw, type=dict[str, Any]))
        except msgspec.DecodeError:
            break
        at += HEAD + size
    return frames, at


def read(path: Path) -> tuple[list[Frame], list[str]]:
    """The frames of a ledger file in the current schema, and what is to be said about them.

    Raises Refused for a foreign file, a newer schema, or an older one that nothing migrates. Writes only
    copies: `<name>.torn` of a cut tail, `<name>.v<n>` of an older file; the caller rewrites the file.
    """
    data = path.read_bytes()
    notes: list[str] = []
    if not data.startswith(MAGIC[: len(data)]) or (data and len(data) >= len(MAGIC) and data[: len(MAGIC)] != MAGIC):
        raise Refused(f"Expected a paper ledger in {path}, was another file")
    frames, whole = unpack(data)
    if whole < len(data):
        torn = path.with_name(path.name + ".torn")
        torn.write_bytes(data[whole:])
        notes.append(f"paper ledger: {len(data) - whole} bytes of a torn tail cut off and kept as {torn.name}")
    if not frames:
        return [], notes
    schema = frames[0].get("schema")
    if not isinstance(schema, int) or frames[0].get("t") != "header":
        raise Refused(f"Expected a header first in {path}, was {frames[0].get('t')!r}")
    if schema > SCHEMA:
        raise Refused(f"Expected paper ledger schema {SCHEMA} or older in {path}, was {schema}: use a newer program")
    if schema < SCHEMA:
        copy = path.with_name(f"{path.name}.v{schema}")
        shutil.copy2(path, copy)
        for n in range(schema, SCHEMA):
            if n not in MIGRATIONS:
                raise Refused(f"Expected a way from paper ledger schema {n}, was none; {path} is unchanged")
            frames = [MIGRATIONS[n](frame) for frame in frames]
        frames[0]["schema"] = SCHEMA
        notes.append(f"paper ledger: migrated from schema {schema}, the old file is {copy.name}")
    return frames, notes


def write(path: Path, frames: Iterable[Frame]) -> None:
    """Replace the file by these frames, synced, all or nothing."""
    temporary = path.with_name(path.name + ".new")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(MAGIC + b"".join(pack(frame) for frame in frames))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Appender:
    """Appends frames with one write call each: after SIGKILL the file holds whole frames and at most one torn one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND)
        self.size = os.fstat(self._fd).st_size

    def append(self, frame: Frame) -> None:
        """Raises OSError with the file's name where the disk does not take all of it; the torn frame is cut at the
        next open."""
        raw = pack(frame)
        try:
            done = os.write(self._fd, raw)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from error
        if done != len(raw):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        self.size += done

    def close(self) -> None:
        os.fsync(self._fd)
        os.close(self._fd)
