"""Binance's private stream, word for word: what each kind of execution and each reason of an account update becomes.

Frames go through ccxt's own handlers and ours, as on the socket; samples are the venue's own (its page of events, and
closes as they were seen on mainnet).
"""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.order import ACCEPTED, CANCELED, DELEVERAGED, EXPIRED, FILLED, LIQUIDATED, REJECTED
from tests.venues.ccxt.told_hall import Told, kinds, now_ms, told

REASONS = (
    "DEPOSIT", "WITHDRAW", "ORDER", "FUNDING_FEE", "WITHDRAW_REJECT", "ADJUSTMENT", "INSURANCE_CLEAR", "ADMIN_DEPOSIT",
    "ADMIN_WITHDRAW", "MARGIN_TRANSFER", "MARGIN_TYPE_CHANGE", "ASSET_TRANSFER", "OPTIONS_PREMIUM_FEE",
    "OPTIONS_SETTLE_PROFIT", "AUTO_EXCHANGE", "COIN_SWAP_DEPOSIT", "COIN_SWAP_WITHDRAW",
)  # fmt: skip
OTHERS: tuple[dict[str, Any], ...] = (
    {"e": "MARGIN_CALL", "E": 1, "cw": "3.16", "p": [{"s": "BTCUSDT", "ps": "BOTH", "pa": "1.3", "mt": "CROSSED"}]},
    {"e": "ACCOUNT_CONFIG_UPDATE", "E": 1, "T": 1, "ac": {"s": "BTCUSDT", "l": 25}},
    {"e": "TRADE_LITE", "E": 1, "T": 1, "s": "BTCUSDT", "q": "0.001", "p": "0", "m": False, "c": "x", "S": "BUY",
     "L": "64089.2", "l": "0.040", "t": 109_100_866, "i": 8_886_774},
    {"e": "CONDITIONAL_ORDER_TRIGGER_REJECT", "E": 1, "T": 1, "or": {"s": "BTCUSDT", "i": 1, "r": "not filled"}},
    {"e": "STRATEGY_UPDATE", "T": 1, "E": 1, "su": {"si": 1, "st": "GRID", "ss": "NEW", "s": "BTCUSDT"}},
    {"e": "SOMETHING_NEW", "T": 1, "E": 1},
)  # fmt: skip


class Heard:
    """One private socket of `at`."""

    def __init__(self, at: Told) -> None:
        self.at, data = at, at.instances.data
        self.client = data.client("ws://venue/ws/key")
        self.client.subscriptions["linear"] = True
        data.options["watchBalance"] = {"fetchBalanceSnapshot": False}
        data.set_balance_cache(self.client, "linear", False)
        self._takes = {"orders": at.private.take_orders, "myTrades": at.private.take_trades}
        self.client.resolve = self._resolve

    def _resolve(self, result: Any, name: str) -> None:
        if name in self._takes:
            self._takes[name]([list(result)[-1]])

    def frame(self, message: dict[str, Any]) -> None:
        self.at.reports.clear()
        self.client.on_message_callback(self.client, message)
        assert self.at.instances.wires["data"].counters.poisoned == 0

    def order(self, **changed: Any) -> None:
        ms = now_ms()
        row = {
            "s": "BTCUSDT", "c": self.at.ids.text(77), "S": "SELL", "o": "LIMIT", "f": "GTC", "q": "0.010",
            "p": "64000.0", "ap": "0", "sp": "0", "x": "NEW", "X": "NEW", "i": 8_886_774, "l": "0", "z": "0", "L": "0",
            "T": ms, "t": 0, "b": "0", "a": "9.91", "m": False, "R": False, "wt": "CONTRACT_PRICE", "ot": "LIMIT",
            "ps": "BOTH", "cp": False, "pP": False, "si": 0, "ss": 0, "rp": "0", "V": "EXPIRE_TAKER", "pm": "NONE",
            "gtd": 0, **changed,
        }  # fmt: skip
        self.frame({"e": "ORDER_TRADE_UPDATE", "E": ms, "T": ms, "o": row})


@pytest.mark.parametrize(
    ("event", "kind", "left"),
    [
        ({"x": "NEW", "X": "NEW"}, ACCEPTED, 10),
        ({"x": "AMENDMENT", "X": "NEW", "q": "0.020", "p": "64001.0"}, ACCEPTED, 20),
        ({"x": "AMENDMENT", "X": "PARTIALLY_FILLED", "q": "0.020", "z": "0.004"}, ACCEPTED, 16),
        ({"x": "CANCELED", "X": "CANCELED", "z": "0.004"}, CANCELED, 6),
        ({"x": "EXPIRED", "X": "EXPIRED"}, EXPIRED, 10),
        ({"x": "EXPIRED", "X": "EXPIRED_IN_MATCH", "z": "0.004"}, EXPIRED, 6),
        ({"x": "TRADE_PREVENT", "X": "EXPIRED_IN_MATCH"}, EXPIRED, 10),
        ({"x": "TRADE_PREVENT", "X": "PARTIALLY_FILLED", "z": "0.004"}, ACCEPTED, 6),
        ({"x": "REJECTED", "X": "REJECTED"}, REJECTED, 10),
    ],
    ids=lambda value: f"{value['x']}-{value['X']}" if isinstance(value, dict) else "",
)
async def test_an_execution_without_a_fill_says_what_became_of_the_order(
    event: dict[str, Any], kind: int, left: int
) -> None:
    async with told("binance_usdm") as at:
        at.ids.new_text(77)
        Heard(at).order(**event)
        assert [(report.kind, report.cl_id, report.left) for report in at.reports] == [(kind, 77, left)]


async def test_a_fill_is_counted_and_its_order_goes_on() -> None:
    async with told("binance_usdm") as at:
        at.ids.new_text(77)
        Heard(at).order(
            x="TRADE", X="PARTIALLY_FILLED", l="0.004", z="0.004", L="64000.0", n="0.01", N="USDT", t=5, m=True
        )
        assert kinds(at.reports) == [FILLED, ACCEPTED]
        fill = at.reports[0]
        assert (fill.cl_id, fill.trade_id, fill.qty, fill.fee, fill.maker) == (77, 5, 4, 1_000_000, 1)


@pytest.mark.parametrize(
    ("client", "kind", "price", "ticks"),
    [
        ("autoclose-1791300000000", LIQUIDATED, "84100.37", 841_003),
        ("adl_autoclose", DELEVERAGED, "49.6805", 496),
        ("settlement_autoclose-1787734851782", LIQUIDATED, "61234.56789", 612_345),
        ("delivery_autoclose-1", LIQUIDATED, "61234.5", 612_345),
    ],
)
async def test_a_close_of_the_venues_own_is_counted_at_a_price_of_its_own(
    client: str, kind: int, price: str, ticks: int
) -> None:
    """CALCULATED, not TRADE; NEW before it, also by the name of the insurance fund."""
    async with told("binance_usdm") as at:
        heard, row = Heard(at), {"c": client, "o": "LIQUIDATION", "ot": "LIQUIDATION", "f": "IOC", "i": 8_886_780}
        for status in ("NEW", "NEW_INSURANCE", "NEW_ADL"):
            heard.order(**row, X=status)
            assert at.reports == []
        heard.order(**row, x="CALCULATED", X="FILLED", l="0.010", z="0.010", L=price, n="42.05", N="USDT", t=10_200)
        (found,) = at.reports
        assert (found.kind, found.cl_id, found.px, found.qty, found.fee) == (kind, 0, ticks, 10, 4_205_000_000)
        assert at.private.orphans == {}


async def test_a_settlement_of_a_size_that_is_no_lot_is_left_to_the_reader() -> None:
    """As one was seen: 43407.86712966 of a coin. Counted as refused, no orphan, and the frame is no poison."""
    async with told("binance_usdm") as at:
        Heard(at).order(
            c="settlement_autoclose-1787734851782", o="MARKET", f="IOC", x="CALCULATED", X="FILLED",
            q="43407.86712966", l="43407.86712966", z="43407.86712966", L="0.1832", n="0", N="USDT", t=556_677,
            i=998_877,
        )  # fmt: skip
        assert (at.reports, at.private.refused, at.private.orphans) == ([], 1, {})


@pytest.mark.parametrize("reason", REASONS)
async def test_no_reason_of_an_account_update_makes_news_of_orders_or_poison(reason: str) -> None:
    """Money and positions are read and compared; an update is not what they are counted by."""
    async with told("binance_usdm") as at:
        ms = now_ms()
        balance = {"a": "USDT", "wb": "122624.12345678", "cw": "100.12345678", "bc": "50.12345678"}
        held = {"s": "BTCUSDT", "pa": "0", "ep": "0.00000", "bep": "0", "cr": "200", "up": "0", "mt": "isolated",
                "iw": "0.00000000", "ps": "BOTH"}  # fmt: skip
        told_ = {"m": reason, "B": [balance], "P": [held]}
        Heard(at).frame({"e": "ACCOUNT_UPDATE", "E": ms, "T": ms, "a": told_})
        assert at.reports == []


async def test_other_events_are_no_news_of_ours_and_no_poison() -> None:
    async with told("binance_usdm") as at:
        heard = Heard(at)
        for event in OTHERS:
            heard.frame(event)
            assert at.reports == []
