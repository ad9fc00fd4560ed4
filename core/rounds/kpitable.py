"""The KPI table: each figure of the four layers of S0-01 beside the benchmark of its source, with pass or FAIL.

A figure without a benchmark in the sources is `info`; one that could not be measured is `no data`, never a pass.
"""

from __future__ import annotations

import msgspec

from core.domain.units import MONEY, NS_PER_MS
from core.kpi.connectivity import DESK_UPTIME, DROP_RATE, STREAM_UPTIME
from core.kpi.latency import ACK, FEED, LOOP, TICK, band_of
from core.kpi.quality import BAD_BPS
from core.rounds.facts import LedgerFacts, RoundFacts
from core.rounds.figures import UNKNOWN, bps, duration, label, money, number, percent
from core.rounds.markdown import esc

LAYERS = {1: "L1 wire", 2: "L2 execution", 3: "L3 risk", 4: "L4 result"}
WEIGHT_LIMIT, BUFFER_LIMIT, LATENCY_NOTICE_NS = 0.80, 0.05, 150 * NS_PER_MS  # S0-29, S0-40, S3-19
GOOD_BANDS = ("excellent", "good", "acceptable")
PASS, FAIL, INFO, NONE = "pass", "FAIL", "info", "no data"


class Kpi(msgspec.Struct, frozen=True):
    layer: int
    name: str
    value: str
    benchmark: str
    verdict: str
    source: str
    raw: float | None = None


def _judge(ok: bool | None) -> str:
    return NONE if ok is None else PASS if ok else FAIL


def kpis(facts: RoundFacts) -> list[Kpi]:
    """All rows in layer order."""
    return [*_wire(facts), *_execution(facts), *_risk(facts), *_result(facts)]


def failed(rows: list[Kpi]) -> list[Kpi]:
    return [row for row in rows if row.verdict == FAIL]


def _wire(facts: RoundFacts) -> list[Kpi]:
    rows = []
    legs = facts.rest.latency
    for leg, title, judged in (
        (TICK, "tick to order, p99", True),
        (ACK, "order to ack, p99", False),
        (FEED, "feed to book, p99", False),
        (LOOP, "loop lag, p99", False),
    ):
        row = legs[leg] if leg < len(legs) else None
        worst = None if row is None or not row.n else row.p99_ns if row.p99_ns is not None else row.max_ns
        word = band_of(worst)
        value = UNKNOWN if worst is None else f"{duration(worst)} ({word})"
        if judged:
            ok = None if worst is None else word in GOOD_BANDS
            rows.append(Kpi(1, title, value, "<= 50 ms acceptable, > 100 ms unacceptable", _judge(ok), "S0-23", worst))
        elif leg == ACK:
            ok = None if worst is None else worst <= LATENCY_NOTICE_NS
            rows.append(Kpi(1, title, value, "<= 150 ms", _judge(ok), "S3-19", worst))
        else:
            rows.append(Kpi(1, title, value, "", INFO if worst is not None else NONE, "S0-20", worst))
    for stream in facts.streams:
        up, drop = stream.uptime, stream.drop_rate
        ok_up = None if up is None else up > STREAM_UPTIME
        ok_drop = None if drop is None else drop < DROP_RATE
        rows += [
            Kpi(1, f"uptime of {stream.name}", percent(up, 3), "> 99.9 %", _judge(ok_up), "S0-25", up),
            Kpi(1, f"drop rate of {stream.name}", percent(drop, 4), "< 0.01 %", _judge(ok_drop), "S0-26", drop),
        ]
    up = facts.desk_uptime
    peak = facts.rest.weight_peak
    return [
        *rows,
        Kpi(1, "desk uptime", percent(up, 3), "99.99 %", _judge(None if up is None else up >= DESK_UPTIME), "K-05", up),
        Kpi(
            1, "API weight, peak", percent(peak, 1), "<= 80 %", _judge(None if peak is None else peak <= WEIGHT_LIMIT),
            "S0-29", peak,
        ),
    ]  # fmt: skip


def _name(ledger: LedgerFacts, facts: RoundFacts) -> str:
    """The strategy in brackets where there are several, with its symbol where it has several."""
    if len(facts.ledgers) == 1:
        return ""
    twins = sum(other.name == ledger.name for other in facts.ledgers)
    return f" ({label(ledger, facts)})" if twins > 1 else f" ({ledger.name})"


def _execution(facts: RoundFacts) -> list[Kpi]:
    rows = []
    for k, ledger in enumerate(facts.ledgers):
        name = _name(ledger, facts)
        submitted = sum(s.submitted for s in ledger.sides)
        rate = sum(s.filled for s in ledger.sides) / submitted if submitted else None
        rows.append(Kpi(2, f"fill rate{name}", percent(rate), "", INFO if submitted else NONE, "S0-38", rate))
        taker = [s for s in ledger.slippage if s.kind in ("taker", "reduce") and s.mean_bps is not None]
        n = sum(s.n for s in taker)
        mean = sum((s.mean_bps or 0.0) * s.n for s in taker) / n if n else None
        verdict = _judge(None if mean is None else mean <= BAD_BPS)
        rows.append(Kpi(2, f"slippage of takers and reduces, bps{name}", bps(mean), "1-5, not over 10", verdict,
                        "S0-34", mean))  # fmt: skip
        for mark in ledger.markouts:
            if mark.seconds == 1.0:
                rows.append(Kpi(2, f"markout of makers at 1 s, bps{name}", bps(mark.maker_bps), "",
                                INFO if mark.maker_n else NONE, "S0-39", mark.maker_bps))  # fmt: skip
                rows.append(Kpi(2, f"adverse selection at 1 s{name}", percent(mark.adverse, 1), "",
                                INFO if mark.maker_n else NONE, "S3-44", mark.adverse))  # fmt: skip
        silent = ledger.longest_silence_ns
        if k not in facts.paired:  # a pair quotes only while it works
            rows.append(Kpi(2, f"longest time without a quote{name}", duration(silent), "<= 10 s",
                            _judge(silent <= 10_000 * NS_PER_MS), "S3-73", silent))  # fmt: skip
        asked = sum(s.placed for s in ledger.sides) + ledger.engine_refused + ledger.wire_refused
        bad = ledger.engine_refused + ledger.wire_refused + ledger.venue_rejected
        ratio = bad / asked if asked else None
        rows.append(
            Kpi(2, f"rejected of all wanted{name}", percent(ratio), "", INFO if asked else NONE, "S3-74", ratio)
        )
    return rows


def _risk(facts: RoundFacts) -> list[Kpi]:
    rows = []
    for ledger in facts.ledgers:
        name = _name(ledger, facts)
        buffer = ledger.buffer_min
        verdict = _judge(None if buffer is None else buffer >= BUFFER_LIMIT)
        rows.append(
            Kpi(3, f"smallest liquidation buffer{name}", percent(buffer, 1), ">= 5 %", verdict, "S0-40", buffer)
        )
        most = max(ledger.max_long, -ledger.max_short) * ledger.lot
        cap = ledger.net_max
        ok = None if cap is None else most <= cap + ledger.lot / 2
        shown = f"{most:.{ledger.size_digits}f} {esc(ledger.base)}"
        benchmark = f"<= {cap:g}" if cap is not None else ""
        rows.append(Kpi(3, f"largest position{name}", shown, benchmark, _judge(ok), "S3-16", most))
    crit = sum(e.level == "crit" for e in facts.events)
    rows.append(Kpi(3, "critical events", str(crit), "0", _judge(crit == 0), "S3-68", crit))
    money_ok, e = facts.identity_ok, facts.ending
    ended = None if e.verdict == "running" else e.verified  # a round that runs has no end yet
    return [
        *rows,
        Kpi(3, "books agree to the last unit", "yes" if money_ok else "NO", "yes", _judge(money_ok), "UC-08"),
        Kpi(3, "end verified at the venue", esc(e.verdict), "verified", _judge(ended), "S3-54"),
    ]


def _result(facts: RoundFacts) -> list[Kpi]:
    performance, result = facts.performance, facts.money
    limits = facts.run.equity_limits
    low, high = limits.get("pnl_min"), limits.get("pnl_max")
    inside = None if low is None or high is None else low <= result.net / MONEY <= high
    bounds = f"{low:g} .. {high:g}" if inside is not None else ""
    net = Kpi(4, "net PnL", money(result.net), bounds, _judge(inside) if bounds else INFO, "S3-20", result.net / MONEY)
    n = f", n {performance.returns}"
    rows = [net]
    for name, value in (("Sharpe", performance.sharpe), ("Sortino", performance.sortino)):
        verdict = INFO if value is not None else NONE
        rows.append(Kpi(4, f"{name} of 1 min returns, annualised{n}", number(value), "", verdict, "S0-45", value))
    depth = performance.max_drawdown
    rows.append(Kpi(4, "maximum drawdown", percent(depth, 3), "", INFO if depth is not None else NONE, "S4-40", depth))
    yield_ = result.funding / facts.equity_start if facts.equity_start > 0 else None
    rows.append(Kpi(4, "funding yield of the round", percent(yield_, 4, True), "", INFO, "S0-42", yield_))
    return rows
