"""Markdown from data that may be hostile: everything from outside is escaped for its context (R-X5).

No raw HTML, link or image can come from a value; control and bidi characters are dropped. Knows nothing of rounds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

SPECIAL = re.compile(r"([\\`*_\[\]#!<>|~&$])")
AT_START = re.compile(r"^([-+=]|\d{1,9}(?=[.)]))")  # list, rule, heading underline
SCHEME = re.compile(r"(?i)(https?|ftp|mailto|javascript|data):")
BARE_HOST = re.compile(r"(?i)\bwww\.")
LONGEST = 256
BLOCKS = "▁▂▃▄▅▆▇█"


def plain(value: object, longest: int = LONGEST) -> str:
    """One line of printable text: control, bidi, zero-width and surrogate characters dropped, length capped."""
    text = "".join(
        " " if c in "\r\n\t\v\f\u2028\u2029" else c
        for c in str(value)
        if c in "\r\n\t\v\f\u2028\u2029" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def esc(value: object, longest: int = LONGEST) -> str:
    """Text from data for running text and table cells."""
    text = SPECIAL.sub(r"\\\1", plain(value, longest))
    text = SCHEME.sub(r"\1\\:", text)
    text = BARE_HOST.sub(lambda m: m.group(0)[:-1] + r"\.", text)
    text = text.replace("@", r"\@")
    found = AT_START.match(text)
    if found is None or text[found.end() : found.end() + 1].isdigit():
        return text  # -15 is a number, not a list
    return f"\\{text}" if not found.group(1).isdigit() else _dotted(text, found.end())


def _dotted(text: str, at: int) -> str:
    """`1.` and `1)` before a blank or the end would open a numbered list."""
    return f"{text[:at]}\\{text[at:]}" if text[at + 1 : at + 2] in ("", " ") else text


def fenced(lines: Iterable[str]) -> list[str]:
    """A code block that its content cannot leave: the fence is longer than any run of backticks in it."""
    body = [plain(line, 400) for line in lines]
    runs = [len(run) for line in body for run in re.findall(r"`+", line)]
    fence = "`" * max(3, max(runs, default=0) + 1)
    return [fence + "text", *body, fence]


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: str = "") -> list[str]:
    """A pipe table. Cells are markdown already (numbers, or text from `esc`); `right`: l or r a column."""
    marks = {"l": "---", "r": "---:"}
    align = [marks[(right + "l" * len(head))[k]] for k in range(len(head))]
    out = [f"| {' | '.join(head)} |", f"|{'|'.join(align)}|"]
    out += [f"| {' | '.join(cell or ' ' for cell in row)} |" for row in rows]
    return out


def sparkline(values: Sequence[float | None], width: int = 48) -> str:
    """Block characters, newest last; unknown values are gaps, a constant series is a low line, none is empty."""
    stride = max(1, -(-len(values) // width))
    picked = [values[min(k + stride, len(values)) - 1] for k in range(0, len(values), stride)]
    known = [v for v in picked if v is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    scale = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(" " if v is None else BLOCKS[round((v - low) * scale)] for v in picked)
