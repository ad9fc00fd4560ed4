"""Everything that watches a core: measures, rounds and their reports, alerts, logs. Sinks of the driver, in order.

They read steps and live blocks and return nothing; when one fails the driver goes on and says so.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from importlib import metadata
from typing import Any

from core.build.desk import EngineDesk
from core.build.round_rows import RoundRows
from core.build.why.page import noes_of
from core.config.load import Loaded
from core.config.show import entries, value_text
from core.domain.events import Step
from core.domain.ports import StepSink
from core.domain.snapshot import RoundRow
from core.engine.engine import Engine
from core.engine.roundlife import ENDED, OPENED
from core.guard.redact import Redactor
from core.kpi.measures import Measures
from core.rounds.archive import Archive
from core.rounds.facts import Event, RoundFacts, Run
from core.rounds.recorder import Recorder
from core.rounds.scheduler import Ending
from core.telemetry.alerts import Alert, Alerts
from core.telemetry.logs import Log
from core.telemetry.order_index import OrderIndex
from core.telemetry.rules import Rules
from core.telemetry.timelines import Timelines
from core.venues.lanes import WireGate

METRICS_NOTE = "write_report"


def version() -> str:
    """Of the installed package."""
    try:
        return metadata.version("perpconsole")
    except metadata.PackageNotFoundError:
        return "source"


class Rounds:
    """The sink that opens and closes rounds on the engine's notes and writes their reports."""

    name = "reports"

    def __init__(self, engine: Engine, recorder: Recorder, archive: Archive, metrics: Callable[[], str]) -> None:
        self.engine, self.recorder, self.archive, self.metrics = engine, recorder, archive, metrics
        self.written: list[pathlib.Path] = []
        self.facts: list[RoundFacts] = []
        self.trouble = ""
        self._rows = RoundRows(archive)

    def take(self, step: Step) -> None:
        self.engine_requests(step)
        for note in step.notes:
            if note.code == OPENED:
                facts = self.recorder.begin(step.moment.ts, self.engine.rounds.machine.number)
                self._try(lambda facts=facts: self.archive.snapshot(facts))  # type: ignore[misc]
            elif note.code == ENDED and self.recorder.active:
                facts = self.recorder.end(self.engine.rounds.last_ending, self.metrics())
                self.facts.append(facts)
                self.write(facts, final=True)
            elif note.code == METRICS_NOTE and self.recorder.active:
                self.write(self.running(step.moment.ts), final=False)

    def engine_requests(self, step: Step) -> None:
        """Count what went to the venue: requests and reads."""
        desk = self.recorder.desk
        if isinstance(desk, EngineDesk):
            desk.requests += len(step.requests) + len(step.reads)

    def running(self, now: int) -> RoundFacts:
        """Facts of the round so far."""
        machine = self.engine.rounds.machine
        return self.recorder.facts(
            Ending(machine.number, machine.started, machine.due(), now, "asked", "running", False), self.metrics()
        )

    def write(self, facts: RoundFacts, final: bool) -> None:
        def save() -> None:
            self.written.append(self.archive.write(facts, final).markdown)

        self._try(save)

    def _try(self, save: Callable[[], Any]) -> None:
        """A full disk must not stop trading: the trouble is kept for an alert and shown."""
        try:
            save()
            self.trouble = ""
        except OSError as error:
            self.trouble = f"report not written: {error}"

    def rows(self, running: RoundRow | None) -> tuple[RoundRow, ...]:
        """The running round, then finished ones of this and earlier processes, newest first."""
        return self._rows.rows(running, self.facts, self.written)


class Observers:
    """All of them for one engine. `folder` takes reports, `logs` the JSON log (None: memory only)."""

    def __init__(
        self, engine: Engine, wire: WireGate, loaded: Loaded, *, now: int, folder: pathlib.Path,
        logs: pathlib.Path | None, market: str, journal: str, metrics: Callable[[], str] | None = None,
    ) -> None:  # fmt: skip
        self.engine = engine
        self.redactor = Redactor()
        self.log = Log(logs, self.redactor)
        self.desk = EngineDesk(engine, wire, self.log.ring.lines)
        self.measures = Measures(self.desk, now)
        self.timelines = Timelines(self.desk, self.measures)
        self.orders = OrderIndex(self.timelines)
        self.noes = noes_of(engine, self.measures, now)
        self.timelines.on_no = self.noes.take
        self.alerts = Alerts(self.redactor)
        self.rules = Rules(self.desk, self.measures, self.alerts, lambda: engine.state.quoting and engine.armed)
        self.run = Run(
            mode=loaded.settings.mode.upper(),
            network=engine.posts[0].instrument.network,
            market=market,
            seed=loaded.settings.seed,
            version=version(),
            config_sha256=loaded.sha256,
            config={entry.key: value_text(entry.value) for entry in entries(loaded)},
            equity_limits=_money_limits(loaded),
            journal=journal,
        )
        self.recorder = Recorder(self.desk, self.measures, self.run)
        self.alerts.on_new.append(self._alerted)
        self.archive = Archive(folder)
        self.rounds = Rounds(engine, self.recorder, self.archive, metrics or (lambda: ""))
        self.sinks: list[StepSink] = [
            self.measures,
            self.timelines,
            self.rules,
            self.recorder,
            self.rounds,
            _Logged(self.log),
        ]

    def _alerted(self, alert: Alert) -> None:
        """A new alert stands in the report of the round and in the log."""
        self.recorder.event(Event(alert.ts, alert.level, alert.code, alert.text, "alert"))
        self.log.say("alert", alert.text, alert.level, alert.code, alert.ts)

    @staticmethod
    def next_round(folder: pathlib.Path) -> int:
        """Number of the first round of a new process."""
        return Archive(folder).next_number()


class _Logged:
    """Notes into the log, with their tags (S3-35)."""

    name = "log"

    def __init__(self, log: Log) -> None:
        self.log = log

    def take(self, step: Step) -> None:
        for note in step.notes:
            self.log.note(step.moment.ts, note)


def _money_limits(loaded: Loaded) -> dict[str, float]:
    names = ("daily_max", "pnl_min", "pnl_max", "stop_loss", "reduce_only_threshold")
    return {name: getattr(loaded.risks[0], name) for name in names if hasattr(loaded.risks[0], name)}
