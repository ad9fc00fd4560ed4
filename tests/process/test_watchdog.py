"""The watchdog as a real process beside a core stand-in, at Hyperliquid's wire on the loopback (issue 3, point 4)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.control.pulse import Watched
from core.control.watching import LOG_FILE, WATCHING, read_state, spawn_watchdog
from core.guard.process import start_ticks
from core.venues.identity import read_text
from tests.process.running import end, hear, running, say
from tests.venues.ccxt.panic_hall import FREE, OTHER_EPOCH, environment, left, long, ours, record, rest
from tests.venues.wire.hyperliquid_hall import KEY, Venue, eventually, venue

CORE = str(Path(__file__).with_name("watched_core.py"))
pytestmark = pytest.mark.slow


class Scene:
    """A core stand-in with its watchdog; `dog` is a pid."""

    def __init__(self, at: Venue, core: subprocess.Popen[str], dog: int, state_dir: Path) -> None:
        self.at, self.core, self.dog, self.state_dir = at, core, dog, state_dir
        self.ticks = start_ticks(dog)
        self.reports = state_dir / "reports"

    @property
    def alive(self) -> bool:
        return self.ticks is not None and start_ticks(self.dog) == self.ticks

    async def ask(self) -> Any:
        say(self.core, "?")
        return await asyncio.to_thread(hear, self.core)

    def evidence(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_bytes()) for path in sorted(self.reports.glob("watchdog-*.json"))]

    def log(self) -> str:
        return (self.state_dir / LOG_FILE).read_text()

    async def gone(self) -> None:
        await eventually(lambda: not self.alive, f"the watchdog ends by itself: {self.log()}", 15.0)


@contextlib.asynccontextmanager
async def watched(state_dir: Path, stale_s: float = 2.0) -> AsyncIterator[Scene]:
    """Orders of ours, of another epoch, and of somebody else, watched; nothing that was started is left at the end."""
    async with venue(rules=FREE) as at:
        ours(at, 5)
        ours(at, 2, OTHER_EPOCH)
        rest(at, "0x" + "ab" * 16, "")
        long(at)
        made = record(at, state_dir)
        with running(
            CORE, str(state_dir), str(state_dir / "reports"), made.label, str(stale_s), **environment()
        ) as core:
            scene = Scene(at, core, (await asyncio.to_thread(hear, core))["watchdog"], state_dir)
            try:
                async with asyncio.timeout(30):
                    while not (answer := await scene.ask())["watched"]:
                        assert answer["ended"] is None, scene.log()
                        await asyncio.sleep(0.1)
                yield scene
            finally:
                if scene.alive:
                    os.kill(scene.dog, signal.SIGKILL)
        assert KEY[2:] not in scene.log() + json.dumps(scene.evidence())


def foreign_only(at: Venue) -> bool:
    """Nothing of ours is open, and both foreign orders are."""
    alive = at.exchange.books.open_of()
    return len(alive) == 2 and all(read_text(order.client) is None for order in alive)


def created(at: Venue) -> int:
    return len(at.exchange.books.orders) + sum(place.startswith("POST /exchange:order") for place in at.places())


async def test_killed_core_leaves_no_order_of_ours_and_nothing_is_created(state_dir: Path) -> None:
    """R-E3, R-E4: every epoch of ours, nobody else's; the position stays; evidence, then the watchdog ends."""
    async with watched(state_dir) as scene:
        before, held = created(scene.at), left(scene.at)[1]
        os.kill(scene.core.pid, signal.SIGKILL)
        await eventually(lambda: foreign_only(scene.at), "our orders are gone", 7.0)
        await scene.gone()
        assert foreign_only(scene.at)
        assert created(scene.at) == before and left(scene.at)[1] == held
        (evidence,) = scene.evidence()
        assert evidence["code"] == 2 and evidence["venues"][0]["verified"] == "sealed"
        assert evidence["stop"]["who"] == "watchdog" and evidence["stop"]["pid"] == scene.core.pid
        assert "the core is gone" in scene.log()


async def test_frozen_core_counts_as_dead_and_gets_its_orders_back_into_its_own_hands_when_it_wakes(
    state_dir: Path,
) -> None:
    """A SIGSTOPped core beats no more; signals do not end the watchdog; while the core beats nothing is touched."""
    async with watched(state_dir) as scene:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            os.kill(scene.dog, number)
        await asyncio.sleep(3.0)  # longer than the limit: a beating core keeps its orders
        assert scene.alive and left(scene.at)[0] == 9
        before = created(scene.at)
        os.kill(scene.core.pid, signal.SIGSTOP)
        await eventually(lambda: foreign_only(scene.at), "our orders are gone", 2.0 + 5.0)
        os.kill(scene.core.pid, signal.SIGCONT)
        await eventually(lambda: phase(state_dir) == WATCHING, "it watches again", 10.0)
        assert created(scene.at) == before
        ours(scene.at, 1, epoch=99)
        await asyncio.sleep(1.5)
        assert left(scene.at)[0] == 3 and scene.alive
        assert (await scene.ask())["watched"]
        assert scene.evidence(), "the sweep was written down"


async def test_panic_beside_a_watchdog_kills_the_frozen_core_and_both_finish(state_dir: Path) -> None:
    """S3-56: the stop of a person and the stop of the machine do not disturb each other."""
    async with watched(state_dir) as scene:
        os.kill(scene.core.pid, signal.SIGSTOP)
        with running("-m", "app", "--state-dir", str(state_dir), "--json", "panic", **environment()) as panic:
            out, err = await asyncio.to_thread(panic.communicate, None, 60)
        body = json.loads(out)
        assert (panic.returncode, err) == (0, ""), body
        assert left(scene.at) == (0, [0])
        assert any(f"pid {scene.core.pid}" in step["text"] and "killed" in step["text"] for step in body["steps"])
        await scene.gone()
        assert scene.evidence()[-1]["code"] == 2


async def test_clean_end_ends_the_watchdog_and_touches_nothing(state_dir: Path) -> None:
    async with watched(state_dir) as scene:
        say(scene.core, "end")
        await scene.gone()
        assert left(scene.at)[0] == 9
        assert scene.evidence() == []
        assert await asyncio.to_thread(scene.core.wait, 10) == 0


async def test_second_watchdog_of_the_same_core_is_refused_and_the_first_goes_on(state_dir: Path) -> None:
    async with watched(state_dir) as scene:
        core = Watched.of(scene.core.pid)
        second = spawn_watchdog(state_dir, scene.reports, ["hyperliquid loopback"], core=core)
        try:
            assert await asyncio.to_thread(second.wait, 20) == 1
        finally:
            if second.poll() is None:
                second.kill()
                second.wait()
        assert "a watchdog is at work already" in scene.log()
        assert scene.alive and (await scene.ask())["watched"]


async def test_watchdog_without_keys_never_says_that_it_watches(state_dir: Path) -> None:
    async with venue(rules=FREE) as at:
        made = record(at, state_dir)
        without = dict.fromkeys(environment(), "")
        with running(CORE, str(state_dir), str(state_dir / "reports"), made.label, "2", **without) as core:
            scene = Scene(at, core, (await asyncio.to_thread(hear, core))["watchdog"], state_dir)
            await scene.gone()
            answer = await scene.ask()
            assert answer == {"watched": False, "ended": 1}
            assert "HYPERLIQUID_PRIVATE_KEY" in scene.log() and "by hand" in scene.log()
            end(core)


def phase(state_dir: Path) -> str:
    state = read_state(state_dir)
    return state.phase if state is not None else ""
