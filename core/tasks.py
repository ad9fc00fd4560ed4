"""The only `create_task`, `sleep` and `timeout`, and the virtual-time event loop that replaces waiting by jumping.

In virtual time a seeded shuffle (`core.rng.orders`) may reorder the ready queue, so every legal interleaving can come
up and each one repeats.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
Order = Callable[[int], Sequence[int]]
sleep = asyncio.sleep
timeout = asyncio.timeout
wait_for = asyncio.wait_for
_alive: set[asyncio.Task[Any]] = set()


def spawn(
    coroutine: Coroutine[Any, Any, T], name: str, on_error: Callable[[BaseException], None] | None = None
) -> asyncio.Task[T]:
    """Start a named task that is kept alive; a failure goes to `on_error`, or to the loop's exception handler."""
    task = asyncio.get_running_loop().create_task(coroutine, name=name)
    _alive.add(task)

    def done(finished: asyncio.Task[T]) -> None:
        _alive.discard(finished)
        if finished.cancelled():
            return
        error = finished.exception()
        if error is None:
            return
        if on_error is not None:
            on_error(error)
        else:
            finished.get_loop().call_exception_handler({"message": f"task {name} failed", "exception": error})

    task.add_done_callback(done)
    return task


class _JumpingSelector(selectors.SelectSelector):
    """Never waits: moves virtual time to the next timer instead."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0
        self.idle = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            self.idle += 1
            if self.idle > 1000:
                raise RuntimeError("virtual time: every task waits for something that no timer will bring")
        elif timeout > 0:
            self.idle = 0
            self.time += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time. `order(n)` gives the order of n ready callbacks; None keeps them as they came."""

    def __init__(self, order: Order | None = None) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._order = order
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._jumping.time

    def _run_once(self) -> None:
        ready: Any = self._ready  # type: ignore[attr-defined]
        if self._order is not None and len(ready) > 1:
            items = list(ready)
            ready.clear()
            ready.extend(items[i] for i in self._order(len(items)))
        super()._run_once()  # type: ignore[misc]


def run_virtual(main: Coroutine[Any, Any, T], order: Order | None = None) -> T:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(order)) as runner:
        return runner.run(main)
