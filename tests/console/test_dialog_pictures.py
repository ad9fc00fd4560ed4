"""What the operator sees beside the Overview: dialogs, help, rounds, and the picture without colours (CONSOLE.md)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.console import Console
from app.options import Options
from screens.modals.base import Dialog
from screens.theme import PALETTES
from tests.console.fabricated import FakeClient, StillClock, snapshot

SNAP = snapshot(40)
KEYS = {"quit": "q", "flatten": "f", "help": "question_mark", "rounds": "o", "lock": "i"}


REPORT = """# Round 16

**PASS**, +12.90 USDC in 4 h, flat at the end.

| | figure | limit | |
|---|---|---|---|
| fill rate | 63.2 % | > 40 % | pass |
| markout 1 s | -0.10 bp | > -0.5 bp | pass |

## What to look at

- 3 fills above 1.0 bp between 11:20 and 11:40
"""


@pytest.fixture(autouse=True)
def with_colours_and_no_countdown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(Dialog, "_tick", lambda _self: None)  # a slow machine would draw another second


def console(**options: Any) -> Console:
    given = {"palette": "default", "ascii_only": False, "read_report": lambda _path: REPORT, **options}
    return Console(FakeClient(SNAP), Options(clock=StillClock(), **given))


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["120x40", "80x24"])
@pytest.mark.parametrize("name", sorted(KEYS))
def test_each_dialog_and_screen(name: str, size: tuple[int, int], snap_compare: Any) -> None:
    async def opened(pilot: Any) -> None:
        await pilot.pause(0.3)
        await pilot.press(KEYS[name])
        await pilot.pause(0.5)

    assert snap_compare(console(), terminal_size=size, run_before=opened)


async def test_no_color_draws_without_any_colour_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = console(palette="")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.5)
        assert app.view.theme.palette == "mono"
    assert all(
        not re.search(r"#[0-9a-f]{6}|red|green|blue|yellow|cyan|magenta", text) for text in PALETTES["mono"].values()
    )


def test_signs_and_words_carry_what_colours_say() -> None:
    """A terminal of 16 colours, or none, loses no meaning: each level of an alert differs by its sign, too."""
    for palette, styles in PALETTES.items():
        assert set(styles) == set(PALETTES["default"]), palette
        levels = [styles[name] for name in ("warn", "crit")]
        assert len(set(levels)) == len(levels), palette
