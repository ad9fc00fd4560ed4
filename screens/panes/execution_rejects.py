"""Execution screen: what was refused and by whom, last hour, by code; orders whose fate is unknown; changes spared."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.snapshot import Execution
from screens import format as fmt
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn
from screens.widgets.table import pairs

MANY = 0.05  # share of requests refused above which it is said
BAR = 6


def _head(e: Execution, width: int) -> Line:
    many = (e.reject_rate or 0) > MANY
    line = Line(("refused ", "label"), (fmt.percent(e.reject_rate), "warn" if many else "text"))
    line.add(" MANY" if many else "", "warn")
    unknown = Line(("unknown now ", "label"), (str(e.unknown), "warn" if e.unknown else "text"))
    unknown.add(" UNSOLVED" if e.unknown and line.width + unknown.width + 10 <= width else "", "warn")
    return line.right(unknown, width)


def _spared(e: Execution, width: int) -> Line:
    """Since the start, not the last hour."""
    suppressed, dropped = (str(n) if n < 1_000 else fmt.short(n) for n in (e.suppressed, e.dropped))
    line = Line(("suppressed ", "label"), (suppressed, "text"))
    line.add(" dropped ", "label").add(dropped, "warn" if e.dropped else "text")
    return line.right(Line(("in all", "dim")), width)


def _inline(codes: Sequence[tuple[str, int]], width: int) -> Line:
    line = Line()
    for name, n in codes:
        cell = f"{'' if not line.width else '  '}{name} {n}"
        if line.width + len(cell) > width:
            break
        line.add(cell, "text")
    return line


def _by_code(view: View, codes: Sequence[tuple[str, int]], width: int, room: int) -> list[Line]:
    """A row a code, most first, with a bar against the first."""
    shown = codes if len(codes) <= room else codes[: max(room - 1, 0)]
    name_w = min(max((len(name) for name, _ in codes), default=0), max(width - 8, 4))
    top = max((n for _, n in codes), default=0)
    lines = []
    for name, n in shown:
        line = Line((fmt.shorten(name, name_w).ljust(name_w), "label"), (f"{n:>6}", "text"))
        wide = min(width - line.width - 2, 24)
        if wide >= BAR and top > 0:
            line.add("  " + fmt.bar(n / top, wide, view.theme.ascii_only), "line")
        lines.append(line)
    if len(shown) < len(codes) and room > 0:
        rest = sum(n for _, n in codes[len(shown) :])
        lines.append(Line((f"… {len(codes) - len(shown)} more codes, {rest} times", "dim")))
    return lines


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    e = snap.execution
    codes = sorted(e.rejects, key=lambda item: (-item[1], item[0]))
    lines = [_head(e, width), _spared(e, width)]
    if height > 5:
        by = [
            (name, str(n), "warn" if n and bad else "text")
            for name, n, bad in (
                ("by our checks", e.refused_engine, False), ("not sent", e.refused_wire, False),
                ("by the venue", e.rejected_venue, False), ("fate lost", e.lost, True),
            )
        ]  # fmt: skip
        lines[1:1] = pairs(by, width, 17)
    room = height - len(lines)
    if not codes and room > 0:
        lines.append(Line(("nothing was refused", "dim")))
    elif room == 1:
        lines.append(_inline(codes, width))
    else:
        lines += _by_code(view, codes, width, room)
    return Drawn(lines[:height], "1h")
