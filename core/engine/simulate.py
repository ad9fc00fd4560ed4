"""The driver for simulated venues in virtual time: advances the exchange from wake to wake and calls the engine.

Backtest and paper are this same loop; paper calls `run(until)` as far as the wall clock allows. It decides nothing: it
makes moments out of what happened and carries requests and reads to the venue.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from core.clock import stopwatch
from core.domain.book import Feed
from core.domain.errors import Fatal
from core.domain.events import (
    W_END,
    W_ERROR,
    W_INPUT,
    W_TIMER,
    W_WAIT,
    Due,
    Input,
    Moment,
    Read,
    ReadReply,
    RequestRefused,
    Slice,
    Step,
)  # fmt: skip
from core.domain.order import CREATE, Report
from core.domain.ports import StepSink
from core.domain.units import FAR, NS_PER_S
from core.engine.engine import Engine
from core.engine.journal import Chunk
from core.engine.runstate import STOPPED
from core.exchange.blocks import ERROR_NAMES
from core.exchange.window import Window, columns_of
from core.market.source import Source
from core.venues.lanes import WireGate
from core.venues.simulated import SimulatedVenue

MADE_HERE = ("synthetic", "scripted")  # kinds of source whose rows the journal keeps
CHUNK_NS = 60 * NS_PER_S
IDLE_END_NS = 120 * NS_PER_S  # after the data has ended: time that the last stop may take


class SimDriver:
    """`write_ahead` runs before creates leave (journal to disk); `sinks` see each step after it was carried out."""

    def __init__(
        self,
        engine: Engine,
        venue: SimulatedVenue,
        source: Source,
        wire: WireGate,
        sinks: Sequence[StepSink] = (),
        write_ahead: Callable[[], None] | None = None,
        on_sink_failure: Callable[[StepSink, Exception], None] | None = None,
    ) -> None:
        self.engine, self.venue, self.source, self.wire = engine, venue, source, wire
        self.sinks = list(sinks)
        self.write_ahead = write_ahead
        self.on_sink_failure = on_sink_failure
        self.exchange = venue.exchange
        self.now = source.start_ns
        self.covered = source.start_ns
        self.data_ended = False
        self.ended = False
        self.events = 0
        self.compute_ns: list[int] = []  # wake to requests, filled when `timed`
        self.timed = False
        self.at_end: Input | None = None  # what is said to the engine when the data is over
        self._dry = True  # everything before `covered` has happened
        self._last = FAR  # after the data has ended: when the last stop must be done
        self._markets = [market.s for market in self.exchange.markets]
        self._pending: list[Input] = []
        self._reads: list[tuple[int, int, Read]] = []  # arrival at the venue
        self._replies: list[tuple[int, int, ReadReply]] = []  # visible to us
        self._n_reads = 0
        self._seen = [0] * len(source.instruments)
        self._windows: list[Window | None] = [None] * len(source.instruments)
        self._set_wakes()

    def _set_wakes(self) -> None:
        for place, posts in self.engine.places.items():
            market = self.exchange.markets[place].s
            wakes = [self.engine.seats[post.seat].wakes for post in posts]
            market.wake_mask = W_TIMER
            for wake in wakes:
                market.wake_mask |= wake.mask
            market.wake_mid_ticks = min(wake.mid_move_ticks for wake in wakes)

    def push(self, event: Input) -> None:
        """An input of this instant (a command, a health sample): processed before anything later."""
        self._pending.append(event)

    def run(self, until: int = FAR) -> bool:
        """Go on to just before `until`; True when there is nothing more to come (data over, or the core stopped)."""
        while not self.ended:
            if self._pending:
                self._process(self.now, W_INPUT, ())
                continue
            if self._dry and self.covered < until and not self.data_ended:
                self._extend()
            horizon = min(until, self.covered, self._last)
            self._set_timer()
            why = self.venue.advance(horizon)
            if why & W_ERROR:
                raise Fatal(f"simulated exchange: {self._error()}")
            if why == W_WAIT or (why == W_END and self.source.end_ns is None):
                self._dry = horizon >= self.covered
                if horizon >= self._last:
                    self.ended = True
                    continue
                if horizon >= until:
                    self.now = max(self.now, until)
                    return False
                continue
            if why == W_END:
                self._finish_data()
                continue
            self._wake(why)
        return True

    # market ------------------------------------------------------------------------------------------------------

    def _extend(self) -> None:
        """The next chunk. Its bounds depend on the market alone, so that any step sizes give the same journal."""
        target = self.covered + CHUNK_NS
        self._dry = False
        more = False
        for i in range(len(self.source.instruments)):
            chunk = self.source.extend(i, target)
            if chunk is None:
                continue
            more = True
            self._add(i, chunk)
        self.data_ended = not more
        self.covered = FAR if self.source.end_ns is not None else target

    def _add(self, i: int, chunk: Feed) -> None:
        self.events += len(chunk.kind)
        market = self.exchange.markets[i].s
        window = self._windows[i]
        if window is None:
            window = self._windows[i] = Window(chunk)
            self.exchange.attach(i, chunk)
        else:
            gone = window.extend(chunk, self._seen[i] - window.base)  # rows that woke nobody are still to be observed
            self.exchange.attach(i, window.feed, None, market.i_ex - gone, market.i_loc - gone)
            self.engine.bases[i] = window.base
        if self.source.ref["kind"] in MADE_HERE:  # rows that no file has
            base = window.base + len(window) - len(chunk.kind)
            self.engine.journal.append(Chunk(i, base, columns_of(chunk)))
        for post in self.engine.places.get(i, ()):
            post.bind_feed(window.feed)

    def rebind(self) -> None:
        """After the engine switched the form of its kernels."""
        self.exchange.bind(self.engine.kernels)
        for i, window in enumerate(self._windows):
            if window is not None:
                for post in self.engine.places.get(i, ()):
                    post.bind_feed(window.feed)

    def _finish_data(self) -> None:
        """Every recorded row was seen: say what is to be said at the end, then wait for the last stop."""
        if self.at_end is None:
            self.ended = True
            return
        self.push(self.at_end)
        self.at_end = None
        self._last = self.now + IDLE_END_NS

    def _error(self) -> str:
        for market in self.exchange.markets:
            if market.s.err:
                return f"{ERROR_NAMES.get(market.s.err, market.s.err)} ({market.s.err_a}, {market.s.err_b})"
        return "unknown"

    # moments -----------------------------------------------------------------------------------------------------

    def _set_timer(self) -> None:
        due = self.engine.timers.next_due()
        if self._reads and self._reads[0][0] < due:
            due = self._reads[0][0]
        if self._replies and self._replies[0][0] < due:
            due = self._replies[0][0]
        self.exchange.markets[0].s.next_timer = due

    def _wake(self, why: int) -> None:
        now = self.now
        reports: list[Report] = []
        for i, market in enumerate(self._markets):
            now = max(now, market.now)
            if market.r_head < market.r_seen:
                reports += self.venue.drain(i)
        if why & W_TIMER:
            while self._reads and self._reads[0][0] <= now:
                _, _, read = heapq.heappop(self._reads)
                reply = self.venue.read(read, now)
                self._n_reads += 1
                heapq.heappush(self._replies, (now + self._response_ns(), self._n_reads, reply))
            while self._replies and self._replies[0][0] <= now:
                self._pending.append(heapq.heappop(self._replies)[2])
            self._pending += [Due(name) for name in self.engine.timers.pop_due(now)]
            if not self._pending and why == W_TIMER and not reports:
                self.now = now
                return
        self._process(now, why, tuple(reports))

    def _response_ns(self) -> int:
        return self.source.instruments[0].response.p50_ns

    def _slices(self) -> tuple[Slice, ...]:
        out = []
        for i, window in enumerate(self._windows):
            if window is None:
                continue
            visible = window.base + self.exchange.markets[i].s.i_loc
            if visible > self._seen[i]:
                if i in self.engine.places:
                    out.append(Slice(i, self._seen[i], visible))
                self._seen[i] = visible
        return tuple(out)

    def _process(self, now: int, why: int, reports: tuple[Report, ...]) -> None:
        self.now = now
        inputs, self._pending = tuple(self._pending), []
        moment = Moment(now, why, self._slices(), reports, inputs)
        if self.timed:
            t = stopwatch()
            step = self.engine.process(moment)
            self.compute_ns.append(stopwatch() - t)
        else:
            step = self.engine.process(moment)
        self._carry_out(step)
        if self.engine.state.run == STOPPED:
            self.ended = True

    def _carry_out(self, step: Step) -> None:
        now = step.moment.ts
        if step.requests:
            if self.write_ahead is not None and any(request.kind == CREATE for request in step.requests):
                self.write_ahead()
            for request in step.requests:
                code = self.wire.check(request, now, now)
                if code:
                    self._pending.append(RequestRefused(request.cl_id, request.instrument, request.kind, code))
                else:
                    self.venue.send(request, now)
        for read in step.reads:
            self._n_reads += 1
            arrival = now + self.source.instruments[0].entry.p50_ns
            heapq.heappush(self._reads, (arrival, self._n_reads, read))
        for sink in self.sinks:
            try:
                sink.take(step)
            except Exception as error:
                if self.on_sink_failure is None:
                    raise
                self.on_sink_failure(sink, error)
