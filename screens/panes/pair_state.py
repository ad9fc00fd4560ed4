"""State of a pair: the strip S0..S5, what it waits for, what is wanted and why, how long it has left (S1-37, S1-38)."""

from __future__ import annotations

from core.domain.pair_picture import PairRow
from screens import format as fmt
from screens import pair as words
from screens.panes import pair_gate
from screens.view import STALE, View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn

OF_LEGS = ("funding paid, annualised", "pnl", "stop price")
WHOLE = 74  # from here on the strip's row says cell and clock too


def head(view: View, pair: PairRow, width: int, name: bool = False) -> Line:
    """The strip, in a wide pane with cell and clock; at the right the naked time, how long the state has stood."""
    snap = view.snapshot
    since = fmt.hms(snap.ts - pair.since) if snap is not None and pair.since else fmt.UNKNOWN
    line = Line((fmt.shorten(pair.name, 14) + " ", "title")) if name else Line()
    bare = words.naked(pair)
    least = len(bare[0] if bare is not None else since) + 1
    named = words.strip(pair)
    line.extend(named if line.width + named.width + least <= width else words.strip(pair, False))
    tails = [Line(("in state ", "label"), (since, "text")), Line((since, "text"))]
    if width >= WHOLE:
        tails = [Line(*_clock(pair).spans, ("  in state ", "label"), (since, "text")), *tails]
        own = pair.cell.startswith(f"S{pair.state}")
        busy = " at work" if pair.busy else ""
        if line.width + len(pair.cell) + 2 + len(busy) + least <= width:
            line.add("" if own else f"  {pair.cell or fmt.UNKNOWN}", "value").add(busy, "warn")
    if bare is not None:
        tails = [Line((bare[0] + "  ", bare[1])).extend(tail) for tail in tails] + [Line(bare)]
    fits = [tail for tail in tails if line.width + tail.width < width]
    return line.right(fits[0], width) if fits else line


def _clock(pair: PairRow) -> Line:
    """What runs out and when."""
    name, left = words.seconds_left(pair)
    return Line((name, "label"), (left, "value")) if name else Line()


def stuck(view: View, pair: PairRow, width: int) -> list[Line]:
    """Loud, with its own clock; nothing while the pair moves."""
    if not pair.stuck:
        return []
    snap = view.snapshot
    since = fmt.age(snap.ts - pair.stuck_since) if snap is not None and pair.stuck_since else fmt.UNKNOWN
    rows = fmt.folded(f"STUCK {since}: {pair.stuck}", max(width - 2, 8))
    return [Line((f" {row} ", "chip.crit")) for row in rows]


def wants(pair: PairRow, width: int, most: int) -> list[Line]:
    """The wish and the figures that decided, in at most `most` rows; a refusal comes after it."""
    wish = "" if pair.wish == "none" else pair.wish
    text = pair.why.removeprefix(f"S{pair.state} {pair.state_name}: ").removeprefix("none: ")
    if wish and not text.startswith(wish):
        text = f"{wish}: {text}" if text else wish
    if not text:
        return []
    lead = "wants " if wish else "waits "
    rows = fmt.folded(lead + text, width)
    if len(rows) > most:
        rows = [*rows[: most - 1], fmt.shorten(" ".join(rows[most - 1 :]), width)]
    first = Line((lead, "accent" if wish else "label"), (rows[0][len(lead) :], "text"))
    return [first, *(Line((row, "text")) for row in rows[1:])]


def refused(pair: PairRow, width: int) -> list[Line]:
    """Why the last wish was refused."""
    return [Line(("refused ", "warn"), (fmt.shorten(pair.refusal, width - 8), "warn"))] if pair.refusal else []


def run(view: View, width: int) -> list[Line]:
    """Why the core itself lets nothing new in; nothing while it is armed."""
    state = view.snapshot.state if view.snapshot is not None else None
    if state is None or state.run == "RUNNING":
        return []
    return [Line((f"{state.run} ", "warn"), (fmt.shorten(state.reason or "", width - len(state.run) - 1), "text"))]


def cell(pair: PairRow, width: int) -> Line:
    """The saga's own word, whether orders are at work, and the clock that runs."""
    line = Line(("cell ", "label"), (pair.cell or fmt.UNKNOWN, "value"))
    if pair.busy:
        line.add("  at work", "warn")
    return line.right(_clock(pair), width)


def held(view: View, pair: PairRow, width: int) -> Line:
    """Both legs in one row: venue, size, orders at work, stop."""
    for room in (12, 8, 4):  # both legs, with less of their venues' names where there is no room
        line = _held(view, pair, room)
        if line.width <= width:
            return line
    return line


def _held(view: View, pair: PairRow, room: int) -> Line:
    line = Line()
    for leg in pair.legs:
        part = Line((fmt.shorten(leg.venue, room) + " ", "label"))
        part.add(fmt.number(leg.size, leg.size_digits, bool(leg.size)), words.side_style(leg))
        if leg.down:
            part.add(" DOWN", "crit")
        elif words.leg_freshness(view, leg) == STALE:
            part.add(f" STALE {fmt.age(words.leg_age(view, leg))}", "warn")
        if leg.orders:
            part.add(f" {leg.orders} at work", "warn")
        stop, style = words.stop_text(pair, leg)
        if stop not in ("-", "hedged"):
            part.add(" stop ", "label").add(stop, style)
        line.add(f" {view.theme.sign('sep')} " if line.width else "", "faint").extend(part)
    return line


def figures(pair: PairRow, width: int, legs: bool = True) -> list[Line]:
    """What the state is measured by: value and bound of each figure. `legs` False: they have a pane."""
    lines = []
    for row in pair.figures:
        if row.name == words.NAKED or (row.name.startswith("seconds") and pair.seconds_left is not None):
            continue  # the clocks stand in the rows of strip and cell
        if not legs and row.name in OF_LEGS:
            continue
        bound = "" if row.limit is None else f" of {words.bound(pair, row.name, row.limit)}"
        style = "warn" if row.holds is False else "text" if words.known(row.value) else "dim"
        text = words.figure(pair, row.name, row.value) + bound + (" NO" if row.holds is False else "")
        lines.append(Line((words.SHORTER.get(row.name, row.name), "label")).right(Line((text, style)), width))
    return lines


def _columns(lines: list[Line], cell_width: int, width: int) -> list[Line]:
    """Two figures a row where there is room."""
    if width < 2 * cell_width:
        return lines
    return [
        Line(*lines[i].spans).pad(cell_width + 3).extend(lines[i + 1] if i + 1 < len(lines) else Line())
        for i in range(0, len(lines), 2)
    ]


def history(view: View, pair: PairRow, width: int, most: int) -> list[Line]:
    """What the pair and the run state did, newest first: transitions, refusals, waits."""
    snap = view.snapshot
    if snap is None or most < 1:
        return []
    own = [(row.ts, row.text.removeprefix(pair.name).lstrip(" :")) for row in snap.logs
           if row.text.startswith((f"{pair.name} ", f"{pair.name}: "))]  # fmt: skip
    told = sorted([*own, *snap.state.history], key=lambda row: row[0], reverse=True)
    return [Line((fmt.clock(ts) + " ", "dim"), (fmt.shorten(text, width - 9), "text")) for ts, text in told[:most]]


def block(view: View, pair: PairRow, width: int, height: int, name: bool = False, bands: bool = False,
          legs: bool = True, gate: bool = True) -> list[Line]:  # fmt: skip
    """One pair in at most `height` rows; what matters most first. `bands`, `legs`, `gate`: with those in a row."""
    half = (width - 3) // 2 if width >= 70 else width
    loud = stuck(view, pair, width)
    rows = [head(view, pair, width, name), *loud, *run(view, width)]
    if bands and not loud:
        rows.append(words.bands_line(view, pair, width))
    more = max(height - len(rows), 1)
    rows += wants(pair, width, 1 if more < 5 else 2)
    rows += refused(pair, width)
    if pair.state == words.S0 and gate and not bands:
        rows += pair_gate.summary(pair, width)
    rows += [cell(pair, width)] if width < WHOLE else []
    rows += [held(view, pair, width)] if legs else []
    if pair.state == words.S3 and not bands:
        rows += words.distances(pair, width)
    rows += _columns(figures(pair, half, legs), half, width)
    return rows[:height]


def draw(view: View, width: int, height: int) -> Drawn:
    """All pairs of the core in the Overview's pane; several share its height."""
    snap = view.snapshot
    assert snap is not None
    many = len(snap.pairs)
    compact = height < 5
    if many == 1:
        pair = snap.pairs[0]
        rows = block(view, pair, width, height, bands=compact)
        return drawn(view, pair, rows + history(view, pair, width, height - len(rows)), pair.name)
    order = sorted(range(many), key=lambda at: (not snap.pairs[at].stuck, at != words.featured(snap.pairs)))
    shown = order[: max(height // 2, 1)] if many > height else order
    share = max(height // len(shown), 1)
    rows = []
    for at in sorted(shown):
        rows += block(view, snap.pairs[at], width, share, name=True)
    loud = next((pair for pair in snap.pairs if pair.stuck), snap.pairs[order[0]])
    return drawn(view, loud, rows[:height], f"{many} pairs" if len(shown) == many else f"{len(shown)} of {many} pairs")


def drawn(view: View, pair: PairRow, rows: list[Line], note: str) -> Drawn:
    """With the price source, or STUCK, in the frame."""
    age, stale = words.oldest(view, pair)
    if pair.stuck:
        return Drawn(rows, f"STUCK {pair.name}", "crit", age, stale)
    return Drawn(rows, f"{note}  price {pair.price_source}", "dim", age, stale)
