"""10,000 random strings of bytes typed into a LIVE console: nothing that opens, closes or arms comes out of it.

The bytes pass the input path of the real driver (app.rawinput with its hook), then the running App, headless. A seeded
part runs always; PERP_FUZZ=10000 runs all of it, PERP_FUZZ=5000-10000 the second half. CONSOLE.md 4.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter

import pytest

from screens.modals import base
from screens.modals.base import Dialog
from tests.console.torrent import Typed, strings
from tests.console.typist import ALLOWED, PICTURES, console

SEED = 20261121
FIRST, LAST = (int(n) for n in ("0-" + os.environ.get("PERP_FUZZ", "420")).split("-")[-2:])
EACH = 40  # strings a console


@pytest.mark.timeout(3600)
@pytest.mark.slow
async def test_no_string_of_bytes_opens_closes_or_arms_anything(
    now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """CONSOLE 4, UC-05, R-E0: `p` may pull quotes; a dialog may open; only `q` and `d` leave the console."""
    print(f"seed {SEED}, strings {FIRST} to {LAST}")
    deaf, seen, waiting = base.DEAF_S, Counter[str](), strings(SEED, FIRST, LAST)
    number = 0
    typed = next(waiting, None)
    while typed is not None:
        async with console(number, now) as desk:
            while typed is not None and not desk.over:
                desk.client.snap = PICTURES[typed.number % len(PICTURES)]
                desk.app.poll()
                monkeypatch.setattr(base, "DEAF_S", 0.0001 if typed.slowly else deaf)
                if typed.number % 3:
                    await desk.home()
                desk.client.sent.clear()
                await desk.type(typed)
                seen.update(type(sent).__name__ for sent in desk.client.sent)
                assert not desk.faults(), (typed.number, typed.kind, typed.chunks, desk.faults())
                typed = next(waiting, None)
                if typed is not None and typed.number % EACH == 0:
                    break  # a fresh console, sometimes attached, sometimes with its core inside
            seen += desk.seen
        number += 1
    print(dict(seen))
    wanted = {"Pause", "FlattenDialog", "ResumeDialog", "RearmDialog", "QuitDialog", "CommandLine", "sequences dropped"}
    assert wanted <= set(seen), "the strings reach what they must not set off"


async def test_the_words_typed_by_a_person_do_set_it_off(now: list[float]) -> None:
    """The other side of the same path: what the strings above never do."""
    async with console(2, now) as desk:
        await desk.type(Typed(0, "key", (b"f",), True))
        assert isinstance(desk.app.screen, Dialog)
        await asyncio.sleep(base.DEAF_S * 2)
        await desk.type(Typed(1, "word", (b"f", b"l", b"a", b"t"), True))
        await asyncio.sleep(base.STANDS_S + 0.2)
        await desk.type(Typed(2, "enter", (b"\r",), True))
        assert [type(sent).__name__ for sent in desk.client.sent if not isinstance(sent, ALLOWED)] == ["Flatten"]
