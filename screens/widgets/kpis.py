"""The two KPI rows: am I safe, in two seconds. Wide: labels over values; narrow: two rows of figures."""

from __future__ import annotations

from core.domain.snapshot import Snapshot
from screens import format as fmt
from screens import pair as of_pair
from screens.panes.pnl import drawdown_style
from screens.panes.positions import PERIOD_NS, buffer_style, buffer_text
from screens.theme import profit_sign, profit_style
from screens.view import STALE, View
from screens.widgets.chrome import run_text
from screens.widgets.lines import Line, Span

LATENCY_WORD = {
    "excellent": ("ok", "ok"), "good": ("ok", "ok"), "acceptable": ("ok", "ok"), "degraded": ("warn", "warn"),
    "unacceptable": ("CRIT", "crit"),
}  # fmt: skip
BUFFER_WORD = {"ok": "ok", "warn": "warn", "crit": "CRIT"}
RUN_STYLE = {"RUNNING": "ok", "PAUSED": "warn", "COOLDOWN": "warn", "STOPPING": "warn", "STARTING": "text"}


def _latency(snap: Snapshot) -> list[Span]:
    row = next((row for row in snap.latency if row.name.startswith("tick")), None)
    if row is None or row.p99_ns is None:
        return [(fmt.UNKNOWN, "dim")]
    word, style = LATENCY_WORD.get(row.band, ("", "dim"))
    return [(fmt.span_ns(row.p99_ns), "value"), (f" {word}", style)]


def _buffer(view: View, snap: Snapshot, gauge: int) -> list[Span]:
    held = [row for row in snap.positions if row.size]
    if not held:
        return [("no position", "dim")] if gauge else [("flat", "dim")]
    ages = [age for row in held if (age := view.age_ns(row.ts)) is not None]
    stale = view.freshness(max(ages, default=None), PERIOD_NS) == STALE
    style = buffer_style(view, snap.buffer_min)
    spans = [(("?" if stale else "") + buffer_text(snap.buffer_min), "stale" if stale else "value")]
    if gauge and snap.buffer_min is not None and 0 <= snap.buffer_min <= 1:
        spans.append((" " + fmt.bar(snap.buffer_min, gauge, view.theme.ascii_only), style))
    return [*spans, (f" {BUFFER_WORD.get(style, '')}", style)]


def _spread(view: View, snap: Snapshot) -> list[Span]:
    """A pair's spread in bp and its z; of a core without pairs the width of our quotes."""
    if snap.pairs:
        pair = snap.pairs[of_pair.featured(snap.pairs)]
        value = fmt.number(of_pair.bps(pair, pair.spread), 1, True)
        text = of_pair.aged(view, pair, value)
        old = text != value
        spans = [(f"{text}bp", "stale" if old else "dim" if value == fmt.UNKNOWN else "value")]
        return (
            [*spans, (f" z{fmt.number(pair.z, 1, True)}", "stale" if old else "text")] if pair.z is not None else spans
        )
    spans = [(f"{fmt.number(snap.quoter.spread_bps, 1)} bp", "value" if snap.quoter.spread_bps is not None else "dim")]
    if snap.chart.z is not None:
        spans.append((f" z{fmt.number(snap.chart.z, 1, True)}", "text"))
    return spans


def _state(snap: Snapshot, room: int) -> list[Span]:
    """Beside the run state: where the pair stands, shortened to its number, or the market maker's regime."""
    if not snap.pairs:
        return [(f" {snap.quoter.regime}", "text")]
    text, style = of_pair.kpi_state(snap.pairs)
    return [(" " + (text if len(text) < room else text[:2] + ("!" if style == "crit" else "")), style)]


def _drawdown(snap: Snapshot) -> list[Span]:
    p = snap.pnl
    limit = "" if p.drawdown_limit is None else f"/{p.drawdown_limit * 100:.1f}"
    style = drawdown_style(p.drawdown, p.drawdown_limit)
    word = {"crit": " CRIT", "warn": " warn"}.get(style, " ok" if p.drawdown_limit else "")
    return [(f"{abs(p.drawdown) * 100:.1f}{limit}%", "value"), (word, style if style != "text" else "ok")]


def _profit(view: View, snap: Snapshot) -> list[Span]:
    return [
        (fmt.number(snap.pnl.net, 2, True) + " ", "value"),
        (profit_sign(view.theme, snap.pnl.net), profit_style(snap.pnl.net)),
    ]


def wide(view: View, width: int) -> list[Line]:
    """Labels over values in equal columns."""
    snap = view.snapshot
    arrow = view.theme.sign("arrow")
    source = f" {snap.pairs[of_pair.featured(snap.pairs)].price_source}" if snap is not None and snap.pairs else ""
    names = (
        f"TICK{arrow}ORDER p99",
        "FILL RATE 1h",
        "LIQ BUFFER min",
        "SPREAD" + source,
        "STATE",
        "PnL round",
        "DRAWDOWN",
    )
    if snap is None:
        values: list[list[Span]] = [[(fmt.UNKNOWN, "dim")] for _ in names]
    else:
        e, run = snap.execution, snap.state.run
        rate = [(fmt.percent(e.fill_rate), "value" if e.fill_rate is not None else "dim")]
        values = [
            _latency(snap),
            [*rate, (f" n={e.n_orders}", "dim")],
            _buffer(view, snap, 5),
            _spread(view, snap),
            [(run_text(snap), RUN_STYLE.get(run, "crit")), *_state(snap, 19 - len(run_text(snap)))],
            _profit(view, snap),
            _drawdown(snap),
        ]
    shares = (17, 17, 22, 16, 20, 15, 15)
    top, low, at = Line((" ", "kpi")), Line((" ", "kpi")), 1.0
    for name, spans, share in zip(names, values, shares):
        top.pad(round(at)).add(name, "label")
        low.pad(round(at))
        for text, style in spans:
            low.add(text, style)
        low.add(" ")
        at += (width - 2) * share / sum(shares)
    return [top, low]


def narrow(view: View, width: int) -> list[Line]:
    """Two rows of `label value` parted by bars."""
    snap = view.snapshot
    if snap is None:
        return [Line((" " + fmt.UNKNOWN, "dim")), Line()]
    bar = f" {view.theme.sign('sep')} "
    e = snap.execution
    net = snap.net[0] if snap.net else ("", 0.0)
    exposure = [("net ", "label"), (fmt.number(net[1], 3, True) if snap.net else fmt.UNKNOWN, "text")]
    exposure += [(" gross ", "label"), (fmt.short(snap.gross), "text")]
    if snap.leverage is not None:
        exposure += [(" lev ", "label"), (f"{snap.leverage:.1f}x", "text")]
    weight = f"{snap.weight_used / snap.weight_limit:.0%}" if snap.weight_limit else fmt.UNKNOWN
    cells = (
        [
            [(f"t{view.theme.sign('arrow')}o p99 ", "label"), *_latency(snap)],
            [("fill ", "label"), (fmt.percent(e.fill_rate), "value")],
            [("liq ", "label"), *_buffer(view, snap, 0)],
            [("spr ", "label"), *_spread(view, snap)],
            [] if snap.pairs else [(run_text(snap), RUN_STYLE.get(snap.state.run, "crit"))],
        ],
        [
            [("PnL r ", "label"), *_profit(view, snap)],
            [("DD ", "label"), *_drawdown(snap)],
            exposure,
            [("wt ", "label"), (weight, "text")],
        ],
    )
    rows = []
    for row in cells:
        line = Line((" ", "kpi"))
        for n, spans in enumerate(row):
            if not spans:  # the run state stands in the banner; the pair's state takes its place
                spans = _state(snap, width - line.width - len(bar) + 1)
                spans = [(spans[0][0].strip(), spans[0][1])]
            part = Line((bar, "faint")) if n else Line()
            for text, style in spans:
                part.add(text, style)
            if line.width + part.width <= width:
                line.extend(part)
        rows.append(line)
    return rows
