"""Paper on the live feed of a loopback Hyperliquid: the real ccxt classes feed it, its orders stay in this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core import tasks
from core.build.backtest import backtest
from core.build.replaying import replay
from core.build.session import PaperCore
from core.clock import SystemClock
from core.control.desk import Desk
from core.control.launch import Launch
from core.domain.commands import Stop
from core.domain.errors import ConfigError, Refused
from core.domain.events import Link, Step
from core.domain.order import ACCEPTED, CANCEL, CREATE, REDUCE_ONLY
from core.domain.units import NS_PER_S
from core.engine.following import FollowingDriver
from core.guard.gate import GateFlag
from core.venues.wire.faults import Rule
from tests.venues.wire.hyperliquid_hall import Venue, eventually, venue

PROFILE = Path("configs/round7_btc.yml")
NEAR = {
    "venue: standx": "venue: hyperliquid",
    "symbol: BTCUSD": "symbol: BTC",
    "minSpread: 0.0006": "minSpread: 0.00002",
    "feeBuffer: 0.0002": "feeBuffer: 0.0",
    "maxLayers: 24": "maxLayers: 4",
    "bookStaleMs: 30000": "bookStaleMs: 2000",
}


def profile(folder: Path, url: str) -> Path:
    """The market maker near the touch, on the live feed of this venue."""
    text = PROFILE.read_text(encoding="utf-8")
    for old, new in NEAR.items():
        assert old in text
        text = text.replace(old, new)
    text += f"\nmarket:\n  source: live\nvenues:\n  hyperliquid:\n    network: loopback\n    url: {url}\n"
    path = folder / "live.yml"
    path.write_text(text, encoding="utf-8")
    return path


def launch(state_dir: Path, config: Path, **more: Any) -> Launch:
    return Launch(state_dir=state_dir, report_dir=state_dir / "reports", config=config, metrics_port=0, **more)


class Heard:
    """A sink: every step of the core."""

    name = "heard"

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def take(self, step: Step) -> None:
        self.steps.append(step)

    def sent(self, kind: int) -> list[int]:
        return [step.moment.ts for step in self.steps for request in step.requests if request.kind == kind]


@contextlib.asynccontextmanager
async def paper(
    at: Venue, state_dir: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[PaperCore, Heard]]:
    """The core runs on the feed; at the end it is stopped in order."""
    monkeypatch.setenv("PERP_PURE", "1")
    desk = Desk(GateFlag(SystemClock()))
    core = await asyncio.to_thread(PaperCore, launch(state_dir, profile(folder, at.url)), desk)
    heard = Heard()
    core.driver.sinks.append(heard)
    errors: list[BaseException] = []
    task = tasks.spawn(core.run(), "core", errors.append)
    try:
        yield core, heard
        desk.send(Stop(id="end", who="test"))
        await eventually(task.done, "the end of the core", 30.0)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert not errors, errors


def books_of(core: PaperCore) -> list[int]:
    """When each book from now on came, our clock. The exchange half's window keeps only rows that nobody saw yet."""
    driver, came = core.driver, list[int]()
    assert isinstance(driver, FollowingDriver)
    inner = driver.rows.book

    def book(instrument: int, ts_exch: int, ts_recv: int, px: Any, sz: Any) -> None:
        came.append(ts_recv)
        inner(instrument, ts_exch, ts_recv, px, sz)

    driver.rows.book = book  # type: ignore[method-assign]
    return came


def standing(core: PaperCore) -> int:
    """Orders at the paper venue that may add risk."""
    return sum(not order.flags & REDUCE_ONLY for order in core.venue.exchange.open_orders())


async def test_it_trades_on_the_feed_sends_nothing_and_its_journal_replays(
    state_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1-07: a real feed where else a made one is.

    Orders meet the paper venue alone: the venue that shows the market is asked no account and gets no order.
    """
    async with venue() as at:
        async with paper(at, state_dir, tmp_path, monkeypatch) as (core, heard):
            await eventually(lambda: standing(core) >= 4, "quotes", 30.0)
            view = core.engine.posts[0].view.s
            assert view.n_books >= 3 and view.book_ok == 1 and view.mark > 0
            top, px = at.exchange.top(0), (view.px[0][0], view.px[1][0])
            assert all(abs(a - b) < 500 for a, b in zip(top, px, strict=True))
            assert abs(core.driver.now - SystemClock().now()) < NS_PER_S
            driver = core.driver
            assert (
                isinstance(driver, FollowingDriver) and driver.rows.lag_ns(0) >= driver.rows.instruments[0].feed.p50_ns
            )
        assert not [place for place in at.places() if place.startswith("POST /exchange")]
        assert not [place for place in at.places() if "clearinghouse" in place.lower() or "openorders" in place.lower()]
        assert at.exchange.books.orders == []
    assert heard.sent(CREATE) and heard.sent(CANCEL)
    path = core.journal.path
    assert path is not None
    again = await asyncio.to_thread(replay, path, True)
    assert again["ok"] and again["requests"] >= 8, again


@pytest.mark.slow
@pytest.mark.parametrize("silent", ["ws:l2Book", "ws:*"])
async def test_a_feed_that_falls_silent_pulls_the_quotes_and_comes_back(
    state_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    """R-N1: cancels leave within the instrument's limit and one second, whether one stream is silent or all are."""
    async with venue() as at, paper(at, state_dir, tmp_path, monkeypatch) as (core, heard):
        await eventually(lambda: standing(core) >= 4, "quotes", 30.0)
        books = books_of(core)
        await eventually(lambda: bool(books), "a book", 5.0)
        at.server.faults.add(Rule("silent", at=silent, seconds=6.0))
        await asyncio.sleep(1.0)
        last = books[-1]
        limit = core.market.places[0].instrument.book_stale_ns
        await eventually(lambda: standing(core) == 0, "no quotes", 12.0)
        taken = {r.cl_id: step.moment.ts for step in heard.steps for r in step.moment.reports if r.kind == ACCEPTED}
        late = [
            step.moment.ts - max(last + limit, taken.get(request.cl_id, 0))  # what flew is cancelled once it has landed
            for step in heard.steps for request in step.requests if request.kind == CANCEL and step.moment.ts > last
        ]  # fmt: skip
        assert late and max(late) <= NS_PER_S, late
        risky = [step.moment.ts for step in heard.steps for r in step.requests if r.kind == CREATE and not r.flags]
        assert max(risky) - last <= limit + NS_PER_S, "a quote on a stale book"
        assert core.engine.posts[0].risk.s.stale == 1
        at.server.faults.clear()
        await eventually(lambda: standing(core) >= 4, "quotes again", 30.0)
    links = [event for step in heard.steps for event in step.moment.inputs if isinstance(event, Link)]
    assert any(not link.up for link in links) and links[-1].up


def test_a_feed_that_cannot_be_opened_is_refused_before_anything_is_made(state_dir: Path, tmp_path: Path) -> None:
    config = profile(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(Refused, match=r"live feed of hyperliquid.*synthetic"):
        PaperCore(launch(state_dir, config), Desk(GateFlag(SystemClock())))
    assert not (state_dir / "journal").exists() and not list(state_dir.glob("paper*"))


def test_another_speed_a_backtest_and_a_second_market_are_refused_with_the_next_step(
    state_dir: Path, tmp_path: Path
) -> None:
    config = profile(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(Refused, match="speed 1 on a live feed, was 20"):
        PaperCore(launch(state_dir, config, speed=20.0), Desk(GateFlag(SystemClock())))
    with pytest.raises(ConfigError, match="perpconsole record"):
        backtest(launch(state_dir, config, market=("live",)))
    with pytest.raises(ConfigError, match="live alone"):
        PaperCore(launch(state_dir, config, market=("live", "synthetic")), Desk(GateFlag(SystemClock())))
