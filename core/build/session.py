"""A paper core for the console and for `run --headless`: market, paper venue, engine, observers, pictures, metrics.

`run_core` refuses everything that can be refused before it returns the coroutine that trades.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from core import rng, tasks
from core.build.assemble import engine_of, load_config
from core.build.backtest import flags_of, header_of, queue_of, write_paths
from core.build.cutoff import complete_later
from core.build.guarding import Guarding
from core.build.keeping import Keeping
from core.build.markets import Market, market_of
from core.build.observers import Observers
from core.build.pictures import Pictures
from core.build.publishing import Publishing
from core.build.warm import Warming
from core.clock import SystemClock, stamp, stopwatch
from core.config.load import Loaded
from core.config.settings import Console
from core.control.answers import listed
from core.control.desk import Desk
from core.control.launch import Launch
from core.domain.commands import AckAlert, Answer, Rearm, Stop
from core.domain.events import Asked, Read, Started, Step
from core.domain.units import MONEY
from core.engine.journal import Journal
from core.engine.paced import Pacer
from core.engine.simulate import SimDriver
from core.kernel import Kernels
from core.kpi.latency import LOOP, TICK
from core.rounds.archive import as_cut_off
from core.venues.lanes import WireGate
from core.venues.paper import PaperVenue
from core.venues.paper_ledger import PaperLedger

DRAW_NS = 500_000_000
SYNC_NS, SYNC_BUDGET_NS = 100_000_000, 1_000_000_000  # of the journal
ASK_S = 5.0  # what a reader of the venue's own list waits for the core


def run_core(launch: Launch, desk: Desk) -> Callable[[], Coroutine[Any, Any, None]]:
    """Check everything, open the account and the journal; the coroutine factory runs until the core is stopped."""
    core = PaperCore(launch, desk)
    return core.run


def last_marks(launch: Launch, loaded: Loaded) -> dict[str, float]:
    """Last marks of the paper account by `venue:symbol`: its market stood still while no process ran."""
    if not PaperLedger.exists(launch.state_dir):
        return {}
    ledger = PaperLedger(launch.state_dir)
    ledger.close()
    known = {(x.venue, x.symbol): n for n, x in enumerate(ledger.instruments)}
    out = {}
    for instrument in loaded.instruments:
        n = known.get((instrument.venue, instrument.symbol))
        if n is not None and ledger.account.s.mark[n] > 0:
            out[f"{instrument.venue}:{instrument.symbol}"] = instrument.price(ledger.account.s.mark[n])
    return out


def name_of(journal: Journal) -> str:
    """File name of a journal, "" for one without a file."""
    return journal.path.name if journal.path else ""


def console_settings(launch: Launch) -> Console:
    """The `console:` section of the configuration in force. Raises ConfigError."""
    return load_config(launch.config, flags_of(launch)).settings.console


class PaperCore:
    """One paper core: owns its venue, engine and driver for the life of the process."""

    def __init__(self, launch: Launch, desk: Desk) -> None:
        self.launch, self.desk, self.clock = launch, desk, SystemClock()
        self.loaded: Loaded = load_config(launch.config, flags_of(launch))
        settings = self.loaded.settings
        now = self.clock.now()
        marks = {} if launch.fresh else last_marks(launch, self.loaded)
        self.market: Market = market_of(self.loaded, launch.market, launch.state_dir, now, marks)
        self.speed = launch.speed if launch.speed is not None else settings.market.speed
        kernels = Kernels("plain")
        instruments = [place.instrument for place in self.market.places]
        equity = round(settings.equity * MONEY)
        self.venue = PaperVenue(
            launch.state_dir, instruments, equity, settings.seed, kernels, queue_of(self.loaded), launch.fresh
        )
        folder = launch.state_dir / "journal"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        session = f"{stamp(now)}-{rng.token()[:8]}"
        self.journal = Journal(folder / f"paper-{session}.perpj")
        write_paths(self.journal, self.market)
        first = Observers.next_round(launch.report_dir)
        source = self.market.source
        epoch = max(now, source.start_ns)
        self.journal.append(header_of(self.loaded, self.market, 1, epoch, first))
        self.engine = engine_of(
            self.loaded, source, self.market.places, self.journal, kernels, equity=equity, first_round=first,
            epoch_ns=epoch,
        )  # fmt: skip
        self.wire = WireGate(desk.gate, min(x.orders_per_10s for x in instruments))
        self.publishing = Publishing(self.loaded, launch, self._late_metrics)
        self.observers = Observers(
            self.engine, self.wire, self.loaded, now=source.start_ns, folder=launch.report_dir,
            logs=launch.state_dir / "logs", market=self.market.title, journal=name_of(self.journal),
            metrics=self.publishing.text,
        )  # fmt: skip
        self.driver = SimDriver(
            self.engine, self.venue, source, self.wire, [*self.observers.sinks, _Spoken(self)],
            write_ahead=self._write_ahead, on_sink_failure=self._sink_failed,
        )  # fmt: skip
        self.driver.timed = True
        self.warming = Warming()
        self._trouble = ""
        self.pictures = Pictures(self.engine, self.observers, self.loaded, launch, desk, self.market.title, self.speed)
        self.store = self.publishing.store(self.observers, session)
        self._drawn = 0
        self._synced = 0
        folders = [folder, launch.state_dir / "recordings"]
        self.guard = Guarding(
            desk, self.engine, self.observers, Keeping(folders, settings.retention, self._protected), self.clock,
            launch.who, self.driver.push,
        )  # fmt: skip
        self._pacer: Pacer | None = None
        self._failed: set[str] = set()
        self._said = self.publishing.open()
        self._close_cut_off()

    def speed_to(self, speed: float) -> None:
        """Go on at another pace from here (pictures and demonstrations)."""
        self.speed = self.pictures.speed = speed
        if self._pacer is not None:
            self._pacer.pace(speed)

    def _late_metrics(self) -> Any:
        return self.observers, self.pictures

    def _close_cut_off(self) -> None:
        """Rounds of a process that died are closed with what was on record, marked as cut off."""
        archive = self.observers.archive
        for facts in archive.unfinished():
            archive.write(as_cut_off(facts, facts.ending.ended))
            text = f"round {facts.ending.number} was cut off by a crash"
            self.observers.alerts.add(self.clock.now(), "warn", "round_cut_off", text)
            complete_later(self.launch.state_dir / "journal" / facts.run.journal, archive.folder)

    async def run(self) -> None:
        """Trade until stopped. The desk's wake, pictures, metrics and store live exactly as long."""
        import asyncio

        loop = asyncio.get_running_loop()
        pacer = self._pacer = Pacer(self.driver, self.speed, self._commands, self._turn)

        def wake() -> None:
            loop.call_soon_threadsafe(pacer.wake.set)

        self.desk.connect(wake)
        self.desk.read_position = lambda _verify: asyncio.run_coroutine_threadsafe(self._listed(), loop).result(ASK_S)
        settings = self.loaded.settings
        self.driver.push(Started(self.loaded.sha256, settings.seed, settings.mode.upper(), 1))
        self.guard.resume_stop()
        for text in (*self.venue.notes, *self._said):
            self.observers.alerts.add(self.driver.now, "warn", "start", text)
        await self.store.start()
        warming = tasks.spawn(self.warming.run(self._switch), "kernels", on_error=self._warm_failed)
        try:
            await pacer.run()
        except Exception as error:
            self.desk.gate.close(f"fault of the core: {type(error).__name__}: {error}"[:200], who="core")
            raise  # the core ends; the watch beside it starts `panic --halt-only`
        finally:
            self.desk.read_position = None
            warming.cancel()
            self._draw(force=True)
            self.desk.disconnect()
            await self.store.close()
            self.publishing.close()
            self.venue.close()
            self.journal.close()
            self.observers.log.close()

    async def _listed(self) -> dict[str, Any]:
        """What the venue itself lists, for `position --verify`."""
        now, x = self.driver.now, [place.instrument for place in self.market.places]
        held, alive = self.venue.read(Read("positions", 0), now), self.venue.read(Read("orders", 0), now)
        rows = listed(x[0].venue, [one.symbol for one in x], held.positions, alive.orders)
        return {"source": "venue", "ts": now, **rows, "foreign_orders": sum(o.cl_id == 0 for o in alive.orders)}

    def _write_ahead(self) -> None:
        """Frames of creates are on the disk before they leave. Faster than real time only ten times a second: the paper
        account's own file is the venue here, so a power loss takes both back together."""
        now = stopwatch()
        sync = self.speed <= 1.0 or now - self._synced > SYNC_NS
        self.journal.close_block(sync=sync)
        if sync:
            self._synced = now
            if stopwatch() - now > SYNC_BUDGET_NS:
                self.guard.stop_by_disk(f"the journal took {(stopwatch() - now) / 1e9:.1f} s to reach the disk")

    def _protected(self) -> set[str]:
        """Journals that must stay: the running one, and those of rounds without a report."""
        return {name_of(self.journal), *(facts.run.journal for facts in self.observers.archive.unfinished())}

    def _switch(self, kernels: Kernels) -> None:
        self.engine.bind(kernels)
        self.driver.rebind()

    def _warm_failed(self, error: BaseException) -> None:
        self.observers.alerts.add(self.driver.now, "warn", "kernels", f"plain form goes on: {error}")

    def _sink_failed(self, sink: Any, error: Exception) -> None:
        """Sinks may fail without stopping trading; said once each."""
        if sink.name not in self._failed:
            self._failed.add(sink.name)
            self.observers.alerts.add(self.driver.now, "crit", f"sink_{sink.name}", f"{type(error).__name__}: {error}")

    def _commands(self) -> None:
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

    def _turn(self, late_ns: int) -> None:
        latency = self.observers.measures.latency
        spent, self.driver.compute_ns = self.driver.compute_ns, []
        for ns in spent:
            latency.record(TICK, ns)
        latency.record(LOOP, late_ns)
        self.journal.close_block()
        self._draw()

    def _draw(self, force: bool = False) -> None:
        now = stopwatch()
        if not force and now - self._drawn < DRAW_NS and not self.pictures.urgent:
            return
        self._drawn = now
        self.guard.look_for_room()
        self.pictures.urgent = False
        picture = self.pictures.draw(self.driver.now, self.driver.exchange, self.warming.progress)
        trouble = self.observers.rounds.trouble
        if trouble and trouble != self._trouble:
            self.observers.alerts.add(self.driver.now, "crit", "report", trouble)
        self._trouble = trouble
        self.publishing.look(picture, self.observers, self.clock.now(), len(self.store.waiting))
        self.desk.publish(picture)


class _Spoken:
    """The last sink: what the engine said, back to the operators."""

    name = "desk"

    def __init__(self, core: PaperCore) -> None:
        self.core = core

    def take(self, step: Step) -> None:
        if step.notes or step.answers:
            self.core.spoken(step)
