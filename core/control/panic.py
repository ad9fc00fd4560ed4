"""`perpconsole panic`: the stop that works while the console is dead, frozen or absent (S3-55, S3-56).

Latch, then the running core's socket, then the end of a holder that does not answer, then the venue itself. Needs no
lock, no database and no console; composes guard and a venue client only, so a fault elsewhere cannot break it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.control.beside import Beside
from core.control.client import ControlClient
from core.control.evidence import Evidence
from core.control.holder import end_holders
from core.control.outcome import CANNOT_START, ORDERS_ZERO, UNVERIFIED, Outcome, worst
from core.control.protocol import ACK_MS, STALLED_MS, BadFrame, Progress
from core.domain.commands import Flatten, Halt
from core.domain.errors import PerpError, Refused, Unavailable
from core.guard.holders import Holdings
from core.guard.latch import Latch, Stop, new_stop_id
from core.guard.lock import InstanceLock, read_record
from core.guard.process import operator

if TYPE_CHECKING:
    from core.control.panic_accounts import PanicAccounts
    from core.control.stopping import PanicVenue
    from core.domain.ports import Clock

STOPPED = ("HALTING", "HALTED", "FLATTENING", "FLAT")
VENUES = "venues.json"  # core.control.venue_record loads what a stop starts without
LATCH_S = 1.0
PEER_S = 30.0
TRIES = 5
Venues = Callable[[], "Sequence[PanicVenue]"]
Live = Callable[[], "Sequence[PanicVenue | Outcome]"]


class Panic(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked. verb: flatten | halt; scope: account | ours; symbol: only this one, empty = all. close_reachable:
    a leg is closed though its pair's other venue does not answer."""

    state_dir: Path
    reports: Path
    verb: str = "flatten"
    scope: str = "account"
    symbol: str = ""
    kill_holder: bool = True
    close_reachable: bool = False
    reason: str = "panic"


def run_panic(panic: Panic, clock: Clock, evidence: Evidence, venues: Venues, live: Live = tuple) -> int:
    """Run it to the end and write the evidence; returns the exit code (RELIABILITY.md section 5).

    `venues()` opens accounts that lie in the state dir, under its lock: called only after a holder that did not answer
    is gone. `live()` opens accounts of real venues, which need no lock; one that cannot be opened is its outcome.
    """
    latch = Latch(panic.state_dir)
    stop = Stop(  # one instrument is closed here and now; what a restart goes on with is the halt of all
        stop_id=new_stop_id(clock), verb="halt" if panic.symbol else panic.verb, reason=panic.reason, who=operator(),
        ts=clock.now(), scope=panic.scope,
    )  # fmt: skip
    stop = _engage(latch, stop, evidence)
    evidence.stop = msgspec.to_builtins(stop)
    beside: list[Beside] = []

    def begin() -> None:
        if panic.symbol or panic.scope == "account":
            beside.append(Beside(lambda: _accounts(panic, stop, clock, evidence), live, clock, evidence))

    try:
        code = _through_core(panic, stop, evidence, begin, beside)
        if code is None:
            code = _by_ourselves(panic, clock, latch, stop, evidence, venues, live, beside)
        elif beside:
            code = _with_beside(panic, evidence, beside[0])
    except KeyboardInterrupt:
        for one in beside:
            one.end(interrupted=True)
        evidence.note("stop", "interrupted by the operator; what is not verified is reported as such")
        code = UNVERIFIED
    evidence.code = code
    try:
        if not latch.engaged():  # re-armed while we stopped: the stop came later and wins
            latch.engage(stop)
            evidence.note("E1", "latch was cleared meanwhile; engaged again")
        evidence.write(panic.reports)
        evidence.note("E10", f"evidence: {evidence.path}")
    except (OSError, PerpError) as error:
        evidence.note("E10", f"evidence not written: {error}")
    return code


def _engage(latch: Latch, stop: Stop, evidence: Evidence) -> Stop:
    """E1 in a helper thread: a disk that hangs costs one second, never the stop."""
    box: list[Stop] = []

    def write() -> None:
        try:
            box.append(latch.engage(stop))
        except (OSError, PerpError) as error:
            evidence.note("E1", f"latch NOT written: {error}; going on")

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    thread.join(LATCH_S)
    if thread.is_alive():
        evidence.note("E1", f"latch not on disk after {LATCH_S:.0f} s; going on")
    if box:
        evidence.note("E1", f"latched: {latch.path} ({box[0].stop_id}, {box[0].verb})")
        return box[0]
    return stop


def _through_core(
    panic: Panic, stop: Stop, evidence: Evidence, begin: Callable[[], None], beside: Sequence[Beside]
) -> int | None:
    """Step 2: ask the running core and watch it. None when nobody answers, or it stops answering. `begin`: once its
    gate is closed what it does not trade is stopped `beside` it, whichever of its venues it has to wait for."""
    last: Progress | None = None
    try:
        with ControlClient(panic.state_dir, timeout_s=ACK_MS / 1e3) as client:
            ack = client.stop(_command(panic, stop), ACK_MS / 1e3)
            evidence.note("E0", f"core pid {client.peer_pid} closed its gate in {ack.closed_ns / 1e6:.3f} ms")
            begin()
            idle = 0
            for step in client.progress(STALLED_MS / 1e3):
                if last is None or (step.run, step.orders_left, step.positions_left) != (
                    last.run, last.orders_left, last.positions_left,
                ):  # fmt: skip
                    evidence.note(
                        "core", f"{step.run}: {step.orders_left} orders, {step.positions_left} positions left"
                    )
                last = step
                idle = 0 if step.run in STOPPED else idle + 1
                if idle > 4:  # two seconds of pictures that ignore the stop
                    raise Unavailable(f"the core is still {step.run}")
                if not step.done and any(one.refused() for one in beside):
                    evidence.note("core", f"{step.run}; a key is refused, so it cannot end: not waited for")
                    break
    except (PerpError, BadFrame) as error:
        evidence.note("core", str(error))
        return None
    if last is None:
        return None
    if last.report:
        evidence.note("core", f"its own evidence: {last.report}")
    left = Outcome("core", last.code, last.verified, last.orders_left, last.positions_left, f"core says {last.run}")
    evidence.outcomes.insert(0, left)  # those of accounts that could not be opened beside it may be there already
    return last.code


def _command(panic: Panic, stop: Stop) -> Flatten | Halt:
    """What the core is asked for: it joins our stop, and two verbs are two commands. Of one instrument it knows
    nothing: it halts, and the instrument is closed at its venue; a simulated account can only be closed whole."""
    if panic.verb == "flatten" and not (panic.symbol and os.path.lexists(panic.state_dir / VENUES)):
        name = f"{stop.stop_id}.flatten{'.reach' if panic.close_reachable else ''}"
        return Flatten(id=name, reason=panic.reason, scope=panic.scope, reach=panic.close_reachable)
    return Halt(id=f"{stop.stop_id}.halt", reason=panic.reason, scope=panic.scope)


def _by_ourselves(
    panic: Panic, clock: Clock, latch: Latch, stop: Stop, evidence: Evidence, venues: Venues, live: Live,
    beside: Sequence[Beside],
) -> int:  # fmt: skip
    """Steps 3 and 4: end the holder, then E3-E8 at every venue in parallel. No account waits for another one, but for
    the other leg of a pair. What was begun beside a core that fell silent goes on."""
    verb = _verb(panic, stop)
    begun = beside[0].taken_over() if beside else None
    accounts = begun or _accounts(panic, stop, clock, evidence)
    if begun is not None:
        _end_holder(panic, clock, evidence, waits=False)
    elif real := live():
        _end_holder(panic, clock, evidence, waits=False)
        accounts.begin(real)
    try:
        accounts.begin(_open(panic, clock, evidence, venues))
    except PerpError as error:
        evidence.note("venue", str(error))
        evidence.outcomes.append(Outcome("venue", CANNOT_START, "unverified", 0, 0, str(error)))
    if not accounts.opened and not evidence.outcomes:
        evidence.note("venue", "no account was ever opened in this state dir: nothing to cancel, nothing to close")
    accounts.end()
    code = worst(evidence.outcomes, verb)
    if not panic.symbol:  # of the rest of the account nothing is known
        _advance(latch, code, verb, evidence)
    return code


def _with_beside(panic: Panic, evidence: Evidence, beside: Beside) -> int:
    """The core has ended its part. An account that we cannot open is not verified beyond it."""
    core = evidence.outcomes[0]
    if core.verified == "sealed":
        beside.settle()
    beside.end()
    halted = [one for one in evidence.outcomes if panic.symbol and one is core and one.code == ORDERS_ZERO]
    return worst([one for one in evidence.outcomes if one not in halted] or halted, panic.verb)


def _accounts(panic: Panic, stop: Stop, clock: Clock, evidence: Evidence) -> PanicAccounts:
    from core.control.panic_accounts import PanicAccounts  # loads the kernels: after the latch and the core's answer

    hold = not panic.close_reachable
    return PanicAccounts(_verb(panic, stop), panic.scope, panic.symbol, hold, clock, evidence)


def _verb(panic: Panic, stop: Stop) -> str:
    return stop.verb if panic.verb == "flatten" and not panic.symbol else panic.verb


def _open(panic: Panic, clock: Clock, evidence: Evidence, venues: Venues) -> Sequence[PanicVenue]:
    """End the holder and open the accounts; a second panic that got there first is waited for and followed."""
    lock = InstanceLock(panic.state_dir, clock)
    for _ in range(TRIES):
        _end_holder(panic, clock, evidence)
        try:
            return venues()
        except Unavailable as error:
            evidence.note("venue", str(error))
            if not _is_short(lock.path, lock.holders()):
                raise
    return venues()


def _end_holder(panic: Panic, clock: Clock, evidence: Evidence, waits: bool = True) -> None:
    """`waits` for another panic that holds the lock; a stop at a real venue does not."""
    lock = InstanceLock(panic.state_dir, clock)
    try:
        holdings = lock.holders()
    except OSError as error:
        evidence.note("holder", f"cannot be looked up: {error}")
        return
    if _is_short(lock.path, holdings):
        if not waits:
            return
        evidence.note("holder", "another panic is at work; waiting for it, then verifying")
        deadline = clock.monotonic() + int(PEER_S * 1e9)
        pause = threading.Event()
        while holdings.found and _is_short(lock.path, holdings) and clock.monotonic() < deadline:
            pause.wait(0.05)
            holdings = lock.holders()
    if not holdings.found:
        evidence.note("holder", "nobody holds the lock")
    elif not panic.kill_holder:
        pids = ", ".join(f"pid {holding.pid} ({holding.command})" for holding in holdings.found)
        evidence.note("holder", f"left alive on request: {pids}")
    else:
        for ended in end_holders(holdings.found):
            evidence.note("holder", ended.text)


def _is_short(lock: Path, holdings: Holdings) -> bool:
    """Only a panic or a `position` holds the lock: it ends by itself and is not killed."""
    record = read_record(lock)
    pids = [holding.pid for holding in holdings.found]
    return record is not None and record.role != "core" and pids == [record.pid]


def _advance(latch: Latch, code: int, verb: str, evidence: Evidence) -> None:
    state = {0: "FLAT", 6: "FLAT", ORDERS_ZERO: "HALTED"}.get(code)
    if state is None or (state == "FLAT" and verb != "flatten"):
        return
    try:
        latch.advance(state)
    except (OSError, Refused) as error:
        evidence.note("E9", f"state {state} not noted: {error}")
