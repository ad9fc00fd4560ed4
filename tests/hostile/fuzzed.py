"""One run of hostile frames through an adapter without sockets, and what became of it.

Every frame goes the whole way: receive loop, ccxt's handlers, our hooks, our feeds, the inbox. Honest frames come in
between, so that a resync is possible and a stream that died of a frame shows.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from core.clock import stopwatch
from core.domain.units import NS_PER_S
from tests.hostile.far_end import FarEnd, Socket
from tests.hostile.honest import Honest
from tests.hostile.mutate import Mutations
from tests.hostile.oracle import Strict
from tests.hostile.tape import Tape, replayed

BATCH = 10
MOST_LATE_S = 8.0  # a silent book is found after two seconds, and more patiently each time
TOO_SLOW_NS = 2 * NS_PER_S  # one batch of frames
WEIGHTS = {"depthUpdate": 6, "l2Book": 6, "ORDER_TRADE_UPDATE": 4, "userFills": 3, "orderUpdates": 3}


@dataclass
class Run:
    """What a run saw. `unhandled` is what asyncio's own last resort was told; `slowest_ns` of a batch."""

    frames: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    unhandled: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    blind: list[str] = field(default_factory=list)
    slowest_ns: int = 0
    took_ns: int = 0
    grown: int = 0  # bytes
    counted: dict[str, int] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    restarts: int = 0
    late_s: float = 0.0  # until all streams were up again, the longest
    orders_asked: int = 0


async def fuzz(tape: Tape, seed: int, frames: int) -> Run:
    """`frames` hostile frames into the adapter of this tape's dialect."""
    run, honest, mutations = Run(), Honest(tape, seed), Mutations(seed)
    inbox = Strict(tape.hall.instrument)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: run.unhandled.append(_told(context)))
    pool = [kind for kind in honest.kinds for _ in range(WEIGHTS.get(kind, 1))]
    async with replayed(tape, inbox, honest.answer) as (venue, end):
        await _all_up(venue, end, honest)
        asked = len(end.asked)
        start, before = stopwatch(), _resident()
        while run.frames < frames:
            begun, last = stopwatch(), []
            for _ in range(BATCH):
                kind = honest.dice.choice(pool)
                raw, what = mutations.frame(honest.frame(kind))
                last.append((kind, what, raw))
                run.frames += 1
                run.kinds[kind] += 1
                for socket in sockets_of(end, honest.path(kind)):
                    socket.feed(raw, binary=honest.dice.random() < 0.01)
            await read_all(end)
            run.slowest_ns = max(run.slowest_ns, stopwatch() - begun)
            if inbox.wrong and len(run.wrong) < 5:
                shown = [(kind, what, raw[:600]) for kind, what, raw in last]
                run.wrong.append(f"{inbox.wrong} within {shown}")
                inbox.wrong.clear()
            run.late_s = max(run.late_s, await recovered(venue, end, honest))
            inbox.empty()
        run.took_ns = stopwatch() - start
        run.grown = _resident() - before
        run.orders_asked = sum(_is_order(method, path, body) for method, path, body in end.asked[asked:])
        run.seen = Counter(inbox.seen)
        run.restarts = sum(stream.restarts for stream in venue.streams)
        run.dead = await _all_up(venue, end, honest)
        run.blind = await _all_told(venue, end, honest, inbox)
        counters, feed = venue.instances.wires["data"].counters, venue.feeds[0]
        run.counted = {
            "poisoned": counters.poisoned, "dropped": sum(feed.dropped.values()),
            "private": venue.private.refused, "foreign": venue.private.foreign, "gaps": counters.gaps,
            "batches": sum(stream.refused for stream in venue.streams),
        }  # fmt: skip
        run.wrong += inbox.wrong
    return run


def _resident() -> int:
    """Bytes of this process in memory."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _told(context: dict[str, Any]) -> str:
    error = context.get("exception")
    return f"{context.get('message')}: {type(error).__name__}: {error}"


def sockets_of(end: FarEnd, path: str) -> list[Socket]:
    """The open sockets of a path; of a private one whatever its key is."""
    bare = path.partition("?")[0]
    return [socket for socket in end.open_sockets() if socket.url.partition("?")[0].endswith(bare)]


async def read_all(end: FarEnd) -> None:
    """Until everything that was fed was read, and handled."""
    while any(socket.waiting for socket in end.open_sockets()):
        await asyncio.sleep(0)
    for _ in range(3):
        await asyncio.sleep(0)


async def recovered(venue: Any, end: FarEnd, honest: Honest) -> float:
    """Seconds of honest frames until every stream is up again; MOST_LATE_S where one is not."""
    begun, once = stopwatch(), False
    while (took := (stopwatch() - begun) / NS_PER_S) < MOST_LATE_S:
        if all(stream.up for stream in venue.streams) and once:
            return took
        once = True
        for kind in honest.kinds:
            for socket in sockets_of(end, honest.path(kind)):
                socket.feed(honest.frame(kind).encode())
        await read_all(end)
        await asyncio.sleep(0.001)
    return MOST_LATE_S


async def _all_up(venue: Any, end: FarEnd, honest: Honest, seconds: float = 30.0) -> list[str]:
    """Streams that do not come back although the venue is honest again."""
    try:
        async with asyncio.timeout(seconds):
            before = {stream: stream.batches for stream in venue.streams}
            while any(not stream.up or stream.batches == before[stream] for stream in venue.streams):
                for kind in honest.kinds:
                    for socket in sockets_of(end, honest.path(kind)):
                        socket.feed(honest.frame(kind).encode())
                await read_all(end)
                await asyncio.sleep(0.05)
    except TimeoutError:
        return [f"{stream.name}: {stream.why}" for stream in venue.streams if not stream.up]
    return []


async def _all_told(venue: Any, end: FarEnd, honest: Honest, inbox: Strict, seconds: float = 15.0) -> list[str]:
    """Kinds of rows that the core gets no more although the streams are up; the book must be the market's."""
    inbox.empty()
    inbox.seen.clear()
    wanted = {"book", "trade", "mark", "report"}
    try:
        async with asyncio.timeout(seconds):
            while not wanted <= set(inbox.seen) or abs(inbox.best[0] - honest.mid) > 5:
                for kind in honest.kinds:
                    for socket in sockets_of(end, honest.path(kind)):
                        socket.feed(honest.frame(kind).encode())
                await read_all(end)
                inbox.take_market(0)
                await asyncio.sleep(0.05)
    except TimeoutError:
        return [*(wanted - set(inbox.seen)), f"book {inbox.best}, market {honest.mid}"]
    return []


def _is_order(method: str, path: str, body: bytes) -> bool:
    """A request that could make an order."""
    return method in ("POST", "PUT") and ("order" in path.lower() or path.startswith("/exchange"))
