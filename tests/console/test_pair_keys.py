"""Keys of the screen Spread & state: which pair is shown, and that nothing is ever sent."""

from __future__ import annotations

from typing import Any

from core.domain.commands import Attended
from screens.actions import SCREENS
from tests.console.fabricated import snapshot
from tests.console.fabricated_pair import PAIRS, pictured, several


def shown(desk: Any, pane: str) -> str:
    return str(desk.app.screen.query_one(f"#pane-pair-{pane}").shown)


async def test_up_and_down_choose_the_pair_and_stop_at_the_ends(desk: Any) -> None:
    d = desk(pictured(*several()))
    async with d.run() as pilot:
        await pilot.press("s")
        await pilot.pause(0.3)
        seen = []
        for key in ("", "down", "down", "up", "up", "up"):
            if key:
                await pilot.press(key)
            seen.append(shown(d, "chart").split("binance")[0].split()[-1])
        assert seen == ["ETH", "SOL", "SOL", "ETH", "BTC", "BTC"]  # it begins with the one that is not S0
        assert "> BTC" in shown(d, "list") or "→ BTC" in shown(d, "list")
        assert "STUCK" in shown(d, "list")
        assert [type(c) for c in d.client.sent] == [Attended]


async def test_the_chosen_pair_stays_chosen_when_the_picture_changes(desk: Any) -> None:
    btc, eth, sol = several()
    d = desk(pictured(btc, eth, sol))
    async with d.run() as pilot:
        await pilot.press("s", "down")
        d.client.snap = pictured(sol, eth, btc)
        d.clock.step(1.2)
        await pilot.pause(0.4)
        assert "SOL binance/okx 1 of 3" in shown(d, "chart")
        d.client.snap = pictured(eth, btc)
        d.clock.step(1.2)
        await pilot.pause(0.4)
        assert "ETH binance/okx 1 of 2" in shown(d, "chart")


async def test_the_arrows_are_named_in_the_footer_only_where_there_is_a_choice(desk: Any) -> None:
    for rows, named in ((several(), True), ((PAIRS["s3"](),), False)):
        d = desk(pictured(*rows))
        async with d.run() as pilot:
            await pilot.press("s")
            await pilot.pause(0.3)
            assert ("up down" in d.app.screen.query_one("#keys").shown) is named


async def test_without_a_pair_the_screen_is_the_market_makers(desk: Any) -> None:
    d = desk(snapshot(40))
    async with d.run() as pilot:
        await pilot.press("s", "down", "up")
        await pilot.pause(0.3)
        assert "ask" in shown(d, "chart") and "Quotes" in shown(d, "chart")
        assert "Market maker" in shown(d, "state") and "res px" in shown(d, "state")
        assert "Ladder" in shown(d, "legs") and "bid px" in shown(d, "legs")
        assert not d.app.screen.query_one("#pane-pair-gate").display


async def test_brackets_come_by_every_screen(desk: Any) -> None:
    d = desk()
    async with d.run() as pilot:
        seen = []
        for _ in SCREENS:
            await pilot.press("right_square_bracket")
            seen.append(d.app.screen.scope)
        assert seen == [*SCREENS[1:], "overview"]


async def test_at_80x24_the_gate_stands_where_the_legs_will_be_once_something_is_held(desk: Any) -> None:
    d = desk(pictured(PAIRS["s0"]()))
    async with d.run((80, 24)) as pilot:
        await pilot.press("s")
        await pilot.pause(0.5)
        assert "trend" in shown(d, "gate")
        assert not d.app.screen.query_one("#pane-pair-legs").display
        for name in ("opening", "s2"):
            d.client.snap = pictured(PAIRS[name]())
            d.clock.step(1.2)
            await pilot.pause(0.6)
            assert "binance" in shown(d, "legs")
            assert not d.app.screen.query_one("#pane-pair-gate").display
