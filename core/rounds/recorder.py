"""The sink that gathers the facts of the running round. Reads `Measures` and the desk; decides nothing.

Per step it only looks for fills and notes; the path of equity is sampled once a second of core time.
"""

from __future__ import annotations

from collections import deque

from core.domain.events import Asked, Note, Step
from core.domain.order import DELEVERAGED, LIQUIDATED
from core.domain.reasons import name_of
from core.domain.units import NS_PER_S
from core.kpi.attribution import Attribution, minus
from core.kpi.books import Desk, Money, mark_of, mid2_of
from core.kpi.connectivity import Uptime
from core.kpi.measures import Measures
from core.rounds.facts import Event, LedgerFacts, Mark, RoundFacts, Run, Standing
from core.rounds.gather import ledger_facts, rest_facts, stream_facts
from core.rounds.pair_rounds import PairRounds
from core.rounds.samples import Samples
from core.rounds.scheduler import Ending

EVENTS = 2_000  # kept of a round, the newest; more are counted
MARKS = 1_500  # fills drawn on the chart
LOG_TAIL = 40


class Watch:
    """Extremes of one ledger over the round, seen at its fills and once a second."""

    def __init__(self) -> None:
        self.max_long = self.max_short = 0
        self.buffer_min: float | None = None
        self.longest_silence = 0
        self.rebates = 0
        self.liquidations = 0

    def position(self, pos: int) -> None:
        self.max_long, self.max_short = max(self.max_long, pos), min(self.max_short, pos)


class Recorder:
    """`begin` at the start of a round, `take` for each step (after `Measures`), `end` when it is over."""

    name = "rounds"

    def __init__(self, desk: Desk, measures: Measures, run: Run) -> None:
        self.desk, self.measures, self.run = desk, measures, run
        self.active = False
        self.number = self.started = 0
        measures.on_second.append(self._second)

    def begin(self, now: int, number: int, run: Run | None = None) -> RoundFacts:
        """Open a round: the initial snapshot (S3-51), returned as facts whose verdict is `running`."""
        self.run = run or self.run
        self.measures.new_round(now)
        n = self.desk.count
        self.number, self.started, self.active = number, now, True
        self.watch = [Watch() for _ in range(n)]
        self.samples = Samples()
        self.events: deque[Event] = deque(maxlen=EVENTS)
        self.n_events = 0
        self.marks: list[Mark] = []
        self._stride, self._nth = 1, 0
        self.desk_uptime = Uptime(now)
        self.desk_uptime.set(now, True)
        self.weight_peak: float | None = None
        self.orders_peak: float | None = None
        self._last_second = now
        self.money0 = [self.measures.money(i) for i in range(n)]
        self.parts0 = [self.measures.attribution(i) for i in range(n)]
        self.pairs = PairRounds(self.measures, now)
        self.transfers0 = self.measures.transfers
        self.wires0 = {w.venue: w for w in self.desk.wires()}
        self.activity0 = [self.desk.activity(i) for i in range(n)]
        self.start = [self.standing(i, now) for i in range(n)]
        self.equity0 = self.equity()
        self._sample(now)
        running = Ending(
            number=number, started=now, due=0, ended=now, reason="", verdict="running", verified=False,
        )  # fmt: skip
        return self.facts(running)

    def equity(self) -> int:
        """Equity now, 1e-8 quote, transfers included."""
        net = sum(self.measures.money(i).net for i in range(self.desk.count))
        return self.desk.equity_start() + net + self.measures.transfers

    def standing(self, i: int, now: int) -> Standing:
        ledger, tick = self.desk.ledger(i).s, self.desk.instrument(i).tick
        mid2, mark, unit = mid2_of(self.desk, i), mark_of(self.desk, i), self.desk.instrument(i).unit
        return Standing(
            ts=now,
            pos=ledger.pos,
            mid=mid2 * tick / 2 if mid2 else None,
            mark=mark * tick if mark else None,
            entry=ledger.cost / (ledger.pos * unit) * tick if ledger.pos else None,
            open_orders=ledger.n_live,
        )

    def take(self, step: Step) -> None:
        if not self.active:
            return
        measures = self.measures
        if measures.fills:
            for fill in measures.fills:
                watch = self.watch[fill.i]
                watch.position(self.desk.ledger(fill.i).s.pos)
                watch.rebates += -fill.fee if fill.fee < 0 else 0
                watch.liquidations += fill.why != "trade"
                if fill.i == 0:
                    self._mark(Mark(fill.ts, "SELL" if fill.side else "BUY", fill.px * self.desk.instrument(0).tick))
        for note in step.notes:
            self.note(step.moment.ts, note)
        for report in step.applied:
            if report.kind in (LIQUIDATED, DELEVERAGED):
                what = "liquidated" if report.kind == LIQUIDATED else "deleveraged"
                self.event(Event(step.moment.ts, "crit", what, f"{report.qty} lots at {report.px} ticks", "risk"))
        for event in step.moment.inputs:
            if isinstance(event, Asked):
                kind = type(event.command).__name__.lower()
                self.event(Event(step.moment.ts, "info", kind, f"asked by {event.command.who or 'local'}", "command"))

    def note(self, ts: int, note: Note) -> None:
        """A note of the engine; warnings and worse are risk events."""
        self.event(Event(ts, note.level, note.code, note.text, "note" if note.level == "info" else "risk"))

    def event(self, event: Event) -> None:
        """Also called by the alert desk for each alert raised."""
        if self.active:
            self.n_events += 1
            self.events.append(event)

    def _mark(self, mark: Mark) -> None:
        self._nth += 1
        if self._nth % self._stride:
            return
        self.marks.append(mark)
        if len(self.marks) > MARKS:
            self.marks, self._stride = self.marks[::2], self._stride * 2

    def _second(self, ts: int) -> None:
        if not self.active:
            return
        gap = ts - self._last_second
        if gap > 5 * NS_PER_S:  # the core stood still (suspend, stall): that time was not served
            self.desk_uptime.set(self._last_second, False)
            self.desk_uptime.set(ts, True)
        self._last_second = ts
        self._sample(ts)
        for i, watch in enumerate(self.watch):
            watch.position(self.desk.ledger(i).s.pos)
            quoted = self.desk.activity(i).ts_quoted
            watch.longest_silence = max(watch.longest_silence, ts - max(quoted, self.started))
            liquidation, mark = self.desk.liquidation(i), mark_of(self.desk, i)
            if liquidation > 0 and mark > 0:
                buffer = abs(mark - liquidation) / mark
                watch.buffer_min = buffer if watch.buffer_min is None else min(watch.buffer_min, buffer)
        for wire in self.desk.wires():
            if wire.weight_limit:
                self.weight_peak = max(self.weight_peak or 0.0, wire.weight_used / wire.weight_limit)
            if wire.orders_limit:
                self.orders_peak = max(self.orders_peak or 0.0, wire.orders_used / wire.orders_limit)

    def _sample(self, ts: int) -> None:
        pos, mid2 = self.desk.ledger(0).s.pos, mid2_of(self.desk, 0)
        self.samples.add(ts, self.equity() - (self.measures.transfers - self.transfers0), pos, mid2)

    def money(self, i: int) -> Money:
        """Of the round so far."""
        now, start = self.measures.money(i), self.money0[i]
        return Money(**{n: getattr(now, n) - getattr(start, n) for n in Money.__struct_fields__})

    def attribution(self, i: int) -> Attribution:
        return minus(self.measures.attribution(i), self.parts0[i])

    def end(self, ending: Ending, metrics: str = "") -> RoundFacts:
        """Close the round and give its facts; `metrics` is the text of /metrics at that moment."""
        pos, mid2 = self.desk.ledger(0).s.pos, mid2_of(self.desk, 0)
        self.samples.close(ending.ended, self.equity() - (self.measures.transfers - self.transfers0), pos, mid2)
        facts = self.facts(ending, metrics)
        self.active = False
        return facts

    def facts(self, ending: Ending, metrics: str = "") -> RoundFacts:
        """The round so far, without closing it (`R` writes a report of a running round from this)."""
        desk, measures = self.desk, self.measures
        first = desk.instrument(0)
        ledgers: list[LedgerFacts] = []
        for i in range(desk.count):
            ledgers.append(ledger_facts(desk, measures, i, self.start[i], self.standing(i, ending.ended)))
            ledgers[i].money, ledgers[i].attribution = self.money(i), self.attribution(i)
            watch, activity, before = self.watch[i], desk.activity(i), self.activity0[i]
            ledgers[i].max_long, ledgers[i].max_short = watch.max_long, watch.max_short
            ledgers[i].rebates, ledgers[i].buffer_min = watch.rebates, watch.buffer_min
            ledgers[i].longest_silence_ns, ledgers[i].liquidations = watch.longest_silence, watch.liquidations
            ledgers[i].quotes = activity.quotes - before.quotes
            ledgers[i].suppressed = activity.suppressed - before.suppressed
            ledgers[i].dropped = activity.dropped - before.dropped
        return RoundFacts(
            ending=ending,
            run=self.run,
            quote=first.quote,
            equity_start=self.equity0,
            equity_end=self.equity(),
            transfers=measures.transfers - self.transfers0,
            ledgers=ledgers,
            rejects=_rejects(measures),
            path=self.samples.paths(first.lot, first.tick),
            fills=list(self.marks),
            performance=self.samples.performance(),
            streams=stream_facts(desk, measures, ending.ended),
            rest=rest_facts(desk, measures, self.wires0, self.weight_peak, self.orders_peak),
            events=list(self.events),
            events_dropped=self.n_events - len(self.events),
            desk_uptime=self.desk_uptime.share(ending.ended),
            clock_offset_ns=measures.health.clock_offset_ns,
            log_tail=list(desk.log_tail(LOG_TAIL)),
            metrics=metrics,
            pairs=self.pairs.facts(ending.ended),
        )


def _rejects(measures: Measures) -> dict[str, int]:
    total: dict[str, int] = {}
    for quality in measures.scopes.round:
        for code, n in quality.rejects.items():
            total[name_of(code)] = total.get(name_of(code), 0) + n
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))
