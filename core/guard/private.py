"""Private files and folders: 0600 and 0700, owned by us, never through a symlink (RELIABILITY.md X3).

Owns creation, checking and atomic replacement of small safety files. Knows nothing of their content.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from core.domain.errors import Refused

DIR_MODE, FILE_MODE = 0o700, 0o600
KINDS: dict[str, Callable[[int], bool]] = {"file": stat.S_ISREG, "folder": stat.S_ISDIR}


def check_private(path: Path, kind: str, uid: int | None = None) -> os.stat_result:
    """The stat of a private `file` or `folder`. Raises Refused for a symlink, another owner or kind, or group and
    world bits; FileNotFoundError when there is nothing. `uid`: the owner to expect, ours by default.
    """
    found = os.lstat(path)
    owner = os.getuid() if uid is None else uid
    if stat.S_ISLNK(found.st_mode):
        raise Refused(f"{path}: Expected a {kind}, was a symlink; name the real place instead")
    if not KINDS[kind](found.st_mode):
        raise Refused(f"{path}: Expected a {kind}, was {stat.filemode(found.st_mode)}")
    if found.st_uid != owner:
        raise Refused(f"{path}: Expected owner uid {owner}, was {found.st_uid}")
    if found.st_mode & 0o077:
        want = DIR_MODE if kind == "folder" else FILE_MODE
        raise Refused(f"{path}: Expected mode {want:04o}, was {found.st_mode & 0o7777:04o}; run: chmod {want:o} {path}")
    return found


def private_dir(path: Path, uid: int | None = None) -> Path:
    """The folder, made 0700 (with its parents) if absent, else checked. Raises Refused, never repairs in silence."""
    if not os.path.lexists(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):  # another start made it a moment ago; it is checked below
            os.mkdir(path, DIR_MODE)
    check_private(path, "folder", uid)
    return path


def open_private(path: Path, flags: int) -> int:
    """A close-on-exec descriptor of a private file (made 0600 with O_CREAT), never through a symlink; Refused if it
    is not private."""
    try:
        fd = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        if os.path.islink(path):
            raise Refused(f"{path}: Expected a file, was a symlink; name the real place instead") from error
        raise
    try:
        check_private(path, "file")
    except BaseException:
        os.close(fd)
        raise
    return fd


def sync_dir(path: Path) -> None:
    """Make new and removed names of a folder durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_synced(path: Path, content: bytes) -> None:
    """A new file with the whole content on disk (the name is not yet durable). FileExistsError if there is one."""
    fd = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
    finally:
        os.close(fd)


def replace_synced(path: Path, content: bytes, mark: str) -> None:
    """Replace a file atomically and durably. `mark` keeps the temporary names of two writers apart."""
    draft = path.with_name(f".{path.name}.{mark}")
    draft.unlink(missing_ok=True)
    try:
        write_synced(draft, content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    sync_dir(path.parent)
