"""The live core of the program in real time against a loopback venue: engine, driver, ccxt, HTTP, websockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from core import tasks
from core.build.assemble import Place, engine_of, load_config
from core.build.backtest import header_of
from core.build.markets import Market
from core.clock import SteadyClock
from core.domain.commands import Stop
from core.domain.events import Asked, Started, Step
from core.domain.instrument import Instrument
from core.domain.order import FREE, LIMIT, POST_ONLY, RESTING_REJECT, SLOTS, Request
from core.domain.units import MONEY
from core.engine.inbox import Inbox
from core.engine.journal import Journal
from core.engine.live import LiveDriver
from core.kernel import Kernels
from core.venues.ccxt.instances import Access
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.venue import CcxtVenue
from core.venues.lanes import WireGate
from core.venues.wire.behind import WireExchange

EPOCH = 4_242


@dataclass
class Origin:
    """The part of a source that an engine reads."""

    instruments: tuple[Instrument, ...]
    start_ns: int
    ref: dict[str, Any] = field(default_factory=lambda: {"kind": "live", "names": [], "sha256s": [], "seed": 0})


class LiveCore:
    """One core on one venue; `notes` is what the venue said, `codes` what the engine said."""

    name = "live core"

    def __init__(
        self, traits: Traits, access: Access, instrument: Instrument, flags: dict[str, Any],
        config: str = "configs/round7_btc.yml",
    ) -> None:  # fmt: skip
        self.closed = False
        self.notes: list[tuple[str, str, str]] = []
        self.codes: list[str] = []
        self.fatals: list[str] = []
        clock = self.clock = SteadyClock()
        self.loaded = load_config(config, flags)
        self.instrument = instrument
        settings = self.loaded.settings.strategies[0]
        place = Place(f"{settings.venue}:{settings.symbol}", instrument)
        source: Any = Origin((instrument,), clock.now())
        self.journal = Journal(None)
        self.journal.append(header_of(self.loaded, Market(source, (place,), "loopback", ()), 1))
        kernels = Kernels("plain")
        equity = round(self.loaded.settings.equity * MONEY)
        self.engine = engine_of(
            self.loaded, source, [place], self.journal, kernels, equity=equity, epoch_ns=clock.now()
        )
        inbox = Inbox(1)
        self.venue = CcxtVenue(
            traits, access, [(0, instrument)], inbox, clock, epoch=EPOCH, note=lambda *words: self.notes.append(words)
        )
        self.wire = WireGate(self, instrument.orders_per_10s)
        self.driver = LiveDriver(
            self.engine, inbox, self.venue, self.wire, clock, self._sync, self.fatals.append, [self]
        )

    async def _sync(self) -> None:
        await tasks.sleep(0)

    def take(self, step: Step) -> None:
        """As a sink: what was said, and the gate of a stop of the engine's own."""
        self.codes += [note.code for note in step.notes]
        self.closed = self.closed or any(note.code == "latched" for note in step.notes)

    @property
    def ledger(self) -> Any:
        return self.engine.posts[0].ledger.s

    def alive(self) -> set[int]:
        """Client ids that may still stand at the venue."""
        o = self.ledger
        return {o.cl_id[i] for i in range(SLOTS) if o.state[i] not in (FREE, RESTING_REJECT)}


@contextlib.asynccontextmanager
async def trading(core: LiveCore) -> AsyncIterator[LiveCore]:
    """The core runs; at the end it is stopped in order, whatever happened."""
    await core.venue.open()
    errors: list[BaseException] = []
    core.driver.push(Started(core.loaded.sha256, 1, "LIVE", 1))
    task = tasks.spawn(core.driver.run(), "core", errors.append)
    try:
        yield core
        core.driver.push(Asked(Stop(id="end", who="test")))
        async with asyncio.timeout(20):
            while not task.done():
                await asyncio.sleep(0.02)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await core.venue.close()
    assert not errors, errors


async def eventually(true: Callable[[], Any], what: str, seconds: float = 20.0) -> None:
    """Wait for a condition; fails by name."""
    try:
        async with asyncio.timeout(seconds):
            while not true():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"Expected {what} within {seconds:g} s, was not so") from None


def agree(core: LiveCore, exchange: WireExchange) -> list[str]:
    """What differs between the venue's own books and ours; empty when nothing does."""
    ledger, books = core.ledger, exchange.books
    theirs = {order.venue_id for order in books.open_of()}
    ours = {ledger.venue_id[i] for i in range(SLOTS) if ledger.state[i] not in (FREE, RESTING_REJECT)}
    pairs = {
        "unknown": (ledger.n_unknown, 0),
        "orders": (ours, theirs),
        "position": (ledger.pos, exchange.position(0)[0]),
        "fills": (sum(ledger.n_fills), len(books.trades)),
        "fees": (ledger.fees, sum(trade.fee for trade in books.trades)),
        "funding": (ledger.funding, sum(p.amount for p in books.payments)),
    }
    return [f"{name}: ours {a}, theirs {b}" for name, (a, b) in pairs.items() if a != b]


def with_fees(instrument: Instrument) -> Instrument:
    """As the loopback lists it."""
    return msgspec.structs.replace(instrument, network="loopback")


def request(kind: int, number: int, **fields: Any) -> Request:
    """A request by hand: order `number`, one layer."""
    given = {
        "strategy": 0, "instrument": 0, "kind": kind, "cl_id": number * 128 + 1, "venue_id": 0, "side": 0, "px": 0,
        "qty": 100, "type": LIMIT, "tif": POST_ONLY, "flags": 0, "key": 0,
    }  # fmt: skip
    return Request(**{**given, **fields})
