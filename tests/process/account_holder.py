"""Tries to take the lock of one account as a live core does, from a state dir of its own: one JSON line, then holds it
until stdin closes. Arguments: state dir, name of the account.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from core.build.account_guards import AccountGuards
from core.clock import SystemClock
from core.domain.errors import Refused
from core.guard.lock import InstanceLock, LockHeld


def main() -> int:
    clock = SystemClock()
    own, account = InstanceLock(Path(sys.argv[1]), clock), AccountGuards([sys.argv[2]], clock)
    sys.stdin.readline()  # the starting gun
    own.acquire()
    try:
        account.take()
    except Refused as held:
        pid = held.record.pid if isinstance(held, LockHeld) and held.record else None
        print(json.dumps({"won": False, "holder": pid, "text": str(held)}), flush=True)
        return 1
    print(json.dumps({"won": True, "pid": os.getpid()}), flush=True)
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
