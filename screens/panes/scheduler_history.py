"""State history: each move of the run state, newest first: when, how long ago, from what to what and why."""

from __future__ import annotations

from screens import format as fmt
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn

LOUD = ("HALTING", "HALTED", "FLATTENING")


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    state, lines = snap.state, []
    head = Line((state.run, "crit" if state.run in LOUD else "value"))
    head.add(f" for {fmt.age(view.age_ns(state.since))}" if state.since else "", "text")
    if state.reason:
        head.add("  " + fmt.shorten(state.reason, width - head.width - 2, view.theme.sign("more")), "text")
    lines.append(head)
    for ts, text in sorted(state.history, key=lambda row: -row[0]):
        if len(lines) >= height:
            break
        line = Line((fmt.clock(ts) + " ", "dim"), (fmt.age(view.age_ns(ts)).rjust(5) + " ago  ", "dim"))
        move = text.replace("->", view.theme.sign("arrow"))
        loud = any(word in text.split("->")[-1].split()[:1] for word in LOUD)
        style = "crit" if loud else "text"
        indent = line.width
        for n, row in enumerate(fmt.folded(move, max(width - indent, 8))):
            lines.append((line if not n else Line((" " * indent, "text"))).add(row, style))
    if not state.history:
        lines.append(Line(("it has not changed yet", "dim")))
    return Drawn(lines[:height], "newest first", "dim", view.silence_ns, view.quiet)
