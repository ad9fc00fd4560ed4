"""Logs: the newest 10,000 lines of the core, by level and text; follows the end until scrolled."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from textual.app import ComposeResult

from core.domain.questions import AnyQuestion, LogLines, LogPage, Page
from core.domain.snapshot import LogRow
from screens import format as fmt
from screens.actions import LOGS, Action
from screens.base import bindings
from screens.paged import Paged
from screens.times import before
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.listing import Listing

KEPT = 10_000
LEVELS = ("debug", "info", "warn", "error", "crit")
STYLES = {"debug": "dim", "info": "text", "warn": "warn", "error": "crit", "crit": "crit"}
WORDS = {"warn": "WARN", "error": "ERROR", "crit": "CRIT"}


def row_of(row: LogRow, view: View, width: int) -> Line:
    """Time, level as a word, tag, text."""
    style = STYLES.get(row.level, "text")
    line = Line((fmt.clock(row.ts) + " ", "dim"), (WORDS.get(row.level, row.level).ljust(6), style))
    if width >= 60:
        line.add(fmt.shorten(row.tag.strip("[]"), 15).ljust(16), "label")
    return line.add(fmt.shorten(row.text, max(width - line.width, 1)), style if style != "dim" else "text")


def text_of(row: LogRow) -> str:
    return f"{row.level} {row.tag} {row.text}"


class Logs(Paged):
    """One list. `take` appends; lines that were lost on the way are counted, never hidden."""

    scope = LOGS
    BINDINGS = bindings(LOGS)

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__(actions)
        self.lines: deque[LogRow] = deque(maxlen=KEPT)
        self.last = self.missed = 0
        self.level = "debug"

    def body(self) -> ComposeResult:
        yield Listing("logs", "Logs", row_of, text_of, "no line yet", follow=True)

    def on_mount(self) -> None:
        self.listing.focus()
        self.listing.fits = lambda row: LEVELS.index(row.level) >= LEVELS.index(self.level)

    @property
    def listing(self) -> Listing:
        return self.query_one(Listing)

    def question(self) -> AnyQuestion:
        return LogLines(after=self.last)

    def take(self, page: Page) -> None:
        assert isinstance(page, LogPage)
        if page.last < self.last:  # another core, or the same one anew
            self.lines.clear()
            self.last = self.missed = 0
            self.again_at_once()
            return
        if self.last:
            self.missed += max(page.first - self.last - 1, 0)
        self.lines.extend(page.rows)
        self.last = page.first + len(page.rows) - 1
        if self.last < page.last:
            self.again_at_once()
        if page.rows:
            self.listing.put_rows(tuple(self.lines))

    def show_body(self, view: View, tables: bool) -> None:
        title = "Logs" if self.level == "debug" else f"Logs: {self.level} and above"
        if self.missed:
            title += f"  {self.missed} lines lost"
        self.listing.title = title + (f"  ({self.trouble})" if self.trouble else "")
        self.listing.show(view)

    def choose(self, level: str) -> None:
        """This level and above."""
        self.level = level
        self.listing.sift()

    @property
    def needle(self) -> str:
        return self.listing.needle

    def filter(self, text: str) -> None:
        self.listing.needle = text
        self.listing.sift()

    def find(self, by: int) -> bool:
        """The next line below the top (by 1), or the one before it (-1): of the search, without one WARN or worse."""
        if sought := self.sought:
            return self.listing.find(lambda row: self.listing.has(row, sought), by)
        return self.listing.find(lambda row: row.level in WORDS, by)

    @property
    def sought(self) -> str:
        return self.listing.found

    def search(self, text: str) -> bool:
        """Mark every line with `text` and go to the next one, at the end to the last; False when there is none."""
        self.listing.found = text
        self.listing.sift()
        return not text or self.find(1) or self.find(-1) or self.listing.holds(text)

    def jump(self, text: str) -> bool:
        """To the first line at or after this time of day; False when it is no time, or there is no line."""
        kept = self.listing.kept
        at = before(text, kept[-1].ts) if kept else None
        if at is None:
            return False
        self.listing.scroll_to_row(next(n for n, row in enumerate(kept) if row.ts >= at))
        return True

    def follow(self) -> None:
        self.listing.to_end()

    def text(self, all_rows: bool = False) -> str:
        """The rows that level and filter leave: the newest 500 for the clipboard, all of them for a file."""
        rows = self.listing.kept if all_rows else self.listing.kept[-500:]
        return "\n".join(f"{fmt.stamp(row.ts)} {text_of(row)}" for row in rows)
