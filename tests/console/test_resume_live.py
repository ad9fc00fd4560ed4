"""The resume dialog of a live core: the go-live checklist and the dead-man line before the word (S1-50, S1-55)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from core.domain.commands import Resume
from core.domain.snapshot import Check, Snapshot
from screens.widgets.lines import Lines
from tests.console.conftest import Desk
from tests.console.fabricated import snapshot, state

CHECKS = (
    Check("streams up", False, "1 down"),
    Check("nothing foreign", None, "1 orders, 0 positions, not touched"),
    *(Check(f"line {n}", True, "as it should be") for n in range(6)),
)


def paused(mode: str, **changes: Any) -> Snapshot:
    given = {"mode": mode, "rearm": CHECKS, "dead_man": "47 s left", "account": "rehearsal", **changes}
    return state(msgspec.structs.replace(snapshot(), **given), run="PAUSED", reason="reconciled; resume to quote")


def drawn(app: Any) -> str:
    """The dialog as text, row by row."""
    lines = app.screen.query_one("#dialog", Lines)
    return "\n".join(lines.render_line(y).text for y in range(lines.size.height))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("mode", ["LIVE", "TESTNET"])
async def test_checklist_and_dead_man_stand_above_the_word_and_all_of_it_fits(
    desk: Callable[..., Desk], mode: str, size: tuple[int, int]
) -> None:
    at = desk(paused(mode))
    async with at.run(size) as pilot:
        await pilot.pause(0.3)
        await pilot.press("p")
        await pilot.pause(0.3)
        text = drawn(at.app)
        rows = text.splitlines()
        assert all(check.name in text for check in CHECKS), text
        assert "dead-man 47 s left" in text
        ask = "type rehearsal and Enter" if mode == "LIVE" else "do it"
        place = {word: next(n for n, row in enumerate(rows) if word in row) for word in ("streams up", "dead-man", ask)}
        assert place["dead-man"] < place["streams up"] < place[ask]
        assert text.index("NO ") < text.index("--") < text.index("ok ")
        assert "Cancel" in text and "closes in" in text
        assert not at.client.did(Resume)


async def test_no_dead_man_is_a_warning_and_so_is_a_core_that_does_not_tell(desk: Callable[..., Desk]) -> None:
    for said in ("NO DEAD-MAN: the venue refused", ""):
        at = desk(paused("LIVE", dead_man=said))
        async with at.run((80, 24)) as pilot:
            await pilot.pause(0.3)
            await pilot.press("p")
            await pilot.pause(0.3)
            lines = at.app.screen.query_one("#dialog", Lines)
            row = next(y for y in range(lines.size.height) if "NO DEAD-MAN" in lines.render_line(y).text)
            warn = at.app.view.theme.style("warn")
            segments = [s for s in lines.render_line(row) if "NO DEAD-MAN" in s.text]
            assert segments and segments[0].style.color == warn.color


async def test_paper_asks_as_before_without_a_checklist(desk: Callable[..., Desk]) -> None:
    at = desk(paused("PAPER", rearm=(), dead_man=""))
    async with at.run((80, 24)) as pilot:
        await pilot.pause(0.3)
        await pilot.press("p")
        await pilot.pause(0.3)
        text = drawn(at.app)
        assert "DEAD-MAN" not in text and "paused because" in text
        await pilot.press("y")
        await pilot.pause(0.1)
        assert len(at.client.did(Resume)) == 1


async def test_the_account_name_must_be_typed_and_reading_has_a_minute(desk: Callable[..., Desk]) -> None:
    at = desk(paused("LIVE"))
    async with at.run((80, 24)) as pilot:
        await pilot.pause(0.3)
        await pilot.press("p")
        await pilot.pause(0.3)
        assert "closes in 60 s" in drawn(at.app) or "closes in 59 s" in drawn(at.app)
        await pilot.press(*"rehearsal")
        assert not at.client.did(Resume)
        await pilot.pause(0.15)
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert [command.word for command in at.client.did(Resume)] == ["rehearsal"]
