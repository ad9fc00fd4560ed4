"""How a core stops: by a limit, a key, an end of the process. Latched or not, one stop at all accounts carries it out.

Functions of the engine; what is cancelled, read and closed is `core.engine.stopping`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.domain.events import Note, ReadReply
from core.domain.lateness import LAG_NS
from core.domain.order import DELEVERAGED, FILLED, LIQUIDATED, REDUCE_ONLY, STOP, Report
from core.domain.reasons import LIQUIDATION_BUFFER, name_of
from core.domain.units import NS_PER_S
from core.engine.runstate import FLAT, HALTED, HALTING, STARTING, STOPPED, STOPPING
from core.engine.seat import Seat
from core.engine.stopping import FLATTEN, HALT, LATCHED, NONCE_BASE, PROCESS_END
from core.execution.closing import is_dust, ours_of

if TYPE_CHECKING:
    from core.engine.engine import Engine

KEPT = STOP | REDUCE_ONLY  # a protective stop: it stays through a halt
MOVES = (FILLED, LIQUIDATED, DELEVERAGED)
AGAIN_NS = 10 * NS_PER_S  # a ledger that holds what no venue lists: looked for again, no more often than this


def by_risk(engine: Engine, seat: Seat) -> None:
    """A limit latched HALTED: stop the desk, and flatten where the limit says so. One that wants a flatten is in
    force while HALTED too: a halt keeps positions, it does not give them up."""
    for post in seat.posts:
        risk = post.risk.s
        known = risk.mark > 0 and risk.buffer != -1.0
        thin = known and risk.buffer < post.limits.s.buffer_flatten and post.ledger.s.pos != 0
        if risk.halted and thin and engine.stopping.active and not engine.stopping.reach:
            latch(engine, FLATTEN, f"{seat.name}: {name_of(LIQUIDATION_BUFFER)}", reach=True)
            return
        if risk.halted and (not engine.state.latched or (risk.want_flatten and engine.stopping.verb == HALT)):
            verb = FLATTEN if risk.want_flatten else HALT
            code = risk.want_flatten or risk.halt_why
            reach = code == LIQUIDATION_BUFFER  # the margin's own limit does not wait for the other leg's venue
            latch(engine, verb, f"{seat.name}: {name_of(code)}", reach=reach)
            return


def latch(engine: Engine, verb: str, reason: str, scope: str = "ours", stop_id: str = "", reach: bool = False) -> None:
    """Halt or flatten, latched. Repeats join the stop under way; the driver writes the latch on this note."""
    engine.notes.append(Note("crit", "latched", f"{verb}: {reason}", tag="emergency"))
    if engine.state.run == STOPPED:
        return  # the latch on the disk is what is left to do
    if engine.state.run == STOPPING:
        engine.end_wanted = False  # the process still ends, after this
        if engine.stopping.verb == FLATTEN:
            verb = FLATTEN  # nothing narrows what was asked for
    for post in engine.posts:
        post.halt_now(0, engine.now)
    stop_id = stop_id or f"auto-{engine.seq}"
    engine.stopping.begin(verb, LATCHED, stop_id, reason, scope, engine.now, engine.state.run != STARTING, reach)
    if not engine.state.latched:
        engine.move(HALTING, reason)


def end_process(engine: Engine, flatten: bool, reason: str) -> None:
    """SIGTERM and quit: cancel, verify, close the round, exit; not latched. Out of a finished halt the same."""
    engine.ends_flat = flatten or engine.state.run == FLAT
    if engine.state.latched:
        engine.ends_halted = True
        engine.stopping.clear()
    engine.end_wanted = None
    sure = engine.state.run != STARTING
    engine.move(STOPPING, reason)
    verb = FLATTEN if flatten else HALT
    engine.stopping.begin(verb, PROCESS_END, f"end-{engine.seq}", reason, "ours", engine.now, sure)
    engine.rounds.stop(engine, engine.now, flatten, reason)


def step(engine: Engine, now: int, replies: Sequence[ReadReply], reports: Sequence[Report]) -> None:
    stopping = engine.stopping
    if stopping.purpose == LATCHED or stopping.active:
        stopping.step(now, replies, reports, engine.requests, engine.reads, engine.notes)
    progress = stopping.progress()
    if progress is None:
        return
    if stopping.purpose == LATCHED and not stopping.active:
        if _stands(engine, replies):
            latch(engine, stopping.verb, "an order of ours stands after the stop", stopping.scope)
        elif engine.state.run == FLAT and _held(engine, replies, now):
            latch(engine, FLATTEN, "a position of ours is held after the stop", stopping.scope)
    if stopping.purpose == LATCHED and progress.state != engine.state.run and engine.state.may(progress.state):
        engine.move(progress.state, stopping.plan.reason if stopping.plan else "")
        if not stopping.active:
            engine.rounds.finish(engine, now, "halt", carry=True)
            if engine.end_wanted is not None:
                end_process(engine, engine.end_wanted, "stop asked during the halt")
    elif stopping.purpose == PROCESS_END and engine.state.run != STOPPED and not engine.rounds.machine.finishing:
        if stopping.over(now) and not waits(engine, now):
            end(engine, "orders cancelled and verified", verified=not stopping.active)


def _stands(engine: Engine, replies: Sequence[ReadReply]) -> bool:
    """A list shows an order of ours that a finished stop had not been shown: the stop is not over (R-E4)."""
    listed = [order for reply in replies if reply.what == "orders" for order in reply.orders]
    return engine.state.run in (HALTED, FLAT) and any(o.cl_id and o.flags & KEPT != KEPT for o in listed)


def _held(engine: Engine, replies: Sequence[ReadReply], now: int) -> bool:
    """A late fill, or a list, shows a position of ours that a finished flatten neither closed nor called dust."""
    settled = now - engine.state.since
    moved = {report.instrument for report in engine.taken.reports if report.kind in MOVES}
    lists = [r for r in replies if r.what == "positions" and not r.error and r.nonce < NONCE_BASE]
    for place, posts in engine.places.items():
        grid, account = posts[0].grid, posts[0].account
        dust = engine.stopping.runs[account].closeout.dust
        lots = [sum(post.ledger.s.pos for post in posts)] if place in moved or settled >= AGAIN_NS else []
        if settled >= LAG_NS:  # an earlier list may be one of before the closes
            held = [h.pos for r in lists if r.account == account for h in r.positions if h.instrument == place]
            lots += [ours_of(pos, posts[0].foreign_lots) for pos in held]
        if any(one and not (place in dust and is_dust(one, grid)) for one in lots):
            return True
    return False


def waits(engine: Engine, now: int) -> bool:
    """Nobody knows the fate of an order yet, and the process that would end has time for its proof."""
    return any(seat.unknown() for seat in engine.seats) and not engine.stopping.late(now)


def end(engine: Engine, text: str, verified: bool) -> None:
    """STOPPED; `verified` = the venue said that nothing of ours is left that should not be. Never with an order whose
    fate nobody knows."""
    verified = engine.end_verified = verified and not any(seat.unknown() for seat in engine.seats)
    if not verified:
        engine.notes.append(Note("crit", "end_unverified", "no venue said that all of ours is gone: look there"))
    engine.move(STOPPED, text if verified else "not verified")


def flat(engine: Engine) -> bool:
    """The process ended without positions, as asked."""
    last = engine.rounds.last_ending
    return engine.ends_flat or (last is not None and last.verdict == "flat")


def held(engine: Engine) -> bool:
    """It did, and a late fill says that an order could still close one."""
    lots = {place: sum(post.ledger.s.pos for post in posts) for place, posts in engine.places.items()}
    open_ = any(lots[place] and not is_dust(lots[place], posts[0].grid) for place, posts in engine.places.items())
    return open_ and flat(engine)


def flatten_end(engine: Engine, reason: str) -> None:
    """The process is ending with its positions kept: close them too."""
    engine.ends_flat = True
    engine.stopping.begin(FLATTEN, PROCESS_END, f"end-{engine.seq}", reason, "ours", engine.now, True)
    engine.rounds.stop(engine, engine.now, True, reason)
