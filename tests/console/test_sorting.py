"""Shift+letter sorts: which pane, which way, and the sign in the header that says so (CONSOLE.md 3 keymap)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from core.domain.snapshot import RoundRow
from screens.sorting import headed, ordered, turned
from screens.theme import Theme
from screens.widgets.table import Column
from tests.console.fabricated import snapshot

ORDER, POSITION = snapshot().orders[0], snapshot().positions[0]


def test_the_first_press_is_the_natural_way_the_second_turns_it_the_third_ends_it() -> None:
    one = turned(None, "px", True)
    assert one == ("px", True)
    two = turned(one, "px", True)
    assert two == ("px", False) and turned(two, "px", True) is None
    assert turned(two, "qty", True) == ("qty", True)


def test_unknown_values_stand_last_whichever_way() -> None:
    rows = [("a", None), ("b", 2), ("c", 1)]
    keys = {"n": lambda row: row[1]}
    assert [row[0] for row in ordered(rows, ("n", False), keys) or []] == ["c", "b", "a"]
    assert [row[0] for row in ordered(rows, ("n", True), keys) or []] == ["b", "c", "a"]
    assert ordered(rows, None, keys) is None


def test_the_sorted_column_carries_its_sign_and_is_never_dropped() -> None:
    made = headed([Column("px", True, 5), Column("qty", True, 4)], ("px", True), Theme("default", False))
    assert [(c.name, c.rank) for c in made] == [("px▼", 0), ("qty", 4)]


def column_of(shown: str, head: str) -> list[float]:
    """Numbers under a column head of a drawn table."""
    lines = shown.splitlines()
    top = next(n for n, line in enumerate(lines) if head in line)
    end = lines[top].index(head) + len(head)
    out = []
    for line in lines[top + 1 :]:
        words = line[:end].split()
        if not words or not words[-1].replace(".", "").lstrip("+-").isdigit():
            break
        out.append(float(words[-1]))
    return out


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_shift_p_sorts_the_orders_by_price(desk: Any, times: int) -> None:
    orders = tuple(replace(ORDER, id=f"{n:04x}", price=price) for n, price in enumerate((100.0, 103.0, 101.0, 102.0)))
    d = desk(snapshot(orders=orders))
    async with d.run() as pilot:
        before = d.app.screen.query_one("#pane-orders").shown
        await pilot.press(*["P"] * times)
        await pilot.pause()
        shown = d.app.screen.query_one("#pane-orders").shown
        if times == 3:
            assert shown == before
            return
        assert column_of(shown, "px▼" if times == 1 else "px▲") == sorted((100, 101, 102, 103), reverse=times == 1)


async def test_shift_u_shows_the_worst_position_first(desk: Any) -> None:
    values = (("A", 5.0), ("B", -7.0), ("C", None))
    rows = tuple(replace(POSITION, symbol=symbol, unrealised=value) for symbol, value in values)
    d = desk(snapshot(positions=rows))
    async with d.run() as pilot:
        await pilot.press("U")
        await pilot.pause()
        lines = d.app.screen.query_one("#pane-positions").shown.splitlines()
        found = [next(n for n, line in enumerate(lines) if f" {name} " in line) for name in "BAC"]
        assert found == sorted(found) and "uPnL▲" in "".join(lines)


async def test_the_cursor_stays_on_its_round_while_a_new_one_comes_and_the_order_changes(desk: Any) -> None:
    rows = tuple(RoundRow(n, n, n + 1, net, f"round-{n}.md", "flat") for n, net in ((1, 5.0), (2, -7.0), (3, 1.0)))
    d = desk(snapshot(rounds=rows), read_report=lambda path: path)
    async with d.run() as pilot:
        await pilot.press("o", "down")
        await pilot.pause(0.1)
        screen = d.app.screen
        assert screen.chosen.number == 2
        d.client.snap = snapshot(rounds=(*rows, RoundRow(4, 4, None, 0.0, "", "running")))
        d.clock.step(1.2)
        await pilot.pause(0.4)
        assert screen.chosen.number == 2
        await pilot.press("P")
        await pilot.pause(0.2)
        assert screen.chosen.number == 2
        await pilot.press("down")
        assert screen.chosen.number == 4, "by PnL: -7, 0, 1, 5"
