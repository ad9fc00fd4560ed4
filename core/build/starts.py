"""The starts of live cores in one state dir, by the epoch that their client ids carry: what they left is never foreign.

The lock of the state dir lets one of them live at a time, so an order of an earlier one is of the dead (R-B1, R-W5).
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from core.domain.errors import Refused
from core.guard.private import open_private, replace_synced

FILE = "starts.json"
CAP = 1 << 20  # bytes
KEPT = 4096  # starts, the newest


def earlier_starts(state_dir: Path) -> tuple[int, ...]:
    """Epochs of the starts before, oldest first. Raises Refused for a file that is not private or cannot be read."""
    path = state_dir / FILE
    try:
        fd = open_private(path, os.O_RDONLY)
    except FileNotFoundError:
        return ()
    with os.fdopen(fd, "rb") as file:
        raw = file.read(CAP + 1)
    try:
        return msgspec.json.decode(raw, type=tuple[int, ...])
    except msgspec.DecodeError:
        raise Refused(
            f"{path}: Expected the epochs of earlier starts, was unreadable; move it away: orders of runs before this "
            "one that the venue tells late then look like a second writer's"
        ) from None


def record_start(state_dir: Path, epoch: int) -> None:
    """Before the first request of a session. Raises Refused, OSError."""
    epochs = (*(one for one in earlier_starts(state_dir) if one != epoch), epoch)[-KEPT:]
    replace_synced(state_dir / FILE, msgspec.json.encode(epochs), f"{os.getpid():x}")
