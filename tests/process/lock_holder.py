"""A tiny process that tries to take the lock: prints one JSON line, then holds it until stdin closes.

usage: lock_holder.py STATE_DIR [fork]      fork: leak a child that must not inherit the lock
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from core.clock import SystemClock
from core.guard.lock import InstanceLock, LockHeld


def main() -> int:
    lock = InstanceLock(Path(sys.argv[1]), SystemClock())
    sys.stdin.readline()  # the starting gun
    try:
        lock.acquire()
    except LockHeld as held:
        pid = held.record.pid if held.record else None
        print(json.dumps({"won": False, "holder": pid, "text": str(held)}), flush=True)
        return 1
    child = 0
    if "fork" in sys.argv:
        child = os.fork()
        if child == 0:
            sys.stdin.read()
            os._exit(0)
    print(json.dumps({"won": True, "pid": os.getpid(), "child": child}), flush=True)
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
