"""What stands round an engine in a core that people watch: observers, pictures, metrics, store, commands, guard.

The same for a paper and a live core. A subclass brings engine, driver and venue, and says how it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from core.build.cutoff import complete_later
from core.build.guarding import Guarding
from core.build.keeping import Keeping
from core.build.markets import Market
from core.build.observers import Observers
from core.build.pages import open_history, open_pages
from core.build.pictures import Pictures
from core.build.publishing import Publishing
from core.build.stop_files import StopFiles
from core.build.stop_record import StopRecord
from core.build.warm import Warming
from core.clock import stopwatch
from core.config.load import Loaded
from core.control.desk import Desk
from core.control.launch import Launch
from core.control.venue_record import looked_at
from core.domain.commands import AckAlert, Answer, Rearm, Stop
from core.domain.events import Asked, Input, Step
from core.domain.ports import Clock, StepSink
from core.engine.engine import Engine
from core.engine.journal import Journal
from core.guard.memory import settle
from core.kernel import Kernels
from core.kpi.latency import LOOP, TICK
from core.rounds.archive import as_cut_off
from core.venues.lanes import WireGate

DRAW_NS = 500_000_000


class Driver(Protocol):
    """What is asked of any driver."""

    now: int
    compute_ns: list[int]

    def push(self, event: Input) -> None: ...
    def rebind(self) -> None: ...


class Standing:
    """Made once engine and journal exist; `self.driver` is set by the subclass before anything runs."""

    driver: Driver

    def __init__(
        self, launch: Launch, desk: Desk, loaded: Loaded, market: Market, engine: Engine, journal: Journal,
        clock: Clock, session: str, speed: float, orders_per_10s: int | Sequence[int], owners: Sequence[int] = (),
    ) -> None:  # fmt: skip
        self.launch, self.desk, self.loaded, self.market = launch, desk, loaded, market
        self.engine, self.journal, self.clock, self.speed = engine, journal, clock, speed
        self.wire = WireGate(desk.gate, orders_per_10s, owners=owners)
        self.publishing = Publishing(loaded, launch, lambda: (self.observers, self.pictures))
        self.observers = Observers(
            engine, self.wire, loaded, now=market.source.start_ns, folder=launch.report_dir,
            logs=launch.state_dir / "logs", market=market.title, journal=name_of(journal), metrics=self.publishing.text,
        )  # fmt: skip
        self.stops = StopFiles(
            StopRecord(engine), launch.report_dir, desk.gate,
            {"mode": loaded.settings.mode, "account": loaded.settings.account, "market": market.title,
             "config": loaded.sha256, "journal": name_of(journal),
             "looked at": looked_at_by(loaded.settings.mode, engine)}, self.alert,
        )  # fmt: skip
        self.sinks: list[StepSink] = [*self.observers.sinks, _Spoken(self), self.stops]
        self.warming = Warming()
        self.pictures = Pictures(engine, self.observers, loaded, launch, desk, market.title, speed)
        self.pictures.evidence = lambda: self.stops.path
        self.store = self.publishing.store(self.observers, session)
        self.sinks.insert(len(self.observers.sinks), self.store)  # behind the measures that its rows are made of
        folders = [launch.state_dir / "journal", launch.state_dir / "recordings"]
        self.guard = Guarding(
            desk, engine, self.observers, Keeping(folders, loaded.settings.retention, self._protected), clock,
            launch.who, lambda event: self.driver.push(event),
        )  # fmt: skip
        open_pages(desk, loaded, engine, self.observers)
        open_history(desk, self.pictures.picture.history)
        self._drawn = 0
        self._trouble = ""
        self._failed: set[str] = set()
        self._said = self.publishing.open()

    def alert(self, level: str, code: str, text: str) -> None:
        """One line for the operator: screen, log, report of the round."""
        self.observers.alerts.add(self.driver.now, level, code, text)

    def _protected(self) -> set[str]:
        """Journals that must stay: the running one, and those of rounds without a report."""
        return {name_of(self.journal), *(facts.run.journal for facts in self.observers.archive.unfinished())}

    def close_cut_off(self) -> None:
        """Rounds of a process that died are closed with what was on record, marked as cut off."""
        archive = self.observers.archive
        for facts in archive.unfinished():
            archive.write(as_cut_off(facts, facts.ending.ended))
            text = f"round {facts.ending.number} was cut off by a crash"
            self.observers.alerts.add(self.clock.now(), "warn", "round_cut_off", text)
            complete_later(self.launch.state_dir / "journal" / facts.run.journal, archive.folder)

    # what the driver calls -------------------------------------------------------------------------------------------

    def commands(self) -> None:
        """Operators' commands into the driver."""
        for command in self.desk.take():
            if isinstance(command, AckAlert):
                self.observers.alerts.ack(command.alert)
            if isinstance(command, Rearm) and command.reason == "":
                self.desk.answer(Answer(id=command.id, ok=False, text="Expected a reason for the re-arm, was none"))
                continue
            self.driver.push(Asked(command))
            if isinstance(command, Stop):
                self.pictures.stopping = True

    def spoken(self, step: Step) -> None:
        """Answers to their askers; the gate opens again when the engine says re-armed."""
        self.guard.noted(step)
        for answer in step.answers:
            self.pictures.said(step.moment.ts, answer)
            self.desk.answer(answer)
        if step.notes:
            self.pictures.noted(step)

    def turn(self, late_ns: int) -> None:
        """After each turn of the driver; `late_ns` is how late the loop was."""
        latency = self.observers.measures.latency
        spent, self.driver.compute_ns = self.driver.compute_ns, []
        for ns in spent:
            latency.record(TICK, ns)
        latency.record(LOOP, late_ns)
        self.draw()

    def sink_failed(self, sink: Any, error: Exception) -> None:
        """Sinks may fail without stopping trading; said once each."""
        if sink.name not in self._failed:
            self._failed.add(sink.name)
            self.alert("crit", f"sink_{sink.name}", f"{type(error).__name__}: {error}")

    # pictures --------------------------------------------------------------------------------------------------------

    def draw(self, force: bool = False) -> None:
        """A new picture where one is due."""
        now = stopwatch()
        if not force and now - self._drawn < DRAW_NS and not self.pictures.urgent:
            return
        self._drawn = now
        self.guard.look_for_room()
        self.pictures.urgent = False
        picture = self.pictures.draw(self.driver.now, self.warming.progress)
        trouble = self.observers.rounds.trouble
        if trouble and trouble != self._trouble:
            self.alert("crit", "report", trouble)
        self._trouble = trouble
        self.publishing.look(picture, self.observers, self.clock.now(), len(self.store.waiting))
        self.desk.publish(picture)

    def switch(self, kernels: Kernels) -> None:
        """The compiled form is ready; what its loading left is settled too."""
        self.engine.bind(kernels)
        self.driver.rebind()
        settle()

    def warm_failed(self, error: BaseException) -> None:
        self.alert("warn", "kernels", f"plain form goes on: {error}")

    async def leave(self) -> None:
        """The last picture, then everything that was opened is closed."""
        self.desk.read_position = None
        self.stops.end()
        self.draw(force=True)
        self.desk.disconnect()
        await self.store.close()
        self.publishing.close()
        self.journal.close()
        self.observers.log.close()


class _Spoken:
    """What the engine said, back to the operators. Last but for stops, whose report names what the gate then says."""

    name = "desk"

    def __init__(self, core: Standing) -> None:
        self.core = core

    def take(self, step: Step) -> None:
        if step.notes or step.answers:
            self.core.spoken(step)


def looked_at_by(mode: str, engine: Engine) -> str:
    """What of each account a stop of this core reads."""
    venues = sorted({post.instrument.venue for post in engine.posts})
    if mode != "live":
        return f"the simulated account of {', '.join(venues)}"
    return "; ".join(f"{venue}: {looked_at(venue)}" for venue in venues)


def name_of(journal: Journal) -> str:
    """File name of a journal, "" for one without a file."""
    return journal.path.name if journal.path else ""


def open_journal(launch: Launch, name: str) -> Journal:
    """A new journal in the state dir. Raises Fatal."""
    folder = launch.state_dir / "journal"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Journal(folder / f"{name}.perpj")
