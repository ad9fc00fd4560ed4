"""Bytes typed into a running Console on a recording client: app.rawinput with its hook, then the App, headless.

For the fuzz and for keys that arrive in one breath. The parser's clock is the fixture `now`; dialogs have real time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import msgspec
from textual.message import Message

from app.console import Console
from app.options import Options
from app.rawinput import RawInput
from core.domain.commands import AckAlert, Attended, Pause, WriteReport
from core.domain.snapshot import Snapshot
from screens.modals.base import Dialog
from tests.console.fabricated import FakeClient, StillClock, snapshot, state
from tests.console.torrent import ACCOUNT, Typed

ALLOWED = (Attended, Pause, AckAlert, WriteReport)  # quotes may be pulled, records made
PATIENCE_S = 30.0
SIZES = ((40, 10), (40, 10), (80, 24), (40, 10), (40, 10), (40, 10), (120, 40))


def live(run: str, resumed_once: bool) -> Snapshot:
    """Real money: every dialog wants its word."""
    snap = msgspec.structs.replace(snapshot(), mode="LIVE", network="mainnet", account=ACCOUNT)
    return state(snap, run=run, resumed_once=resumed_once, reason="drill", verified="clean")


PICTURES = tuple(live(*both) for both in (
    ("RUNNING", True), ("PAUSED", False), ("HALTED", True), ("PAUSED", True), ("FLAT", False), ("RUNNING", False),
    ("HALTING", False),
))  # fmt: skip

ESCAPE = Typed(-1, "escape", (b"\x1b",), True)


class Desk:
    """A running console on a recording client, and the line by which bytes reach it."""

    def __init__(self, app: Console, client: FakeClient, now: list[float]) -> None:
        self.app, self.client, self.now = app, client, now
        self.seen: Counter[str] = Counter()
        app.hook.reads_keys = True  # as the driver says
        assert app._driver is not None
        app._driver.send_message = app.post_message  # same loop: in order, and before what we ask next

    async def home(self) -> None:
        """Back to the overview, as an operator would."""
        for _ in range(4):
            if not self.over and self.app.screen is not self.app.overview:
                await self.type(ESCAPE)

    async def type(self, typed: Typed) -> None:
        raw = RawInput(self.app.hook, lambda: (120, 40))
        for chunk in typed.chunks:
            self._pass(raw.feed(chunk))
            if typed.slowly:
                self.now[0] += 0.3
                self._pass(raw.tick())
                await self.settle()
                await self.heard()
        self.now[0] += 0.3
        self._pass(raw.tick())
        await self.settle()
        self.seen["sequences dropped"] += raw.dropped

    def _pass(self, events: Iterable[Message]) -> None:
        for event in events:
            self.app._driver.process_message(event)  # type: ignore[union-attr]

    async def settle(self) -> None:
        """Everything that was posted has been dealt with on its way down to the focus and up again."""
        for _ in range(2):
            focused = None if self.over else self.app.focused
            up = focused.ancestors_with_self if focused is not None else [*self.app.screen_stack[-1:], self.app]
            for pump in (self.app, *up):
                done = asyncio.Event()
                if self.over or not pump.call_later(done.set):
                    return
                async with asyncio.timeout(PATIENCE_S):
                    while not done.is_set() and not self.over:
                        await asyncio.sleep(0)
        for screen in [] if self.over else self.app.screen_stack[-1:]:
            async with asyncio.timeout(PATIENCE_S):
                await screen._mounted_event.wait()
        if not self.over:
            self.seen[type(self.app.screen).__name__] += 1

    async def heard(self) -> None:
        """A dialog that has opened listens."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.over and isinstance(self.app.screen, Dialog) and self.app.screen._deaf:
                await asyncio.sleep(0.0005)

    @property
    def over(self) -> bool:
        return self.app._exit or not self.app.is_running

    def faults(self) -> list[str]:
        """What came out that must not."""
        found = [repr(sent) for sent in self.client.sent if not isinstance(sent, ALLOWED)]
        if self.app._exception is not None:
            found.append(f"the console fell: {self.app._exception!r}")
        if self.over and self.app.return_value != "detach":
            found.append(f"the console ended: {self.app.return_value!r}")
        if self.over and not self.app.options.attached:
            found.append("a console with its core inside was left without a stop")
        return found


@asynccontextmanager
async def console(number: int, now: list[float]) -> AsyncIterator[Desk]:
    """Attached or with its core inside; most are small, which draws faster and hears the same keys."""
    attached, size = number % 2 == 1, SIZES[number % len(SIZES)]
    client = FakeClient(PICTURES[0])
    app = Console(client, Options(clock=StillClock(), palette="default", ascii_only=False, attached=attached))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Desk(app, client, now)
