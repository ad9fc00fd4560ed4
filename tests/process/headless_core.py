"""`perpconsole core` with an engine of a few lines in place of the real one.

usage: headless_core.py STATE_DIR obedient|stuck|broken      stuck: after a halt its loop never comes back
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import app.built
from app.__main__ import run
from core.control.desk import Desk
from core.control.launch import Launch
from core.domain.commands import Answer, Flatten, Halt, Stop
from tests.unit.control.support import picture


def run_core(launch: Launch, desk: Desk) -> Callable[[], Coroutine[Any, Any, None]]:
    kind = sys.argv[2]

    async def main() -> None:
        loop, awake = asyncio.get_running_loop(), asyncio.Event()
        desk.connect(lambda: loop.call_soon_threadsafe(awake.set))
        desk.publish(picture())
        print(json.dumps({"pid": os.getpid(), "headless": launch.headless}), flush=True)
        while True:
            await awake.wait()
            awake.clear()
            for command in desk.take():
                if kind == "stuck" and isinstance(command, Halt):
                    threading.Event().wait()
                if kind == "broken":
                    raise RuntimeError("planted fault")
                desk.answer(Answer(id=command.id, ok=True))
                if isinstance(command, Halt):
                    desk.publish(picture("HALTED", 0, 1, "sealed"))
                elif isinstance(command, Flatten):
                    desk.publish(picture("FLAT", 0, 0, "sealed"))
                elif isinstance(command, Stop):
                    return

    return main


if __name__ == "__main__":
    app.built.built = lambda name: run_core  # type: ignore[assignment]
    sys.exit(run(["--state-dir", sys.argv[1], "--json", "core"]))
