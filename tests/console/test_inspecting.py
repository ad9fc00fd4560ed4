"""Looking closer: the cursor of Orders, the lists of orders, a timeline, Why not? Each key, each page, any figure."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import order_pages as op
from core.domain import why_page as wp
from core.domain.order_pages import OrderEvent, OrderItem, OrderPage
from core.domain.questions import OrderList, OrderTimeline, WhyNot
from core.domain.why_page import WhyColumn, WhyCount, WhyStage
from screens.actions import EXECUTION, TIMELINE, WHY, built, of_scope
from screens.execution import Execution
from screens.overview import Overview
from screens.panes.execution_worst import LISTS, TITLES, WorstOrders
from screens.panes.orders_chosen import Orders
from screens.risk import Risk
from screens.theme import Theme
from screens.timeline import Timeline, TimelinePane, page_lines
from screens.view import View
from screens.why import Choices, Stages, Why, stage_lines
from screens.widgets.pane import Pane, frame
from tests.console import fabricated_orders
from tests.console.fabricated import SECOND, T0, snapshot
from tests.console.fabricated_execution import faring
from tests.console.fabricated_orders import item, listed, page, why
from tests.console.waiting import until


def core(desk: Any, snap: Any = None) -> Any:
    """A console whose core answers these questions."""
    d = desk(snap if snap is not None else snapshot(40))
    fabricated_orders.fill(d.client)
    return d


def orders(d: Any) -> Orders:
    return d.app.overview.query_one(Orders)


# --- the cursor and the timeline ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_enter_zooms_orders_and_enter_again_opens_the_chosen_one(desk: Any, size: tuple[int, int]) -> None:
    d = core(desk)
    async with d.run(size) as pilot:
        orders(d).focus()
        await pilot.press("enter")
        assert orders(d).zoomed and isinstance(d.app.screen, Overview)
        await pilot.press("down", "down", "up")
        row = orders(d).chosen
        assert row == sorted(d.client.snap.orders, key=lambda one: (-one.price, one.id))[1]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(d.app.screen, Timeline) and d.app.screen.pane.page)
        assert next(q for q in d.client.asked if isinstance(q, OrderTimeline)) == OrderTimeline(cl_id=row.cl_id)
        shown = d.app.screen.pane.shown
        assert "acknowledged" in shown and "decided" in shown and "4.51 bp behind the mid" in shown
        await pilot.press("escape")
        assert isinstance(d.app.screen, Overview) and orders(d).zoomed, "back where it was opened"
        await pilot.press("escape")
        assert not orders(d).zoomed
        sent = len(d.client.sent)
    assert sent == 1, "nothing but that somebody is here"


async def test_the_key_of_the_pane_zooms_it_and_the_arrows_choose(desk: Any) -> None:
    d = core(desk)
    async with d.run() as pilot:
        await pilot.press("3", "end")
        assert "16 of 16" in orders(d).shown
        last = orders(d).chosen
        await pilot.press("up", "pageup", "home", "pagedown", "down")
        assert orders(d).chosen != last
        await pilot.press("end")
        moved = msgspec.structs.replace(last, price=9_999.0)
        others = tuple(row for row in d.client.snap.orders if row.id != last.id)
        d.client.snap = msgspec.structs.replace(d.client.snap, orders=(*others, moved))
        d.clock.step(1.0)
        d.app.poll()
        await until(pilot, lambda: orders(d).chosen.price == 9_999.0)
        assert "1 of 16" in orders(d).shown, "the cursor goes with the order"
        d.client.snap = msgspec.structs.replace(d.client.snap, orders=())
        d.clock.step(1.0)
        d.app.poll()
        await until(pilot, lambda: "no open orders" in orders(d).shown)
        await pilot.press("enter", "down")
        assert isinstance(d.app.screen, Overview)


async def test_a_foreign_order_has_no_timeline(desk: Any) -> None:
    snap = snapshot(40)
    foreign = msgspec.structs.replace(snap.orders[0], ours=False, price=9_999.0, cl_id=0)
    d = core(desk, msgspec.structs.replace(snap, orders=(foreign, *snap.orders)))
    async with d.run() as pilot:
        await pilot.press("3", "home", "enter")
        assert isinstance(d.app.screen, Overview) and "not an order of ours" in d.app._note


async def test_a_timeline_is_asked_again_while_it_stands_and_says_when_none_comes(desk: Any) -> None:
    d = core(desk)
    living = page(ended=False)
    d.client.pages[OrderTimeline] = lambda asked: living
    async with d.run() as pilot:
        await pilot.press("3", "enter")
        await until(pilot, lambda: isinstance(d.app.screen, Timeline) and d.app.screen.pane.page)
        assert "alive" in d.app.screen.pane.shown
        living = page()
        d.clock.step(0.6)
        await until(pilot, lambda: "ended" in d.app.screen.pane.shown)
        del d.client.pages[OrderTimeline]
        d.clock.step(0.6)
        await until(pilot, lambda: "STALE" in d.app.screen.pane.shown)


async def test_an_order_that_is_not_kept_says_so(desk: Any) -> None:
    d = core(desk)
    d.client.pages[OrderTimeline] = OrderPage(T0, None)
    async with d.run() as pilot:
        await pilot.press("3", "enter")
        await until(pilot, lambda: isinstance(d.app.screen, Timeline) and d.app.screen.pane.page)
        assert "keeps no such order" in d.app.screen.pane.shown


async def test_a_timeline_scrolls_copies_and_leaves_for_any_screen(desk: Any) -> None:
    d = core(desk)
    async with d.run((80, 24)) as pilot:
        await pilot.press("3", "enter")
        await until(pilot, lambda: isinstance(d.app.screen, Timeline) and d.app.screen.pane.page)
        assert "1-17 of" in d.app.screen.pane.shown and "venue action" not in d.app.screen.pane.shown
        await pilot.press("pagedown", "down", "up", "end")
        assert "venue action" in d.app.screen.pane.shown
        await pilot.press("home", "pageup")
        assert "1-17 of" in d.app.screen.pane.shown
        await pilot.press("y")
        assert d.app.clipboard.startswith("BUY 0.009 @ 2497.00") and "lines copied" in d.app._note
        assert "bp after 0.1s -0.03" in d.app.clipboard
        await pilot.press("r")
        await until(pilot, lambda: isinstance(d.app.screen, Risk))
        await pilot.press("escape")
        assert isinstance(d.app.screen, Overview) and len(d.app.screen_stack) == 2


async def test_next_screen_from_a_timeline_is_the_neighbour_of_the_overview(desk: Any) -> None:
    d = core(desk)
    async with d.run() as pilot:
        await pilot.press("3", "enter", "right_square_bracket")
        await until(pilot, lambda: isinstance(d.app.screen, Risk))


# --- lists of orders ------------------------------------------------------------------------------------------------


async def test_the_worst_orders_stand_on_the_execution_screen_and_enter_opens_one(desk: Any) -> None:
    d = core(desk, faring())
    async with d.run() as pilot:
        await pilot.press("x")
        await until(pilot, lambda: isinstance(d.app.screen, Execution) and d.app.screen.worst.page)
        worst = d.app.screen.worst
        assert d.client.asked[-1] == OrderList(kind="worst", by="ack", most=20) and "1 of 20" in worst.shown
        worst.focus()
        await pilot.press("down", "enter", "enter")
        await until(pilot, lambda: isinstance(d.app.screen, Timeline))
        assert (d.app.screen.cl_id, d.app.screen.number) == (item(2).cl_id, 2)
        await pilot.press("escape")
        assert isinstance(d.app.screen, Execution) and worst.has_class("-zoomed")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_k_shows_the_lists_one_by_one(desk: Any, size: tuple[int, int]) -> None:
    """Where there is no room for the pane the first press shows it alone."""
    d = core(desk, faring())
    async with d.run(size) as pilot:
        await pilot.press("x")
        await until(pilot, lambda: isinstance(d.app.screen, Execution) and d.app.screen.worst.page)
        worst = d.app.screen.worst
        if size[1] == 24:
            await pilot.press("k")
        for kind, by in (*LISTS[1:], LISTS[0]):
            await pilot.press("k")
            await until(pilot, lambda: worst.page is not None)
            assert d.client.asked[-1] == OrderList(kind=kind, by=by, most=20) and TITLES[kind, by] in worst.shown
        assert "refused" not in worst.shown


async def test_a_refusal_is_opened_by_its_number(desk: Any) -> None:
    d = core(desk, faring())
    async with d.run() as pilot:
        await pilot.press("x")
        await until(pilot, lambda: isinstance(d.app.screen, Execution) and d.app.screen.worst.page)
        await pilot.press("k", "k", "k")
        worst = d.app.screen.worst
        await until(pilot, lambda: worst.page is not None and worst.page.kind == op.REFUSED)
        assert "net cap x31" in worst.shown
        worst.focus()
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(d.app.screen, Timeline))
        assert (d.app.screen.cl_id, d.app.screen.number) == (0, 40)


async def test_without_an_answer_the_pane_says_so(desk: Any) -> None:
    d = desk(faring())
    async with d.run() as pilot:
        await pilot.press("x")
        await until(pilot, lambda: isinstance(d.app.screen, Execution) and d.app.screen.trouble)
        await until(pilot, lambda: "no answer" in d.app.screen.worst.shown)


# --- why not? -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (200, 60)])
async def test_shift_w_opens_why_not_from_anywhere_and_the_arrows_choose(desk: Any, size: tuple[int, int]) -> None:
    """Wish 16: the stage that said no, in one sentence."""
    d = core(desk)
    async with d.run(size) as pilot:
        for key in ("r", "x", "v"):
            await pilot.press(key, "W")
            await until(pilot, lambda: isinstance(d.app.screen, Why) and d.app.screen.stages.page)
        screen = d.app.screen
        assert WhyNot() in d.client.asked
        assert " ".join(fabricated_orders.SHOCK.split()[:6]) in screen.stages.shown, "the answer stands whole on top"
        for name in wp.STAGES:
            assert name in screen.stages.shown, "every stage is seen without scrolling"
        await pilot.press("down")
        assert screen.stages.column.strategy == "pair-1" and "2 of 3" in screen.query_one(Choices).shown
        await pilot.press("down", "down", "up", "up", "up")
        assert screen.stages.column.strategy == "mm-btc"
        await pilot.press("pagedown", "end")
        assert "post only cross" in screen.stages.shown and "310" in screen.stages.shown
        await pilot.press("home", "pageup", "y")
        assert d.app.clipboard.startswith(fabricated_orders.SHOCK) and "lines copied" in d.app._note
        await pilot.press("escape")
        assert isinstance(d.app.screen, Overview)
        assert len(d.client.sent) == 1


async def test_one_column_needs_no_choice(desk: Any) -> None:
    d = core(desk)
    d.client.pages[WhyNot] = why(1)
    async with d.run() as pilot:
        await pilot.press("W")
        await until(pilot, lambda: isinstance(d.app.screen, Why) and d.app.screen.stages.page)
        assert not d.app.screen.query_one(Choices).display
        await pilot.press("down")
        assert d.app.screen.stages.column.strategy == "mm-btc"


async def test_why_not_without_an_answer_says_so(desk: Any) -> None:
    d = desk(snapshot(40))
    async with d.run() as pilot:
        await pilot.press("W")
        await until(pilot, lambda: isinstance(d.app.screen, Why) and d.app.screen.trouble)
        await until(pilot, lambda: "no answer" in d.app.screen.stages.shown)


def test_no_key_of_these_screens_touches_the_market() -> None:
    mine = [*of_scope(built(), WHY), *of_scope(built(), TIMELINE), *of_scope(built(), EXECUTION)]
    assert {action.danger for action in mine} == {"view"}
    assert any(action.name == "why" and action.keys == ("W",) for action in built())


# --- any figure at any size -----------------------------------------------------------------------------------------

TEXT = st.text("abc_ \x1b[é", max_size=40)
FIGURE = st.none() | st.floats(allow_nan=True, allow_infinity=True)
STAMP = st.none() | st.integers(0, 2**62)
COUNT = st.none() | st.integers(-1, 10**12)
ITEM = st.builds(
    OrderItem, number=st.integers(0, 10**9), cl_id=st.integers(0, 2**62), strategy=TEXT, venue=TEXT, symbol=TEXT,
    side=st.sampled_from(["BUY", "SELL"]), what=TEXT, type=TEXT, price=FIGURE, price_digits=st.integers(0, 9),
    size=st.floats(0, 1e12), size_digits=st.integers(0, 9), filled=st.floats(0, 1e12), state=TEXT, code=TEXT,
    decided=st.integers(0, 2**62), woken=st.just(()), away_bps=FIGURE, ack_ns=st.none() | st.integers(0, 2**62),
    slippage_bps=FIGURE, fees=FIGURE, newest=st.integers(0, 2**62), times=st.integers(1, 10**9),
)  # fmt: skip
EVENT = st.builds(
    OrderEvent, ts=STAMP, what=st.sampled_from([op.DECIDED, op.GATE, op.SENT, op.FILL, op.MARKOUT, op.CANCELED]),
    price=FIGURE, size=FIGURE, bps=st.none() | st.floats(-1e6, 1e6), maker=st.none() | st.booleans(), fee=FIGURE,
    code=TEXT, note=TEXT, marks=st.lists(FIGURE, max_size=6).map(tuple),
)  # fmt: skip
PAGE = st.builds(
    OrderPage, now=st.just(T0), item=st.none() | ITEM, events=st.lists(EVENT, max_size=12).map(tuple),
    horizons_s=st.just((0.1, 1.0, 5.0, 10.0, 30.0, 60.0)), omitted=st.integers(0, 9), ended=st.booleans(),
)  # fmt: skip
WHYCOUNT = st.builds(WhyCount, code=TEXT, round=COUNT, hour=COUNT, newest=STAMP, example=TEXT)
STAGE = st.builds(
    WhyStage, name=st.sampled_from(wp.STAGES), text=TEXT, since=STAMP, until=STAMP,
    verdict=st.sampled_from([wp.PASSES, wp.NO, wp.PART, wp.NOT_ASKED, wp.NOT_KNOWN]),
    counts=st.lists(WHYCOUNT, max_size=4).map(tuple),
)  # fmt: skip
COLUMN = st.builds(
    WhyColumn, strategy=TEXT, kind=TEXT, venue=TEXT, symbol=TEXT, orders=st.integers(0, 999), answer=TEXT,
    stage=st.sampled_from(("", *wp.STAGES)), stages=st.lists(STAGE, max_size=11).map(tuple),
)  # fmt: skip
WIDTHS, HEIGHTS = st.integers(10, 220), st.integers(1, 60)


def check(pane: Pane, view: View, width: int, height: int) -> None:
    drawn = pane.draw(view, width, height)
    assert len(drawn.rows) <= max(height, 1)
    assert {strip.cell_length for strip in frame(pane, view, width + 4, height + 2)} == {width + 4}


@settings(max_examples=120, deadline=None)
@given(made=PAGE, width=WIDTHS, height=HEIGHTS, ascii_only=st.booleans())
def test_any_timeline_is_drawn_at_any_size(made: OrderPage, width: int, height: int, ascii_only: bool) -> None:
    pane = TimelinePane()
    pane.page = made
    check(pane, View(snapshot(1), Theme("mono", ascii_only)), width, height)


@settings(max_examples=120, deadline=None)
@given(column=COLUMN, width=WIDTHS, height=HEIGHTS, at=st.integers(0, 3))
def test_any_answer_is_drawn_at_any_size(column: WhyColumn, width: int, height: int, at: int) -> None:
    stages, choices = Stages(), Choices()
    stages.page, stages.column = wp.WhyPage(T0, (column,) * 4, steady=False), column
    choices.columns, choices.at = (column,) * 4, at
    for pane in (stages, choices):
        check(pane, View(snapshot(1), Theme()), width, height)


@settings(max_examples=80, deadline=None)
@given(rows=st.lists(ITEM, max_size=25), width=WIDTHS, height=HEIGHTS, asked=st.sampled_from(LISTS))
def test_any_list_is_drawn_at_any_size(rows: list[OrderItem], width: int, height: int, asked: tuple[str, str]) -> None:
    pane = WorstOrders()
    pane.list = asked
    pane.put_page(op.OrderListPage(T0, *asked, tuple(rows), 99))
    check(pane, View(snapshot(1), Theme()), width, height)


@pytest.mark.parametrize("width", [60, 76, 116, 196])
def test_no_line_of_a_timeline_is_cut(width: int) -> None:
    """What does not fit stands on a line of its own below its numbers."""
    lines = page_lines(page(), width)
    assert all(line.width <= width for line in lines[4:]) and (width < 76 or all(line.width <= width for line in lines))
    text = " ".join(" ".join(line.plain.split()) for line in lines)
    for word in ("10s -2.61", "60s --", "woken by timer, mid moved", "venue action", "12 amends"):
        assert word in text


@pytest.mark.parametrize("width", [76, 116])
def test_the_answer_stands_whole_above_the_stages(width: int) -> None:
    column = why().columns[1]
    lines = stage_lines(View(snapshot(1), Theme()), column, width)
    assert all(line.width <= width for line in lines)
    assert fabricated_orders.SHUT in " ".join(" ".join(line.plain.split()) for line in lines[:4])


def test_a_list_under_another_name_is_not_shown() -> None:
    pane = WorstOrders()
    pane.put_page(listed(OrderList(kind="newest", by="ack")))
    assert pane.page is None and SECOND
