"""A live pair on two loopback venues of different dialects: how long a first leg stands alone once its second leg is
refused, and how long a leg stands alone once the venue took its peer (ADL).

The whole live path in one process and one event loop, the venues' own books as the clock: from the moment a venue had
the leg, or took it, to the moment both books are flat or hedged again.
"""

from __future__ import annotations

import asyncio
import pathlib
import tempfile
from collections.abc import Callable

from core.build.live_core import LiveCore
from core.clock import stopwatch
from core.control.launch import Launch
from core.domain.commands import Resume
from core.domain.reasons import VENUE_BUSY
from core.engine.pair_seat import PairSeat
from core.guard.private import private_dir
from core.venues.wire.behind import WireExchange
from tests.bench.table import Row, judged, not_run, quantile, spread
from tests.rehearsal.live import living, until
from tests.rehearsal.stage import HYPERLIQUID, LONG_LEG, environment, keys_of, pair_of, venue_of

LOST, LOST_WANTED = (
    "a live pair's first leg alone after its second leg was refused, two loopback dialects",
    "p99 <= 1 s",
)
ADL, ADL_WANTED = "a live pair's other leg cut after ADL of one leg, two loopback dialects", "<= 2 s, never re-opened"
STAGES = (LONG_LEG, HYPERLIQUID)
QUIET_S = 2.0  # after a cut: nothing may be opened again for so long
S3 = 3
MORE = "firstLeg: long, nakedMs: 500, passiveMs: 0, tMaxSec: 3600, bandMinSamples: 600"


def rows(folder: pathlib.Path, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Two rows."""
    n = 12 if quick else 40
    try:
        lost = asyncio.run(_on_stage(lambda core, at: _lost(core, at, n), 7))
        say(f"{len(lost)} second legs refused: {spread(lost, 0, ' ms')}")
        cuts = [asyncio.run(_on_stage(_cut, seed)) for seed in range(7, 7 + n // 4)]
        say(f"{len(cuts)} legs taken: {spread([ms for one in cuts for ms in one], 0, ' ms')}")
    except (AssertionError, TimeoutError) as error:
        return [not_run(LOST, LOST_WANTED, str(error)), not_run(ADL, ADL_WANTED, str(error))]
    p99, all_cuts = quantile(lost, 0.99), [ms for one in cuts for ms in one]
    return [
        judged(LOST, LOST_WANTED, f"p50 {quantile(lost, 0.5):.0f} ms, p99 {p99:.0f} ms, n {len(lost)}", p99 <= 1000.0,
               "nakedMs 500; refused by the venue as busy; by both venues' own books"),
        judged(ADL, ADL_WANTED, spread(all_cuts, 0, " ms"), max(all_cuts) <= 2000.0,
               f"both books looked at for {QUIET_S:g} s after: nothing was opened again"),
    ]  # fmt: skip


async def _on_stage(act: Callable[[LiveCore, list[WireExchange]], object], seed: int) -> list[float]:
    """Two venues and a resumed live core for one act."""
    made = [venue_of(stage, (), seed) for stage in STAGES]
    at = [exchange for _, exchange in made]
    urls = [f"http://127.0.0.1:{await server.start()}" for server, _ in made]
    with tempfile.TemporaryDirectory() as name:
        state = private_dir(pathlib.Path(name) / "state")
        config = state / "pair.yml"
        text = pair_of(STAGES, urls, seed, MORE).replace("stopLoss: -900", "rejectLimit: 1000, stopLoss: -900")
        text = text.replace("nakedMs: 3000, ", "").replace("stopLossFirstLeg: 0.2", "stopLossFirstLeg: 0.0004")
        config.write_text(text, encoding="utf-8")
        launch = Launch(state_dir=state, report_dir=private_dir(state / "reports"), config=config, mode="live")
        try:
            with environment({k: v for stage in STAGES for k, v in keys_of(stage).items()}):
                async with living(launch) as (core, desk):
                    desk.send(Resume(word="y"))
                    return await act(core, at)  # type: ignore[misc]
        finally:
            for server, _ in made:
                await server.close()


def seat_of(core: LiveCore) -> PairSeat:
    seat = core.engine.seats[0]
    assert isinstance(seat, PairSeat)
    return seat


def held(at: list[WireExchange]) -> tuple[int, int]:
    """Lots at the venues themselves."""
    return int(at[0].position(0)[0]), int(at[1].position(0)[0])


async def _watch(true: Callable[[], bool], what: str, seconds: float) -> int:
    """Monotonic ns at which it became true, looked at every 2 ms. Raises AssertionError."""
    end = stopwatch() + round(seconds * 1e9)
    while not true():
        if stopwatch() > end:
            raise AssertionError(f"Expected {what} within {seconds:g} s, was not so")
        await asyncio.sleep(0.002)
    return stopwatch()


async def _lost(core: LiveCore, at: list[WireExchange], n: int) -> list[float]:
    """ms from the wish to lock (S2 seen) until both books are flat again, the short venue refusing every order."""
    out: list[float] = []
    saga = seat_of(core).saga.s
    at[1].inject(0, "reject_all", (VENUE_BUSY,))
    while len(out) < n:
        begun = await _watch(lambda: saga.stage == 2 and held(at)[0] != 0, "a lock at work", 120.0)
        ended = await _watch(lambda: held(at) == (0, 0), "both books flat", 10.0)
        out.append((ended - begun) / 1e6)
        await until(lambda: saga.stage != 2, "S0", 20.0)
    return out


async def _cut(core: LiveCore, at: list[WireExchange]) -> list[float]:
    """ms from ADL of the short leg until the long leg's book is cut to match."""
    saga = seat_of(core).saga.s
    await until(lambda: saga.stage == S3 and not saga.busy and all(held(at)), "S3", 90.0)
    episode = saga.episode
    at[1].inject(0, "adl")
    begun = await _watch(lambda: held(at)[1] == 0, "the leg gone", 5.0)
    ended = await _watch(lambda: held(at)[0] == 0, "its peer cut", 10.0)
    end = stopwatch() + round(QUIET_S * 1e9)
    while stopwatch() < end and saga.episode == episode:
        assert held(at) == (0, 0), "Expected nothing re-opened in the episode, was a position"
        await asyncio.sleep(0.01)
    return [(ended - begun) / 1e6]
