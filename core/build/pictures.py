"""The frame of a snapshot: run state, round, alerts, actions, checklist. Figures: `core.telemetry.picture`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from core.build.checklist.running import before_resume
from core.build.observers import Observers, version
from core.build.pair_rows import pair_rows
from core.build.round_rows import RUNNING as RUNNING_ROUND
from core.build.venue_rows import VenueRows
from core.clock import iso
from core.config.load import Loaded
from core.control.desk import Desk
from core.control.launch import Launch
from core.domain.commands import Answer
from core.domain.events import Step
from core.domain.snapshot import Action, Check, Kernels, Round, RoundRow, Snapshot, State
from core.domain.units import FAR, MONEY, NS_PER_S
from core.engine.engine import GRACE, Engine
from core.engine.runstate import PAUSED, RUNNING, STARTING
from core.execution.stopping import OK, Progress, Venue
from core.risk.blocks import COOLDOWN_MODE
from core.telemetry.picture import Frame, Picture, RoundReads

ACTIONS = 20


class Pictures:
    """Draws a `Snapshot` of the engine now. `urgent`: the next one must not wait for its turn."""

    def __init__(
        self,
        engine: Engine,
        observers: Observers,
        loaded: Loaded,
        launch: Launch,
        desk: Desk,
        market: str,
        speed: float,
    ) -> None:
        self.engine, self.observers, self.loaded, self.launch, self.desk = engine, observers, loaded, launch, desk
        self.market, self.speed = market, speed
        self.actions: deque[Action] = deque(maxlen=ACTIONS)
        self.metrics_port: int | None = None
        self.stopping = False
        self.evidence: Callable[[], str] = str  # path of the report of the stop in force
        self.dead_man = ""  # what cancels our orders when this process cannot
        self.venues = VenueRows(observers.desk)
        self.urgent = True
        self.last_report = ""
        recorder = observers.recorder

        def drawdown() -> float:
            return (recorder.samples.performance().max_drawdown or 0.0) if recorder.active else 0.0

        measures = observers.measures
        reads = RoundReads(
            money=lambda i: recorder.money(i) if recorder.active else measures.money(i),
            attribution=lambda i: recorder.attribution(i) if recorder.active else measures.attribution(i),
            equity=recorder.equity,
            equity_start=lambda: recorder.equity0 if recorder.active else engine.equity_start,
            max_drawdown=drawdown,
            pairs=lambda: pair_rows(engine, recorder),
        )
        self.picture = Picture(observers.desk, measures, reads)

    def said(self, ts: int, answer: Answer) -> None:
        """An answer for the action line."""
        self.actions.append(Action(ts, answer.text, answer.ok))
        self.urgent = True

    def noted(self, step: Step) -> None:
        """What the engine did that an operator wants to see at once."""
        for note in step.notes:
            if note.code.startswith(("run_", "round_", "mode_", "stop_")):
                self.actions.append(Action(step.moment.ts, note.text, note.level != "crit"))
                self.urgent = True

    def draw(self, now: int, kernels: Kernels) -> Snapshot:
        """The picture at core time `now`."""
        engine, observers, settings = self.engine, self.observers, self.loaded.settings
        written = observers.rounds.written
        frame = Frame(
            seq=engine.seq,
            mode=shown_mode(settings.mode, engine.posts[0].instrument.network),
            network=engine.posts[0].instrument.network,
            account=settings.account,
            market=self.market,
            speed=self.speed,
            version=version(),
            config_sha256=self.loaded.sha256,
            state=self._state(),
            round=self._round(now, str(written[-1]) if written else ""),
            rounds=observers.rounds.rows(self._running()),
            actions=tuple(self.actions),
            alerts=observers.alerts.rows(),
            logs=observers.log.ring.rows(200),
            holder=self.desk.holder(),
            viewers=self.desk.viewers(),
            rearm=self._checklist(),
            buffer_warn=self._limit("buffer_redline"),
            buffer_halt=self._limit("buffer_flatten"),
            kernels=kernels,
            metrics_port=self.metrics_port,
            dead_man=self.dead_man,
            venues=self.venues.rows(now),
            double_press_flattens=settings.console.double_press_flattens,
        )
        return self.picture.snapshot(now, frame)

    def _running(self) -> RoundRow | None:
        """The open round; its report, when a person asked for one, is found by its number."""
        recorder, machine = self.observers.recorder, self.engine.rounds.machine
        if not recorder.active:
            return None
        net = sum(recorder.money(i).net for i in range(len(self.engine.posts))) / MONEY
        return RoundRow(machine.number, machine.started, None, net, "", RUNNING_ROUND)

    def _limit(self, name: str) -> float:
        return float(getattr(self.engine.posts[0].limits.s, name))

    def _round(self, now: int, last: str) -> Round:
        machine = self.engine.rounds.machine
        plan, due = self.loaded.settings.rounds, machine.due()
        running = machine.finishing or due < FAR
        return Round(
            number=machine.number if machine.number > 0 else 0,
            started=machine.started,
            length_ns=round(plan.hours * 3600 * NS_PER_S),
            elapsed_ns=machine.elapsed_ns(now),
            of=plan.count,
            finishing=machine.finishing,
            last_report=last,
            ends=due if not machine.finishing and due < FAR else None,
            on_end="flatten" if machine.wants_flat() else "carry",
            left=max(0, plan.count - machine.played - running) if plan.count else None,
        )

    def _state(self) -> State:
        engine = self.engine
        state, stopping, gate = engine.state, engine.stopping, self.desk.gate
        progress = stopping.progress()
        run, reason, since, until = state.run, state.reason, state.since, None
        cooling = [post.risk.s for post in engine.posts if post.risk.s.mode == COOLDOWN_MODE]
        if run == RUNNING and cooling:
            run, until, since = "COOLDOWN", max(risk.cooldown_until for risk in cooling), cooling[0].since
            reason = "cooling down"
        if run == STARTING and not engine.check.clean:
            reason = f"account not yet reconciled: {engine.check.why}"
        latched = progress is not None and stopping.latched
        return State(
            run=run,
            since=since,
            reason=reason,
            until=until,
            attended=state.attended,
            grace_until=engine.timers.when(GRACE),
            orders_left=progress.orders_left if progress is not None else 0,
            orders_at_stop=progress.orders_at_start if progress is not None else 0,
            positions_left=self._positions(progress) if progress is not None and latched else 0,
            verified=progress.verified if progress is not None else "",
            stop_id=gate.stop_id,
            t_gate_closed_ns=gate.closed_after_ns,
            foreign_orders=engine.check.foreign_orders,
            foreign_positions=engine.check.foreign_positions,
            history=tuple(state.history[-12:]),
            resumed_once=engine.resumed_once or not engine.first_word,
            evidence=self.evidence() if latched else "",
            trouble=_trouble(progress.venue) if progress is not None and latched else "",
            dust=stopping.dust() if latched else "",
            stop_code=stopping.exit_code() if latched else None,
        )

    def _positions(self, progress: Progress) -> int:
        """Ours that are not zero, as the venue nets them; of a stop that is over without its dust, told by itself."""
        dust = {} if self.engine.stopping.active else dict(progress.dust)
        held = {place: sum(post.ledger.s.pos for post in posts) for place, posts in self.engine.places.items()}
        return sum(lots != 0 and place not in dust for place, lots in held.items())

    def _checklist(self) -> tuple[Check, ...]:
        """Before a re-arm after a stop, and in mode live before the first resume; nothing else asks for one."""
        engine = self.engine
        if engine.state.run == PAUSED and engine.start_paused and not engine.resumed_once:
            return before_resume(engine, self.observers.alerts.rows())
        if not engine.state.latched:
            return ()
        orders = sum(seat.open_orders() for seat in engine.seats)
        fresh = all(not post.risk.s.stale for post in engine.posts)
        return (
            Check("stop finished", not engine.stopping.active, engine.state.run),
            Check("positions reconciled", engine.check.clean, engine.check.why or "agree"),
            Check("0 open orders", orders == 0, str(orders)),
            Check("feeds fresh", fresh, "fresh" if fresh else "stale"),
        )


def _trouble(venue: Venue) -> str:
    """Why a venue does not let the stop end, and since when (UTC)."""
    return f"{venue.status} since {iso(venue.since)[11:]}: {venue.reason}" if venue.status != OK else ""


def shown_mode(mode: str, network: str) -> str:
    """LIVE is real money only; a live core on anything else is TESTNET (CONSOLE.md 0)."""
    return mode.upper() if mode != "live" or network == "mainnet" else "TESTNET"
