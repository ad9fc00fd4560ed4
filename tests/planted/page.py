"""docs/planted_bugs.md, written from the list: number, what is planted, where, what it would cost, what catches it."""

from __future__ import annotations

from tests.planted.listed import BUGS, PARTS

HEAD = """# Planted bugs

Written by `python -m tests.planted --page`; do not edit. Each of these {n} bugs is planted alone, into the text of one
module while it is imported, and every test named beside it must then fail, by what it asserts: a crash, a test that was
not run and a bug that no test imported do not count. `make chaos PART=bugs` plants all of them
(`python -m tests.planted [NAME...]`); `make test` checks the list, plants two, and sees that nothing planted is not
called caught. Where the code changes under a bug that check fails by its name: plant it anew in what stands there now.
"""


def page() -> str:
    """The whole page."""
    out = [HEAD.format(n=len(BUGS))]
    number = 0
    for title, bugs in PARTS:
        out.append(f"\n## {title}\n\n| # | bug | what it would cost | where | caught by |\n|---|---|---|---|---|\n")
        for bug in bugs:
            number += 1
            tests = "<br>".join(f"`{one.partition('::')[2]}` ({one.partition('::')[0]})" for one in bug.tests)
            out.append(f"| {number} | `{bug.name}` | {bug.costs} | `{bug.file}` | {tests} |\n")
    return "".join(out)
