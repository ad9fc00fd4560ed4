"""The table of the pair as Markdown, printed from the code: `python -m core.execution.pair_saga.page`.

With a path it writes the table between the two marks of that page: `python -m core.execution.pair_saga.page
docs/pair_saga.md`. The kernels run on the arrays that are printed here.
"""

from __future__ import annotations

import sys
from pathlib import Path

from core.execution.pair_saga import words as w
from core.execution.pair_saga.table import DUTY, cells

BEGIN, END = "<!-- printed from core/execution/pair_saga/table.py -->", "<!-- end of the printed table -->"


def lines() -> list[str]:
    """States with what they declare and do, then every cell, then the words of the events."""
    out = ["### States", "", "| state | declares | works at |", "|---|---|---|"]
    for state, (declares, work) in DUTY.items():
        out.append(f"| {w.STATE_NAMES[state]} | {w.DECLARED_NAMES[declares]} | {w.WORK_NAMES[work]} |")
    out += ["", "### Cells", "", "| state | event | next state | effect |", "|---|---|---|---|"]
    for (state, event), (then, effect) in cells().items():
        names = w.STATE_NAMES[state], w.EVENT_NAMES[event], w.STATE_NAMES[then], w.EFFECT_NAMES[effect]
        out.append(f"| {' | '.join(names)} |")
    out += ["", "### Events, in the order in which they are looked for", ""]
    out += [f"- **{name}**: {text}" for name, text in zip(w.EVENT_NAMES, w.EVENT_MEANINGS, strict=True)]
    out += ["", "### Refusals of a wish", ""]
    out += [f"- `{name}`" for name in w.REFUSAL_NAMES if name]
    out += ["", "### What a pair can wait for", ""]
    out += [f"- {name}" for name in w.STUCK_NAMES if name]
    return out


def placed_in(page: str) -> str:
    """`page` with the table between its marks. Raises ValueError without the marks."""
    if BEGIN not in page or END not in page:
        raise ValueError(f"Expected the marks {BEGIN!r} and {END!r}, was a page without them")
    head, rest = page.split(BEGIN, 1)
    return f"{head}{BEGIN}\n\n" + "\n".join(lines()) + f"\n\n{END}{rest.split(END, 1)[1]}"


def main(arguments: list[str]) -> int:
    """Print the table, or put it into the page named."""
    if not arguments:
        print("\n".join(lines()))
        return 0
    path = Path(arguments[0])
    path.write_text(placed_in(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
