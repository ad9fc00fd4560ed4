"""Binance's own Python clients against the loopback venue: code that nobody here wrote must find it real."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest

from core.domain.units import MONEY
from core.venues.wire.binance_usdm.dialect import Rules
from core.venues.wire.pages import BooksPage, books_page
from tests.venues.wire.binance_hall import KEY, LIVELY, SECRET, Venue, venue

ROOT = Path(__file__).resolve().parents[3]
PYTHON = Path(os.environ.get("PERP_BINANCE_PYTHON", ROOT / ".venv-binance" / "bin" / "python"))
HERE = Path(__file__).parent
SYMBOL = "ETHUSDC"
LOTS = 1_000  # of one ETH
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PYTHON.exists(), reason="no official Binance clients here: tests/venues/official/setup_binance.sh"
    ),
]


async def session(at: Venue, script: str) -> tuple[dict[str, Any], str]:
    """What the client saw, and what it wrote to its error stream."""
    process = await asyncio.create_subprocess_exec(
        str(PYTHON), str(HERE / script), at.url, KEY, SECRET, SYMBOL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()[-2000:]
    return json.loads(out.decode().strip().splitlines()[-1]), errors.decode()


def check_trades(at: Venue, rows: list[dict[str, Any]], page: BooksPage) -> None:
    """The client's list of its fills is the venue's, to the last unit of money."""
    grid = at.dialect.symbols[0].grid
    assert [row["id"] for row in rows] == [trade.id for trade in page.trades] != []
    for row, trade in zip(rows, page.trades, strict=True):
        assert (row["orderId"], row["price"], row["qty"]) == (trade.venue_id, grid.px(trade.px), grid.sz(trade.qty))
        assert round(float(row["commission"]) * MONEY) == trade.fee and row["maker"] is trade.maker


async def test_the_old_connector_trades_reads_and_listens_and_both_books_agree() -> None:
    """UC-10: binance-futures-connector 4.2.0 by requests and by its three kinds of websocket."""
    async with venue(rules=Rules(), character=LIVELY) as at:
        seen, _ = await session(at, "binance_session.py")
        page = books_page(at.exchange)
        orders = {order.venue_id: order for order in page.orders if order.venue_id}
        check_orders(seen, orders, page)
        check_refusals(seen)
        check_account(at, seen, page)
        check_limits(seen)
        check_market_streams(seen)
        check_private_stream(seen, page)


def check_orders(seen: dict[str, Any], orders: dict[int, Any], page: BooksPage) -> None:
    made = seen["made"]["orderId"]
    assert seen["made"]["status"] == seen["queried"]["status"] == "NEW" and seen["queried"]["orderId"] == made
    assert (seen["modified"]["orderId"], seen["modified"]["origQty"]) == (made, "0.200")
    assert [row["orderId"] for row in seen["open"]] == [made] == [seen["one open"]["orderId"]]
    assert seen["cancelled"]["status"] == "CANCELED" and orders[made].status == "canceled"
    assert [row.get("code", row.get("status")) for row in seen["batch"]] == ["NEW", -5022, "NEW"]
    assert [row["orderId"] for row in seen["batch"] if "orderId" in row] == seen["resting"]
    assert [row["status"] for row in seen["batch cancelled"]] == ["CANCELED"]
    assert seen["all cancelled"]["code"] == 200 and {orders[number].status for number in seen["resting"]} == {
        "canceled"
    }
    assert (seen["taken"]["status"], seen["taken"]["executedQty"]) == ("NEW", "0.000"), "an ACK tells no fill"
    assert (seen["reduced"]["status"], seen["reduced"]["executedQty"]) == ("FILLED", "0.200")
    words = {"canceled": "CANCELED", "filled": "FILLED"}
    assert {row["orderId"]: row["status"] for row in seen["orders"]} == {
        number: words[order.status] for number, order in orders.items()
    }
    assert seen["countdown"]["countdownTime"] == "60000"
    assert page.positions[0][:2] == (0, 300)


def check_refusals(seen: dict[str, Any]) -> None:
    assert {name: tuple(seen[name]) for name in ("again", "same", "cancelled again", "unknown", "stop", "hedge")} == {
        "again": (400, -4116), "same": (400, -5027), "cancelled again": (400, -2011), "unknown": (400, -2013),
        "stop": (400, -4120), "hedge": (400, -4061),
    }  # fmt: skip
    assert tuple(seen["isolated"]) in ((400, -4046), (400, -4048)) and tuple(seen["stranger"]) == (400, -1022)


def check_account(at: Venue, seen: dict[str, Any], page: BooksPage) -> None:
    assert seen["before"]["positions"] == [] and seen["before"]["account"]["positions"] == []
    (held,) = seen["held"]
    assert (held["positionAmt"], seen["account"]["positions"][0]["positionAmt"]) == ("0.300", "0.300")
    assert not {"leverage", "marginType"} & set(held), "version 3 does not tell settings"
    assert (seen["leverage"]["leverage"], seen["settings"][0]["leverage"]) == (7, 7)
    check_trades(at, seen["trades"], page)
    wallet = round(float(seen["account"]["totalWalletBalance"]) * MONEY)
    assert wallet == page.wallet == round(float(seen["balance"][0]["balance"]) * MONEY)
    earned = sum(round(float(row["income"]) * MONEY) for row in seen["income"])
    assert 100_000 * MONEY + earned == wallet
    assert seen["brackets"][0]["brackets"][0]["initialLeverage"] == at.exchange.instruments[0].max_leverage
    assert seen["commission"]["takerCommissionRate"] == f"{at.exchange.instruments[0].taker_fee_ppm / 1e6:.6f}"
    assert seen["filters"]["PRICE_FILTER"]["tickSize"] == "0.01" and abs(seen["time"]) < 1_000
    assert seen["mode"] == {"dualSidePosition": False} and seen["agg"] > 0 and float(seen["premium"]["markPrice"]) > 0


def check_limits(seen: dict[str, Any]) -> None:
    """Used weight grows by what each request weighs; orders are counted."""
    used = seen["used"]
    assert used == sorted(used) and used[-1] > 50
    assert int(seen["limits of new_batch_order"]["x-mbx-order-count-10s"]) >= 5
    assert "x-mbx-order-count-10s" not in seen["limits of get_orders"]


def check_market_streams(seen: dict[str, Any]) -> None:
    heard = seen["heard"]
    for kind in ("public depthUpdate", "public bookTicker", "market aggTrade", "market markPriceUpdate"):
        assert heard[kind], kind
    low = SYMBOL.lower()
    wrapped = [frame["data"] for frame in heard[f"public {low}@depth@500ms"]]
    assert all(after["pu"] == before["u"] for before, after in itertools.pairwise(wrapped)) and len(wrapped) > 2
    best = [frame["data"] for frame in heard[f"public {low}@depth10@100ms"]]
    assert len(best) > 5 and all(len(frame["b"]) == len(frame["a"]) == 10 for frame in best)
    assert all(float(size) > 0 for frame in best for _, size in frame["b"] + frame["a"])
    listed = [frame["result"] for frame in heard["public answer"] if frame["id"] == 99]
    assert listed == [[f"{low}@bookTicker", f"{low}@depth@100ms"]]


def check_private_stream(seen: dict[str, Any], page: BooksPage) -> None:
    told = [frame["o"] for frame in seen["heard"]["private ORDER_TRADE_UPDATE"]]
    first = [(row["x"], row["X"], row["q"]) for row in told if row["c"] == "first"]
    assert first == [("NEW", "NEW", "0.100"), ("AMENDMENT", "NEW", "0.200"), ("CANCELED", "CANCELED", "0.200")]
    taken = [(row["x"], row["X"]) for row in told if row["c"] == "take"]
    assert taken[0] == ("NEW", "NEW") and taken[-1] == ("TRADE", "FILLED")
    fills = {row["t"]: row for row in told if row["x"] == "TRADE"}
    assert set(fills) == {trade.id for trade in page.trades}
    assert all(round(float(fills[trade.id]["n"]) * MONEY) == trade.fee for trade in page.trades)
    amounts = [frame["a"]["P"][0]["pa"] for frame in seen["heard"]["private ACCOUNT_UPDATE"]]
    assert amounts[-1] == "0.300"
    (config,) = seen["heard"]["private ACCOUNT_CONFIG_UPDATE"]
    assert config["ac"] == {"s": SYMBOL, "l": 7}


async def test_the_present_sdk_finds_its_models_in_every_answer_and_trades_over_both_doors() -> None:
    """UC-10: binance-sdk-derivatives-trading-usds-futures 18.0.1, whose models are the venue's own description."""
    async with venue(rules=Rules(), character=LIVELY) as at:
        seen, errors = await session(at, "binance_sdk_session.py")
        assert "did not match the declared types" not in errors, errors
        page = books_page(at.exchange)
        orders = {order.client: order for order in page.orders}
        assert [orders[name].status for name in ("sdk-1", "sdk-2")] == ["canceled", "canceled"]
        assert (orders["sdk-1"].qty, orders["sdk-2"].qty) == (200, 300)
        assert [row["clientOrderId"] for row in seen["open"]] == ["sdk-1"]
        assert [row["clientAlgoId"] for row in seen["stops"]] == ["sdk-stop"] and at.dialect.algo.waiting == []
        assert seen["placed"]["result"]["status"] == seen["changed"]["result"]["status"] == "NEW"
        assert seen["asked"]["result"]["origQty"] == "0.300" and seen["ended"]["result"]["status"] == "CANCELED"
        assert seen["taken"]["result"]["executedQty"] == "0.400"
        assert {row["rateLimitType"] for row in seen["limits"]} == {"REQUEST_WEIGHT", "ORDERS"}
        assert seen["risk before"] == [] and seen["risk"][0]["positionAmt"] == "0.400"
        assert seen["positions"]["result"][0]["positionAmt"] == "0.400" and page.positions[0][:2] == (0, 400)
        check_trades(at, seen["trades"], page)
        heard = seen["heard"]
        for name in ("depth", "partial", "ticker", "trades", "mark", "user"):
            assert heard[name], name
        events = [row["o"]["x"] for row in heard["user"] if row.get("o", {}).get("c") == "sdk-2"]
        assert events == ["NEW", "AMENDMENT", "CANCELED"]
        assert any(row.get("o", {}).get("caid") == "sdk-stop" for row in heard["user"])
