"""`perpconsole rejects`: refused requests of the newest journal by reason and by who refused. Reads only."""

from __future__ import annotations

import pathlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from core.build.replaying import replay_into
from core.config.load import Loaded
from core.control.launch import Launch
from core.domain.errors import DataError
from core.domain.events import RequestRefused, Step
from core.domain.order import AMEND, AMEND_REJECTED, CANCEL, CREATE, REJECTED, Refusal
from core.domain.ports import StepSink
from core.domain.reasons import name_of
from core.engine.engine import Engine
from core.engine.journal import Frame, Header, read_frames

SHOWN = 200  # refusals decided again that are listed; all are counted and compared
VERBS = {CREATE: "create", AMEND: "amend", CANCEL: "cancel"}


def newest(folder: pathlib.Path) -> pathlib.Path:
    """The journal that was begun last. Raises DataError when there is none."""
    found = sorted(folder.glob("*.perpj"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    if not found:
        raise DataError("Expected a journal, was none; run a session or a backtest first", str(folder))
    return found[-1]


def rejects(launch: Launch, again: bool) -> dict[str, Any]:
    """Counts by reason, split into engine (risk gate), wire (gate before the venue) and venue. With `again` each
    engine refusal is decided again from the journal; ok is false when one is decided differently."""
    path = newest(launch.state_dir / "journal")
    who: dict[str, Counter[str]] = {"engine": Counter(), "wire": Counter(), "venue": Counter()}
    for frame in read_frames(path):
        if isinstance(frame, Frame):
            _count(frame, who)
    body: dict[str, Any] = {"ok": True, "journal": str(path)}
    body |= {name: dict(sorted(counter.items())) for name, counter in who.items()}
    lines = [f"{path.name}"]
    for name, counter in who.items():
        lines += [f"  {name:<6}  {n:>8,}  {reason}" for reason, n in counter.most_common()]
    if len(lines) == 1:
        lines.append("  nothing was refused")
    if again:
        _decide_again(path, body, lines)
    body["text"] = "\n".join(lines)
    return body


def _count(frame: Frame, who: dict[str, Counter[str]]) -> None:
    who["engine"].update(name_of(refusal.code) for refusal in frame.refused)
    for event in frame.moment.inputs:
        if isinstance(event, RequestRefused):
            who["wire"][name_of(event.code)] += 1
    for report in frame.moment.reports:  # the venue's words as they came: all of a journal; reads bring no refusal
        if report.kind in (REJECTED, AMEND_REJECTED):
            who["venue"][name_of(report.code)] += 1


class _Listed:
    """Each refusal as it was decided again, with the figures that decided."""

    name = "refusals"

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.rows: list[dict[str, Any]] = []
        self.n = 0

    def take(self, step: Step) -> None:
        for refusal in step.refused:
            self.n += 1
            if len(self.rows) < SHOWN:
                self.rows.append(self._row(step, refusal))

    def _row(self, step: Step, refusal: Refusal) -> dict[str, Any]:
        r = refusal.request
        post = next(p for p in self.engine.posts if p.place == r.instrument and p.seat == r.strategy)
        x = post.instrument
        return {
            "seq": step.seq, "ts": step.moment.ts, "strategy": self.engine.seats[r.strategy].name, "symbol": x.symbol,
            "verb": VERBS.get(r.kind, str(r.kind)), "side": "sell" if r.side else "buy", "px": x.price(r.px),
            "lots": r.qty, "reason": name_of(refusal.code), "value": refusal.value, "limit": refusal.limit,
        }  # fmt: skip


def _decide_again(path: pathlib.Path, body: dict[str, Any], lines: list[str]) -> None:
    held: list[_Listed] = []

    def sinks(engine: Engine, loaded: Loaded, header: Header) -> Sequence[StepSink]:
        held.append(_Listed(engine))
        return held

    out = replay_into(path, sinks)
    body["ok"], body["first"] = out.first is None, out.first
    body["again"] = held[0].rows
    body["decided_again"] = held[0].n
    lines.append(f"{held[0].n:,} refusals decided again" + (", all the same" if out.first is None else ""))
    for row in held[0].rows:
        lines.append(
            f"  step {row['seq']} {row['symbol']} {row['verb']} {row['side']} {row['lots']} lots at {row['px']}: "
            f"{row['reason']} (value {row['value']}, limit {row['limit']})"
        )
    if held[0].n > SHOWN:
        lines.append(f"  and {held[0].n - SHOWN:,} more")
    if out.first is not None:
        lines.append(f"step {out.first['seq']} differs in its {out.first['part']}")
