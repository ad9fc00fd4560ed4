"""One trading core an account on this machine, whatever its state dir, and the halt latch beside that lock (W1).

Lives in the user's state folder, not in the runtime one: that is removed at the last logout, under a core that goes on.
A lock and a latch for each (venue, network, account), named by a hash so that no key or address stands in a path.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from core.guard.latch import Latch, Stop
from core.guard.lock import InstanceLock

if TYPE_CHECKING:
    from core.domain.ports import Clock

ENVIRONMENT = "PERP_ACCOUNTS_DIR"


def accounts_folder() -> Path:
    """PERP_ACCOUNTS_DIR, or `accounts` in the user's state folder of the program."""
    given = os.environ.get(ENVIRONMENT)
    if given:
        return Path(os.path.abspath(given))
    import platformdirs

    return Path(platformdirs.user_state_dir("perpconsole", appauthor=False)) / "accounts"


def account_name(venue: str, network: str, url: str, owner: str) -> str:
    """Folder name of one account; `owner` is its key or address."""
    parts = f"{venue}|{network}|{url}|{owner}"
    return f"{venue}-{network}-{hashlib.sha256(parts.encode()).hexdigest()[:24]}"


class AccountGuard:
    """`take()` or LockHeld; `beat()` once a second; `release()`. `latch` is shared by every core of the account."""

    def __init__(self, name: str, clock: Clock, folder: Path | None = None, any_filesystem: bool = False) -> None:
        self.folder = (folder or accounts_folder()) / name
        self.lock = InstanceLock(self.folder, clock, any_filesystem=any_filesystem)
        self.latch = Latch(self.folder)

    def take(self) -> None:
        """Raises LockHeld, or Refused where the folder cannot carry a lock."""
        self.folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.lock.acquire()

    def beat(self) -> None:
        """Raises OSError."""
        self.lock.beat()

    def stopped(self, stop: Stop | None) -> None:
        """A stop of this core holds for the account. Raises OSError."""
        if stop is not None and not self.latch.engaged():
            self.latch.engage(stop)

    def rearmed(self, reason: str, who: str, ts: int) -> None:
        """Raises Refused, OSError."""
        if self.latch.engaged():
            self.latch.clear(reason or "re-armed", who, ts)

    def release(self) -> None:
        self.lock.release()
