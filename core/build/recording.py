"""`perpconsole record`: a venue's public data into files that backtest and paper read. No keys, no orders.

Owns the life of one recording: what is refused before anything is opened, signals, counters once a second, and how it
ended. Files are core.market.recorder's, the feed is core.venues.ccxt's.
"""

from __future__ import annotations

import asyncio
import pathlib
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from core import tasks
from core.build.live_market import route_of
from core.clock import SteadyClock
from core.config.instruments import find_instrument
from core.domain.errors import Refused
from core.domain.instrument import Instrument
from core.domain.units import NS_PER_S
from core.market.recorder import Recorder

EVERY_S = 1.0
Progress = Callable[[dict[str, Any]], None]
Warn = Callable[[str], None]


@dataclass(frozen=True)
class RecordWish:
    """What is recorded. `minutes` 0 = until stopped; `url` is a loopback venue's; files end at either bound."""

    venue: str
    symbols: tuple[str, ...]
    out: pathlib.Path
    network: str = "mainnet"
    url: str = ""
    minutes: float = 0.0
    file_minutes: float = 60.0
    file_mb: float = 256.0


def record(wish: RecordWish, say: Progress, warn: Warn) -> dict[str, Any]:
    """Record until the time is over, a signal comes or the disk refuses; `ok` False where it ended badly.

    `say` hears the counters once a second, `warn` what the venue has to say. Raises Refused before anything is
    written: unknown venue or instrument, no such network, a venue that cannot be reached or lists another grid.
    """
    instruments = instruments_of(wish)
    wish.out.mkdir(parents=True, exist_ok=True, mode=0o700)
    return asyncio.run(_Recording(wish, instruments, say, warn).run())


def instruments_of(wish: RecordWish) -> tuple[Instrument, ...]:
    """The instruments by their venue files, on the network that is recorded. Raises Refused."""
    if not wish.symbols:
        raise Refused("Expected an instrument, was none; name it: --symbol BTC")
    if len(set(wish.symbols)) != len(wish.symbols):
        raise Refused(f"Expected each instrument once, was {' '.join(wish.symbols)}")
    network = route_of(wish.venue, wish.network, wish.url, ()).access.network
    found = [find_instrument(wish.venue, symbol) for symbol in wish.symbols]
    return tuple(msgspec.structs.replace(x, network=network) for x in found)


class _Recording:
    """One recording from its first connection to its last block."""

    def __init__(self, wish: RecordWish, instruments: tuple[Instrument, ...], say: Progress, warn: Warn) -> None:
        self.wish, self.instruments, self.say, self.warn = wish, instruments, say, warn
        self.clock = SteadyClock()
        self.recorder = Recorder(
            wish.out, instruments, self.clock, max(1, round(wish.file_minutes * 60 * NS_PER_S)),
            max(1, round(wish.file_mb * 1e6)), lambda: self.venue.condition.offset_ns,
        )  # fmt: skip
        route = route_of(wish.venue, wish.network, wish.url, list(enumerate(instruments)))
        self.venue = route.venue(self.recorder, self.clock, self._note)
        self.begun = self.clock.monotonic()
        self._stop = asyncio.Event()
        self._why = ""

    async def run(self) -> dict[str, Any]:
        """The result as plain values; `text` is for people."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end, signal.Signals(number).name)
        opening = tasks.spawn(self.venue.open(), "open", lambda error: self._stop.set())
        stopping = tasks.spawn(self._stop.wait(), "stop")
        try:
            await asyncio.wait({opening, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if opening.done():
                await self._opened(opening)
                await self._until_the_end()
        finally:
            for task in (opening, stopping):
                task.cancel()
            await asyncio.gather(opening, stopping, return_exceptions=True)
            await self.venue.close()
            self.recorder.look()
            self.recorder.close()
        return self.result()

    async def _opened(self, opening: asyncio.Task[None]) -> None:
        try:
            await opening
        except Refused as error:
            where = self.wish.url or f"the {self.wish.network} of {self.wish.venue}"
            raise Refused(f"{error}. Nothing was recorded; is {where} to be reached from here?") from None

    async def _until_the_end(self) -> None:
        left = self.wish.minutes * 60 or float("inf")
        end = self.clock.monotonic() + min(left, 1e9) * NS_PER_S
        while not self._stop.is_set() and not self.recorder.trouble:
            rest = (end - self.clock.monotonic()) / NS_PER_S
            if rest <= 0:
                self._end("the time is over")
                break
            try:
                async with tasks.timeout(min(EVERY_S, rest)):
                    await self._stop.wait()
            except TimeoutError:
                self.recorder.look()
                self.say(self.progress())

    def _end(self, why: str) -> None:
        self._why = self._why or why
        self._stop.set()

    def _note(self, level: str, _code: str, text: str) -> None:
        if level != "info":
            self.warn(text)

    def progress(self) -> dict[str, Any]:
        """The counters now. Ages are seconds since the newest row of a stream, None before the first (S4-01)."""
        rows = []
        for i, x in enumerate(self.instruments):
            ages = self.recorder.ages_s(i)
            rows.append({"symbol": x.symbol, **self.recorder.counts(i), "age_s": ages})
        return {
            "venue": self.wish.venue,
            "network": self.instruments[0].network,
            "seconds": round((self.clock.monotonic() - self.begun) / NS_PER_S, 1),
            "instruments": rows,
            "files": len(self.recorder.files),
            "bytes": self.recorder.bytes,
            "down": sorted(name for (_, name), up in self.recorder.links.items() if not up),
        }

    def result(self) -> dict[str, Any]:
        """How it ended."""
        rows = sum(sum(self.recorder.counts(i).values()) for i in range(len(self.instruments)))
        why = self.recorder.trouble or self._why
        if not rows and not self.recorder.trouble:
            why = f"{why}: nothing came; is the instrument traded there?"
        dropped: dict[str, int] = {}
        for feed in self.venue.feeds.values():
            for reason, n in feed.dropped.items():
                dropped[reason] = dropped.get(reason, 0) + n
        body = {"ok": bool(rows) and not self.recorder.trouble, "why": why, **self.progress()}
        body["dropped"] = dropped
        body["files"] = [str(path) for path in self.recorder.files]
        body["text"] = text_of(body)
        return body


def recording_line(progress: dict[str, Any]) -> str:
    """The counters in one line."""
    parts = [f"{progress['seconds']:,.0f} s"]
    for row in progress["instruments"]:
        known = [age for age in row["age_s"].values() if age is not None]
        age = f"newest {min(known):.1f} s" if known else "nothing yet"
        figures = f"{row['books']:,} books {row['trades']:,} trades {row['marks']:,} marks {row['gaps']:,} gaps"
        parts.append(f"{row['symbol']} {figures}, {age}")
    parts.append(f"{progress['bytes'] / 1e6:,.2f} MB")
    parts += [f"{name} down" for name in progress["down"]]
    return " | ".join(parts)


def text_of(body: dict[str, Any]) -> str:
    """The end, for people."""
    lines = [f"{body['venue']} {body['network']}: {recording_line(body)}"]
    lines += [f"refused {reason}: {n:,}" for reason, n in sorted(body["dropped"].items())]
    lines += [f"recording {path}" for path in body["files"]]
    lines.append(f"{'ended' if body['ok'] else 'FAILED'}: {body['why']}")
    return "\n".join(lines)
