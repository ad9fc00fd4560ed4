"""A session of Hyperliquid's own Python client: `python hyperliquid_session.py URL KEY ADDRESS` prints what it saw.

Runs in the client's own environment (setup_hyperliquid.sh), so it imports nothing of this project. The last line of
its output is one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

ALO: Any = {"limit": {"tif": "Alo"}}
GTC: Any = {"limit": {"tif": "Gtc"}}


def main(url: str, key: str, address: str) -> dict[str, Any]:
    """Place, modify, cancel, take, read, listen."""
    import eth_account
    from hyperliquid.exchange import Exchange
    from hyperliquid.info import Info
    from hyperliquid.utils.types import Cloid

    seen: dict[str, Any] = {}
    heard: dict[str, list[Any]] = {}
    info = Info(url, skip_ws=False)
    exchange = Exchange(eth_account.Account.from_key(key), url, account_address=address)

    def listen(**wish: Any) -> None:
        channel = "user" if wish["type"] == "userEvents" else str(wish["type"])
        heard[channel] = []
        info.subscribe(wish, lambda message: heard[channel].append(message["data"]))

    for kind in ("l2Book", "trades", "bbo", "activeAssetCtx"):
        listen(type=kind, coin="BTC")
    listen(type="candle", coin="BTC", interval="1m")
    listen(type="allMids")
    for kind in ("orderUpdates", "userFills", "userFundings", "userEvents", "userNonFundingLedgerUpdates"):
        listen(type=kind, user=address)
    time.sleep(0.5)

    bid = float(info.l2_snapshot("BTC")["levels"][0][0]["px"])
    one, two = Cloid.from_int(77), Cloid.from_int(78)
    seen["leverage"] = exchange.update_leverage(7, "BTC", False)
    seen["placed"] = exchange.order("BTC", True, 0.01, bid - 200, ALO, cloid=one)
    oid = seen["placed"]["response"]["data"]["statuses"][0]["resting"]["oid"]
    seen["modified"] = exchange.modify_order(oid, "BTC", True, 0.02, bid - 210, ALO, cloid=one)
    seen["modified_by_cloid"] = exchange.modify_order(one, "BTC", True, 0.03, bid - 220, ALO, cloid=one)
    seen["by_cloid"] = info.query_order_by_cloid(address, one)
    seen["open"] = info.frontend_open_orders(address)
    seen["cancelled"] = exchange.cancel_by_cloid("BTC", one)
    seen["again"] = exchange.cancel("BTC", oid)
    batch = [
        {"coin": "BTC", "is_buy": True, "sz": 0.01, "limit_px": bid + gap, "order_type": kind, "reduce_only": False}
        for gap, kind in ((-300.0, GTC), (200.0, ALO))
    ]
    batch[0]["cloid"] = two
    seen["batch"] = exchange.bulk_orders(batch)
    seen["taken"] = exchange.market_open("BTC", True, 0.05)
    seen["margin"] = exchange.update_isolated_margin(25.0, "BTC")
    seen["state"] = info.user_state(address)
    seen["closed"] = exchange.market_close("BTC", 0.02)
    seen["fills"] = info.user_fills(address)
    seen["fills_by_time"] = info.user_fills_by_time(address, 0)
    exchange.set_expires_after(1_000)
    seen["expired"] = exchange.cancel_by_cloid("BTC", two)
    exchange.set_expires_after(None)
    seen["scheduled"] = exchange.schedule_cancel(int(time.time() * 1000) + 10_000)
    seen["builder"] = exchange.order("BTC", True, 0.01, bid - 200, ALO, builder={"b": address, "f": 10})
    seen["approve"] = exchange.approve_builder_fee(address, "0.01%")
    seen["referrer"] = exchange.set_referrer("ANY")
    stop: Any = {"trigger": {"isMarket": True, "triggerPx": bid - 5_000, "tpsl": "sl"}}
    seen["stop"] = exchange.order("BTC", False, 0.01, bid - 6_000, stop, reduce_only=True)
    stranger = Exchange(eth_account.Account.create(), url, account_address=address)
    seen["stranger"] = stranger.cancel_by_cloid("BTC", two)
    seen["reads"] = {
        "meta": info.meta(),
        "contexts": len(info.meta_and_asset_ctxs()[1]),
        "spot": [pair["name"] for pair in info.spot_meta()["universe"]],
        "mids": sorted(info.all_mids()),
        "open": len(info.open_orders(address)),
        "funding": info.user_funding_history(address, 0),
        "rates": info.funding_history("BTC", 0),
        "fees": info.user_fees(address)["userAddRate"],
        "history": len(info.historical_orders(address)),
        "candles": len(info.candles_snapshot("BTC", "1m", 0, int(time.time() * 1000))),
        "limits": info.user_rate_limit(address)["nRequestsUsed"],
    }
    time.sleep(1.5)
    seen["heard"] = heard
    info.disconnect_websocket()
    return seen


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:4])), flush=True)
    os._exit(0)  # the client's socket thread may sleep another 10 s in a select of its own
