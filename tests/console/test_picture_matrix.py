"""What the operator sees: each screen at each size and in each state, as text that a review can read (CONSOLE.md 4).

`--snapshot-update` writes the pictures.
"""

from __future__ import annotations

from typing import Any

import pytest

from app.console import Console
from app.options import Options
from tests.console import gallery
from tests.console.fabricated import FakeClient, StillClock
from tests.console.fabricated_pages import PAGES
from tests.console.showcase import CASES, COMMON, Case


def console(case: Case) -> Console:
    given = {**COMMON, **case.options}
    client = FakeClient(case.make())
    client.pages = dict(PAGES)
    return Console(client, Options(clock=StillClock(), **given))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_the_console_looks_as_it_did(
    case: Case, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UC-06, S3-74."""
    if case.no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.delenv("NO_COLOR", raising=False)
    app = console(case)

    async def opened(pilot: Any) -> None:
        for key in case.keys:
            await pilot.press(key)
            for _ in range(100):
                if not getattr(app.screen, "_deaf", False):
                    break
                await pilot.pause(0.01)
        if case.silence_s:
            app.clock.step(case.silence_s)

    picture = await gallery.shot(app, case.size, opened, monkeypatch)
    assert picture.size == case.size
    cut = [(text, width) for text, width in picture.cuts if text[len_at(text, width) :].strip()]
    assert not cut, f"Expected every text to fit or to be shortened with a sign, was cut: {cut}"
    gallery.compare(case.name, picture, bool(request.config.option.update_snapshots))


def len_at(text: str, width: int) -> int:
    """Number of signs in the first `width` cells."""
    from rich.cells import cell_len

    return next((n for n in range(len(text)) if cell_len(text[: n + 1]) > width), len(text))


def test_every_picture_on_file_is_of_a_case() -> None:
    known = {f"{case.name}.txt" for case in CASES}
    assert len(known) == len(CASES), "Expected a name of its own for each case"
    assert {path.name for path in gallery.FOLDER.iterdir()} == known
