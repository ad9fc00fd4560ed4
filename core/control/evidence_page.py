"""The rows of an emergency report and how they become markdown (E9, E10; X5).

Any text of it may come from a venue, so everything is escaped for its context. Writes no file and asks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from core.clock import iso
from core.control.outcome import MEANING, ORDERS_ZERO, Outcome


class StepTaken(msgspec.Struct, frozen=True):
    """One line of evidence. ms after the start."""

    ms: float
    step: str
    text: str


class Answered(msgspec.Struct, frozen=True):
    """One request to a venue and its raw answer, as a hash. ms after the start; status 0 = none came."""

    ms: float
    venue: str
    request: str
    status: int
    size: int
    sha256: str


class Asked(msgspec.Struct, frozen=True):
    """One request or read of a core's stop and what it brought. ms after the start, None where no answer came; sha256
    of the answer as the journal has it."""

    ms: float
    venue: str
    request: str
    answered_ms: float | None
    answer: str
    sha256: str


class Fill(msgspec.Struct, frozen=True):
    """One fill of a close, as the venue lists it. slippage_bps: from the middle of the book before the close, above 0
    against us; None where there was no book."""

    venue: str
    symbol: str
    side: str
    size: float
    price: float
    fee: float
    slippage_bps: float | None
    ts: int


class Stays(msgspec.Struct, frozen=True):
    """What is left at a venue on purpose. `what`: foreign order, foreign position, stop kept, position kept, dust."""

    venue: str
    what: str
    symbol: str
    text: str


class Page(msgspec.Struct, frozen=True):
    """All of one report. `stop`: the rows of its head; `before`: what an earlier process wrote of the same stop."""

    started: int
    code: int
    stop: dict[str, Any]
    outcomes: Sequence[Outcome]
    steps: Sequence[StepTaken]
    answers: Sequence[Answered] = ()
    fills: Sequence[Fill] = ()
    asked: Sequence[Asked] = ()
    stays: Sequence[Stays] = ()
    reference: str = "the middle of the book before the close"
    before: str = ""


def markdown(page: Page) -> str:
    """The report: result first, then each venue, what stays there, every step, fills, requests and answers."""
    verb = str(page.stop.get("verb", "halt"))
    lines = [
        f"# Emergency {cell(verb)} {iso(page.started)} UTC",
        "",
        f"Result: **{page.code} {MEANING.get(page.code, 'unknown')}**",
        "",
        "| stop | |",
        "|---|---|",
        *(head_row(key, value) for key, value in page.stop.items()),
        "",
        "| venue | code | verified | orders left | positions left | text |",
        "|---|---|---|---|---|---|",
        *(
            f"| {cell(o.venue)} | {o.code} {MEANING[o.code]} | {o.verified} | {o.orders_left} "
            f"| {'kept' if o.code == ORDERS_ZERO else o.positions_left} | {cell(o.text)} |"
            for o in page.outcomes
        ),
        "",
        *_table(
            "| venue | what stays | symbol | |\n|---|---|---|---|",
            (f"| {cell(s.venue)} | {cell(s.what)} | {cell(s.symbol)} | {cell(s.text)} |" for s in page.stays),
        ),
        "| ms | step | what |",
        "|---:|---|---|",
        *(f"| {step.ms:.1f} | {cell(step.step)} | {cell(step.text)} |" for step in page.steps),
        "",
        *_table(
            "| fills of closes | symbol | side | size | price | fee | slippage bps |\n"
            "|---|---|---|---:|---:|---:|---:|",
            map(_fill, page.fills),
        ),
        *([f"Slippage against {cell(page.reference)}; above 0 is against us.", ""] if page.fills else []),
        *_table(
            "| ms | venue | request | answered ms | answer | sha256 of the answer in the journal |\n"
            "|---:|---|---|---:|---|---|",
            map(_asked, page.asked),
        ),
        *_table(
            "| ms | venue | request | status | bytes | sha256 of the raw answer |\n|---:|---|---|---:|---:|---|",
            map(_answered, page.answers),
        ),
    ]
    return "\n".join(lines) + (f"\n## Before this process\n\n{page.before}" if page.before else "")


def _table(head: str, rows: Iterable[str]) -> list[str]:
    """Nothing at all without rows."""
    found = list(rows)
    return [head, *found, ""] if found else []


def _fill(f: Fill) -> str:
    bps = "" if f.slippage_bps is None else f"{f.slippage_bps:.2f}"
    size, price, fee = f"{f.size:g}", f"{f.price:.10g}", f"{f.fee:g}"
    return f"| {cell(f.venue)} | {cell(f.symbol)} | {cell(f.side)} | {size} | {price} | {fee} | {bps} |"


def _asked(a: Asked) -> str:
    when = "none" if a.answered_ms is None else f"{a.answered_ms:.1f}"
    return f"| {a.ms:.1f} | {cell(a.venue)} | {cell(a.request)} | {when} | {cell(a.answer)} | {a.sha256} |"


def _answered(a: Answered) -> str:
    return f"| {a.ms:.1f} | {cell(a.venue)} | {cell(a.request)} | {a.status or 'none'} | {a.size} | {a.sha256} |"


def head_row(key: str, value: object) -> str:
    """One row of a report's head, as it stands in the file."""
    return f"| {cell(key)} | {cell(value)} |"


def cell(value: object) -> str:
    """Any text as the content of a table cell: no control characters, no markup, no HTML."""
    text = "".join(c if c.isprintable() else " " for c in str(value))[:500]
    for mark in "\\`*_[]<>|#!~":
        text = text.replace(mark, "\\" + mark)
    return text.replace("&", "&amp;")
