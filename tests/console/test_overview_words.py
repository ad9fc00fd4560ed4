"""The panes of the Overview in words: unknown, stale, stopped, whatever comes from outside (UC-06)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from app.console import Console
from app.options import Options
from screens.overview import PANES
from screens.theme import PALETTES, Theme
from screens.view import View
from screens.widgets.pane import Drawn, Pane, frame
from tests.console.fabricated import SECOND, T0, FakeClient, StillClock, snapshot, state

SNAP = snapshot(40)


def stopped() -> Any:
    halted = state(SNAP, run="HALTED", since=SNAP.ts - 9 * SECOND, reason="Ctrl+G", orders_at_stop=16, positions_left=1,
                   verified="clean")  # fmt: skip
    return msgspec.structs.replace(halted, orders=())


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Console]:
    monkeypatch.delenv("NO_COLOR", raising=False)

    def make(snap: Any, **options: Any) -> Console:
        return Console(
            FakeClient(snap), Options(clock=StillClock(), **{"palette": "default", "ascii_only": False, **options})
        )

    return make


def words(at: int, snap: Any, width: int = 56, height: int = 12, **view: Any) -> Drawn:
    return PANES[at][3](View(snap, Theme(), utc=T0, **view), width, height)


def text(drawn: Drawn) -> str:
    return "\n".join(row.plain for row in drawn.rows)


@pytest.mark.parametrize("at", range(len(PANES)), ids=[pane[0] for pane in PANES])
@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("size", [(36, 6), (56, 8), (76, 2), (76, 3), (96, 30), (20, 1)])
def test_no_pane_draws_more_than_its_size_in_any_palette(at: int, palette: str, size: tuple[int, int]) -> None:
    name, title, number, draw, table, _ = PANES[at]
    for snap in (SNAP, msgspec.structs.replace(type(SNAP)(), ts=T0), stopped()):
        for ascii_only in (False, True):
            theme = Theme(palette, ascii_only)
            drawn = draw(View(snap, theme, utc=T0), *size)
            assert len(drawn.rows) <= max(size[1], 2), name
            strips = frame(Pane(name, title, draw, number, table), View(snap, theme, utc=T0), size[0] + 4, size[1] + 2)
            assert {strip.cell_length for strip in strips} == {size[0] + 4}
            if ascii_only:
                assert all(strip.text.isascii() for strip in strips)


def test_unknown_is_two_dashes_and_never_zero() -> None:
    empty = type(SNAP)(
        ts=T0, positions=(msgspec.structs.replace(SNAP.positions[0], mark=None, unrealised=None, buffer=None),)
    )
    assert "--" in text(words(0, empty))
    assert "+0.00" not in text(words(0, empty))
    assert "fill rate --" in text(words(5, empty))


def test_a_value_shows_its_age_after_two_periods_and_a_question_mark_after_five() -> None:
    def mark(age_s: float) -> Drawn:
        row = msgspec.structs.replace(SNAP.positions[0], ts=SNAP.ts - round(age_s * SECOND))
        return words(0, msgspec.structs.replace(SNAP, positions=(row,)), width=90)

    price = f"{SNAP.positions[0].mark:.2f}"
    assert price in text(mark(1))
    assert "⏱" not in text(mark(1))
    assert f"{price} ⏱3.0s" in text(mark(3))
    old = mark(14)
    assert f"?{price}" in text(old)
    assert "net ETH ?" in text(old)  # sums made from it
    assert old.stale
    assert old.stale_ns == 14 * SECOND


def test_silence_of_the_core_ages_every_value() -> None:
    assert "?" in text(words(0, SNAP, silence_ns=8 * SECOND))


def test_profit_and_loss_differ_by_shape_and_not_by_colour_alone() -> None:
    loss = msgspec.structs.replace(SNAP, pnl=msgspec.structs.replace(SNAP.pnl, net=-3.0))
    assert "▲" in text(words(7, SNAP))
    assert "▼" in text(words(7, loss))


def test_a_broken_identity_is_the_second_line_of_the_pnl_pane() -> None:
    broken = msgspec.structs.replace(SNAP, pnl=msgspec.structs.replace(SNAP.pnl, identity_ok=False))
    assert "BROKEN" in words(7, broken, 36, 6).rows[1].plain


def test_values_are_never_markup_and_control_characters_do_not_reach_the_terminal() -> None:
    alert = msgspec.structs.replace(SNAP.alerts[0], text="[bold red]x[/] \x1b]0;title\x07 \x9b31m")
    shown = text(words(8, msgspec.structs.replace(SNAP, alerts=(alert,)), width=90))
    assert "[bold red]x[/]" in shown
    assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in shown.replace("\n", ""))


def test_an_order_whose_fate_is_unknown_stands_first_and_is_counted() -> None:
    last = msgspec.structs.replace(SNAP.orders[-1], state="UNKNOWN")
    drawn = words(2, msgspec.structs.replace(SNAP, orders=(*SNAP.orders[:-1], last)), 60, 4)
    assert drawn.note.startswith("1 UNKNOWN")
    assert last.id in text(drawn)


async def test_done_is_said_only_when_the_venue_confirmed(console: Any) -> None:
    for changes, words_ in (
        ({"orders_left": 3, "verified": ""}, "CANCELLING 13/16"),
        ({"orders_left": 0, "verified": "unverified"}, "orders 0 UNVERIFIED"),
        ({"orders_left": 0, "verified": "sealed"}, "orders 0/16 left"),
    ):
        app = console(state(stopped(), **changes))
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause(0.2)
            assert words_ in app.overview.query_one("#banner").shown
