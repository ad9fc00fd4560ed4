"""A read of a venue that may be silent: once it answers anything, what was lost before is asked again at once.

Beside a question that has no answer yet something cheap is asked each second. Reads alone: a create is sent once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from core import tasks

T = TypeVar("T")
PROBE_S = 1.0
AT_ONCE = 3  # askings of one question on their way: a venue that is merely slow answers the first one


async def insist(question: Callable[[], Coroutine[Any, Any, T]], lives: Callable[[], Awaitable[bool]]) -> T:
    """The first answer, else the last error. `lives`: whether the venue answers a cheap question within a second."""
    asked = [_ask(question)]
    try:
        while True:
            done, waiting = await asyncio.wait(asked, timeout=PROBE_S, return_when=asyncio.FIRST_COMPLETED)
            good = next((task for task in done if task.exception() is None), None)
            if good is not None or not waiting:
                return (good or asked[-1]).result()
            asked = [task for task in asked if task in waiting]
            if len(asked) < AT_ONCE and not done and await lives():
                asked.append(_ask(question))
    finally:
        for task in asked:
            task.cancel()


def _ask(question: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
    return tasks.spawn(question(), "read", lambda error: None)
