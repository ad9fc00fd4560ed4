"""Config & self-check: every effective value with where it came from, and the checks, the worst first."""

from __future__ import annotations

from core.domain.questions import AnyQuestion, ConfigInForce, ConfigPage, ConfigRow, Page
from core.domain.snapshot import Check
from screens import format as fmt
from screens.actions import CONFIG
from screens.base import bindings
from screens.board import Board
from screens.paged import Paged
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.listing import Listing
from screens.widgets.pane import Pane

WAITING = "waiting for the core"
VERDICTS = {True: ("ok", "ok"), None: ("note", "warn"), False: ("FAIL", "crit")}
WORST_FIRST = {False: 0, None: 1, True: 2}


def value_row(row: ConfigRow, view: View, width: int) -> Line:
    """Key, value, origin; a value that is not the default's stands out."""
    origin = fmt.shorten(row.origin, 24)
    own = row.origin != "default"
    room = max(width - len(origin) - 2, 8)
    key = fmt.shorten(row.key, max(room * 3 // 5, 6))
    line = Line((key + " ", "label"), (fmt.shorten(row.value, max(room - len(key) - 1, 1)), "value" if own else "text"))
    return line.right(Line((origin, "key" if own else "dim")), width)


def value_text(row: ConfigRow) -> str:
    """What the filter looks in."""
    return f"{row.key} {row.value} {row.origin}"


def check_row(row: Check, view: View, width: int) -> Line:
    word, style = VERDICTS[row.ok]
    line = Line((word.ljust(5), style), (fmt.shorten(row.name, max(width // 2, 10)) + " ", "text"))
    return line.add(fmt.shorten(row.text, max(width - line.width, 1)), "dim" if row.ok else style)


class Config(Paged, Board):
    """Values at the left (above, when narrow), checks at the right; Enter shows the focused one alone."""

    scope = CONFIG
    board = "config"
    sortable = {"key": (("values", "key", False),), "origin": (("values", "origin", False),)}
    BINDINGS = bindings(CONFIG)
    every_ns = 5_000_000_000

    def made(self) -> list[Pane]:
        values = Listing("values", "Values in force", value_row, value_text, WAITING)
        values.keys = {"key": lambda row: row.key, "origin": lambda row: (row.origin == "default", row.origin, row.key)}
        return [values, Listing("checks", "Self-check", check_row, lambda row: f"{row.name} {row.text}", WAITING)]

    def on_mount(self) -> None:
        self.listing("values").focus()

    def listing(self, name: str) -> Listing:
        return self.query_one(f"#pane-{name}", Listing)

    def question(self) -> AnyQuestion:
        return ConfigInForce()

    def take(self, page: Page) -> None:
        assert isinstance(page, ConfigPage)
        self.listing(
            "values"
        ).title = f"Values in force: {fmt.shorten(page.file.rpartition('/')[2], 24)} {page.sha256[:8]}"
        self.listing("values").put_rows(page.rows)
        failed, noted = (sum(check.ok is verdict for check in page.checks) for verdict in (False, None))
        good = len(page.checks) - failed - noted
        self.listing("checks").title = f"Self-check {good}/{len(page.checks)} ok" + (
            f"  {failed} FAIL" if failed else ""
        )
        self.listing("checks").put_rows(sorted(page.checks, key=lambda check: WORST_FIRST[check.ok]))

    def show_body(self, view: View, tables: bool) -> None:
        for listing in self.query(Listing):
            if self.trouble:
                listing.empty = self.trouble
            listing.show(view)

    @property
    def needle(self) -> str:
        return self.listing("values").needle

    def filter(self, text: str) -> None:
        self.listing("values").needle = text
        self.listing("values").sift()

    def text(self) -> str:
        """The values that are shown, for the clipboard."""
        return "\n".join(f"{row.key}  {row.value}  {row.origin}" for row in self.listing("values").kept)
