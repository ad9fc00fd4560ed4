"""The stages of a wake, in its order: what each says now, in one plain sentence. Pure functions of `Seen` and counts.

A stage that cannot tell says so (`--`); none invents. Source: S2-25 (the order of the pipeline, one stop a stage).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from core.build.why.seen import Seen
from core.domain import why_page as wp
from core.domain.units import NS_PER_S
from core.engine.runstate import FINISHING, FLAT, FLATTENING, HALTED, HALTING, PAUSED, STARTING, STOPPED, STOPPING
from core.kpi.books import GateSeen
from core.risk.blocks import COOLDOWN_MODE, HALTED_MODE, PAUSED_MODE
from core.telemetry.noes import Count
from core.telemetry.refused_words import words

DAY_NS = 86_400 * NS_PER_S
STOPS = (HALTING, HALTED, FLATTENING, FLAT, STOPPING, STOPPED)
RESERVE = 0.3  # of the wire gate's allowance, for what reduces risk
FIRST_LEGS = ("long first", "short first")


class Said(msgspec.Struct, frozen=True, gc=False):
    """What one stage says now."""

    verdict: str
    text: str
    since: int | None = None
    until: int | None = None


def clock(ts: int) -> str:
    """UTC time of day."""
    seconds = ts // NS_PER_S % 86_400
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def seconds(ns: int) -> str:
    return f"{ns / NS_PER_S:.1f} s"


def run_state(s: Seen, counts: Sequence[Count]) -> Said:
    """The core's run state, then the mode of risk here."""
    since = s.run_since or None
    if s.run == STARTING:
        why = "" if s.reconciled else f": the account is not reconciled: {s.account_why}"
        return Said(wp.NO, f"STARTING{why}", since)
    if s.run in STOPS or s.run == PAUSED:
        return Said(wp.NO, f"{s.run}: {s.run_reason}" if s.run_reason else s.run, since)
    told = (one.example for one in counts if one.stage == wp.RUN and one.code == s.mode_why)
    why = next((text for text in told if isinstance(text, str) and text), words(s.mode_why))
    if s.mode == HALTED_MODE:
        return Said(wp.NO, f"HALTED after {why}", s.mode_since or None)
    if s.mode == COOLDOWN_MODE:
        return Said(wp.NO, f"COOLDOWN after {why} until {clock(s.until)}", s.mode_since or None, s.until)
    if s.mode == PAUSED_MODE:
        return Said(wp.NO, f"PAUSED by a limit: {why}", s.mode_since or None)
    return Said(wp.PASSES, s.run, since)


def round_(s: Seen, counts: Sequence[Count]) -> Said:
    """None open, ending, all played."""
    if s.run == FINISHING:
        return Said(wp.NO, f"round {s.round} is ending: {s.run_reason}", s.run_since or None)
    if s.round_over:
        return Said(wp.NO, "all rounds are played")
    if s.round_open:
        return Said(wp.PASSES, f"round {s.round} is running")
    if not s.armed:
        return Said(wp.PASSES, "none is open: the first opens with the first valid books")
    return Said(wp.NO, "no round is open")


def data(s: Seen, counts: Sequence[Count]) -> Said:
    """Stream, book, mark, the account's own figures."""
    since = s.ts_recv or None
    if s.link is False:
        return Said(wp.NO, "the market stream is down", since)
    if not s.ts_recv:
        return Said(wp.NO, "no book has come yet")
    if not s.book_ok or not s.two_sided:
        return Said(wp.NO, "the book is not valid: " + ("one-sided" if s.book_ok else "crossed, or a gap"), since)
    if s.now - s.ts_recv > s.stale_ns:
        text = f"the book is {seconds(s.now - s.ts_recv)} old, {seconds(s.stale_ns)} are allowed"
        return Said(wp.NO, text, s.ts_recv + s.stale_ns)
    if not s.marked:
        return Said(wp.NO, "no mark price has come yet")
    if s.confirmed and s.now - s.confirmed > s.confirmed_most_ns:
        text = f"the venue has not confirmed the account for {seconds(s.now - s.confirmed)}"
        return Said(wp.NO, text, s.confirmed + s.confirmed_most_ns)
    if not s.armed:
        return Said(wp.NO, "another instrument of this core has no valued book yet")
    return Said(wp.PASSES, f"the book is {seconds(max(0, s.now - s.ts_recv))} old")


def limits(s: Seen, counts: Sequence[Count]) -> Said:
    """Limits that let exits through only."""
    if s.pull_why == "daily_max":
        loss = "--" if s.day_pnl is None else f"{s.day_pnl:+.2f}"
        most = "--" if s.day_most is None else f"{s.day_most:.2f}"
        end = s.now - s.now % DAY_NS + DAY_NS
        return Said(wp.NO, f"the day's loss limit: {loss} of {most} {s.quote}, until 00:00:00", None, end)
    if s.pull_why == "reduce_only_mode":
        loss = "--" if s.unrealised is None else f"{s.unrealised:+.2f} {s.quote}"
        return Said(wp.NO, f"reduce only: unrealised {loss}")
    if s.pulled and not s.mode:
        return Said(wp.NO, f"quotes are pulled: {words(s.pull_why) or 'no reason told'}")
    return Said(wp.PASSES, "no limit is in force")


def strategy(s: Seen, counts: Sequence[Count]) -> Said:
    """Disabled, no price, nothing wanted; of a pair its gate, or what it waits for."""
    if s.disabled:
        return Said(wp.NO, f"the strategy is disabled: {s.disabled}")
    if s.quoter is not None:
        return _quotes(s)
    return _pair(s) if s.pair is not None else Said(wp.NOT_KNOWN, "the strategy does not tell")


def _quotes(s: Seen) -> Said:
    q = s.quoter
    assert q is not None
    if not q.decided:
        return Said(wp.NO, "not decided yet")
    if q.idle != "quoting":
        return Said(wp.NO, f"no price: {q.idle}", q.decided)
    noise = f", noise level {q.noise_level}" if q.noise_level else ""
    if q.wanted:
        return Said(wp.PASSES, f"{q.wanted} orders wanted, regime {q.regime}{noise}", q.decided)
    if q.layers <= 0:
        return Said(wp.NO, f"no layer is left: regime {q.regime}{noise}", q.decided)
    if q.cap_lots <= 0:
        return Said(wp.NO, "the net cap is 0: only exits are wanted, and there are none", q.decided)
    return Said(wp.NO, f"every layer is left out: too small, over the cap or off the price band{noise}", q.decided)


def _pair(s: Seen) -> Said:
    p = s.pair
    assert p is not None
    if not p.decided:
        return Said(wp.NO, "not decided yet")
    if p.stuck:
        return Said(wp.NO, f"{p.cell}: stuck: {p.stuck}", p.stuck_since or None)
    if p.busy:
        return Said(wp.PASSES, f"at work: {p.cell}")
    if p.refusal and p.wish != "none":
        return Said(wp.NO, f"{p.cell}: the wish {p.wish} is refused: {words(p.refusal).replace('-', ' ')}")
    if p.wish != "none":
        return Said(wp.PASSES, p.why)
    if p.state == 0 and p.gates is not None:
        sides = [f"{name}: {_gate(gate, p.needed)}" for name, gate in zip(FIRST_LEGS, p.gates, strict=True)]
        return Said(wp.NO, "gate shut: " + "; ".join(sides))
    return Said(wp.NO, p.why)


def _gate(gate: GateSeen, needed: int) -> str:
    if gate.barred:
        return gate.barred
    text = f"{len(gate.holds)} of {needed} needed conditions hold"
    return text + (f" ({', '.join(gate.holds)})" if gate.holds else "")


def unknown(s: Seen, counts: Sequence[Count]) -> Said:
    """Orders whose fate nobody knows bar new risk here."""
    if s.unknown:
        many = "1 order" if s.unknown == 1 else f"{s.unknown} orders"
        return Said(wp.NO, f"the fate of {many} is UNKNOWN: nothing new until it is", s.unknown_since or None)
    return Said(wp.PASSES, "none")


def planner(s: Seen, counts: Sequence[Count]) -> Said:
    """Its message credit; what it leaves alone within its tolerance is no refusal."""
    if s.planner_left is None:
        return Said(wp.NOT_KNOWN, "not asked for anything yet")
    if s.planner_left < 1.0:
        return Said(_part(s), "the planner's message credit is used up")
    return Said(wp.PASSES, f"{s.planner_left:.0f} messages of credit left")


def _part(s: Seen) -> str:
    """A refusal says no while nothing stands, else it holds up a part only."""
    return wp.PART if s.orders else wp.NO


def _newest(s: Seen, counts: Sequence[Count], stage: int) -> Count | None:
    """The newest refusal of a stage that still counts."""
    mine = [one for one in counts if one.stage == stage and one.ts is not None and s.now - one.ts <= s.recent_ns]
    return max(mine, key=lambda one: one.ts or 0, default=None)


def _last_refusal(s: Seen, counts: Sequence[Count], stage: int, fine: str) -> Said:
    newest = _newest(s, counts, stage)
    if newest is None:
        return Said(wp.PASSES, fine)
    return Said(_part(s), words(newest.code), newest.ts)


def gate(s: Seen, counts: Sequence[Count]) -> Said:
    """What it refused since the last decision."""
    return _last_refusal(s, counts, wp.GATE, "nothing refused since the last decision")


def budget(s: Seen, counts: Sequence[Count]) -> Said:
    """The gate's message credit."""
    if _newest(s, counts, wp.BUDGET) is not None or (s.gate_left is not None and s.gate_left < 1.0):
        return Said(_part(s), "the message budget is used up")
    left = "" if s.gate_left is None else f"{s.gate_left:.0f} messages left"
    return Said(wp.PASSES if left else wp.NOT_KNOWN, left or "not asked for anything yet")


def wire(s: Seen, counts: Sequence[Count]) -> Said:
    """The flag that stops close, the venue's allowance, and what was held back at the last moment."""
    if s.gate_closed:
        return Said(wp.NO, "the wire gate is closed" + (f": {s.gate_why}" if s.gate_why else ""))
    newest = _newest(s, counts, wp.WIRE)
    if newest is not None:
        return Said(_part(s), words(newest.code), newest.ts)
    if s.wire_used is None or s.wire_most is None:
        return Said(wp.NOT_KNOWN, "not told")
    if s.wire_used + 1 > s.wire_most * (1 - RESERVE):
        text = f"{s.wire_used} of {s.wire_most} messages in 10 s are used; the rest is kept for exits"
        return Said(_part(s), text)
    return Said(wp.PASSES, f"open, {s.wire_used} of {s.wire_most} messages in 10 s used")


def venue(s: Seen, counts: Sequence[Count]) -> Said:
    """The venue's condition, and what it rejected of late."""
    if s.condition not in ("", "ok"):
        text = f"the venue is {s.condition}" + (f": {s.condition_text}" if s.condition_text else "")
        return Said(wp.NO, text, None, s.condition_until)
    return _last_refusal(s, counts, wp.VENUE, "nothing rejected since the last decision")


LOOKS: tuple[Callable[[Seen, Sequence[Count]], Said], ...] = (
    run_state, round_, data, limits, strategy, unknown, planner, gate, budget, wire, venue,
)  # fmt: skip
ASKED_LAST = (wp.STRATEGY, wp.PLANNER, wp.GATE, wp.BUDGET)  # tell nothing of now when an earlier stage said no
