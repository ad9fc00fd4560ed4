"""`perpconsole demo pair`: a paper core on a scripted market of two venues, that says what its pair does and why.

Everything but the prices is the program itself: gate, saga, exchange, ledgers, measures. At each new state the market
stands still for as long as a sentence takes to be read. An operator who stops or pauses the core gets the plain pace.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from core.build.demo_words import Decided, Rules, bps, ended, sentence, settled
from core.build.pair_rows import pair_rows
from core.build.session import PaperCore
from core.clock import stopwatch
from core.control.desk import Desk
from core.control.launch import Launch
from core.domain.commands import Stop
from core.domain.errors import Refused
from core.domain.pair import NONE, S0, S3, S4, STATE_NAMES
from core.domain.pair_picture import PairRow, PairSplit
from core.domain.units import FAR, NS_PER_MS, NS_PER_S
from core.engine.pair_seat import PairSeat
from core.engine.runstate import RUNNING, STARTING
from core.engine.simulate import SimDriver
from core.market.pair_walk import ACTS, SECONDS
from core.strategies.pair_lock.blocks import REASON_NAMES
from core.strategies.pair_lock.params import PairParams

CONFIG = "demo_pair"
PACE = 8.0  # market seconds a second between two sentences
STILL = 1e-3  # while one is read
READ_NS = 2_300 * NS_PER_MS
LOOK_NS = 5 * NS_PER_MS  # of market time between two looks at the pair: no state of the walk is so short
BOTH_NS = 1_500 * NS_PER_MS  # both venues book a settlement within it
GIVE_UP_NS = round((SECONDS + 10.0) * NS_PER_S)


class Said(NamedTuple):
    """One sentence: the state that it is of, when in the market and after how much wall time, 1e-9 s; the split."""

    state: int
    name: str
    ts: int
    wall_ns: int
    text: str

    @property
    def head(self) -> str:
        return f"S{self.state} {self.name}"


class Narration:
    """What was said so far. Appended to by the core's thread, read by any."""

    def __init__(self, on_said: Callable[[Said], None] = lambda said: None) -> None:
        self.said: list[Said] = []
        self.over = False
        self.waits = ""  # the run state of a core that somebody stopped or paused, "" = it goes on
        self.split = PairSplit()
        self.begun_ns = stopwatch()
        self.start_ts = 0  # of the market
        self._seen: dict[int, Said] = {}
        self._on_said = on_said

    def words(self) -> tuple[str, str]:
        """Head and sentence of now; both empty before the first."""
        if self.waits and not self.over:
            return self.waits, "the demo waits for the core to run again: p resumes, R re-arms after a stop, q leaves"
        return (self.said[-1].head, self.said[-1].text) if self.said else ("", "")

    def say(self, row: PairRow, ts: int, text: str) -> None:
        said = Said(row.state, STATE_NAMES[row.state], ts, stopwatch() - self.begun_ns, text)
        self._seen.setdefault(row.state, said)
        self.split = row.split
        self.said.append(said)
        self._on_said(said)

    @property
    def seen(self) -> list[Said]:
        """The first sentence of each state, in the order of the states."""
        return [self._seen[state] for state in sorted(self._seen)]

    @property
    def missing(self) -> list[str]:
        return [f"S{n} {name}" for n, name in enumerate(STATE_NAMES) if n not in self._seen]


class SteppedDriver(SimDriver):
    """In steps of `LOOK_NS`, with a look after each; `still` True ends the run where it is until it is False again.

    The journal is the same: events, seed and commands decide it, not the steps.
    """

    look: Callable[[], None]
    still = False

    def run(self, until: int = FAR) -> bool:
        while not self.ended and not self.still and self.now < until:
            if super().run(min(until, self.now + LOOK_NS)):
                return True
            self.look()
        return self.ended


class DemoCore(PaperCore):
    """`paced` False: as fast as it goes, and the core stops after the last sentence."""

    def __init__(self, launch: Launch, desk: Desk, narration: Narration, paced: bool) -> None:
        super().__init__(launch, desk)
        seats = [seat for seat in self.engine.seats if isinstance(seat, PairSeat)]
        if len(seats) != 1 or len(self.engine.seats) != 1:
            raise Refused(f"Expected one pair and nothing else in the demo's configuration, was {len(seats)} pairs")
        self.seat, self.narration, self.paced = seats[0], narration, paced
        narration.start_ts = self.market.source.start_ns
        self.warming.usable = False  # the plain form from end to end: nothing to wait for
        driver = SteppedDriver(
            self.engine, self.venue, self.market.source, self.wire, self.sinks,
            write_ahead=self._write_ahead, on_sink_failure=self.sink_failed,
        )  # fmt: skip
        driver.timed, driver.look = True, self._look
        self.stepped = self.driver = driver
        params = self.seat.strategy.params
        assert isinstance(params, PairParams)
        self._rules = Rules(params.min_conditions, params.epsilon_bp)
        self._cell = (-1, -1)
        self._state = -1
        self._last: Decided | None = None
        self._wish = (NONE, -1)
        self._carry, self._carry_ts = 0, 0
        self._episodes = 0
        self._still_until = 0

    # what happens ----------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """After each step of the market: say what is new."""
        wish, status, saga = self.seat.wish.s, self.seat.status.s, self.seat.saga.s
        wanted = (wish.kind, wish.leg)
        if wanted != self._wish:
            self._wish = wanted
            if wish.kind != NONE:
                self._decided()
        if self.narration.over or self.engine.state.run != RUNNING:
            return
        cell = (status.state, saga.state)
        if cell != self._cell:
            self._changed(cell)
        elif status.state == S3 and self._booked():
            row = self._row()
            self._say(row, settled(row))
        elif stopwatch() >= self._still_until and (
            self._episodes == len(ACTS) or self.driver.now > self.market.source.start_ns + GIVE_UP_NS
        ):
            self._end()

    def _decided(self) -> None:
        wish, row = self.seat.wish.s, self.seat.picture()
        reason = REASON_NAMES[wish.reason] if 0 <= wish.reason < len(REASON_NAMES) else str(wish.reason)
        spread, lower, upper = (bps(row, value) for value in (row.spread, row.lower, row.upper))
        self._last = Decided(wish.kind, reason, wish.leg, wish.value, wish.limit, spread, row.z, lower, upper)

    def _changed(self, cell: tuple[int, int]) -> None:
        """A new state, or in S1 the leg that was bought; other cells are on the way to the next state."""
        row, state = self._row(), cell[0]
        if state == S0 and self._state < S0 and row.spread is None:
            return  # no prices yet: nothing to say
        new, held = state != self._state, row.cell == "S1 one leg"
        self._cell, was, self._state = cell, self._state, state
        if not new and not held:
            return
        if new and state == S0 and was >= S4:
            self._episodes += 1
        self._say(row, sentence(row, self._last, was, self._rules))

    def _end(self) -> None:
        self.narration.over = True
        row = self._row()
        self._say(row, ended(row, self.narration.missing, (stopwatch() - self.narration.begun_ns) / 1e9, self.paced))
        if not self.paced:
            self.desk.send(Stop(who="end of the demo"))

    def _booked(self) -> bool:
        """Once for a settlement: funding was booked, and the other leg had its time to be."""
        carry, now = self.observers.measures.pairs[0].money().carry, self.driver.now
        if carry != self._carry:
            self._carry, self._carry_ts = carry, self._carry_ts or now
        if not self._carry_ts or now - self._carry_ts < BOTH_NS:
            return False
        self._carry_ts = 0
        return True

    def _row(self) -> PairRow:
        return pair_rows(self.engine, self.observers.recorder)[0]

    def _say(self, row: PairRow, text: str) -> None:
        self.narration.say(row, self.driver.now, text)
        self.observers.log.say("demo", f"S{row.state} {text}", ts=self.driver.now)
        self.pictures.urgent = True
        self.stepped.still = self.paced

    # the pace --------------------------------------------------------------------------------------------------------

    def _turn(self, late_ns: int) -> None:
        """Stand still for a new sentence, go on when it was read."""
        super()._turn(late_ns)
        if not self.paced:
            return
        now, pace, run = stopwatch(), PACE, self.engine.state.run
        self.narration.waits = "" if run in (STARTING, RUNNING) else run
        if self.stepped.still:
            self.stepped.still = False
            self._still_until = now + READ_NS
        if self.narration.over or run != RUNNING:
            pace = 1.0  # whoever stops the core waits for its cancels, not for the demo
        elif now < self._still_until:
            pace = STILL
        if pace != self.speed:
            self.speed_to(pace)


def pair_demo(launch: Launch, desk: Desk, narration: Narration) -> Callable[[], Coroutine[Any, Any, None]]:
    """As `run_core`, for the demo. `launch.speed` inf: nobody looks on."""
    return DemoCore(launch, desk, narration, paced=launch.speed is None or not math.isinf(launch.speed)).run
