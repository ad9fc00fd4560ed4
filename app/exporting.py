"""Lists that an operator writes to a file: private, in `exports` of the state dir, named by what and when."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.clock import SystemClock, stamp
from core.guard.private import private_dir, replace_synced

FOLDER = "exports"


def export_to(state_dir: Path) -> Callable[[str, str], str]:
    """`(name, text) -> path` of the file written whole. Raises OSError as the disk does."""
    clock = SystemClock()

    def export(name: str, text: str) -> str:
        path = private_dir(state_dir / FOLDER) / f"{name}-{stamp(clock.now())}.txt"
        replace_synced(path, (text + "\n").encode(), "part")
        return str(path)

    return export
