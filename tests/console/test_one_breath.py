"""Keys that arrive together: each finds the screen that the one before it opened, and none closes what is below."""

from __future__ import annotations

import asyncio

import pytest

from core.domain.commands import Flatten
from screens.modals import base
from screens.modals.base import Dialog
from tests.console.torrent import Typed
from tests.console.typist import ALLOWED, Desk, console


def burst(data: bytes) -> Typed:
    return Typed(0, "burst", (data,), False)


async def typed(desk: Desk, data: bytes) -> None:
    await desk.type(burst(data))
    assert not desk.faults(), desk.faults()
    assert not desk.over


@pytest.mark.parametrize("opened", [b"f", b"q", b"i", b"?", b":", b"l/", b"\x10"])
@pytest.mark.parametrize("size", [6, 2])  # numbers of consoles: 120x40, 80x24
async def test_esc_held_down_closes_a_dialog_and_nothing_below(now: list[float], opened: bytes, size: int) -> None:
    """Key repeat of Esc, or a slow line that hands on several at once."""
    async with console(size, now) as desk:
        await typed(desk, opened)
        await typed(desk, b"\x1b" * 12)
        assert desk.app.screen is desk.app.overview
        await typed(desk, b"p")
        assert [type(sent).__name__ for sent in desk.client.sent if type(sent).__name__ != "Attended"] == ["Pause"]


@pytest.mark.parametrize(
    "keys", [b"rxsoclvj?0", b"r[r[r[", b" rxso", b" ?", b"l/\r\r", b"rrr???", b"o\r\r\r", b"sss\x1b[B\x1b[B"]
)
async def test_screens_opened_in_one_breath(now: list[float], keys: bytes) -> None:
    async with console(6, now) as desk:
        for _ in range(3):
            await typed(desk, keys)
        await desk.home()


@pytest.mark.parametrize(
    "paste", [b"fflat\r", b"f" + b"x" * 300 + b"flat\r", b"qsstop\r", b"qxflat\r", b"f\rflat\r\r", b":flatten\rflat\r"]
)
async def test_an_unbracketed_paste_answers_no_dialog_even_when_its_keys_are_dealt_with_late(
    now: list[float],
    monkeypatch: pytest.MonkeyPatch,
    paste: bytes,
) -> None:
    """CONSOLE 0.4: however slow the console is, the keys were on their way before the dialog stood."""
    monkeypatch.setattr(base, "DEAF_S", 0.02)
    async with console(6, now) as desk:
        app_dispatch = desk.app.on_event

        async def slowly(event: object) -> None:
            await asyncio.sleep(0.015)  # a busy machine: every event takes its time
            await app_dispatch(event)  # type: ignore[arg-type]

        desk.app.on_event = slowly  # type: ignore[method-assign, assignment]
        await typed(desk, paste[:40])
        assert [sent for sent in desk.client.sent if not isinstance(sent, ALLOWED)] == []


async def test_a_dialog_listens_once_no_key_came_for_a_while(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "DEAF_S", 1.0)
    async with console(6, now) as desk:
        await typed(desk, b"f")
        for _ in range(6):
            await asyncio.sleep(0.2)
            await typed(desk, b"flat\r")
        assert isinstance(desk.app.screen, Dialog)
        await desk.heard()
        await desk.type(burst(b"flat\r"))
        assert not [sent for sent in desk.client.sent if isinstance(sent, Flatten)], "word and Enter in one breath"
        await asyncio.sleep(base.STANDS_S + 0.2)
        await desk.type(burst(b"\r"))
        assert [type(sent).__name__ for sent in desk.client.sent][-1] == "Flatten"
