"""`perpconsole venue serve --dialect binance_usdm` as a process: ccxt trades on it under a plan of faults."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.process.real_core import PATIENCE_S, page
from tests.process.running import hear, running

ETH = "ETH/USDC:USDC"


def client_of(told: dict[str, Any]) -> Any:
    """ccxt.pro's class with every address on the served venue."""
    import ccxt.pro

    url, socket = told["url"], told["url"].replace("http", "ws", 1)
    api = {f"fapi{right}{version}": f"{url}/fapi/{version.lower() or 'v1'}"
           for right in ("Public", "Private") for version in ("", "V2", "V3")}  # fmt: skip
    sockets = {"linear": f"{socket}/ws", "ws-api": {"linear": f"{socket}/ws-fapi/v1"}}
    options = {"fetchCurrencies": False, "fetchMargins": False, "recvWindow": 5_000}
    urls = {"api": {**api, "ws": sockets, "sapi": f"{url}/sapi/v1", "public": url, "private": url}}
    return ccxt.pro.binanceusdm({**told["account"], "urls": urls, "options": options, "enableRateLimit": False})


@pytest.mark.slow
async def test_ccxt_trades_on_a_served_venue_with_faults_and_it_ends_on_sigterm(
    state_dir: Path, tmp_path: Path
) -> None:
    """UC-10."""
    import ccxt

    plan = tmp_path / "faults.yml"
    plan.write_text(
        "seed: 4\nrules:\n  - {do: drop_after, at: 'POST /fapi/v1/order', times: 1}\n"
        "  - {do: status, at: 'GET */openOrders', times: 1, status: 502}\n"
    )
    words = ("-m", "app", "--state-dir", str(state_dir), "--json", "venue", "serve", "--dialect", "binance_usdm",
             "--symbol", "ETHUSDC", "--faults", str(plan))  # fmt: skip
    with running(*words) as child:
        told = hear(child)
        assert told["dialect"] == "binance_usdm" and told["url"].startswith("http://127.0.0.1:")
        client = client_of(told)
        try:
            await client.load_markets()
            watching = asyncio.ensure_future(client.watch_orders(ETH))
            book = await asyncio.wait_for(client.watch_order_book(ETH), 15)
            price = round(book["bids"][0][0] - 50, 2)
            with pytest.raises(ccxt.ExchangeNotAvailable):
                await client.create_order(ETH, "limit", "buy", 0.1, price, {"clientOrderId": "pc-1"})
            with pytest.raises(ccxt.ExchangeNotAvailable):
                await client.fetch_open_orders(ETH)
            (order,) = await client.fetch_open_orders(ETH)
            assert order["clientOrderId"] == "pc-1", "it was applied before the line was cut"
            assert (await asyncio.wait_for(watching, 15))[-1]["clientOrderId"] == "pc-1"
            await client.create_order(ETH, "market", "buy", 0.1)
            trades = await client.fetch_my_trades(ETH)
            assert sum(trade["amount"] for trade in trades) == pytest.approx(0.1)
        finally:
            await client.close()
            with contextlib.suppress(asyncio.CancelledError, ccxt.NetworkError):
                await watching
        port = int(told["url"].rpartition(":")[2])
        books = json.loads(page(port, "/_venue/books")[1])
        assert [row["status"] for row in books["orders"]] == ["open", "filled"]
        assert [trade["id"] for trade in trades] == [str(row["id"]) for row in books["trades"]]
        assert json.loads(page(port, "/_venue/asked")[1])["faults"] == {"drop_after": 1, "status": 1}
        os.kill(child.pid, signal.SIGTERM)
        assert child.wait(PATIENCE_S) == 0
