"""The part of a pair's section on its time: states, moves and what asked for them, nakedness, gate, hedge, bands."""

from __future__ import annotations

from core.domain.pair import STATE_NAMES
from core.kpi.pair_times import LEG_NAMES, PairTimes
from core.rounds.facts import PairFacts
from core.rounds.figures import UNKNOWN, duration, percent
from core.rounds.markdown import esc, table

SHOWN = 20  # rows of moves, and of the gate


def clock_lines(pair: PairFacts) -> list[str]:
    """Facts in, lines out."""
    t = pair.times
    return [*_states(t), *_moves(t), *_figures(t), *_gate(t)]


def share(part: float, whole: float) -> str:
    """A part of a whole that may be nothing."""
    return percent(part / whole, 1) if whole > 0 else UNKNOWN


def _states(t: PairTimes) -> list[str]:
    whole = sum(t.in_state)
    head = ["", *[f"S{k} {name}" for k, name in enumerate(STATE_NAMES)]]
    rows = [
        ["time", *[duration(ns) if ns else "0 s" for ns in t.in_state]],
        ["share", *[share(ns, whole) for ns in t.in_state]],
    ]
    return ["Time in each state:", "", *table(head, rows, "l" + "r" * len(STATE_NAMES)), ""]


def _moves(t: PairTimes) -> list[str]:
    """Unlocks stand here, by the band or the clock that asked for them."""
    if not t.moves:
        return ["Moves between states at rest: none.", ""]
    named = sorted(t.moves.items(), key=lambda move: (-move[1], move[0]))
    rows = [[esc(name), str(n)] for name, n in named[:SHOWN]]
    unlocks = {end: sum(n for name, n in t.moves.items() if name.startswith(f"S3 to {end}")) for end in ("S4", "S5")}
    more = f" {len(named) - SHOWN} more kinds are left out." if len(named) > SHOWN else ""
    said = f"Unlocks: A (short leg closed) {unlocks['S4']}, B (long leg closed) {unlocks['S5']}.{more}"
    return [*table(["move between states at rest: asked for by", "times"], rows, "lr"), "", said, ""]


def _figures(t: PairTimes) -> list[str]:
    known = t.naked_p99_ns is not None
    limit = f" (limit {duration(t.naked_limit_ns)}, {t.naked_over} longer)" if t.naked_limit_ns else ""
    naked = (
        f"{t.spells} times, {duration(t.naked_ns)} in all; p50 {duration(t.naked_p50_ns)}, p99 "
        f"{duration(t.naked_p99_ns)}, longest {duration(t.naked_longest_ns)}{limit}"
        if known
        else "never"
    )
    hedge = (
        f"mean {percent(t.hedge_mean)}, least {percent(t.hedge_least)} of {t.hedge_looks} looks in S3"
        if t.hedge_looks
        else f"{UNKNOWN}, never locked"
    )
    band = (
        f"{share(t.band_out, t.band_looks)} of {t.band_looks} looks, in S3 {share(t.lock_band_out, t.lock_band_looks)}"
    )
    rows = [
        ["naked", naked],
        ["hedge ratio (smaller leg over larger)", hedge],
        ["spread at or beyond a band", band if t.band_looks else f"{UNKNOWN}, no bands yet"],
    ]
    return [*table(["figure", "value"], rows, "ll"), ""]


def _gate(t: PairTimes) -> list[str]:
    if not t.gate_looks:
        return ["Gate: not looked at (never idle, or nothing decided).", ""]
    out = [f"Gate: {t.gate_looks} looks a second apart while idle, open and not yet acted on at {t.gate_open}.", ""]
    rows = []
    for what, counts in (("holds", t.gate_held), ("bars", t.gate_barred)):
        names = sorted({name.partition(": ")[2] for name in counts})
        for name in names:
            n = [counts.get(f"{leg}: {name}", 0) for leg in LEG_NAMES]
            rows.append([what, esc(name), *[f"{k} ({share(k, t.gate_looks)})" for k in n]])
    return [*out, *table(["gate", "condition or filter", *LEG_NAMES], rows[:SHOWN], "llrr"), ""] if rows else out
