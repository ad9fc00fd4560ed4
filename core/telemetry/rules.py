"""The built-in alert rules (S3-68, S3-73, S3-19): looked at once a second, raised when a condition begins.

They tell people; what must be done at once is risk's own business and arrives here as notes of the engine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import msgspec

from core.domain.events import Step
from core.domain.units import NS_PER_MS, NS_PER_S
from core.kpi.books import Desk, mark_of
from core.kpi.measures import Measures
from core.kpi.pairs import PairMeasures
from core.kpi.quality import BAD_BPS
from core.telemetry.alerts import Alerts


class Bounds(msgspec.Struct, frozen=True):
    """Defaults; all from config."""

    latency_ns: int = 150 * NS_PER_MS  # S3-19
    silence_ns: int = 10 * NS_PER_S  # S3-73: twenty intervals of 0.5 s without a decision
    loop_lag_ns: int = 250 * NS_PER_MS  # R-N7
    rest_errors: int = 5  # in one minute
    weight: float = 0.80  # S0-29
    buffer: float = 0.05  # S0-40
    slippage_fills: int = 5  # that many in a row above 10 bps (S0-34)
    clock_offset_ns: int = 500 * NS_PER_MS  # S0-22
    unknown_ns: int = 10 * NS_PER_S
    drop_rate: float = 0.0001  # S0-26
    pair_stuck_ns: int = 10 * NS_PER_S  # S1-57
    pair_naked_ns: int = NS_PER_S  # beyond the pair's own limit: its way back hangs


Finding = tuple[str, str, str, str]  # level, code, strategy, text


class Rules:
    """A sink (after `Measures`) for notes and fills, and a call a second for everything that lasts."""

    name = "alerts"

    def __init__(self, desk: Desk, measures: Measures, alerts: Alerts, quoting: Callable[[], bool]) -> None:
        """`quoting` says whether quotes are expected now (RUNNING and armed)."""
        self.desk, self.measures, self.alerts, self.quoting = desk, measures, alerts, quoting
        self.bounds = Bounds()
        self._active: set[tuple[str, str]] = set()
        self._bad_fills = [0] * desk.count
        self._names = {desk.strategy(i): desk.name(i) for i in range(desk.count)}
        self._stuck_since: dict[str, int] = {}
        self._errors: deque[tuple[int, int]] = deque()
        self._quoting_since = 0
        measures.on_second.append(self.second)

    def take(self, step: Step) -> None:
        for note in step.notes:
            if note.level != "info":
                name = self._names.get(note.strategy, "")
                self.alerts.add(step.moment.ts, note.level, note.code, note.text, name)
        for fill in self.measures.fills:
            bad = fill.slippage_bps is not None and fill.slippage_bps > BAD_BPS
            self._bad_fills[fill.i] = self._bad_fills[fill.i] + 1 if bad else 0
            if fill.why != "trade":
                self.alerts.add(fill.ts, "crit", fill.why, f"{fill.qty} lots at {fill.px}", self.desk.name(fill.i))

    def second(self, now: int) -> None:
        """An alert at the start of a condition; while it lasts nothing more, when it comes back a repeat."""
        found = list(self._findings(now))
        for level, code, strategy, text in found:
            if (code, strategy) not in self._active:
                self.alerts.add(now, level, code, text, strategy)
        self._active = {(code, strategy) for _, code, strategy, _ in found}

    def _findings(self, now: int) -> Iterator[Finding]:
        bounds, health = self.bounds, self.measures.health
        self._quoting_since = (self._quoting_since or now) if self.quoting() else 0
        for i in range(self.desk.count):
            yield from self._of_ledger(i, now)
        for pair in self.measures.pairs:
            yield from self._of_pair(pair, now)
        for place, stream in self.measures.streams.items():
            name = next(self.desk.name(i) for i in range(self.desk.count) if self.desk.place(i) == place)
            if stream.uptime.changed and not stream.uptime.up:
                yield (
                    "crit",
                    "stream_down",
                    name,
                    f"down for {stream.down_ns(now) / NS_PER_S:.0f} s {stream.why}".strip(),
                )
            rate = stream.drop_rate
            if rate is not None and rate >= bounds.drop_rate:
                yield "warn", "message_drops", name, f"{rate:.4%} of the messages lost (limit {bounds.drop_rate:.2%})"
        for code, value in (("latency", health.tick_to_order_p99_ns), ("ack_latency", health.order_ack_p99_ns)):
            if value > bounds.latency_ns:
                yield "warn", code, "", f"p99 {value / NS_PER_MS:.0f} ms (limit {bounds.latency_ns // NS_PER_MS} ms)"
        if health.loop_lag_ns > bounds.loop_lag_ns:
            yield "warn", "loop_lag", "", f"the core's loop was {health.loop_lag_ns / NS_PER_MS:.0f} ms late"
        if abs(health.clock_offset_ns) > bounds.clock_offset_ns:
            yield "warn", "clock_offset", "", f"{health.clock_offset_ns / NS_PER_MS:+.0f} ms against the venue"
        errors = self._errors_in_a_minute(now)
        if errors >= bounds.rest_errors:
            yield "warn", "rest_errors", "", f"{errors} failed requests in a minute"
        for wire in self.desk.wires():
            if wire.weight_limit and wire.weight_used > bounds.weight * wire.weight_limit:
                yield "warn", "api_weight", wire.venue, f"{wire.weight_used} of {wire.weight_limit} used"

    def _of_ledger(self, i: int, now: int) -> Iterator[Finding]:
        bounds, name, view = self.bounds, self.desk.name(i), self.desk.view(i).s
        age = now - view.ts_recv
        if view.ts_recv and age > self.desk.instrument(i).book_stale_ns > 0:
            yield "warn", "stale", name, f"no market data for {age / NS_PER_S:.1f} s"
        if self._quoting_since and i not in self.measures.paired:  # a pair quotes only while it works
            silent = now - max(self.desk.activity(i).ts_quoted, self._quoting_since)
            if silent > bounds.silence_ns:
                yield "warn", "silence", name, f"no quote for {silent / NS_PER_S:.0f} s"
        ledger = self.desk.ledger(i).s
        if ledger.n_unknown and now - ledger.oldest_unknown > bounds.unknown_ns:
            waited = (now - ledger.oldest_unknown) / NS_PER_S
            yield "crit", "unknown_order", name, f"{ledger.n_unknown} orders unknown, the oldest for {waited:.0f} s"
        liquidation, mark = self.desk.liquidation(i), mark_of(self.desk, i)
        if liquidation > 0 and mark > 0 and abs(mark - liquidation) < bounds.buffer * mark:
            yield "crit", "liquidation_buffer", name, f"{abs(mark - liquidation) / mark:.1%} left (limit 5 %)"
        if self._bad_fills[i] >= bounds.slippage_fills:
            yield "warn", "slippage", name, f"{self._bad_fills[i]} fills in a row above {BAD_BPS:g} bps"

    def _of_pair(self, pair: PairMeasures, now: int) -> Iterator[Finding]:
        """Naked beyond its limit, also where that began and ended between two looks; waiting for too long."""
        name, bounds, limit = pair.legs.name, self.bounds, pair.clock.limit_ns()
        naked = pair.clock.take_worst(now)
        if 0 < limit < naked:
            code, level = (
                ("pair_naked_long", "crit") if naked > limit + bounds.pair_naked_ns else ("pair_naked", "warn")
            )
            yield level, code, name, f"naked for {naked / NS_PER_S:.1f} s (limit {limit / NS_PER_S:.1f} s)"
        waits = pair.legs.stuck()
        if not waits:
            self._stuck_since.pop(name, None)
            return
        waited = now - self._stuck_since.setdefault(name, now)
        if waited >= bounds.pair_stuck_ns:
            yield "crit", "pair_stuck_long", name, f"waits for {waited / NS_PER_S:.0f} s: {waits}"

    def _errors_in_a_minute(self, now: int) -> int:
        total = sum(w.errors for w in self.desk.wires())
        self._errors.append((now, total))
        while self._errors[0][0] < now - 60 * NS_PER_S:
            self._errors.popleft()
        return total - self._errors[0][1]
