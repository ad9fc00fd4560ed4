"""What a venue does by itself, in mainnet's own words: liquidations and who trades against them, deleveraging,
settlement, funding. Through the reader and the private feed, as a ledger counts it (R-B3, R-O2)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import astuple

from core.domain.order import DELEVERAGED, FILLED, LIQUIDATED, Ledger, Report, Reports
from core.domain.units import MONEY
from core.engine.post import REPORT_FIELDS
from core.execution.ledger import apply_report
from core.venues.ccxt.markets import Listing
from core.venues.ccxt.traits import kind_of_prefix
from tests.venues.ccxt.told_hall import (
    HOUR,
    SOMEBODY,
    USER,
    Told,
    against,
    fill,
    funded,
    kinds,
    now_ms,
    order,
    told,
    trade,
)

GONE = (400, '{"code":-2013,"msg":"Order does not exist."}')


class Booked:
    """A ledger that takes reports as the engine's does."""

    def __init__(self) -> None:
        self.ledger, self._one = Ledger(next_seq=1), Reports()

    def take(self, reports: Any) -> None:
        for report in reports:
            self._one.s.n = 1
            for name, value in zip(REPORT_FIELDS, astuple(report)[1:], strict=True):
                getattr(self._one.s, name)[0] = value
            apply_report(self.ledger.s, self._one.s, 0, 1)


def streamed(at: Told, row: dict[str, Any]) -> list[Report]:
    """The same fill as the private stream tells it."""
    at.reports.clear()
    at.private.take_trades([at.instances.data.parse_ws_trade(row, at.instances.data.markets[at.listing.symbol])])
    return at.reports


@pytest.mark.parametrize("together", [True, False])
async def test_each_payment_of_funding_is_counted_though_all_have_one_hash(together: bool) -> None:
    """R-B3: Hyperliquid's hash of a payment is zeros; two in one answer and two in two are two."""
    now, booked = now_ms(), Booked()
    rows = [funded("BTC", now - 50 * 60_000, "-3.5"), funded("BTC", now - 10_000, "-4.5")]
    async with told("hyperliquid") as at:
        for part in [rows] if together else [rows[:1], rows]:
            at.say("userFunding", part)
            booked.take((await at.read("trades")).trades)
        assert booked.ledger.s.funding == -8 * MONEY


async def test_funding_is_told_apart_by_the_venues_own_name_of_a_coin() -> None:
    """ccxt writes KPEPE where the venue writes kPEPE."""
    async with told("hyperliquid") as at:
        at.listing = Listing(0, at.instrument, at.traits)
        at.listing.adopt(at.instances.data.markets["KPEPE/USDC:USDC"])
        assert at.listing.name == "kPEPE"
        assert at.traits.funds({"info": funded("kPEPE", 1)}, "KPEPE/USDC:USDC", at.listing.name)
        assert not at.traits.funds({"info": funded("PEPE", 1)}, "KPEPE/USDC:USDC", at.listing.name)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (fill(liquidation=against()), FILLED),  # our maker, against somebody's liquidation
        (fill(liquidation=against(USER.upper().replace("X", "x"))), LIQUIDATED),
        (fill(dir="Auto-Deleveraging", crossed=True, liquidation=against(method="backstop")), DELEVERAGED),
        (fill(dir="Auto-Deleveraging", liquidation=against(USER)), DELEVERAGED),
        (fill(dir="Settlement", oid=0), LIQUIDATED),
        (fill(dir="Settlement"), LIQUIDATED),
    ],
)
async def test_a_fill_is_our_liquidation_only_where_we_are_the_liquidated(
    row: dict[str, Any], kind: int, stream: bool
) -> None:
    async with told("hyperliquid") as at:
        if kind == FILLED:
            row = {**row, "cloid": at.ids.new_text(77)}
        row["time"] = now_ms() - 1_000
        at.say("userFillsByTime", [row])
        found = streamed(at, row) if stream else (await at.read("trades")).trades
        assert kinds(found) == [kind]
        assert at.count("orderStatus") == 0, "nothing had to be asked"
        assert found[0].cl_id == (77 if kind == FILLED else 0)


async def test_a_strangers_fill_against_a_liquidation_is_a_strangers() -> None:
    """A hand that trades in the same account is no liquidation of ours."""
    async with told("hyperliquid") as at:
        row = fill(liquidation=against())
        told_order = {"coin": "BTC", "side": "A", "limitPx": "66653.0", "sz": "0.0", "oid": row["oid"], "timestamp": 1,
                      "origSz": "0.001", "cloid": None}  # fmt: skip
        at.say("orderStatus", {"status": "order", "order": {"order": told_order, "status": "filled",
                                                            "statusTimestamp": 2}})  # fmt: skip
        at.say("userFillsByTime", [row])
        reply = await at.read("trades")
        assert (reply.trades, reply.error, at.notes) == ((), "", [])


@pytest.mark.parametrize(
    ("side", "px", "ticks"), [("A", "66653.37", 66_653), ("B", "66653.37", 66_654), ("A", "66653.0", 66_653)]
)
async def test_a_venue_made_price_beside_our_tick_is_rounded_against_us(side: str, px: str, ticks: int) -> None:
    """Its size and its fee are as the venue says."""
    async with told("hyperliquid") as at:
        row = fill(side=side, px=px, dir="Auto-Deleveraging", liquidation=against())
        at.say("userFillsByTime", [row])
        (found,) = (await at.read("trades")).trades
        assert (found.px, found.qty, found.fee) == (ticks, 100, 999_700)
        assert streamed(at, row)[0].px == ticks


async def test_a_fill_of_ours_on_a_finer_grid_than_ours_is_counted_where_the_grid_depends_on_the_price() -> None:
    """Below 100 USDC the tick of SOL is 0.001, in our config 0.01."""
    async with told("hyperliquid", "SOL") as at:
        for n, (side, px, ticks) in enumerate((("B", "99.983", 9_999), ("A", "99.983", 9_998))):
            at.say(
                "userFillsByTime", [fill(coin="SOL", px=px, side=side, tid=n + 5, sz="0.1", cloid=at.ids.new_text(77))]
            )
            (found,) = (await at.read("trades")).trades
            assert (found.px, found.qty, found.kind) == (ticks, 10, FILLED)


@pytest.mark.parametrize(
    ("client", "price", "kind", "ticks"),
    [
        ("adl_autoclose", "7819.0146", DELEVERAGED, 78_190),
        ("settlement_autoclose-1787734851782", "61234.56789", LIQUIDATED, 612_345),
        ("delivery_autoclose-1", "61234.56789", LIQUIDATED, 612_345),
        ("autoclose-1791300000000", "49.6805", LIQUIDATED, 496),
    ],
)
async def test_closes_of_binance_beside_our_tick_are_counted(client: str, price: str, kind: int, ticks: int) -> None:
    async with told("binance_usdm") as at:
        at.say("GET /fapi/v1/userTrades", [trade(price=price)])
        at.say("GET /fapi/v1/order", order(clientOrderId=client, status="FILLED"))
        (found,) = (await at.read("trades")).trades
        assert (found.kind, found.px, found.qty, found.fee) == (kind, ticks, 2, 7_819_010)
    assert kind_of_prefix(client) == kind


async def test_one_row_that_cannot_be_read_is_told_and_does_not_blind_the_others() -> None:
    """R-B4: its trade id is named once, absence proves nothing for a while, and it is counted once it can be."""
    async with told("binance_usdm") as at:
        bad = trade(id=5, qty="43407.86712966", orderId=1)
        good = trade(id=6, orderId=2)
        at.say("GET /fapi/v1/order", order(clientOrderId="autoclose-1", status="FILLED"))
        at.say("GET /fapi/v1/userTrades", [bad, good])
        for _ in range(3):
            reply = await at.read("trades")
            assert ([found.trade_id for found in reply.trades], reply.error, reply.proof) == ([6], "", False)
        ((level, code, text),) = at.notes
        assert (level, code) == ("crit", "trade_unread") and "trade 5 " in text and "off_grid" in text
        assert list(at.reader.unread.rows) == [(at.listing.symbol, 5)]
        at.say("GET /fapi/v1/userTrades", [{**bad, "qty": "0.002"}, good])
        reply = await at.read("trades")
        assert ([found.trade_id for found in reply.trades], reply.proof) == ([5, 6], True)
        assert at.reader.unread.rows == {}


async def test_a_row_without_an_id_of_its_own_refuses_the_answer() -> None:
    """Nobody could say which fill was left out."""
    async with told("hyperliquid") as at:
        at.say("userFillsByTime", [fill(tid=0)])
        assert "wrong_type" in (await at.read("trades")).error


@pytest.mark.parametrize("name", ["binance_usdm", "hyperliquid"])
async def test_a_fill_of_an_order_that_the_venue_forgot_stays_open_and_the_others_are_given(name: str) -> None:
    """It is not taken for somebody else's, and is not asked for without end."""
    async with told(name) as at:
        binance = name == "binance_usdm"
        where, asks = (
            ("GET /fapi/v1/userTrades", "GET /fapi/v1/order") if binance else ("userFillsByTime", "orderStatus")
        )
        mine = {"orderId": 4, "id": 9} if binance else {"cloid": at.ids.new_text(77), "tid": 9}
        at.say(asks, GONE if binance else {"status": "unknownOid"})
        at.ids.learn(at.ids.new_text(77), "4")
        at.say(where, [trade(id=8, orderId=3), trade(**mine)] if binance else [fill(tid=8, oid=3), fill(**mine)])
        for _ in range(8):
            reply = await at.read("trades")
            assert ([found.trade_id for found in reply.trades], reply.error) == ([9], "")
        assert len(at.notes) == 1 and "trade 8 " in at.notes[0][2]
        assert at.count(asks) == 5
        at.ids.learn(at.ids.new_text(205), "3")
        reply = await at.read("trades")
        assert sorted(found.trade_id for found in reply.trades) == [8, 9], "told later whose it was"


async def test_order_zero_is_never_asked_for() -> None:
    """What belongs to no order is the venue's own act."""
    for name, where, rows in (
        ("binance_usdm", "GET /fapi/v1/userTrades", [trade(orderId=0)]),
        ("hyperliquid", "userFillsByTime", [fill(oid=0, dir="Open Short")]),
    ):
        async with told(name) as at:
            at.say(where, rows)
            reply = await at.read("trades")
            assert (kinds(reply.trades), reply.error) == ([LIQUIDATED], "")
            assert at.count("GET /fapi/v1/order") == at.count("orderStatus") == 0


async def test_a_maker_order_that_fills_against_a_liquidation_ends() -> None:
    """Its slot is free, and the fill is one of a maker: SOMEBODY was liquidated, not we."""
    assert SOMEBODY != USER
    async with told("hyperliquid") as at:
        row = fill(liquidation=against(), cloid=at.ids.new_text(77), time=now_ms() - HOUR // 2)
        at.say("userFillsByTime", [row])
        (found,) = (await at.read("trades")).trades
        assert (found.kind, found.cl_id, found.maker, found.code) == (FILLED, 77, 1, 0)
