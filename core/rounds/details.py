"""Sections of the report on money, inventory, wire, risk and evidence. Facts in, markdown lines out."""

from __future__ import annotations

from core.rounds.facts import Event, LedgerFacts, RoundFacts, Standing
from core.rounds.figures import UNKNOWN, clock_time, duration, exact, label, money, number, percent, price, size, when
from core.rounds.markdown import esc, fenced, sparkline, table

SHOWN_EVENTS = 60
PAIR_WORDS = [
    "Spread here is what fills earned against the mid of their own venue; sections of pairs call it execution and "
    "split the drift.",
    "",
]


def pnl(facts: RoundFacts) -> list[str]:
    """Split per strategy and in sum, with rebates; then the identity."""
    rows = []
    for led in facts.ledgers:
        m, a = led.money, led.attribution
        amounts = [m.net, m.price, a.spread, a.drift, -m.fees, led.rebates, m.funding, m.realised, m.unrealised]
        rows.append([esc(label(led, facts)), *[money(x) for x in amounts]])
    total, parts = facts.money, facts.attribution
    rebates = sum(led.rebates for led in facts.ledgers)
    amounts = [total.net, total.price, parts.spread, parts.drift, -total.fees, rebates, total.funding]
    rows.append(["**all**", *[money(x) for x in (*amounts, total.realised, total.unrealised)]])
    head = ["strategy", "net", "price", "of it spread", "of it drift", "fees", "of it rebates", "funding"]
    change = facts.equity_end - facts.equity_start
    agrees = "agrees" if facts.identity_ok else "**DOES NOT AGREE**"
    out = [
        f"In {esc(facts.quote)}; fees negative = paid, funding positive = received.",
        "",
        *table([*head, "realised", "unrealised"], rows, "lrrrrrrrrr"),
        "",
        *(PAIR_WORDS if facts.pairs else []),
        f"Equity change {exact(change)} = net {exact(total.net)} + transfers {exact(facts.transfers)}: {agrees}.",
        "",
        f"Equity `{sparkline(facts.path.equity)}`  ",
        f"Drawdown `{sparkline(facts.path.drawdown)}`",
    ]
    p = facts.performance
    out += ["", f"Performance from {p.returns} returns of one minute, annualised with 365 days (a round is short: "
            "read it as a trend over rounds)."]  # fmt: skip
    figures = [number(p.sharpe), number(p.sortino), percent(p.max_drawdown, 3), number(p.calmar), percent(p.volatility)]
    return [*out, "", *table(["Sharpe", "Sortino", "max drawdown", "Calmar", "volatility"], [figures], "rrrrr")]


def funding_flipped(facts: RoundFacts) -> bool:
    """S0-17: right on price, wrong after funding. The legs of a pair count together: one of them often pays."""
    alone = [led.money for k, led in enumerate(facts.ledgers) if k not in facts.paired]
    pairs = [pair.split for pair in facts.pairs]
    before = [(m.net - m.funding, m.funding, m.net) for m in alone] + [(p.net - p.carry, p.carry, p.net) for p in pairs]
    return any(without > 0 and net < 0 and funding < 0 for without, funding, net in before)


def inventory(facts: RoundFacts) -> list[str]:
    rows = []
    for led in facts.ledgers:
        ends = [size(led.start.pos, led), size(led.end.pos, led)]
        cap = f"{led.net_max:g}" if led.net_max is not None else UNKNOWN
        row = [esc(label(led, facts)), *ends, size(led.max_long, led), size(led.max_short, led), cap]
        rows.append([*row, percent(led.buffer_min, 1)])
    head = ["strategy", "start", "end", "most long", "most short", "net cap", "smallest liquidation buffer"]
    path = [f"Path of {esc(facts.ledgers[0].symbol)} `{sparkline(facts.path.pos)}`"] if facts.ledgers else []
    return [*table(head, rows, "lrrrrrr"), "", *path]


def rest(facts: RoundFacts) -> list[str]:
    r = facts.rest
    share = r.errors / r.requests if r.requests else None
    rows = [
        ["requests", str(r.requests)],
        ["errors", f"{r.errors} ({percent(share)})"],
        ["weight, peak of the limit", percent(r.weight_peak, 1)],
        ["order rate, peak of the limit", percent(r.orders_peak, 1)],
        ["market messages refused by the codec", str(r.refused_messages)],
        ["market messages conflated", str(r.conflated)],
        ["clock offset to the venue", duration(facts.clock_offset_ns) if facts.clock_offset_ns else UNKNOWN],
    ]
    return table(["figure", "value"], rows, "lr")


def latency(facts: RoundFacts) -> list[str]:
    rows = [
        [
            esc(leg.name),
            *[duration(v) for v in (leg.p50_ns, leg.p95_ns, leg.p99_ns, leg.max_ns)],
            str(leg.n),
            esc(leg.band),
        ]
        for leg in facts.rest.latency
    ]
    out = table(["leg", "p50", "p95", "p99", "max", "n", "band"], rows, "lrrrrrl")
    out += ["", "Bands (S0-23): < 5 ms excellent, < 10 good, to 50 acceptable, to 100 degraded, above unacceptable. "
            "p99 needs 100 samples."]  # fmt: skip
    if facts.rest.acknowledged:
        rows, below = [], 0
        for bound, count in facts.rest.buckets:
            if count > below:
                rows.append([f"<= {duration(round(bound * 1e9))}", str(count - below), _bar(count - below, facts)])
            below = count
        over = facts.rest.acknowledged - below
        if over:
            rows.append(["above", str(over), _bar(over, facts)])
        out += ["", "Order to acknowledgement:", "", *table(["latency", "n", " "], rows, "lrl")]
    return out


def _bar(n: int, facts: RoundFacts) -> str:
    return "█" * round(24 * n / facts.rest.acknowledged) if n else ""


def streams(facts: RoundFacts) -> list[str]:
    rows = [
        [esc(s.name), percent(s.uptime, 3), str(s.gaps), str(s.lost), str(s.reconnects), percent(s.drop_rate, 4),
         f"{s.messages:,}"]
        for s in facts.streams
    ]  # fmt: skip
    head = ["stream", "uptime", "sequence gaps", "messages lost", "reconnects", "drop rate", "messages"]
    return [*table(head, rows, "lrrrrrr"), "", f"Desk uptime {percent(facts.desk_uptime, 3)} (K-05)."]


def _events(events: list[Event]) -> list[str]:
    if not events:
        return ["None."]
    shown = events[-SHOWN_EVENTS:]
    rows = [
        [clock_time(e.ts), esc(e.level) if e.level != "crit" else "**crit**", esc(e.code), esc(e.text)] for e in shown
    ]
    left = [f"The newest {len(shown)} of {len(events)}.", ""] if len(events) > len(shown) else []
    return [*left, *table(["UTC", "level", "code", "what"], rows)]


def risk(facts: RoundFacts) -> list[str]:
    """Drawdown bands, fuses, halts, liquidations: what risk did."""
    counts: dict[str, int] = {}
    happened = [e for e in facts.events if e.kind == "risk"]
    for event in happened:
        counts[event.code] = counts.get(event.code, 0) + 1
    liquidations = sum(led.liquidations for led in facts.ledgers)
    out = [f"Forced by the venue (liquidation, auto-deleveraging): {liquidations}."]
    if counts:
        rows = [[esc(code), str(n)] for code, n in sorted(counts.items(), key=lambda item: -item[1])]
        out += ["", *table(["event", "times"], rows, "lr")]
    return [*out, "", *_events(happened)]


def alerts(facts: RoundFacts) -> list[str]:
    out = _events([e for e in facts.events if e.kind in ("alert", "command")])
    if facts.events_dropped:
        out += ["", f"{facts.events_dropped} older events are only in the journal."]
    return out


def snapshots(facts: RoundFacts) -> list[str]:
    """Balance, position, mid at both ends (S3-51, S3-54)."""
    rows = [["balance with unrealised", money(facts.equity_start, False), money(facts.equity_end, False)]]
    for led in facts.ledgers:
        name = esc(label(led, facts))
        rows.append([f"position {name}", size(led.start.pos, led), size(led.end.pos, led)])
        for field in ("mid", "mark", "entry"):
            rows.append([f"{field} {name}", *_both(led, field)])
        rows.append([f"open orders {name}", str(led.start.open_orders), str(led.end.open_orders)])
    head = ["figure", f"initial, {when(facts.ending.started)}", f"final, {when(facts.ending.ended)}"]
    return table(head, rows, "lrr")


def _both(led: LedgerFacts, field: str) -> list[str]:
    ends: tuple[Standing, Standing] = (led.start, led.end)
    return [price(getattr(end, field), led) for end in ends]


def verification(facts: RoundFacts) -> list[str]:
    e = facts.ending
    due = when(e.due) if e.due else UNKNOWN
    flat = "yes" if e.verdict == "flat" and e.verified else "no"
    rows = [
        ["verified flat", flat],
        ["verdict", esc(e.verdict)],
        ["verified by the venue's own answer", "yes" if e.verified else "**no**"],
        ["orders left", str(e.orders_left)],
        ["positions left", str(e.positions_left)],
        ["ended by", esc(e.reason or "still running")],
        ["due", due],
        ["late by", duration(e.late_ns)],
        ["books agree", "yes" if facts.identity_ok else "**no**"],
    ]
    return table(["check", "answer"], rows)


def config(facts: RoundFacts) -> list[str]:
    run = facts.run
    rows = [[esc(k), esc(v)] for k, v in sorted(run.config.items())]
    out = [f"sha256 {esc(run.config_sha256)}", ""]
    return [*out, *(table(["key", "value"], rows) if rows else ["No config was recorded."])]


def log_tail(facts: RoundFacts) -> list[str]:
    return fenced(facts.log_tail) if facts.log_tail else ["No log lines."]


def metrics(facts: RoundFacts) -> list[str]:
    lines = [line for line in facts.metrics.splitlines() if line and not line.startswith("#")]
    return fenced(lines) if lines else ["No metrics were served."]
