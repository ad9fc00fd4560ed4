"""Every string that a screen can be given is hostile: nothing of it reaches the terminal but printable signs.

The fields are found by the types of the picture and of the pages. PERP_PAYLOADS=n draws each screen n times, each time
with the next payload in each field; n = 1,034 is each payload in each field once.
"""

from __future__ import annotations

import os
from typing import Any

import msgspec
import pytest

from core.domain import audit, history_page, order_pages, questions, why_page
from core.domain.snapshot import Snapshot
from screens.actions import AUDIT, HELP, ROUNDS, SCREENS, TIMELINE, VENUES
from tests.console import fabricated_venues
from tests.console.conftest import Desk
from tests.console.fabricated_audit import Invented
from tests.console.fabricated_pages import PAGES
from tests.console.showcase import DIALOGS, STATES, WALKED, base, opened_by
from tests.hostile.drawn import wrong_in
from tests.hostile.payloads import PAYLOADS, Filler, string_fields

TURNS = int(os.environ.get("PERP_PAYLOADS", "6"))
STEP = 89  # payloads between two turns: prime, so that a few turns see every kind
# words that choose what is drawn at all: hostile in one turn of two
WORDS = frozenset({
    "State.run", "Snapshot.mode", "Snapshot.network", "OrderRow.side", "OrderRow.state", "AlertRow.level",
    "LogRow.level", "VenueRow.condition", "PositionRow.symbol", "OrderRow.symbol", "Quoter.symbol",
})  # fmt: skip


class Page:
    """A page of the core with hostile strings; the question is answered in its own kind."""

    def __init__(self, page: Any, filler: Filler) -> None:
        self.page, self.filler = page, filler

    def __call__(self, asked: Any) -> Any:
        page = self.page(asked) if callable(self.page) else self.page
        return self.filler.filled(page)


def hostile_pages(filler: Filler) -> dict[type, Any]:
    return {kind: Page(page, filler) for kind, page in PAGES.items()}


class Spoilt(Invented):
    """A replay whose told rows are hostile."""

    filler = Filler()

    def take(self) -> Any:
        return [self.filler.filled(told) for told in super().take()]


def read_report(_path: str) -> str:
    return "# Round\n\n" + "\n\n".join(text for text in PAYLOADS[:300])


async def drawn(scope: str, turn: int, state: str = "paper", keys: tuple[str, ...] = ()) -> list[str]:
    """Open a screen, then give it the hostile picture and look; what is wrong."""
    kept = WORDS if turn % 2 else frozenset()
    filler = Filler(turn * STEP, kept)
    snap = STATES[state](base(scope) if scope != VENUES or turn % 2 else fabricated_venues.SHOWN["paired"]())
    made = Desk(snap, read_report=read_report, audit=Spoilt)
    made.client.pages = hostile_pages(filler)
    async with made.run((120, 40)) as pilot:
        await pilot.press(*opened_by(scope))
        await pilot.pause()
        made.client.snap = filler.filled(snap)
        made.app.poll()
        await pilot.pause()
        await pilot.press(*keys)
        await made.app.workers.wait_for_complete()
        await pilot.pause()
        made.app.poll()
        await pilot.pause()
        return [f"{scope} turn {turn}: {what}" for what in wrong_in(made.app)]


@pytest.mark.row("R-X4")
@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("scope", WALKED)
async def test_hostile_strings_in_every_field_draw_a_screen_of_printable_signs(scope: str) -> None:
    """R-X4: no control sign, no markup, no link, rows as wide as the screen, no crash."""
    wrong = []
    for turn in range(TURNS):
        wrong += await drawn(scope, turn)
    assert not wrong, "\n".join(wrong[:12])


@pytest.mark.row("R-X4")
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DIALOGS))
async def test_hostile_strings_in_every_field_of_a_dialog_draw_printable_signs(name: str) -> None:
    opened = DIALOGS[name]
    wrong = []
    for turn in range(2):
        wrong += await drawn(opened.scope, 2 * turn + 1, opened.state, opened.keys)
    assert not wrong, "\n".join(wrong[:12])


def test_every_string_field_of_the_picture_is_filled() -> None:
    """A field that is new is found by its type; one that the fabricated pictures leave empty is named here."""
    filler = Filler()
    for scope in SCREENS:
        filler.filled(base(scope))
    for made in fabricated_venues.SHOWN.values():
        filler.filled(made())
    filler.filled(PAGES[questions.ConfigInForce])
    missing = string_fields(Snapshot) - filler.fields
    assert missing <= EMPTY_IN_PICTURES, missing - EMPTY_IN_PICTURES


# rows that no fabricated picture of the showcase holds; their panes draw them from the same kinds of cells
EMPTY_IN_PICTURES: frozenset[str] = frozenset()


def test_every_kind_of_page_is_asked_with_hostile_strings() -> None:
    """A new kind of question needs a fabricated page, or its strings are never seen."""
    kinds = set(questions.Question.__subclasses__())
    assert kinds, "questions"
    untold = {kind.__name__ for kind in kinds} - {kind.__name__ for kind in PAGES}
    assert untold <= {"SpreadHistory", "PnlHistory", "WhyNot"}, untold
    for module in (audit, history_page, order_pages, why_page):
        structs = [x for x in vars(module).values() if isinstance(x, type) and issubclass(x, msgspec.Struct)]
        assert structs, module.__name__
    assert {AUDIT, HELP, ROUNDS, TIMELINE} <= set(WALKED)
