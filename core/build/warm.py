"""Compiles every kernel once, in a niced process of its own, so that no operator waits for a compiler.

`python -m core.build.warm` prints `done of` after each door; `Warming` watches it from the core's loop and then loads
the result in a thread. Until then the plain twin decides: same source, same results.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from core import tasks
from core.domain.snapshot import Kernels as Progress
from core.kernel import Kernels, cache_dir, doors, numba_usable, warm

READY = "ready"
NICE = 15
POLL_S = 0.2


def ready() -> bool:
    """Whether a child has compiled this very source before."""
    return (cache_dir() / READY).exists()


def main() -> None:
    """The child: compile all doors of a core and leave the marker."""
    import core.build.assemble
    import core.engine.simulate  # noqa: F401 - its imports define the doors

    total = len(doors())
    warm(lambda done, of: print(f"{done} {of}", flush=True))
    marker = cache_dir() / READY
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.write_text(str(total))


class Warming:
    """`progress` for the console; `run()` ends when the compiled form is loaded or cannot be had."""

    def __init__(self) -> None:
        usable, why = numba_usable_quick()
        self.progress = Progress(form="plain", why="" if usable else why)
        self.usable = usable

    async def run(self, switch: Callable[[Kernels], None]) -> None:
        """Compile if needed, load in a thread, then call `switch` between two events."""
        if not self.usable:
            return
        if not ready() and not await self._compile():
            return
        try:
            await asyncio.to_thread(warm)
        except Exception as error:  # whatever a broken numba raises: the plain form goes on, and says so
            self.progress = Progress(form="plain", why=f"{type(error).__name__}: {error}")
            return
        switch(Kernels("compiled"))
        n = len(doors())
        self.progress = Progress(form="compiled", done=n, of=n)

    async def _compile(self) -> bool:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).resolve().parents[2]), *sys.path])}
        with subprocess.Popen(  # noqa: ASYNC220 - a start of some ms once a run; its output is read without blocking
            [sys.executable, "-m", "core.build.warm"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL, env=env, preexec_fn=niced,
        ) as child:  # fmt: skip
            assert child.stdout is not None
            os.set_blocking(child.stdout.fileno(), False)
            try:
                while child.poll() is None:
                    self._read((child.stdout.read() or b"").decode())
                    await tasks.sleep(POLL_S)
            finally:
                if child.poll() is None:
                    child.terminate()
        if child.returncode:
            self.progress = Progress(form="plain", why=f"the compiler ended with {child.returncode}")
        return child.returncode == 0

    def _read(self, text: str) -> None:
        words = text.split("\n")[-2].split() if "\n" in text else []
        if len(words) == 2:
            self.progress = Progress(form="plain", done=int(words[0]), of=int(words[1]), why="compiling")


def niced() -> None:
    """For children that must not take time from trading."""
    os.nice(NICE)


def numba_usable_quick() -> tuple[bool, str]:
    """As `numba_usable`, without importing numba yet."""
    from importlib.util import find_spec

    from core.kernel import PURE

    if PURE or find_spec("numba") is None:
        return numba_usable()
    return True, ""


if __name__ == "__main__":
    main()
