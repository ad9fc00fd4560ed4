"""Sections of the report on orders: fills and cancels, quality, reduce-only review, rejects."""

from __future__ import annotations

from core.kpi.quality import slippage_word
from core.rounds.facts import LedgerFacts, RoundFacts, Side
from core.rounds.figures import bps, duration, label, percent, size
from core.rounds.markdown import esc, table


def _each(facts: RoundFacts, body: list[list[str]]) -> list[str]:
    """One block a ledger, with its name only where there are several."""
    out: list[str] = []
    for led, lines in zip(facts.ledgers, body, strict=True):
        if len(facts.ledgers) > 1:
            out += [f"### {esc(label(led, facts))}", ""]
        out += [*lines, ""]
    return out[:-1] if out else ["No strategy ran."]


def fills(facts: RoundFacts) -> list[str]:
    return _each(facts, [_fills(led) for led in facts.ledgers])


def _rates(side: Side) -> list[str]:
    n, lots = side.submitted, side.ordered_lots
    return [
        percent(side.filled / n if n else None),
        percent(side.filled_lots / lots if lots else None),
        percent(side.touched / n if n else None),
    ]


def _fills(led: LedgerFacts) -> list[str]:
    rows = []
    both = Side(**{name: sum(getattr(s, name) for s in led.sides) for name in Side.__struct_fields__})
    for name, side in (("BUY", led.sides[0]), ("SELL", led.sides[1]), ("**both**", both)):
        maker = percent(side.maker_fills / side.fills if side.fills else None, 1)
        counts = [side.placed, side.submitted, side.canceled, side.filled, side.fills]
        rows.append([name, *[f"{n:,}" for n in counts], size(side.filled_lots, led, False), maker, *_rates(side)])
    head = ["side", "placed", "submitted", "cancelled", "filled", "fills", f"filled {esc(led.base)}", "maker"]
    out = table([*head, "fill rate", "by quantity", "by any fill"], rows, "lrrrrrrrrrr")
    out += ["", f"Quotes decided {led.quotes:,}, left standing (suppression) {led.suppressed:,}, changes dropped "
            f"for the message budget {led.dropped:,}, replies lost {led.lost:,}."]  # fmt: skip
    if led.layers:
        rows = [
            [str(x.layer + 1), f"{x.placed:,}", f"{x.submitted:,}", f"{x.filled:,}", f"{x.fills:,}",
             percent(x.filled / x.submitted if x.submitted else None)]
            for x in led.layers
        ]  # fmt: skip
        out += ["", *table(["layer", "placed", "submitted", "filled", "fills", "fill rate"], rows, "rrrrrr")]
    return out


def quality(facts: RoundFacts) -> list[str]:
    return _each(facts, [_quality(led) for led in facts.ledgers])


def _quality(led: LedgerFacts) -> list[str]:
    rows = [
        [f"{m.seconds:g} s", bps(m.maker_bps), str(m.maker_n), percent(m.adverse, 1), bps(m.taker_bps), str(m.taker_n),
         str(m.unresolved)]
        for m in led.markouts
    ]  # fmt: skip
    out = ["Markout, bps of the fill price; positive = the mid moved our way after the fill.", ""]
    head = ["horizon", "maker", "n", "adverse", "taker", "n", "unresolved"]
    out += table(head, rows, "rrrrrrr")
    rows = [
        [esc(s.kind), esc(s.side), str(s.n), bps(s.mean_bps), bps(s.worst_bps) if s.n else "--",
         slippage_word(s.mean_bps) if s.kind != "maker" else ""]
        for s in led.slippage
    ]  # fmt: skip
    out += ["", "Slippage against the mid at the decision, bps, weighted by notional; positive = cost.", ""]
    out += table(["fills", "side", "n", "mean", "worst", "S0-34"], rows, "llrrrl")
    took = led.time_to_fill
    if took is not None and took.n:
        shown = f"p50 {duration(took.p50_ns)}, p95 {duration(took.p95_ns)}, longest {duration(took.max_ns)}, n {took.n}"
        out += ["", f"Time to fill (full fills only; a cancel is not a fill time): {shown}."]
    return out


def reduce_review(facts: RoundFacts) -> list[str]:
    """S3-62: what reducing cost against the mid at the decision."""
    out = []
    for led in facts.ledgers:
        done = [s for s in led.slippage if s.kind == "reduce" and s.n]
        name = esc(label(led, facts))
        if not done:
            out.append(f"- {name}: no reduce-only fill.")
        for s in done:
            out.append(
                f"- {name} {esc(s.side)}: {s.n} fills, on average {bps(s.mean_bps)} bps from the mid, worst "
                f"{bps(s.worst_bps)} bps ({slippage_word(s.mean_bps)})."
            )
    return out or ["No strategy ran."]


def rejects(facts: RoundFacts) -> list[str]:
    """By reason, then by where they were refused (S3-65)."""
    if not facts.rejects:
        return ["None."]
    rows = [[esc(reason), f"{n:,}"] for reason, n in facts.rejects.items()]
    where = [sum(getattr(led, name) for led in facts.ledgers) for name in ("engine_refused", "wire_refused")]
    venue = sum(led.venue_rejected for led in facts.ledgers)
    return [
        *table(["reason", "n"], rows, "lr"),
        "",
        f"Refused by our gate {where[0]:,}, by the wire gate {where[1]:,}, rejected by the venue {venue:,}. "
        "Each can be replayed: `perpconsole rejects --replay`.",
    ]
