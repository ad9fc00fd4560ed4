"""A world in virtual time that outlives its cores: its own tasks go on when a core is killed, and no line of that core
runs afterwards.

Owns that, and the state dir. What the world is made of, and what dies when, is the subclass's.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Self

from core import rng, tasks


class Died(BaseException):
    """The core is gone: raised where it stood."""


class Mortal:
    """Subclasses give `_found(loop)`, `_begin()`, `_last()` and `_says(kind, text)`. `life`: the core that lives, None
    while none does."""

    state_dir: Path
    life: Any = None

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._mine: set[asyncio.Task[Any]] = set()
        self._ended = False

    def _found(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make what there is before the script begins."""
        raise NotImplementedError

    def _begin(self) -> asyncio.Task[Any]:
        """Set it in motion; the task that ends by itself once the script has."""
        raise NotImplementedError

    def _end(self) -> None:
        """The script has ended."""
        self._ended = True

    def _last(self) -> None:
        """Kill the core that is left."""
        raise NotImplementedError

    def _says(self, kind: str, text: str) -> None:
        """Something is wrong."""
        raise NotImplementedError

    def play(self, script: Callable[[Self], Coroutine[Any, Any, None]]) -> Self:
        """Run the script to its end; raises what it raises."""
        self.state_dir = Path(tempfile.mkdtemp(prefix="perp-"))
        try:
            tasks.run_virtual(self._main(script), rng.orders(self.seed, "scheduler"))
        finally:
            shutil.rmtree(self.state_dir, ignore_errors=True)
        return self

    async def _main(self, script: Callable[[Self], Coroutine[Any, Any, None]]) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._unhandled)
        main = asyncio.current_task()
        assert main is not None
        self._mine.add(main)
        self._found(loop)
        pump = self._begin()
        try:
            await script(self)
        finally:
            self._end()
            await asyncio.gather(pump, return_exceptions=True)
            if self.life is not None:
                self._last()

    def spawn(self, coroutine: Coroutine[Any, Any, Any], name: str = "world") -> asyncio.Task[Any]:
        """A task of the world: it outlives the core."""
        task = tasks.spawn(coroutine, name)
        self._mine.add(task)
        task.add_done_callback(self._mine.discard)
        return task

    def run_core(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """A task of the core: it dies with it."""
        tasks.spawn(coroutine, "core", self._broke)

    def dies(self, point: str, tell: Callable[[], None] = lambda: None) -> None:
        """SIGKILL: every task of the core ends where it stands, the one that calls too, after `tell()`."""
        me = asyncio.current_task()
        for task in asyncio.all_tasks() - self._mine - {me}:
            task.cancel()
        tell()
        if me not in self._mine:
            raise Died(point)

    def _broke(self, error: BaseException) -> None:
        if not isinstance(error, Died):
            self._says("broken", f"the core broke: {error!r}")

    def _unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, Died):
            self._says("unhandled", f"{context.get('message')} {error!r}")
