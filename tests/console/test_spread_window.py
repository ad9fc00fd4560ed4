"""The chart's window on the Spread screen (< and >), the chart alone (Enter), and the curve of the zoomed PnL."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from app.console import Console
from app.options import Options
from core.domain.commands import Attended
from core.domain.history_page import HistoryPage
from core.domain.questions import PnlHistory, SpreadHistory
from core.domain.snapshot import Snapshot
from screens.overview import Overview
from screens.widgets.pane import Pane
from tests.console.fabricated import SECOND, FakeClient, StillClock, snapshot
from tests.console.fabricated_pair import PAIRS, TS, pictured, several

BRAILLE = [chr(n) for n in range(0x2801, 0x2900)]
HOLE = range(90, 105)


def spread_page(asked: SpreadHistory) -> HistoryPage:
    """A day of spread with an hour or two missing, as long as the window that is asked for."""
    bucket_s = max(asked.window_s // 150, 1)
    inside = [n for n in range(150) if n not in HOLE]
    last = tuple(0.6 + 1.4 * math.sin(n / 9) + 0.5 * math.sin(n * 1.9) for n in inside)
    base = 68_150.0 if not asked.pair else 0.0
    return HistoryPage(
        name=asked.pair or "BTC-PERP", unit="bp" if asked.pair else "quote", window_s=asked.window_s,
        bucket_s=bucket_s, until=TS, ts=tuple(TS - (149 - n) * bucket_s * SECOND for n in inside),
        last=tuple(base + v for v in last), low=tuple(base + v - 0.4 for v in last),
        high=tuple(base + v + 0.3 for v in last), upper=(base + 2.9,) * len(inside),
        lower=(base - 1.7,) * len(inside), middle=(base + 0.6,) * len(inside),
    )  # fmt: skip


def money_page(asked: PnlHistory) -> HistoryPage:
    """Net PnL: before the round 99, in it from 0 to 41."""
    until = snapshot().ts
    count = asked.window_s // 24
    last = tuple(99.0 if n < count // 2 else 41.2 * (n - count // 2) / (count - count // 2 - 1) for n in range(count))
    return HistoryPage(
        unit="quote", window_s=asked.window_s, bucket_s=24, until=until,
        ts=tuple(until - (count - 1 - n) * 24 * SECOND for n in range(count)), last=last,
        low=tuple(v - 0.8 for v in last), high=tuple(v + 0.9 for v in last),
        upper=(None,) * count, lower=(None,) * count, middle=(None,) * count,
    )  # fmt: skip


def client(snap: Snapshot) -> FakeClient:
    made = FakeClient(snap)
    made.pages = {SpreadHistory: spread_page, PnlHistory: money_page}
    return made


def app(made: FakeClient, clock: StillClock | None = None, **options: Any) -> Console:
    given = {"clock": clock or StillClock(), "palette": "default", "ascii_only": False, **options}
    return Console(made, Options(**given))


def chart(console: Console) -> str:
    return console.screen.query_one("#pane-pair-chart", Pane).shown


async def pressed(pilot: Any, *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause(0.3)


async def test_the_window_goes_from_5m_to_24h_and_back_and_stops_at_both_ends() -> None:
    """CONSOLE SPREAD: 5m/1h/4h/24h (< >); the title says it, the core is asked for it, nothing is commanded."""
    made = client(pictured(PAIRS["s3"]()))
    console = app(made)
    async with console.run_test(size=(120, 40)) as pilot:
        await pressed(pilot, "s")
        seen = []
        for key in ("", *["greater_than_sign"] * 4, *["less_than_sign"] * 4):
            await pressed(pilot, *([key] if key else []))
            assert "UTC" in chart(console).splitlines()[0]
            seen.append(chart(console).splitlines()[0].split()[2])
        assert seen == ["5m", "1h", "4h", "24h", "24h", "4h", "1h", "5m", "5m"]
        asked = [one for one in made.asked if isinstance(one, SpreadHistory)]
        assert [one.window_s for one in asked] == [300, 3_600, 14_400, 86_400, 14_400, 3_600, 300]
        assert {one.pair for one in asked} == {pictured(PAIRS["s3"]()).pairs[0].name}
        assert [type(one) for one in made.sent] == [Attended]


async def test_a_page_of_another_window_or_pair_is_never_drawn_under_this_title() -> None:
    """The answer to 1h comes when 4h is shown; the answer for one pair when another is shown."""
    made = client(pictured(*several()))
    late: list[SpreadHistory] = []

    def slow(asked: SpreadHistory) -> HistoryPage:
        late.append(asked)
        first = late[0] if len(late) < 3 else asked
        return spread_page(first)

    made.pages[SpreadHistory] = slow
    clock = StillClock()
    console = app(made, clock)
    async with console.run_test(size=(120, 40)) as pilot:
        await pressed(pilot, "s", "greater_than_sign")
        assert "asking the core" in chart(console) and "UB" in chart(console)
        clock.step(20.0)
        await pilot.pause(0.3)
        assert "asking the core" not in chart(console)
        made.pages[SpreadHistory] = lambda asked: spread_page(msgspec.structs.replace(asked, pair="somebody else"))
        await pressed(pilot, "down")
        assert "asking the core" in chart(console)


async def test_a_history_that_cannot_be_had_says_why_and_5m_falls_back_to_the_picture() -> None:
    made = FakeClient(pictured(PAIRS["s3"]()))
    console = app(made)
    async with console.run_test(size=(120, 40)) as pilot:
        await pressed(pilot, "s")
        assert any(sign in chart(console) for sign in BRAILLE)
        await pressed(pilot, "greater_than_sign")
        assert "no history: no page here" in chart(console) and not any(sign in chart(console) for sign in BRAILLE)


async def test_an_empty_window_is_no_line_at_zero() -> None:
    made = client(pictured(PAIRS["unknown"]()))
    made.pages[SpreadHistory] = lambda asked: HistoryPage(name=asked.pair, window_s=asked.window_s, until=TS)
    console = app(made)
    async with console.run_test(size=(120, 40)) as pilot:
        await pressed(pilot, "s", "greater_than_sign")
        assert "no prices in this window" in chart(console) and not any(sign in chart(console) for sign in BRAILLE)


async def test_a_frozen_chart_stands_still() -> None:
    """Space freezes the panes: no page is asked for until it is taken back."""
    made, clock = client(pictured(PAIRS["s3"]())), StillClock()
    console = app(made, clock)
    async with console.run_test(size=(120, 40)) as pilot:
        await pressed(pilot, "s", "space")
        asked = len(made.asked)
        clock.step(5.0)
        await pilot.pause(0.4)
        assert asked and len(made.asked) == asked
        await pressed(pilot, "space")
        assert len(made.asked) == asked + 1


async def test_enter_shows_the_chart_alone_and_escape_brings_all_panes_back() -> None:
    made = client(pictured(PAIRS["s3"]()))
    console = app(made)
    async with console.run_test(size=(80, 24)) as pilot:
        await pressed(pilot, "s", "greater_than_sign")
        small = len(chart(console).splitlines())
        await pressed(pilot, "enter")
        assert len(chart(console).splitlines()) > 2 * small
        assert [pane.pane for pane in console.screen.query(Pane) if pane.display] == ["pair-chart"]
        await pressed(pilot, "escape")
        assert len(chart(console).splitlines()) == small
        await pressed(pilot, "escape")
        assert isinstance(console.screen, Overview)


async def test_a_core_without_pairs_shows_its_mid_with_its_quotes() -> None:
    made = client(snapshot())
    made.pages[SpreadHistory] = lambda asked: msgspec.structs.replace(spread_page(asked), name=snapshot().quoter.symbol)
    console = app(made)
    async with console.run_test(size=(120, 40)) as pilot:
        await pressed(pilot, "s", "greater_than_sign", "enter")
        assert "mid and our quotes, UTC" in chart(console) and "68150" in chart(console).replace(",", "")
        assert next(one for one in made.asked if isinstance(one, SpreadHistory)).pair == ""


async def test_the_zoomed_pnl_is_the_curve_of_this_round_alone() -> None:
    """99 of the round before is not on the scale; the small pane asks for nothing."""
    snap = snapshot()
    started = snap.ts - 1_790 * SECOND
    snap = msgspec.structs.replace(
        snap, round=msgspec.structs.replace(snap.round, started=started, elapsed_ns=1_800 * SECOND)
    )
    made = client(snap)
    console = app(made)
    async with console.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.3)
        assert not [one for one in made.asked if isinstance(one, PnlHistory)]
        await pressed(pilot, "8")
        await pilot.pause(0.3)
        asked = [one for one in made.asked if isinstance(one, PnlHistory)]
        assert [one.window_s for one in asked] == [3_600]
        shown = console.screen.query_one("#pane-pnl", Pane).shown
        rows = [row for row in shown.splitlines() if any(sign in row for sign in BRAILLE)]
        assert len(rows) > 10 and "+99" not in shown and "+44.7" in shown
        await pressed(pilot, "escape")
        assert isinstance(console.screen, Overview) and not console.screen.has_class("-zoom")


LOOKS: list[tuple[str, dict[str, Any]]] = [("default", {}), ("mono_ascii", {"palette": "mono", "ascii_only": True})]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (200, 60)], ids=["120x40", "80x24", "200x60"])
@pytest.mark.parametrize(("name", "options"), LOOKS, ids=[name for name, _ in LOOKS])
def test_the_day_on_the_screen(
    name: str, options: dict[str, Any], size: tuple[int, int], snap_compare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)

    async def opened(pilot: Any) -> None:
        await pressed(pilot, "s", *["greater_than_sign"] * 3)

    assert snap_compare(app(client(pictured(PAIRS["s3"]())), **options), terminal_size=size, run_before=opened)


def test_the_day_alone_at_80x24(snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)

    async def opened(pilot: Any) -> None:
        await pressed(pilot, "s", *["greater_than_sign"] * 3, "enter")

    assert snap_compare(app(client(pictured(PAIRS["s3"]()))), terminal_size=(80, 24), run_before=opened)


def test_the_round_alone(snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    snap = snapshot()
    begun = msgspec.structs.replace(snap.round, started=snap.ts - 1_790 * SECOND, elapsed_ns=1_800 * SECOND)

    async def opened(pilot: Any) -> None:
        await pressed(pilot, "8")

    made = client(msgspec.structs.replace(snap, round=begun))
    assert snap_compare(app(made), terminal_size=(120, 40), run_before=opened)
