"""State: run state and why, the market maker's regime, prices and layers, and what each term gave the inner quotes.

A core with pairs shows their states here; with a market maker beside them, that one's prices below.
"""

from __future__ import annotations

from core.domain.snapshot import Quoter, Snapshot, Term
from screens import format as fmt
from screens.panes import pair_state
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn

RUN_STYLE = {
    "RUNNING": "chip.ok", "PAUSED": "chip.warn", "COOLDOWN": "chip.warn", "STARTING": "chip.note",
    "STOPPING": "chip.warn",
    "HALTING": "chip.crit", "HALTED": "chip.crit", "FLATTENING": "chip.crit", "FLAT": "chip.crit",
}  # fmt: skip
REGIME_STYLE = {"CALM": "ok", "NORMAL": "text", "HIGH": "warn", "EXTREME": "crit"}


def _head(view: View, snap: Snapshot, width: int) -> Line:
    state, q = snap.state, snap.quoter
    line = Line((f" {state.run} ", RUN_STYLE.get(state.run, "chip.note")))
    if state.since:
        line.add(f" {fmt.hms(snap.ts - state.since)}", "text")
    if state.until is not None:
        line.add(f" left {fmt.ms(state.until - snap.ts)}", "warn")
    tail = Line(("regime ", "label"), (q.regime, REGIME_STYLE.get(q.regime, "dim")), ("  noise ", "label"))
    tail.add(str(q.noise_level), "text" if not q.noise_level else "warn")
    return line.right(tail, width)


def _quote(q: Quoter) -> list[tuple[str, str, str]]:
    digits = q.price_digits
    shift = None if q.mid is None or q.reservation is None or not q.mid else (q.reservation / q.mid - 1) * 1e4
    return [
        ("mid", fmt.number(q.mid, digits), "value"),
        ("res px", f"{fmt.number(q.reservation, digits)} {fmt.number(shift, 2, True)}bp", "value"),
        ("our bid", fmt.number(q.best_bid, digits), "buy"),
        ("our ask", fmt.number(q.best_ask, digits), "sell"),
        ("spread", fmt.number(q.spread_bps, 2) + " bp", "text"),
        ("skew", fmt.number(q.skew_bps, 2, True) + " bp", "text"),
        ("VPIN", fmt.number(q.vpin, 2), "warn" if (q.vpin or 0) > 0.6 else "text"),
        ("imbalance", fmt.number(q.imbalance, 2, True), "text"),
        ("layers", f"{q.layers_placeable}/{q.layers_wanted} placeable", _layers_style(q)),
        ("pressure", fmt.number(q.pressure, 2), "warn" if (q.pressure or 0) > 0.4 else "text"),
        ("net cap", f"{fmt.number(q.net_cap, 3)} of {fmt.number(q.net_max, 3)}", "text"),
        ("momentum", fmt.number(None if q.momentum is None else q.momentum * 1e4, 2, True) + " bp", "text"),
        ("volatility", fmt.number(q.volatility, 2) + " bp/√s", "text"),
        ("quotes every", fmt.number(q.quote_interval_s, 2) + " s", "text"),
    ]


def _layers_style(q: Quoter) -> str:
    return "warn" if q.layers_placeable < q.layers_wanted else "text"


def merged(bid: tuple[Term, ...], ask: tuple[Term, ...]) -> list[tuple[str, float | None, float | None, str]]:
    """(term, bps on the bid, bps on the ask, note) in the order of the breakdown."""
    names = list(dict.fromkeys([term.name for term in (*bid, *ask)]))
    b, a = {term.name: term for term in bid}, {term.name: term for term in ask}
    return [
        (
            name,
            b[name].bps if name in b else None,
            a[name].bps if name in a else None,
            (b[name].note if name in b else "") or (a[name].note if name in a else ""),
        )
        for name in names
    ]


def _terms(q: Quoter, width: int, room: int) -> list[Line]:
    rows = merged(q.terms_bid, q.terms_ask)
    if not rows or room < 2:
        return []
    across = 2 if width >= 52 and len(rows) > room - 1 else 1
    cell = (width - 3 * (across - 1)) // across
    head = Line()
    for n in range(across):
        title = "inner quote" if n == 0 else ""
        head.pad(n * (cell + 3)).add(title.ljust(cell - 14) + "bid bp".rjust(7) + "ask bp".rjust(7), "label")
    lines = [head]
    deep = -(-len(rows) // across)
    for y in range(min(deep, room - 1)):
        line = Line()
        for n in range(across):
            at = y + n * deep
            if at < len(rows):
                name, bid, ask, note = rows[at]
                line.pad(n * (cell + 3)).add(fmt.shorten(name, cell - 15).ljust(cell - 14), "text")
                line.add(fmt.number(bid, 2, True).rjust(7), "buy").add(fmt.number(ask, 2, True).rjust(7), "sell")
                if note and across == 1 and line.width + len(note) + 2 <= width:
                    line.add("  " + note, "dim")
        lines.append(line)
    return lines


def _two(items: list[tuple[str, str, str]], width: int) -> list[Line]:
    """Two columns, each label left and value right."""
    across = 2 if width >= 46 else 1
    cell = (width - 3 * (across - 1)) // across
    lines = []
    for i in range(0, len(items), across):
        line = Line()
        for n, (label, value, style) in enumerate(items[i : i + across]):
            line.pad(n * (cell + 3)).add(label, "label")
            line.pad(n * (cell + 3) + cell - len(value)).add(value, style)
        lines.append(line)
    return lines


def _compact(view: View, snap: Snapshot, width: int, height: int) -> list[Line]:
    q = snap.quoter
    lines = [_head(view, snap, width)]
    line = Line()
    for label, value, style in (
        ("bid ", fmt.number(q.best_bid, q.price_digits), "buy"),
        ("mid ", fmt.number(q.mid, q.price_digits), "value"),
        ("ask ", fmt.number(q.best_ask, q.price_digits), "sell"),
        ("res ", fmt.number(q.reservation, q.price_digits), "text"),
        ("skew ", fmt.number(q.skew_bps, 2, True), "text"),
        ("VPIN ", fmt.number(q.vpin, 2), "text"),
        ("layers ", f"{q.layers_placeable}/{q.layers_wanted}", _layers_style(q)),
    ):
        if line.width + len(label) + len(value) + 2 <= width:
            line.add(label, "label").add(value + "  ", style)
    lines.append(line)
    if height >= 3:
        lines.append(_why(view, snap, width))
    return lines[:height]


def _why(view: View, snap: Snapshot, width: int) -> Line:
    state = snap.state
    if state.reason:
        return Line(("why ", "label"), (fmt.shorten(state.reason, width - 4), "warn"))
    if state.history:
        ts, text = state.history[-1]
        return Line(("last ", "label"), (fmt.clock(ts) + " ", "dim"), (fmt.shorten(text, width - 14), "text"))
    return Line(("nothing has changed yet", "dim"))


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    q = snap.quoter
    if snap.pairs:
        below = min(max(height - 6, 0), 2) if q.symbol and q.regime != fmt.UNKNOWN else 0
        drawn = pair_state.draw(view, width, height - below)
        drawn.rows += _compact(view, snap, width, below) if below else []
        return drawn
    note = q.symbol + ("  suppressing cancels" if q.suppressing else "")
    if height < 5:
        return Drawn(_compact(view, snap, width, height), note)
    lines = [_head(view, snap, width), _why(view, snap, width)]
    items = _quote(q)
    terms = merged(q.terms_bid, q.terms_ask)
    room = height - len(lines)
    per = 2 if width >= 46 else 1
    most = max(room - (-(-len(terms) // per) + 1 if terms else 0), 3)
    lines += _two(items[: most * per], width)
    lines += _terms(q, width, height - len(lines))
    if height - len(lines) > 2 and len(snap.state.history) > 1:
        lines.append(Line(("transitions", "label")))
        for ts, text in reversed(snap.state.history[-(height - len(lines)) :]):
            lines.append(Line((fmt.clock(ts) + " ", "dim"), (fmt.shorten(text, width - 9), "text")))
    return Drawn(lines[:height], note)
