"""A real small disk under a folder, for tests: it fills up, turns read-only or breaks on a word, and is mended again.

`tmpfs` fills up, `ext4` on a loop device breaks as a real one does. A keeper process owns the mount and takes it away
when the test process ends, however that ends. Where mounting is not permitted the test is skipped by name.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOMY = 1_300 << 20  # bytes: above what the core itself calls little room
SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN: every later write is an input/output error
NO_FLUSH = struct.pack("I", 2)
FILLER = ".filler"
TURNS = 20  # tries to make it full while somebody writes
KEEPER = """
if [ "$1" = tmpfs ]; then mount -t tmpfs -o "size=$2,mode=700" perp-small-disk "$3"
else mount -o loop,errors=remount-ro "$2" "$3" && chmod 700 "$3"; fi || exit 1
echo mounted; cat > /dev/null; umount -l "$3"
"""


class SmallDisk:
    """`folder` is its root."""

    def __init__(self, kind: str, folder: Path, image: Path | None = None) -> None:
        self.kind, self.folder, self.image = kind, folder, image
        self._keeper: subprocess.Popen[str] | None = None

    def mount(self) -> None:
        """Skips the test where this is not permitted."""
        if os.geteuid() != 0 or shutil.which("mount") is None:
            pytest.skip(f"mounting a {self.kind} needs root")
        if self.image is not None and not self.image.exists():
            if shutil.which("mkfs.ext4") is None:
                pytest.skip("no mkfs.ext4 here")
            with self.image.open("wb") as file:
                file.truncate(ROOMY)
            make = ["mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", "-E", "lazy_itable_init=1", str(self.image)]
            subprocess.run(make, check=True, capture_output=True, timeout=60)
        words = [self.kind, str(self.image or ROOMY), str(self.folder)]
        self._keeper = subprocess.Popen(
            ["sh", "-c", KEEPER, "keeper", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        assert self._keeper.stdout is not None
        if self._keeper.stdout.readline() != "mounted\n":
            why = self._keeper.communicate()[1].strip()
            self._keeper = None
            pytest.skip(f"mounting a {self.kind} is not permitted here: {why}")

    def unmount(self) -> None:
        if self._keeper is not None:
            self._keeper.communicate()  # its stdin ends
            self._keeper = None

    def fill(self) -> None:
        """Full to the last page (a tmpfs); files that are open may still grow within their last page."""
        (self.folder / FILLER).write_bytes(bytes(4_096))  # one page at least: a size of 0 is no limit at all
        for turn in range(TURNS):  # who writes here goes on meanwhile: a size below what is used by then is refused
            now = os.statvfs(self.folder)
            try:
                self._size((now.f_blocks - now.f_bfree) * now.f_frsize)
                break
            except subprocess.CalledProcessError:
                if turn == TURNS - 1:
                    raise

    def clear(self) -> None:
        """There is room again."""
        self._size(ROOMY)
        (self.folder / FILLER).unlink()

    def _size(self, size: int) -> None:
        subprocess.run(
            ["mount", "-o", f"remount,size={size}", str(self.folder)], check=True, capture_output=True, timeout=20
        )

    def turn_read_only(self) -> None:
        """What ext4 does at an error of its own: everything that writes gets EROFS, files that are open too."""
        source = subprocess.run(
            ["findmnt", "-no", "SOURCE", str(self.folder)], check=True, capture_output=True, text=True, timeout=20
        ).stdout.strip()
        Path(f"/sys/fs/ext4/{Path(source).name}/trigger_fs_error").write_text("1")

    def fail(self) -> None:
        """The device is gone: every write and every sync is EIO."""
        place = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(place, SHUTDOWN, NO_FLUSH)
        finally:
            os.close(place)

    def again(self) -> None:
        """Checked and mounted anew, as after a repair. Nothing may have files open there."""
        self.unmount()
        if self.image is not None and shutil.which("fsck.ext4") is not None:
            subprocess.run(["fsck.ext4", "-y", str(self.image)], check=False, capture_output=True, timeout=60)
        self.mount()


@contextlib.contextmanager
def small_disk(kind: str, folder: Path, image: Path | None = None) -> Iterator[SmallDisk]:
    """`tmpfs`, or `ext4` with its `image` file beside it."""
    disk = SmallDisk(kind, folder, image)
    disk.mount()
    try:
        yield disk
    finally:
        disk.unmount()
