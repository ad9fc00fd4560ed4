"""A process that holds the lock and serves the control socket like a core, over fabricated pictures.

usage: fake_core.py STATE_DIR obedient|stuck     stuck: the socket's thread lives, the core behind it does nothing
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from core.clock import SystemClock
from core.guard.lock import InstanceLock
from tests.unit.control.support import FakeCore


def main() -> int:
    state_dir = Path(sys.argv[1])
    lock = InstanceLock(state_dir, SystemClock())
    lock.acquire()
    core = FakeCore(state_dir)
    if sys.argv[2] == "stuck":
        core.freeze()
    print(json.dumps({"pid": os.getpid()}), flush=True)
    sys.stdin.read()
    core.stop()
    lock.release()
    return 0


if __name__ == "__main__":
    sys.exit(main())
