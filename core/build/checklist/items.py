"""The go-live checklist as a list of items: what was looked at, what was found, and what a person does next.

Owns the verdicts, their order and their text (S1-50 to S1-57, R-C1, R-X1). What is looked at: the files beside it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec

from core.domain.errors import PerpError
from core.venues.ccxt.verdicts import clean_text, judge

OK, FAIL, NOTE = "ok", "FAIL", "note"
NAME_WIDTH, WIDTH = 24, 118
ASK_AGAIN = "ask again; the venue's own words stand beside it"


class Item(msgspec.Struct, frozen=True):
    """One line. A FAIL always has a `next_step`; `rows` are the requirements it answers; `venue` if several."""

    name: str
    verdict: str
    found: str
    next_step: str = ""
    rows: tuple[str, ...] = ()
    venue: str = ""


class Checklist:
    """Items in the order in which they were looked at. Nothing that is asked here ends the list: it becomes an item.
    `venue` is what the next items are about, "" where there is one venue or none."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.venue = ""

    def add(self, name: str, verdict: str, found: str, next_step: str = "", rows: Iterable[str] = ()) -> None:
        """One more item."""
        self.items.append(Item(name, verdict, found, next_step if verdict != OK else "", tuple(rows), self.venue))

    def judge(self, name: str, good: bool, found: str, next_step: str, rows: Iterable[str] = ()) -> bool:
        """ok or FAIL."""
        self.add(name, OK if good else FAIL, found, next_step, rows)
        return good

    def local(self, name: str, look: Callable[[], str], next_step: str = "", rows: Iterable[str] = ()) -> bool:
        """What `look` found; its refusal is a FAIL with the refusal's own words."""
        try:
            found = look()
        except (PerpError, OSError) as error:
            first, _, rest = str(error).partition("; ")
            self.add(name, FAIL, first, rest or next_step or "see the message", rows)
            return False
        self.add(name, OK, found, rows=rows)
        return True

    async def ask(
        self, name: str, question: Awaitable[None], next_step: str = ASK_AGAIN, rows: Iterable[str] = ()
    ) -> bool:
        """Await a question that adds its own items; whatever the venue or the network raises is a FAIL."""
        import ccxt

        try:
            await question
        except ccxt.BaseError as error:
            self.add(name, FAIL, judge(error).text, next_step, rows)
        except PerpError as error:
            self.add(name, FAIL, str(error), next_step, rows)
        except (TimeoutError, OSError, LookupError, TypeError, ValueError) as error:
            self.add(name, FAIL, f"its answer cannot be used: {clean_text(error)}", next_step, rows)
        else:
            return True
        return False

    def not_of_this_strategy(self) -> None:
        """Rows of the pair strategy: listed, and never as passed."""
        for name, row in (
            ("atomic rollback", "S1-53"), ("backup venue", "S1-54"), ("slippage budget", "S1-56"),
        ):  # fmt: skip
            self.add(name, NOTE, "not of this strategy: it belongs to the two-leg pair; not looked at", rows=(row,))

    def body(self) -> dict[str, Any]:
        """For the command line: `ok` is false as soon as one item failed."""
        counts = {verdict: sum(item.verdict == verdict for item in self.items) for verdict in (OK, FAIL, NOTE)}
        return {
            "ok": not counts[FAIL],
            "items": [msgspec.to_builtins(item) for item in self.items],
            "text": text_of(self.items, counts),
        }


def text_of(items: Iterable[Item], counts: dict[str, int]) -> str:
    """The table: verdict, name, what was found; the next step stands under it. Several venues have a heading each."""
    lines, venue = [], ""
    for item in items:
        if item.venue != venue:
            venue = item.venue
            lines.append(f"-- {venue or 'all venues'} --")
        head, below = f"{item.verdict:<5} {item.name:<{NAME_WIDTH}} ", " " * (NAME_WIDTH + 7)
        lines += textwrap.wrap(item.found or "--", WIDTH, initial_indent=head, subsequent_indent=below)
        if item.next_step:
            lines += textwrap.wrap(item.next_step, WIDTH, initial_indent=f"{below}next: ", subsequent_indent=below)
    end = "nothing fails" if not counts[FAIL] else "do not go live"
    lines.append(f"{counts[OK]} ok, {counts[FAIL]} FAIL, {counts[NOTE]} note: {end}")
    return "\n".join(lines)
