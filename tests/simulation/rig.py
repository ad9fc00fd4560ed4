"""A whole paper core in virtual time: Round7 on the synthetic market, with commands and faults between steps."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Sequence
from typing import Any

from core.build.assemble import Place, accounts_of, engine_of, load_config, rates_of
from core.build.backtest import header_of, queue_of
from core.build.markets import Market, market_of
from core.domain.commands import AnyCommand
from core.domain.events import Asked, Note, Started, Step
from core.domain.order import Request
from core.domain.ports import StepSink
from core.domain.units import MONEY
from core.engine.journal import Journal
from core.engine.simulate import SimDriver
from core.exchange.exchange import SimExchange
from core.kernel import Kernels
from core.venues.lanes import WireGate
from core.venues.paper import PaperVenue
from core.venues.simulated import PlainVenue

S = 1_000_000_000
START = 1_767_225_600 * S  # 2026-01-01
PLAIN = Kernels("plain")


class Flag:
    """The halt flag of the wire gate."""

    closed = False


class Seen:
    """Remembers what the engine did, for assertions."""

    name = "seen"

    def __init__(self) -> None:
        self.notes: list[tuple[int, Note]] = []
        self.requests: list[tuple[int, Request]] = []
        self.answers: list[Any] = []
        self.states: list[str] = []
        self.steps = 0
        self.each: Callable[[Step], None] | None = None

    def take(self, step: Step) -> None:
        self.steps += 1
        self.notes += [(step.moment.ts, note) for note in step.notes]
        self.requests += [(step.moment.ts, request) for request in step.requests]
        self.answers += step.answers
        if self.each is not None:
            self.each(step)

    def codes(self) -> list[str]:
        return [note.code for _, note in self.notes]

    def when(self, code: str) -> list[int]:
        return [ts for ts, note in self.notes if note.code == code]


class Rig:
    """`t` in the methods is seconds of market time since the start."""

    def __init__(
        self, seed: int, *, hours: float = 4.0, count: int = 0, on_end: str = "flatten",
        journal: pathlib.Path | None = None, state_dir: pathlib.Path | None = None, kernels: Kernels = PLAIN,
        sinks: Sequence[StepSink] = (), epoch_s: float = 0.0, market: Market | None = None,
        wrap: Callable[[Any], Any] | None = None, first_round: int = 1, start_s: float = 0.0,
        config: pathlib.Path | None = None,
    ) -> None:  # fmt: skip
        flags = {"rounds.hours": hours, "rounds.count": count, "rounds.on_round_end": on_end, "seed": seed}
        self.loaded = load_config(config, flags)
        start = START + round(start_s * S)
        self.market = market or market_of(self.loaded, ["synthetic"], pathlib.Path("."), start)
        self.start = self.market.source.start_ns
        places: Sequence[Place] = self.market.places
        instruments = [place.instrument for place in places]
        equity = round(self.loaded.settings.equity * MONEY)
        epoch = self.start + round(epoch_s * S)
        self.journal = Journal(journal)
        owners = accounts_of(places)
        self.journal.append(header_of(self.loaded, self.market, 1, epoch, first_round, owners=owners))
        self.engine = engine_of(
            self.loaded, self.market.source, places, self.journal, kernels, equity=equity, epoch_ns=epoch,
            first_round=first_round, owners=owners,
        )  # fmt: skip
        queue = queue_of(self.loaded)
        if state_dir is None:
            self.venue: Any = PlainVenue(SimExchange(instruments, equity, seed, kernels, queue, owners=owners))
        else:
            self.venue = PaperVenue(state_dir, instruments, equity, seed, kernels, queue, owners=owners)
        self.exchange: SimExchange = self.venue.exchange
        self.flag = Flag()
        self.wire = WireGate(self.flag, rates_of(places), owners=owners)
        self.seen = Seen()
        self.driver = SimDriver(
            self.engine, wrap(self.venue) if wrap else self.venue, self.market.source, self.wire, [*sinks, self.seen],
            on_sink_failure=lambda sink, error: None,
        )  # fmt: skip
        self.driver.push(Started(self.loaded.sha256, seed, "PAPER", 1))

    def to(self, t: float) -> bool:
        """Run to `t` seconds; True when the core has ended."""
        return self.driver.run(self.start + round(t * S))

    def ask(self, command: AnyCommand) -> None:
        self.driver.push(Asked(command))

    @property
    def t(self) -> float:
        return (self.driver.now - self.start) / S

    @property
    def run_state(self) -> str:
        return self.engine.state.run

    def creates(self, after: int = 0) -> list[Request]:
        """New orders and amends decided after `after` ns, without a stop's own closes."""
        from core.domain.order import AMEND, CREATE, STOP

        return [r for ts, r in self.seen.requests if ts > after and r.kind in (CREATE, AMEND) and not r.flags & STOP]

    def quiet(self) -> bool:
        """Nothing is on its way between us and the exchange."""
        return all(m.s.q_head == m.s.q_tail and m.s.r_head == m.s.r_tail for m in self.exchange.markets)
