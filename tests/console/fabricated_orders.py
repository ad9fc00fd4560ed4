"""Made pages of orders and of Why not? for the console's tests: every event, every verdict, long words."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from core.domain import order_pages as op
from core.domain import why_page as wp
from core.domain.order_pages import OrderEvent, OrderItem, OrderListPage, OrderPage
from core.domain.questions import OrderList, OrderTimeline, WhyNot
from core.domain.why_page import WhyColumn, WhyCount, WhyPage, WhyStage
from tests.console.fabricated import SECOND, T0, FakeClient

MS = 1_000_000
SHUT = "gate shut: long first: 1 of 2 conditions hold (trend); short first: volatility outside its band"
SHOCK = "BTCUSDC is not quoted: COOLDOWN after shock, the mid moved 2.1% until 13:04:12"
NEWEST = "new BUY layer 4 0.050 @ 2500.00: 0.212 against 0.210 ETH"
HORIZONS = (0.1, 1.0, 5.0, 10.0, 30.0, 60.0)


def item(number: int = 7, **changes: Any) -> OrderItem:
    made = OrderItem(
        number=number, cl_id=0xA00 + number, strategy="mm-eth", venue="binance_usdm", symbol="ETHUSDC",
        side="BUY" if number % 2 else "SELL", what=f"layer {number % 8 + 1}", type="limit post-only",
        price=2490.0 + number, price_digits=2, size=0.009, size_digits=3, filled=0.004, state="canceled", code="",
        decided=T0 - number * SECOND, woken=("timer", "mid moved"), away_bps=4.51, ack_ns=263_647_218 - number * MS,
        slippage_bps=-4.53, fees=0.00535221, newest=T0,
    )  # fmt: skip
    return replace(made, **changes)


def page(**changes: Any) -> OrderPage:
    """One of everything that can happen."""
    one = item()
    at = one.decided
    events = (
        OrderEvent(at, op.DECIDED, 2497.0, 0.009, 4.51, note="timer, mid moved"),
        OrderEvent(at, op.GATE, note="passed"),
        OrderEvent(None, op.SENT), OrderEvent(at + 264 * MS, op.ACKNOWLEDGED),
        OrderEvent(at + 1_300 * MS, op.AMEND_ASKED, 2497.5, 0.009),
        OrderEvent(at + 1_402 * MS, op.AMENDED, 2497.5, 0.009),
        OrderEvent(at + 2_000 * MS, op.AMEND_REFUSED, code="message_budget"),
        OrderEvent(at + 3_000 * MS, op.NO_ANSWER), OrderEvent(at + 5_000 * MS, op.FOUND, 2497.5, 0.009),
        OrderEvent(at + 6_000 * MS, op.FILL, 2497.5, 0.004, -4.53, True, 0.00535221),
        OrderEvent(at + 6_000 * MS, op.MARKOUT, marks=(-0.03, -0.03, 0.12, -2.61, 1.46, None)),
        OrderEvent(at + 6_500 * MS, op.CANCEL_ASKED), OrderEvent(at + 6_600 * MS, op.CANCEL_REFUSED, code="venue_busy"),
        OrderEvent(at + 6_900 * MS, op.CANCELED, code="venue_action"),
    )  # fmt: skip
    return replace(OrderPage(T0, one, events, HORIZONS, 12, True), **changes)


def listed(asked: OrderList) -> OrderListPage:
    rows = tuple(item(n) for n in range(1, asked.most + 1))
    if asked.kind == op.REFUSED:
        rows = (item(40, cl_id=0, state="refused", code="net_cap", ack_ns=None, slippage_bps=None, times=31),)
    return OrderListPage(T0, asked.kind, asked.by, rows, 55)


def stages(first: int = wp.GATE) -> tuple[WhyStage, ...]:
    made = []
    for n, name in enumerate(wp.STAGES):
        verdict, text = wp.PASSES, "the book is 0.1 s old"
        if n == first:
            verdict, text = (
                wp.NO,
                "gate shut: long first: 1 of 2 conditions hold (trend); short first: volatility outside its band",
            )
        elif n > first:
            verdict, text = (wp.NOT_ASKED, "an earlier stage says no") if n % 2 else (wp.NOT_KNOWN, "not told")
        elif n == 3:
            verdict, text = wp.PART, "net cap"
        counts = (
            WhyCount("post_only_cross", 12, 310, T0 - 3 * SECOND, NEWEST),
            WhyCount("long first: no fresh price (seconds)", 3, None),
        )  # fmt: skip
        since = T0 - 30 * SECOND if verdict == wp.NO else None
        made.append(
            WhyStage(name, verdict, text, since, since and T0 + 253 * SECOND, counts if n in (first, 6) else ())
        )
    return tuple(made)


def why(columns: int = 3) -> WhyPage:
    passing = tuple(replace(one, verdict=wp.PASSES) for one in stages(99))
    quoted = WhyColumn(
        "mm-eth", "market maker", "binance_usdm", "ETHUSDC", 16, "ETHUSDC is quoted: 16 orders stand", "", passing
    )
    shut = WhyColumn("mm-btc", "market maker", "binance_usdm", "BTCUSDC", 0, SHOCK, wp.STAGES[wp.RUN], stages(wp.RUN))
    pair = WhyColumn(
        "pair-1", "pair", "hyperliquid", "ETH-PERP", 0, f"pair-1 does not trade ETH-PERP: {SHUT}",
        wp.STAGES[wp.STRATEGY], stages(wp.STRATEGY),
    )  # fmt: skip
    return WhyPage(T0, (shut, pair, quoted)[:columns])


PAGES: dict[type, Any] = {OrderTimeline: page(), OrderList: listed, WhyNot: why()}


def fill(client: FakeClient) -> None:
    """The client answers all of these."""
    client.pages |= PAGES
