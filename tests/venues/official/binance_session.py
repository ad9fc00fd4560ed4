"""A session of Binance's old futures connector: `python binance_session.py URL KEY SECRET SYMBOL` prints what it saw.

Runs in the client's own environment (setup_binance.sh), so it imports nothing of this project. The last line of its
output is one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any


def refused(call: Callable[[], Any]) -> tuple[int, int]:
    """(HTTP status, code) with which the client raised."""
    from binance.error import ClientError

    try:
        call()
    except ClientError as error:
        return error.status_code, error.error_code
    return (0, 0)


def main(url: str, key: str, secret: str, symbol: str) -> dict[str, Any]:
    """Read, listen, place, amend, cancel, take."""
    from binance.um_futures import UMFutures
    from binance.websocket.um_futures.websocket_client import UMFuturesWebsocketClient

    seen: dict[str, Any] = {}
    heard: dict[str, list[Any]] = {}
    used: list[int] = []
    client = UMFutures(key, secret, base_url=url, show_limit_usage=True)
    socket_url = url.replace("http", "ws", 1)

    def do(name: str, *words: Any, **more: Any) -> Any:
        answer = getattr(client, name)(*words, **more)
        seen[f"limits of {name}"] = answer["limit_usage"]
        used.append(int(answer["limit_usage"]["x-mbx-used-weight-1m"]))
        return answer["data"]

    def listen(route: str, *, combined: bool = False) -> Any:
        def hear(_manager: Any, text: str) -> None:
            frame = json.loads(text)
            if combined and "stream" in frame:
                kind = f"{route} {frame['stream']}"
            else:
                kind = f"{route} {frame.get('e', 'answer')}"
            heard.setdefault(kind, []).append(frame)

        return UMFuturesWebsocketClient(f"{socket_url}/{route}", on_message=hear, is_combined=combined)

    seen["key"] = do("new_listen_key")["listenKey"]
    public, market, both, private = (
        listen("public"),
        listen("market"),
        listen("public", combined=True),
        listen("private"),
    )
    public.book_ticker(symbol)
    public.diff_book_depth(symbol, speed=100)
    both.diff_book_depth(symbol, speed=500)
    both.partial_book_depth(symbol, level=10, speed=100)
    market.agg_trade(symbol)
    market.mark_price(symbol, speed=1)
    private.user_data(seen["key"])
    public.list_subscribe(id=99)

    seen["time"] = do("time")["serverTime"] - int(time.time() * 1000)
    seen["filters"] = {row["filterType"]: row for row in do("exchange_info")["symbols"][0]["filters"]}
    book = do("depth", symbol, limit=50)
    seen["book"] = book
    bid, tick = float(book["bids"][0][0]), float(seen["filters"]["PRICE_FILTER"]["tickSize"])

    def px(steps: int) -> str:
        return f"{bid + steps * tick:.2f}"

    seen["leverage"] = do("change_leverage", symbol, leverage=7)
    seen["before"] = {"positions": do("get_position_risk"), "account": do("account")}
    rest = {"symbol": symbol, "side": "BUY", "type": "LIMIT", "timeInForce": "GTX"}
    made = do("new_order", **rest, quantity="0.1", price=px(-100), newClientOrderId="first")
    seen["made"] = made
    seen["queried"] = do("query_order", symbol, origClientOrderId="first")
    seen["again"] = refused(lambda: client.new_order(**rest, quantity="0.1", price=px(-90), newClientOrderId="first"))
    seen["modified"] = do("modify_order", symbol, "BUY", 0.2, float(px(-110)), orderId=made["orderId"])
    seen["same"] = refused(lambda: client.modify_order(symbol, "BUY", 0.2, float(px(-110)), orderId=made["orderId"]))
    seen["open"] = do("get_orders", symbol=symbol)
    seen["one open"] = do("get_open_orders", symbol, orderId=made["orderId"])
    seen["cancelled"] = do("cancel_order", symbol, orderId=made["orderId"])
    seen["cancelled again"] = refused(lambda: client.cancel_order(symbol, orderId=made["orderId"]))
    seen["unknown"] = refused(lambda: client.query_order(symbol, orderId=1 << 40))
    batch = [rest | {"quantity": "0.1", "price": px(-120 - n)} for n in range(2)]
    batch.insert(1, rest | {"quantity": "0.1", "price": px(500)})
    seen["batch"] = do("new_batch_order", batch)
    seen["resting"] = [row["orderId"] for row in do("get_orders", symbol=symbol)]
    seen["batch cancelled"] = do("cancel_batch_order", symbol, [seen["resting"][0]], [])
    seen["countdown"] = do("countdown_cancel_order", symbol, countdownTime=60_000)
    seen["all cancelled"] = do("cancel_open_orders", symbol)
    buy = {"symbol": symbol, "side": "BUY", "type": "MARKET", "quantity": "0.5"}
    seen["taken"] = do("new_order", **buy, newClientOrderId="take")
    sell = {"symbol": symbol, "side": "SELL", "type": "MARKET", "quantity": "0.2", "reduceOnly": "true"}
    seen["reduced"] = do("new_order", **sell, newOrderRespType="RESULT")
    seen["stop"] = refused(lambda: client.new_order(symbol, "SELL", "STOP_MARKET", stopPrice=px(-500), quantity="0.1"))
    seen["held"] = do("get_position_risk", symbol=symbol)
    seen["account"] = do("account")
    seen["balance"] = do("balance")
    seen["trades"] = do("get_account_trades", symbol)
    seen["orders"] = do("get_all_orders", symbol)
    seen["income"] = do("get_income_history")
    seen["brackets"] = do("leverage_brackets", symbol=symbol)
    seen["commission"] = do("commission_rate", symbol)
    seen["settings"] = do("symbol_configuration", symbol=symbol)
    seen["mode"] = do("get_position_mode")
    seen["hedge"] = refused(lambda: client.change_position_mode("true"))
    seen["isolated"] = refused(lambda: client.change_margin_type(symbol, "ISOLATED"))
    seen["premium"] = do("mark_price", symbol)
    seen["agg"] = len(do("agg_trades", symbol))
    seen["renewed"] = do("renew_listen_key", seen["key"])
    seen["stranger"] = refused(lambda: UMFutures(key, "wrong", base_url=url).account())
    time.sleep(2.5)
    seen["heard"], seen["used"] = heard, used
    return seen


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:5])), flush=True)
    os._exit(0)  # the client's socket threads end with the process
