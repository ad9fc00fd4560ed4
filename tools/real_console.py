"""A client of a real paper core for `tools.pictures`: some minutes of market at high speed, then real time.

`python -m tools.pictures tools.real_console:client --out docs/pictures/overview.svg`
"""

from __future__ import annotations

import pathlib
import tempfile

from app.client import InProcess
from app.corethread import CoreThread
from core.build.session import PaperCore
from core.clock import SystemClock
from core.control.desk import Desk
from core.control.launch import Launch
from core.guard.gate import GateFlag

SPEED, UNTIL_FILLS, LIMIT = 40.0, 12, 1_200


def client() -> InProcess:
    """Starts the core in its own thread; returns when there is something to see."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="perp-picture-"))
    desk = Desk(GateFlag(SystemClock()))
    launch = Launch(state_dir=folder, report_dir=folder / "reports", speed=SPEED, metrics_port=0, who="operator")
    core = PaperCore(launch, desk)
    thread = CoreThread(core.run)
    thread.start()
    for _ in range(LIMIT):
        picture = desk.latest()
        if picture is not None and picture.execution.n_fills >= UNTIL_FILLS and picture.positions:
            break
        thread.join(0.1)
    core.speed_to(1.0)
    thread.join(3.0)
    return InProcess(desk)
