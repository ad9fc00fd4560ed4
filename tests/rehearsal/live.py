"""A rehearsal: the live core as the program runs it, beside loopback venues that have a bad day; then all books.

`run` is what the test calls with seconds and `python -m tests.rehearsal` with minutes. The venue's own books are the
oracle: nothing in them was told by us. Funding falls due half a minute in.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from core import tasks
from core.build.live_core import LiveCore
from core.clock import SystemClock
from core.control.desk import Desk
from core.control.launch import Launch
from core.domain.commands import Resume, Stop
from core.domain.order import FREE, RESTING_REJECT, SLOTS
from core.guard.gate import GateFlag
from core.guard.latch import Latch
from core.guard.private import private_dir
from core.venues.wire.behind import WireExchange
from tests.rehearsal.stage import Stage, bad_day, environment, keys_of, several, venue_of

Profile = Callable[[Sequence[Stage], Sequence[str], int], str]  # stages, urls, seed


@dataclass
class Outcome:
    """What came of it. `differences` must be empty."""

    differences: list[str] = field(default_factory=list)
    orders: list[int] = field(default_factory=list)  # by venue
    fills: list[int] = field(default_factory=list)
    funding: list[int] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    run: str = ""
    seconds: float = 0.0
    alerts: list[str] = field(default_factory=list)


async def run(
    stages: Sequence[Stage], seconds: float, folder: Path, seed: int = 1, faulty: bool = True,
    profile: Profile = several,
) -> Outcome:  # fmt: skip
    """Start venues and core; trade for `seconds` under faults; let it settle; compare; stop flat; compare again."""
    rules = [bad_day(stage, seconds) if faulty else () for stage in stages]
    made = [venue_of(stage, rule, seed) for stage, rule in zip(stages, rules, strict=True)]
    urls = [f"http://127.0.0.1:{await server.start()}" for server, _ in made]
    exchanges = [exchange for _, exchange in made]
    state = private_dir(folder)
    config = state / "rehearsal.yml"
    config.write_text(profile(stages, urls, seed), encoding="utf-8")
    out = Outcome(seconds=seconds)
    keys = {name: value for stage in stages for name, value in keys_of(stage).items()}
    try:
        with environment(keys):
            launch = Launch(state_dir=state, report_dir=private_dir(state / "reports"), config=config, mode="live")
            await _trade(launch, exchanges, seconds, out)
    finally:
        for stage, (server, _) in zip(stages, made, strict=True):
            out.faults |= {f"{stage.dialect} {kind}": n for kind, n in server.faults.done.items()}
            await server.close()
    out.orders = [len(exchange.books.orders) for exchange in exchanges]
    out.fills = [len(exchange.books.trades) for exchange in exchanges]
    out.funding = [sum(p.amount for p in exchange.books.payments) for exchange in exchanges]
    return out


async def _trade(launch: Launch, exchanges: Sequence[WireExchange], seconds: float, out: Outcome) -> None:
    async with living(launch) as (core, desk):
        desk.send(Resume(word="y"))
        await asyncio.sleep(seconds)
        await until(lambda: core.failed or not differences(core, exchanges), "books that agree", 40.0, raises=False)
        out.differences += differences(core, exchanges)
        out.run = core.engine.state.run
        desk.send(Stop(flatten=True))
        await until(lambda: core.ended, "the end", 60.0)
        out.differences += [f"at the end: {text}" for text in differences(core, exchanges)]
        for exchange in exchanges:
            clients = [order.client for order in exchange.books.orders]
            if len(clients) != len(set(clients)):
                out.differences.append("a client id reached the venue twice")
            if exchange.position(0)[0] or exchange.books.open_of():
                out.differences.append("not flat at the end")
    out.differences += [f"{type(error).__name__}: {error}" for error in core.failed]
    out.alerts = [f"{row.level} {row.code} {row.text}" for row in core.observers.alerts.rows()]
    for text in out.alerts:
        code = text.split()[1]
        out.codes[code] = out.codes.get(code, 0) + 1


class Living(LiveCore):
    """The core of the program; `failed` is what it raised, `ended` once it is over."""

    failed: list[BaseException]
    ended = False


@contextlib.asynccontextmanager
async def living(launch: Launch) -> AsyncIterator[tuple[Living, Desk]]:
    """A running core that has reconciled, PAUSED; ended without ceremony where the block leaves it running."""
    gate = GateFlag(SystemClock(), Latch(launch.state_dir))
    desk = Desk(gate)
    core = Living(launch, desk)
    failed = core.failed = []
    try:
        await core.ask_once()
    except BaseException:
        core.guards.release()
        gate.shut()
        raise
    task = tasks.spawn(core.run(), "core", failed.append)
    task.add_done_callback(lambda _: setattr(core, "ended", True))
    try:
        await until(lambda: core.engine.state.run in ("PAUSED", "HALTED") or failed, "PAUSED", 60.0)
        yield core, desk
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        gate.shut()


async def until(true: Any, what: str, seconds: float, raises: bool = True) -> None:
    """Wait for it; fails with `what`, or goes on."""
    try:
        async with asyncio.timeout(seconds):
            while not true():
                await asyncio.sleep(0.05)
    except TimeoutError:
        if raises:
            raise AssertionError(f"Expected {what} within {seconds:g} s, was not so") from None


def differences(core: LiveCore, exchanges: Sequence[WireExchange]) -> list[str]:
    """Between each venue's own books and our ledger there."""
    posts = core.engine.posts
    several = len(exchanges) > 1
    return [
        f"{post.instrument.venue} {text}" if several else text
        for post, exchange in zip(posts, exchanges, strict=True)
        for text in _between(post.ledger.s, exchange)
    ]


def _between(ledger: Any, exchange: WireExchange) -> list[str]:
    """Every order, fill, fee, funding payment, lot and unit of cost."""
    books = exchange.books
    open_ = {order.venue_id for order in books.open_of()}
    ours = {ledger.venue_id[i] for i in range(SLOTS) if ledger.state[i] not in (FREE, RESTING_REJECT)}
    pairs = {
        "unknown": (ledger.n_unknown, 0),
        "open orders": (ours, open_),
        "position": (ledger.pos, exchange.position(0)[0]),
        "fills": (sum(ledger.n_fills), len(books.trades)),
        "bought": (ledger.buy_notional, sum(_value(exchange, t) for t in books.trades if t.side == 0)),
        "sold": (ledger.sell_notional, sum(_value(exchange, t) for t in books.trades if t.side == 1)),
        "fees": (ledger.fees, sum(trade.fee for trade in books.trades)),
        "funding": (ledger.funding, sum(p.amount for p in books.payments)),
        "errors of the ledger": (ledger.err, 0),
    }
    return [f"{name}: ours {a}, theirs {b}" for name, (a, b) in pairs.items() if a != b]


def _value(exchange: WireExchange, trade: Any) -> int:
    return int(trade.px * trade.qty * exchange.instruments[0].unit)


def told(out: Outcome) -> str:
    """One JSON line."""
    return msgspec.json.encode(out).decode()
