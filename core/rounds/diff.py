"""What changed since the last round (S3-72): parameters, behaviour, results; for the report and for technical.md."""

from __future__ import annotations

from core.domain.units import MONEY
from core.rounds.facts import RoundFacts
from core.rounds.figures import UNKNOWN, duration, when
from core.rounds.kpitable import kpis
from core.rounds.markdown import esc, table


def parameters(before: RoundFacts, now: RoundFacts) -> list[tuple[str, str, str]]:
    """(key, before, now) of every config key and run property that differs."""
    changes = []
    for name in ("mode", "network", "market", "seed", "version"):
        a, b = str(getattr(before.run, name)), str(getattr(now.run, name))
        if a != b:
            changes.append((name, a, b))
    a_ns, b_ns = before.ending.due - before.ending.started, now.ending.due - now.ending.started
    if a_ns != b_ns:
        changes.append(("round length", duration(a_ns), duration(b_ns)))
    for key in sorted({*before.run.config, *now.run.config}):
        a, b = before.run.config.get(key, "not set"), now.run.config.get(key, "not set")
        if a != b:
            changes.append((key, a, b))
    return changes


def results(before: RoundFacts, now: RoundFacts) -> list[tuple[str, float | None, float | None]]:
    """(name, before, now) of net PnL and its parts, then of every KPI that both rounds measured."""
    rows: list[tuple[str, float | None, float | None]] = []
    a, b = before.attribution, now.attribution
    for name in ("net", "spread", "drift", "fees", "funding"):
        rows.append((f"{name} {now.quote}", getattr(a, name) / MONEY, getattr(b, name) / MONEY))
    old_pairs = {pair.name: pair.split for pair in before.pairs}
    for pair in now.pairs:
        for name in ("net", "spread", "trend", "carry", "fees", "execution") if pair.name in old_pairs else ():
            amounts = [getattr(split, name) / MONEY for split in (old_pairs[pair.name], pair.split)]
            rows.append((f"pair {pair.name} {name} {now.quote}", *amounts))
    fills = [sum(s.fills for led in f.ledgers for s in led.sides) for f in (before, now)]
    rows.append(("fills", float(fills[0]), float(fills[1])))
    old = {k.name: k.raw for k in kpis(before)}
    for kpi in kpis(now):
        if kpi.layer in (2, 3) and kpi.name in old and kpi.raw is not None and old[kpi.name] is not None:
            rows.append((kpi.name, old[kpi.name], kpi.raw))
    return rows


def behaviour(before: RoundFacts, now: RoundFacts) -> list[str]:
    """KPI verdicts and reject reasons that came or went."""
    out = []
    old = {k.name: k.verdict for k in kpis(before)}
    for kpi in kpis(now):
        was = old.get(kpi.name)
        if was is not None and was != kpi.verdict:
            out.append(f"{esc(kpi.name)}: {was} → {kpi.verdict}")
    for reason in sorted({*before.rejects, *now.rejects}):
        a, b = before.rejects.get(reason, 0), now.rejects.get(reason, 0)
        if (a == 0) != (b == 0):
            out.append(f"rejects {esc(reason)}: {a} → {b}")
    if before.ending.verdict != now.ending.verdict:
        out.append(f"ended {esc(before.ending.verdict)} → {esc(now.ending.verdict)}")
    return out


def _shown(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.4g}" if abs(value) >= 1000 else f"{value:.4g}"


def change_section(before: RoundFacts | None, now: RoundFacts) -> list[str]:
    """Body of `Change since last round`."""
    if before is None:
        return ["This is the first round on record: nothing to compare with."]
    out = [f"Against round {before.ending.number} ({when(before.ending.started)} UTC)."]
    if before.ending.verdict == "cut off":
        out[0] += " That round was cut off: its figures cover only the time up to the crash."
    changed = parameters(before, now)
    out += ["", "Parameters: " + ("none changed." if not changed else "")]
    if changed:
        out += ["", *table(["key", "before", "now"], [[esc(k), esc(a), esc(b)] for k, a, b in changed])]
    moved = behaviour(before, now)
    out += ["", "Behaviour: " + ("no verdict changed." if not moved else ""), *[f"- {line}" for line in moved]]
    rows = []
    same = []
    for name, a, b in results(before, now):
        if a == b:
            same.append(esc(name))
            continue
        delta = f"{b - a:+.4g}" if a is not None and b is not None else UNKNOWN
        rows.append([esc(name), _shown(a), _shown(b), delta])
    if rows:
        out += ["", *table(["figure", "before", "now", "change"], rows, "lrrr")]
    return [*out, "", f"Unchanged: {', '.join(same)}."] if same else out


def technical_block(before: RoundFacts | None, now: RoundFacts, report: str) -> str:
    """The dated block that technical.md takes: parameters, behaviour, results, each `none` when nothing differs."""
    ending = now.ending
    kind = duration(ending.due - ending.started)
    out = [f"## {when(ending.ended)} UTC, round {ending.number} ({kind}, {esc(now.run.mode)})", "", f"Report: {report}"]
    changed = parameters(before, now) if before is not None else []
    moved = behaviour(before, now) if before is not None else []
    out += ["", "- Parameters: " + ("; ".join(f"{esc(k)} {esc(a)} → {esc(b)}" for k, a, b in changed) or "none")]
    out += ["- Behaviour: " + ("; ".join(moved) or "none")]
    if before is None:
        out += ["- Results: first round on record, nothing to compare with"]
    else:
        moves = [
            f"{esc(name)} {_shown(a)} → {_shown(b)}"
            for name, a, b in results(before, now)
            if a is not None and b is not None and a != b
        ]
        out += ["- Results: " + ("; ".join(moves) or "none")]
    return "\n".join([*out, "", ""])
