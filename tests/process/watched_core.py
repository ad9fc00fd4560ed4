"""Stands in for a live core: holds the lock, beats, has a watchdog. Lines on stdin: `end` (cleanly), anything else is
answered with whether the watchdog watches. Arguments: state dir, report dir, venue label, stale seconds."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from core.clock import SystemClock
from core.control.pulse import mark_clean_end
from core.control.watching import is_watched, spawn_watchdog
from core.guard.lock import InstanceLock


def main() -> None:
    state_dir, reports, venue, stale_s = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    lock = InstanceLock(state_dir, SystemClock())
    lock.acquire()
    child = spawn_watchdog(state_dir, reports, [venue], stale_s=stale_s)
    pause = threading.Event()

    def beat() -> None:
        while not pause.wait(0.2):
            lock.beat()

    threading.Thread(target=beat, daemon=True).start()
    print(json.dumps({"watchdog": child.pid}), flush=True)
    for line in sys.stdin:
        if line.strip() == "end":
            break
        watched = is_watched(state_dir, [venue])
        print(json.dumps({"watched": watched, "ended": child.poll()}), flush=True)
    mark_clean_end(state_dir)
    pause.set()
    lock.release()
    child.wait(20)


if __name__ == "__main__":
    main()
