"""Room on the disk: old journals and recordings go, oldest first, and a disk that fills is said before it hurts.

Below 1 GB free: a warning. Below 200 MB: HALT, while the journal can still be written. Never touches the running
journal, nor one whose round has no report yet.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from core.config.settings import Retention
from core.domain.units import NS_PER_S

EVERY_NS = 60 * NS_PER_S
DAY_NS = 86_400 * NS_PER_S
GB, WARN_BYTES, HALT_BYTES = 1 << 30, 1 << 30, 200 << 20
KEPT_SUFFIXES = (".perpj", ".perptape")


class Room(msgspec.Struct, frozen=True):
    """What one look found. `level` "" | warn | crit; `removed` file names; `bytes` they held."""

    level: str
    text: str
    removed: tuple[str, ...] = ()
    bytes: int = 0


class Keeping:
    """`protected()` names files that must stay: the running journal, rounds without a report."""

    def __init__(
        self,
        folders: Iterable[Path],
        settings: Retention,
        protected: Callable[[], set[str]],
        free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        self.folders = tuple(folders)
        self.settings, self.protected, self._free = settings, protected, free_bytes
        self._next = 0

    def look(self, now: int) -> Room | None:
        """Once a minute; None in between. `now` wall ns. Raises OSError where the disk cannot be asked."""
        if now < self._next:
            return None
        self._next = now + EVERY_NS
        removed, freed = self._remove_old(now)
        free = min((self._free(folder) for folder in self.folders if folder.is_dir()), default=WARN_BYTES)
        level = "crit" if free < HALT_BYTES else "warn" if free < WARN_BYTES else ""
        text = f"{free / 1e6:,.0f} MB free; make room or lower retention: (docs/configuration.md)" if level else ""
        return Room(level, text, removed, freed)

    def _remove_old(self, now: int) -> tuple[tuple[str, ...], int]:
        """Files past their days, then the oldest until the sum is within the gigabytes."""
        stay = self.protected()
        found = []
        for folder in self.folders:
            for path in folder.glob("*"):
                if path.suffix in KEPT_SUFFIXES and path.name not in stay:
                    status = path.stat()
                    found.append((status.st_mtime_ns, status.st_size, path))
        found.sort(key=lambda item: (item[0], item[2].name))
        total = sum(size for _, size, _ in found)
        removed, freed = [], 0
        for written, size, path in found:
            too_old = now - written > self.settings.days * DAY_NS
            if not too_old and total <= self.settings.gigabytes * GB:
                continue
            path.unlink(missing_ok=True)
            path.with_suffix(".paths").unlink(missing_ok=True)
            removed.append(path.name)
            total, freed = total - size, freed + size
        return tuple(removed), freed
