"""Rows of the table and how they are printed; ratios and quantiles of what was measured. Measures nothing."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

YES, NO, NOT_BUILT, NOT_RUN = "yes", "no", "not built", "not run"
LATER = "not built yet (a later issue)"


@dataclass(frozen=True)
class Row:
    """One line: what, the figure wanted, what was measured (text), and whether it was reached."""

    path: str
    wanted: str
    measured: str
    reached: str
    note: str = ""


def not_built(path: str, wanted: str) -> Row:
    return Row(path, wanted, LATER, NOT_BUILT)


def not_run(path: str, wanted: str, why: str) -> Row:
    return Row(path, wanted, f"not run: {why}", NOT_RUN)


def judged(path: str, wanted: str, measured: str, good: bool, note: str = "") -> Row:
    return Row(path, wanted, measured, YES if good else NO, note)


def spread(values: Sequence[float], digits: int = 2, unit: str = "") -> str:
    """`median (min .. max, n)`."""
    low, mid, high = min(values), statistics.median(values), max(values)
    return f"{mid:,.{digits}f}{unit} ({low:,.{digits}f} .. {high:,.{digits}f}, n {len(values)})"


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie; the largest for few values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def as_text(rows: Sequence[Row], head: Sequence[str]) -> str:
    """Markdown, readable as it is in a terminal."""
    lines = [*head, "", "| path | wanted | measured | reached |", "|---|---|---|---|"]
    lines += [f"| {row.path} | {row.wanted} | {row.measured} | {row.reached} |" for row in rows]
    notes = [f"- {row.path}: {row.note}" for row in rows if row.note]
    return "\n".join([*lines, "", *notes] if notes else lines)


def as_plain(rows: Sequence[Row]) -> list[dict[str, str]]:
    """For --json."""
    return [asdict(row) for row in rows]
