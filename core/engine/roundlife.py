"""Rounds inside the engine: carries out what the round machine asks for, and tells it what the venue said.

The machine itself (`core.rounds.scheduler`) stands above the engine and is handed in; this file knows its face only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from core.domain.events import Note
from core.domain.reasons import PAUSED as PAUSED_CODE
from core.domain.units import FAR
from core.engine import ending
from core.engine.runstate import FINISHING, PAUSED, RUNNING, STOPPED, STOPPING
from core.engine.stopping import FLATTEN, HALT, ROUND_END

if TYPE_CHECKING:
    from core.engine.engine import Engine

TIMER = "round"
OPENED, ENDED = "round_open", "round_end"


class Machine(Protocol):
    """The face of the round machine: see `core.rounds.scheduler.Scheduler`."""

    number: int
    played: int
    started: int
    ending: Any

    @property
    def finishing(self) -> bool: ...
    @property
    def over(self) -> bool: ...
    def due(self) -> int: ...
    def elapsed_ns(self, now: int) -> int: ...
    def start(self, now: int) -> Sequence[Any]: ...
    def tick(self, now: int) -> Sequence[Any]: ...
    def finish(self, now: int, reason: str = ..., carry: bool = ...) -> Sequence[Any]: ...
    def stop(self, now: int, flatten: bool, reason: str = ...) -> Sequence[Any]: ...
    def left(self, orders: int, positions: int) -> None: ...
    def observe(self, now: int, orders: int, positions: int) -> Sequence[Any]: ...
    def verified(self, now: int, orders: int, positions: int) -> Sequence[Any]: ...
    def reported(self, now: int) -> Sequence[Any]: ...
    def wants_flat(self) -> bool: ...


class RoundLife:
    """Owns the machine's timer and the last ending; `endings` are what a report sink writes reports from."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.last_ending: Any = None
        self.open = False
        self._was_paused = False

    def advance(self, engine: Engine, names: Sequence[str], now: int) -> None:
        """After trading: start the first round, run the timer, follow a stop that ends a round."""
        machine = self.machine
        if not self.open and engine.state.run == RUNNING and engine.armed:
            self._do(engine, machine.reported(now) or machine.start(now), now)
        if TIMER in names:
            machine.left(*self._left(engine))
            self._do(engine, machine.tick(now), now)
        if machine.finishing:
            self._follow(engine, now)
        due = machine.due()
        if due < FAR and engine.timers.when(TIMER) != due:
            engine.timers.at(due, TIMER)

    def finish(self, engine: Engine, now: int, reason: str, carry: bool = False) -> bool:
        """End the running round early; False when none runs."""
        done = self.machine.finish(now, reason, carry)
        self._do(engine, done, now)
        return bool(done)

    def stop(self, engine: Engine, now: int, flatten: bool, reason: str) -> None:
        """No further round; the process ends when this one is closed."""
        self._do(engine, self.machine.stop(now, flatten, reason), now)

    def _follow(self, engine: Engine, now: int) -> None:
        """The stop has finished: its reads are the machine's proof."""
        stopping = engine.stopping
        progress = stopping.progress()
        if progress is None or stopping.active or (engine.state.run == STOPPING and ending.waits(engine, now)):
            return
        _, held = self._left(engine)
        self._do(engine, self.machine.observe(now, progress.orders_left, held), now)
        self._do(engine, self.machine.verified(now, progress.orders_left, held), now)

    @staticmethod
    def _left(engine: Engine) -> tuple[int, int]:
        """Orders that may stand and instruments with a position, as our ledgers have them."""
        return (
            sum(post.ledger.s.n_live for post in engine.posts), sum(post.ledger.s.pos != 0 for post in engine.posts)
        )  # fmt: skip

    def closed(self, engine: Engine, now: int) -> None:
        """A person re-arms: what the round that a halt ended leads to happens now, not after the next resume. What
        that round lost is over with it: limits of a round count from here, those of the day go on."""
        if not self.open:
            if self.last_ending is not None:
                self._limits_anew(engine, now)
            self._do(engine, self.machine.reported(now), now)

    @staticmethod
    def _limits_anew(engine: Engine, now: int) -> None:
        equity = engine.equity
        for post in engine.posts:
            post.start_round(post.view.s.mark, post.budget or equity, now)

    def pause_after(self) -> None:
        """The round that is ending is followed by PAUSED, not by quotes."""
        self._was_paused = True

    def _do(self, engine: Engine, actions: Sequence[Any], now: int) -> None:
        for action in actions:
            if action.what == "open":
                self._open(engine, action.number, now)
            elif action.what == "quiet":
                self._quiet(engine, action, now)
            elif action.what == "report":
                self.last_ending = self.machine.ending
                self.open = False
                if not engine.stopping.latched:
                    engine.stopping.clear()
                text = f"round {action.number} {action.text}"
                engine.notes.append(Note("info" if self.last_ending.verified else "crit", ENDED, text))
                if engine.state.run in (FINISHING, STOPPING):
                    self._do(engine, self.machine.reported(now), now)
            elif action.what == "pause":
                for post in engine.posts:
                    post.pause(PAUSED_CODE, now)
                if engine.state.may(PAUSED):
                    engine.move(PAUSED, action.text)
            elif action.what == "done" and not engine.stopping.active and engine.state.may(STOPPED):
                last = self.last_ending  # where a stop is under way that one ends the process, when it is done
                ending.end(engine, "all rounds are played", last is not None and last.verified)

    def _open(self, engine: Engine, number: int, now: int) -> None:
        if engine.state.run == FINISHING:
            engine.move(PAUSED if self._was_paused else RUNNING, f"round {number}")
        self.open = True
        engine.start_decisions(now)
        self._limits_anew(engine, now)
        for seat in engine.seats:
            seat.strategy.start_round()
        engine.notes.append(Note("info", OPENED, f"round {number}"))

    def _quiet(self, engine: Engine, action: Any, now: int) -> None:
        if engine.stopping.latched:
            return  # the stop that ends the round is already at work
        self._was_paused = engine.state.run == PAUSED
        if engine.state.may(FINISHING):
            engine.move(FINISHING, f"round {action.number} {action.text}")
        verb = FLATTEN if self.machine.wants_flat() else HALT
        engine.stopping.begin(verb, ROUND_END, f"round-{action.number}", action.text, "ours", now, sure=True)
