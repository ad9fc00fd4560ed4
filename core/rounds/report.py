"""The round report: facts in, markdown out, nothing else. First screen for five minutes, then every detail.

All text from outside passes `markdown.esc` or `markdown.fenced`; figures come from `figures`.
"""

from __future__ import annotations

import functools

from core.kpi.latency import ACK, LEGS
from core.kpi.pair import PairMoney
from core.rounds import details, execution_details, pair_details
from core.rounds.diff import change_section
from core.rounds.facts import RoundFacts
from core.rounds.figures import bps, duration, exact, money, percent, when
from core.rounds.kpitable import FAIL, LAYERS, NONE, PASS, failed, kpis
from core.rounds.markdown import esc, sparkline, table

VERSION = "v0.7"  # S3-76


def report(facts: RoundFacts, before: RoundFacts | None, charts: str = "") -> str:
    """Markdown of one round. `charts` is the file name of the SVG beside it, empty for none."""
    parts = [*_head(facts), *_first_screen(facts, charts)]
    sections = [
        ("KPIs", _kpi_table(facts)),
        ("Change since last round", change_section(before, facts)),
        ("PnL", details.pnl(facts)),
        *pair_details.sections(facts),
        ("Inventory", details.inventory(facts)),
        ("Fills and cancels", execution_details.fills(facts)),
        ("Execution quality", execution_details.quality(facts)),
        ("Reduce-only review", execution_details.reduce_review(facts)),
        ("Rejects", execution_details.rejects(facts)),
        ("REST requests and errors", details.rest(facts)),
        ("Latency distribution", details.latency(facts)),
        ("Streams", details.streams(facts)),
        ("Risk events", details.risk(facts)),
        ("Alerts and commands", details.alerts(facts)),
        ("Snapshots", details.snapshots(facts)),
        ("Verification", details.verification(facts)),
        ("Config", details.config(facts)),
        ("Log tail", details.log_tail(facts)),
        ("Metrics dump", details.metrics(facts)),
    ]
    for title, body in sections:
        parts += ["", f"## {title}", "", *body]
    return "\n".join(parts) + "\n"


def title(facts: RoundFacts) -> str:
    """One line: number, money, how it ended."""
    ending = facts.ending
    return f"Round {ending.number}: {money(facts.money.net)} {esc(facts.quote)}, {esc(ending.verdict)}"


def _head(facts: RoundFacts) -> list[str]:
    ending, run = facts.ending, facts.run
    names = ", ".join(esc(f"{led.name} on {led.venue} {led.symbol}") for led in facts.ledgers)
    lasted = duration(ending.ended - ending.started)
    planned = duration(ending.due - ending.started) if ending.due else "open"
    market = f" · market {esc(run.market)}" if run.market else ""
    return [
        f"# {title(facts)}",
        "",
        f"{when(ending.started)} to {when(ending.ended)} UTC, {lasted} of {planned} planned · {esc(run.mode)}, network "
        f"{esc(run.network)} · {names}{market} · seed {run.seed}  ",
        f"perpconsole {esc(run.version)} · config {esc(run.config_sha256[:12])} · report {esc(VERSION)}"
        + (f" · journal {esc(run.journal)}" if run.journal else ""),
    ]


def verdict_lines(facts: RoundFacts) -> list[str]:
    """The first sentences: money, end, KPIs; whatever is wrong comes first."""
    ending, parts, rows = facts.ending, facts.attribution, kpis(facts)
    bad = failed(rows)
    out = pair_details.market_warning(facts)
    if not facts.identity_ok:
        out.append("**THE BOOKS DO NOT AGREE**: equity change differs from net PnL plus transfers (see PnL).")
    if ending.verdict == "cut off":
        out.append("**This round was cut off** (crash or kill): it covers the time up to the last journal frame.")
    elif ending.verdict == "running":
        out.append("This round is still running; the figures are those of this moment.")
    elif not ending.verified:
        out.append(
            f"**The end could not be verified at the venue**: {ending.orders_left} orders, "
            f"{ending.positions_left} positions were left. No new round starts by itself."
        )
    if ending.late_ns > 1_000_000_000:
        out.append(f"**It ended {duration(ending.late_ns)} late** (the machine or the core stood still).")
    made = "Earned" if parts.net > 0 else "Lost" if parts.net < 0 else "Made"
    if _only_pairs(facts):
        out.append(f"{made} {money(parts.net)} {esc(facts.quote)}: {pair_details.sentence(_pair_sum(facts))}.")
    else:
        out.append(
            f"{made} {money(parts.net)} {esc(facts.quote)}: spread {money(parts.spread)}, position drift "
            f"{money(parts.drift)}, fees {money(-parts.fees)}, funding {money(parts.funding)}."
        )
        out += pair_details.headlines(facts)
    if ending.verdict == "flat":
        out.append("Ended flat: the venue shows no order and no position of ours.")
    if ending.verdict == "carried":
        out.append(f"Positions are carried into the next round: {_carried(facts)}.")
    if details.funding_flipped(facts):
        out.append("**Funding turned a winning position into a loss**: price PnL > 0, net < 0 (S0-17).")
    judged = [r for r in rows if r.verdict in (PASS, FAIL)]
    blind = sum(r.verdict == NONE for r in rows)
    names = ": " + ", ".join(esc(r.name) for r in bad) if bad else ""
    text = f"{len(judged) - len(bad)} of {len(judged)} benchmarks met"
    result = f"**{text}, {len(bad)} FAILED**{names}" if bad else text
    out.append(result + (f"; {blind} without data." if blind else "."))
    return out


def _carried(facts: RoundFacts) -> str:
    held = [(k, led) for k, led in enumerate(facts.ledgers) if led.end.pos]
    return (
        ", ".join(
            f"{led.end.pos * led.lot:+.{led.size_digits}f} {esc(led.base)}"
            + (f" on {esc(led.venue)}" if k in facts.paired else "")
            for k, led in held
        )
        or "none"
    )


def _only_pairs(facts: RoundFacts) -> bool:
    return bool(facts.pairs) and len(facts.paired) == len(facts.ledgers)


def _pair_sum(facts: RoundFacts) -> PairMoney:
    return functools.reduce(PairMoney.plus, (pair.split for pair in facts.pairs), PairMoney())


def _sources(facts: RoundFacts) -> list[list[str]]:
    """Rows of the first screen on where the money came from: name, amount."""
    if _only_pairs(facts):
        p = _pair_sum(facts)
        names = {"Spread": p.spread, "Trend": p.trend, "Fees": -p.fees, "Carry (funding)": p.carry}
    else:
        a, m = facts.attribution, facts.money
        names = {"Spread earned": a.spread, "Position drift": a.drift, "Fees": -m.fees, "Funding": m.funding}
    return [[name, money(amount)] for name, amount in names.items()]


def _first_screen(facts: RoundFacts, charts: str) -> list[str]:
    unit = esc(facts.quote)
    both = [side for led in facts.ledgers for side in led.sides]
    submitted, filled = sum(s.submitted for s in both), sum(s.filled for s in both)
    fills, makers = sum(s.fills for s in both), sum(s.maker_fills for s in both)
    mark = next((m for led in facts.ledgers for m in led.markouts if m.seconds == 1.0), None)
    rate, maker = filled / submitted if submitted else None, makers / fills if fills else None
    depth = facts.performance.max_drawdown
    ack = next((leg.p50_ns for leg in facts.rest.latency if leg.name == LEGS[ACK]), None)
    equity = facts.equity_start, facts.equity_end
    spread, drift, fees, funding = _sources(facts)
    rows = [
        ["Net PnL", f"**{money(facts.money.net)} {unit}**", "Fills", f"{fills}"],
        [*spread, "Fill rate", percent(rate)],
        [*drift, "Maker share", percent(maker, 1)],
        [*fees, "Markout 1 s, bps", bps(mark.maker_bps if mark else None)],
        [*funding, "Max drawdown", percent(depth, 3)],
        ["Equity", f"{money(equity[0], False)} → {money(equity[1], False)}", "Order to ack, p50", duration(ack)],
    ]
    if _only_pairs(facts):
        rows.insert(5, ["Execution", money(_pair_sum(facts).execution), " ", " "])
    out = ["", *[f"- {line}" for line in verdict_lines(facts)], ""]
    out += table(["Money", " ", "Execution", " "], rows, "lrlr")
    out += ["", f"Equity `{sparkline(facts.path.equity)}`  "]
    out += [f"Inventory `{sparkline(facts.path.pos)}`  ", f"Mid `{sparkline(facts.path.mid)}`"]
    if charts:
        out += ["", f"![Equity, inventory, mid with fills, drawdown]({charts})"]
    return out


def _kpi_table(facts: RoundFacts) -> list[str]:
    rows = kpis(facts)
    marks = {PASS: "pass", FAIL: "**FAIL**"}
    out = table(
        ["layer", "KPI", "value", "benchmark", "result", "row"],
        [[LAYERS[r.layer], esc(r.name), r.value, r.benchmark, marks.get(r.verdict, r.verdict), r.source] for r in rows],
        "llrlll",
    )
    exact_line = (
        f"net {exact(facts.money.net)} = price {exact(facts.money.price)} - fees {exact(facts.money.fees)} "
        f"+ funding {exact(facts.money.funding)}"
    )
    return [*out, "", f"Identity, to the last unit: `{exact_line}`"]
