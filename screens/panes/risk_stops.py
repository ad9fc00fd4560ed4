"""Run state, the stop that would come next by key and by itself, the dead-man, undeclared legs of the pairs."""

from __future__ import annotations

from core.domain.limit_rows import MILD, LimitRow
from core.domain.pair_picture import PairRow
from core.domain.snapshot import Snapshot
from screens import format as fmt
from screens import pair as of_pair
from screens.panes.risk_limits import HIT, TIGHT, merged, mood, share_text
from screens.view import View
from screens.widgets.chrome import STOPS, run_text
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn

LABEL = 9
SIMULATED = ("PAPER", "REPLAY")
BY_KEY = {
    "STARTING": "^G EMERGENCY STOP",
    "RUNNING": "p Pause, then ^G STOP",
    "COOLDOWN": "p Pause, then ^G STOP",
    "FINISHING": "p Pause, then ^G STOP",
    "PAUSED": "^G EMERGENCY STOP",
    "HALTING": "f Flatten",
    "HALTED": "f Flatten",
    "FLATTENING": "q s Stop the process",
    "FLAT": "q s Stop the process",
    "STOPPING": "^G EMERGENCY STOP",
}


def next_by_key(snap: Snapshot) -> str:
    """The next step of the ladder Pause < EMERGENCY < Flatten < Stop; without positions Flatten is passed over."""
    if snap.state.run == "HALTED" and not any(row.size for row in snap.positions):
        return BY_KEY["FLAT"]
    return BY_KEY.get(snap.state.run, fmt.UNKNOWN)


def nearest(snap: Snapshot) -> LimitRow | None:
    """The limit used most of those that stop or reduce something."""
    rows = [row for row in merged(snap.limits) if row.used is not None and row.does and row.does not in MILD]
    return max(rows, key=lambda row: row.used or 0.0, default=None)


def _state(view: View, snap: Snapshot) -> list[Line]:
    state = snap.state
    style = "crit" if state.run in STOPS else "warn" if state.run in ("PAUSED", "COOLDOWN", "STOPPING") else "ok"
    line = Line(("state".ljust(LABEL), "label"), (run_text(snap), style))
    if state.since:
        line.add(" for ", "label").add(fmt.age(snap.ts - state.since), "text")
    rows = [line]
    if state.reason and state.run != "RUNNING":
        rows.append(Line(("because".ljust(LABEL), "label"), (state.reason, "text")))
    if not state.attended:
        left = "" if state.grace_until is None else f", pauses in {fmt.ms(state.grace_until - snap.ts)}"
        rows.append(Line(("console".ljust(LABEL), "label"), (f"UNATTENDED{left}", "warn")))
    return rows


def _limit(snap: Snapshot, width: int) -> list[Line]:
    row = nearest(snap)
    line = Line(("nearest".ljust(LABEL), "label"))
    if row is None:
        return [line.add(fmt.UNKNOWN, "dim").add(" no limit can be told", "dim")]
    style = {HIT: "crit", TIGHT: "warn"}.get(mood(row), "text")
    word = {HIT: " HIT", TIGHT: " !"}.get(mood(row), "")
    line.add(f"{row.name} {share_text(row)}{word}", style)
    does = fmt.folded(row.does, max(width - LABEL, 12))
    return [line, *(Line((" " * LABEL, "text"), (text, "dim")) for text in does)]


def dead_man(view: View, width: int) -> list[Line]:
    """A line a venue with the seconds to its deadline; older than the picture where the core is silent."""
    snap = view.snapshot
    assert snap is not None
    line = Line(("dead-man".ljust(LABEL), "label"))
    if not snap.dead_man:
        if snap.mode in SIMULATED:
            return [line.add("none: simulated orders", "dim")]
        return [line.add(f"{fmt.UNKNOWN} not told by the core", "warn")]
    rows: list[Line] = []
    for part in snap.dead_man.split("; "):
        bare = part.startswith("NO DEAD-MAN")
        text = ("?" if view.quiet else "") + part + (f" ({fmt.age(view.silence_ns)} ago)" if view.quiet else "")
        style = "crit" if bare else "stale" if view.quiet else "text"
        for n, folded in enumerate(fmt.folded(text, max(width - LABEL, 12))):
            rows.append((line if not rows else Line((" " * LABEL, "text"))).add("  " if n else "", style))
            rows[-1].add(folded, style)
    return rows


def undeclared(view: View, pair: PairRow, alone: bool, width: int) -> Line:
    """How long a part of the pair that no state declares has stood unhedged, and how long it may."""
    row = next((row for row in pair.figures if row.name == of_pair.NAKED), None)
    line = Line((("naked" if alone else fmt.shorten(pair.name, LABEL - 1)).ljust(LABEL), "label"))
    if row is None or not of_pair.known(row.value):
        return line.add(fmt.UNKNOWN, "warn" if pair.state == of_pair.S2 else "dim")
    stood, most = fmt.ns_of(row.value), fmt.ns_of(row.limit)
    over = most is None or stood is None or stood > most
    style = "crit" if over and stood else "warn" if stood else "text"
    word = "OVER" if over and stood else "!" if stood else "ok"
    asks = "?" if view.quiet else ""
    line.add(f"{asks}{fmt.age(stood)}", "stale" if asks else style).add(f" of {fmt.age(most)} ", "text")
    line.add(word, "ok" if word == "ok" else style)
    cell = pair.cell if pair.cell.startswith("S") else f"S{pair.state} {pair.cell}"
    return line.add(next((f" {text}" for text in (cell, cell[:2]) if line.width + 1 + len(text) <= width), ""), "dim")


def naked_lines(view: View, width: int) -> list[Line]:
    """One line a pair, those that stand naked longest first."""
    assert view.snapshot is not None
    pairs = view.snapshot.pairs

    def stood(pair: PairRow) -> float:
        value = next((row.value for row in pair.figures if row.name == of_pair.NAKED), None)
        return value if value is not None and of_pair.known(value) else 0.0

    return [undeclared(view, pair, len(pairs) == 1, width) for pair in sorted(pairs, key=stood, reverse=True)]


def draw(view: View, width: int, height: int, money: list[Line] | None = None) -> Drawn:
    """`money`: lines of the money pane where that one is not shown; they follow what must be seen."""
    snap = view.snapshot
    assert snap is not None
    key = Line(("next key".ljust(LABEL), "label"), (next_by_key(snap), "text" if not view.read_only else "dim"))
    state = _state(view, snap)
    dead, bare = dead_man(view, width), naked_lines(view, width)
    must = [state[0], key, *dead, *bare]
    if money is not None:
        if snap.dead_man or snap.mode not in SIMULATED:
            return Drawn([*must, *state[1:], *money, *_limit(snap, width)][:height])
        return Drawn([state[0], key, *bare, *state[1:], *money, *_limit(snap, width), *dead][:height])
    lines = [*state, key, *_limit(snap, width), *dead, *bare]
    return Drawn((lines if len(lines) <= height else [*must, *state[1:], *_limit(snap, width)])[:height])
