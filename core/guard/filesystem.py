"""Which filesystem lies under a folder, and whether a kernel lock on it means anything (RELIABILITY.md W3).

An allow-list: local filesystems whose flock the kernel keeps itself. NFS, SMB, FUSE and unknown ones are refused.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from core.domain.errors import Refused

LOCAL = {
    0xEF53: "ext",
    0x58465342: "xfs",
    0x9123683E: "btrfs",
    0x01021994: "tmpfs",
    0x858458F6: "ramfs",
    0x794C7630: "overlay",
    0xF2F52010: "f2fs",
    0x2FC12FC1: "zfs",
    0xCA451A4E: "bcachefs",
    0x3153464A: "jfs",
}
REFUSED = {
    0x6969: "NFS",
    0x65735546: "FUSE",
    0xFF534D42: "CIFS",
    0xFE534D42: "SMB2",
    0x517B: "SMB",
    0x01021997: "9p",
    0x00C36400: "Ceph",
    0x5346414F: "AFS",
    0x73757245: "Coda",
    0x47504653: "GPFS",
    0x0BD00BD0: "Lustre",
    0x9FA0: "proc",
    0x62656572: "sysfs",
}


def filesystem_type(path: Path) -> int:
    """The kernel's magic number of the filesystem under `path` (statfs(2)). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = (ctypes.c_long * 64)()  # struct statfs: f_type is its first word on 64-bit Linux
    if libc.statfs(os.fsencode(path), buffer) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(path))
    return int(buffer[0]) & 0xFFFFFFFF


def check_lockable(path: Path, kind: int | None = None) -> str:
    """The name of a local filesystem under `path`; Refused for any other. `kind`: magic number already known."""
    kind = filesystem_type(path) if kind is None else kind
    if kind in LOCAL:
        return LOCAL[kind]
    name = REFUSED.get(kind, f"unknown 0x{kind:x}")
    raise Refused(
        f"{path}: Expected a local filesystem, was {name}, where a lock may be held twice; "
        "choose another --state-dir, or set PERP_ALLOW_FILESYSTEM=1 if only one host ever uses it"
    )
