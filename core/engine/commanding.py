"""What each operator command does to the engine. One function a command; the answer says what was done or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.domain.commands import (
    AckAlert,
    Answer,
    AnyCommand,
    Attended,
    CancelOrder,
    FinishRound,
    Flatten,
    Halt,
    Pause,
    Rearm,
    Resume,
    SetLimit,
    Stop,
    WriteReport,
)  # fmt: skip
from core.domain.events import Note
from core.domain.order import CANCEL, LIVE, Request
from core.domain.reasons import PAUSED as PAUSED_CODE
from core.engine import ending, limiting, relisting
from core.engine.runstate import FINISHING, FLATTENING, HALTING, PAUSED, RUNNING, STOPPING
from core.engine.stopping import FLATTEN, HALT

if TYPE_CHECKING:
    from core.engine.engine import Engine

REARM_WORD = "arm"
GO_WORD = "go"  # of every later resume where the first one wanted a word


def obey(engine: Engine, command: AnyCommand, now: int) -> Answer:
    """Carry out one command at `now`."""
    who = f" by {command.who}" if command.who else ""
    if isinstance(command, Halt | Flatten):
        verb = FLATTEN if isinstance(command, Flatten) else HALT
        reach = isinstance(command, Flatten) and command.reach
        ending.latch(engine, verb, command.reason + who, command.scope, command.id or f"stop-{engine.seq}", reach)
        return _yes(command, "flattening" if verb == FLATTEN else "halting: cancelling all of ours")
    if isinstance(command, Pause):
        return _pause(engine, command, now, who)
    if isinstance(command, Resume):
        return _resume(engine, command, now, who)
    if isinstance(command, Rearm):
        return _rearm(engine, command, now, who)
    if isinstance(command, Stop):
        return _stop(engine, command, now, who)
    if isinstance(command, FinishRound):
        if engine.rounds.finish(engine, now, "operator"):
            return _yes(command, "finishing the round")
        return _no(command, f"Expected a running round, was none ({engine.state.run})")
    if isinstance(command, WriteReport):
        if not engine.rounds.open:
            return _no(command, "Expected a running round, was none")
        engine.notes.append(Note("info", "write_report", f"report of round {engine.rounds.machine.number} asked{who}"))
        return _yes(command, "writing the report of the running round")
    if isinstance(command, CancelOrder):
        return _cancel(engine, command, now)
    if isinstance(command, SetLimit):
        return limiting.tighten(engine, command, now)
    if isinstance(command, AckAlert):
        return _yes(command, "acknowledged")
    return _attended(engine, command)


def _yes(command: AnyCommand, text: str) -> Answer:
    return Answer(id=command.id, ok=True, text=text)


def _no(command: AnyCommand, text: str) -> Answer:
    return Answer(id=command.id, ok=False, text=text)


def _pause(engine: Engine, command: Pause, now: int, who: str) -> Answer:
    if engine.state.run == PAUSED:
        return _yes(command, "already paused")
    if engine.state.run == FINISHING:
        engine.rounds.pause_after()
        for post in engine.posts:
            post.pause(PAUSED_CODE, now)
        return _yes(command, "the round is ending and quotes are gone; PAUSED follows")
    if not engine.state.may(PAUSED) or engine.state.latched:
        return _no(command, f"Expected RUNNING, was {engine.state.run}")
    engine.move(PAUSED, command.reason + who)
    for post in engine.posts:
        post.pause(PAUSED_CODE, now)
    return _yes(command, "paused: quotes pulled, exits go on")


def _resume(engine: Engine, command: Resume, now: int, who: str) -> Answer:
    if engine.state.run == RUNNING:
        return _yes(command, "already running")
    if engine.state.latched:
        return _no(
            command, f"Expected PAUSED, was {engine.state.run}; re-arm first (R, or perpconsole resume --reason)"
        )
    if engine.state.run != PAUSED:
        return _no(command, f"Expected PAUSED, was {engine.state.run}")
    if engine.rounds.machine.over:
        return _no(command, "Expected a round to come, was none: all rounds are played; stop this process, start anew")
    if not engine.check.agreed(now):
        return _no(command, f"Expected a clean reconcile first, was: {engine.check.trouble}")
    wanted = GO_WORD if engine.first_word and engine.resumed_once else engine.first_word
    if wanted and command.word != wanted:
        return _no(command, f"Expected the word {wanted!r}, was {command.word!r}")
    engine.resumed_once = True
    engine.move(RUNNING, "resumed" + who)
    for post in engine.posts:
        post.resume(now)
    engine.start_decisions(now)
    return _yes(command, "quoting again")


def _rearm(engine: Engine, command: Rearm, now: int, who: str) -> Answer:
    if not engine.state.latched:
        return _no(command, f"Expected HALTED or FLAT, was {engine.state.run}")
    if command.word != engine.arm_word:
        return _no(command, f"Expected the word {engine.arm_word!r}, was {command.word!r}")
    if engine.stopping.active or engine.state.run in (HALTING, FLATTENING):
        return _no(command, f"Expected the stop to be finished, was {engine.state.run}")
    if not engine.check.agreed(now):
        return _no(command, f"Expected a clean reconcile first, was: {engine.check.trouble}")
    if any(seat.open_orders() for seat in engine.seats):
        return _no(command, "Expected 0 open orders, was more")
    if why := relisting.barred(engine):
        return _no(command, f"Expected the venue's terms of the start, was: {why}. Correct configs/venues, start anew")
    engine.stopping.clear()
    for post in engine.posts:
        post.rearm(now)
    engine.move(PAUSED, f"re-armed{who}: {command.reason or 'no reason given'}")
    engine.rounds.closed(engine, now)
    engine.notes.append(Note("warn", "rearmed", f"latch cleared{who}: {command.reason}"))
    return _yes(command, "re-armed and PAUSED; resume to quote")


def _stop(engine: Engine, command: Stop, now: int, who: str) -> Answer:
    if engine.state.latched and engine.stopping.active:
        engine.end_wanted = bool(engine.end_wanted) or command.flatten
        return _yes(command, f"{engine.state.run}: the process ends when this is done")
    if engine.state.run != STOPPING and engine.state.may(STOPPING):
        ending.end_process(engine, command.flatten, f"stop{who}")
    elif engine.state.run == STOPPING and command.flatten and engine.stopping.verb != FLATTEN:
        ending.flatten_end(engine, f"stop{who}, flatten")
        return _yes(command, "stopping: positions are closed too, then exit")
    return _yes(command, "stopping: cancelling all of ours, then exit")


def _cancel(engine: Engine, command: CancelOrder, now: int) -> Answer:
    for post in engine.posts:
        ledger = post.ledger.s
        for i in range(len(ledger.state)):
            if ledger.cl_id[i] == command.cl_id and ledger.state[i] == LIVE:
                post.cancel_sent(command.cl_id, now)
                engine.requests.append(
                    Request(
                        post.seat, post.place, CANCEL, command.cl_id, ledger.venue_id[i], ledger.side[i], ledger.px[i],
                        ledger.left[i], ledger.type[i], ledger.tif[i], ledger.flags[i], ledger.key[i],
                    )
                )  # fmt: skip
                return _yes(command, "cancel sent")
    return _no(command, f"Expected a live order of ours, was none with id {command.cl_id}")


def _attended(engine: Engine, command: Attended) -> Answer:
    state = engine.state
    if state.attended != command.yes:
        state.attended = command.yes
        text = "a controlling console is attached" if command.yes else "UNATTENDED: the last console went"
        engine.notes.append(Note("info" if command.yes else "warn", "attended" if command.yes else "unattended", text))
        engine.grace(command.yes)
    return _yes(command, "noted")
