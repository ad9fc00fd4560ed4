"""A session of Binance's present SDK: `python binance_sdk_session.py URL KEY SECRET SYMBOL` prints what it saw.

Its models are generated from the venue's own description, so an answer that does not fit them raises. Runs in the
client's own environment (setup_binance.sh), so it imports nothing of this project. The last line is one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any


def plain(found: Any) -> Any:
    """A model, or a list of them, as the JSON that it came from."""
    if isinstance(found, list):
        return [plain(one) for one in found]
    if getattr(found, "actual_instance", None) is not None:
        return plain(found.actual_instance)
    return found.to_dict() if hasattr(found, "to_dict") else found.model_dump(by_alias=True)


async def main(url: str, key: str, secret: str, symbol: str) -> dict[str, Any]:
    """REST, the order socket, market streams and the private one."""
    from binance_common.configuration import (
        ConfigurationRestAPI,
        ConfigurationWebSocketAPI,
        ConfigurationWebSocketStreams,
    )
    from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import (
        DerivativesTradingUsdsFutures,
    )

    seen: dict[str, Any] = {}
    heard: dict[str, list[Any]] = {}
    socket_url = url.replace("http", "ws", 1)
    client = DerivativesTradingUsdsFutures(
        ConfigurationRestAPI(key, secret, base_path=url, retries=0),
        ConfigurationWebSocketAPI(key, secret, stream_url=f"{socket_url}/ws-fapi/v1"),
        ConfigurationWebSocketStreams(stream_url=socket_url),
    )
    rest = client.rest_api

    async def do(name: str, *words: Any, **more: Any) -> Any:
        answer = await asyncio.to_thread(getattr(rest, name), *words, **more)
        seen[f"limits of {name}"] = [vars(limit) for limit in answer.rate_limits]
        return plain(answer.data())

    async def listen(name: str, stream: Any) -> None:
        heard[name] = []
        stream.on("message", lambda told: heard[name].append(plain(told)))

    seen["info"] = (await do("exchange_information"))["symbols"][0]["symbol"]
    listen_key = (await do("start_user_data_stream"))["listenKey"]
    streams = await client.websocket_streams.create_connection()
    await listen("depth", await streams.diff_book_depth_streams(symbol=symbol.lower(), update_speed="100ms"))
    await listen("partial", await streams.partial_book_depth_streams(symbol=symbol.lower(), levels=5))
    await listen("ticker", await streams.individual_symbol_book_ticker_streams(symbol=symbol.lower()))
    await listen("trades", await streams.aggregate_trade_streams(symbol=symbol.lower()))
    await listen("mark", await streams.mark_price_stream(symbol=symbol.lower(), update_speed="1s"))
    await listen("user", await streams.user_data(listen_key))

    book = await do("order_book", symbol=symbol, limit=20)
    bid = float(book["bids"][0][0])
    order = {"symbol": symbol, "side": "BUY", "type": "LIMIT", "time_in_force": "GTX", "quantity": 0.1}
    seen["made"] = await do("new_order", **order, price=round(bid - 2, 2), new_client_order_id="sdk-1")
    seen["modified"] = await do("modify_order", symbol=symbol, side="BUY", quantity=0.2, price=round(bid - 3, 2),
                                orig_client_order_id="sdk-1")  # fmt: skip
    seen["open"] = await do("current_all_open_orders", symbol=symbol)
    seen["cancelled"] = await do("cancel_order", symbol=symbol, orig_client_order_id="sdk-1")
    stop = {"algo_type": "CONDITIONAL", "symbol": symbol, "side": "SELL", "type": "STOP_MARKET", "quantity": 0.1}
    seen["stop"] = await do("new_algo_order", **stop, trigger_price=round(bid * 0.8, 2), client_algo_id="sdk-stop")
    seen["stops"] = await do("current_all_algo_open_orders", symbol=symbol)
    seen["stop cancelled"] = await do("cancel_algo_order", client_algo_id="sdk-stop")
    seen["account"] = await do("account_information_v3")
    seen["risk before"] = await do("position_information_v3")

    calls = await client.websocket_api.create_connection()
    placed = await calls.new_order(**order, price=round(bid - 4, 2), new_client_order_id="sdk-2")
    seen["placed"], seen["limits"] = plain(placed.data()), [vars(limit) for limit in placed.rate_limits]
    changed = await calls.modify_order(symbol=symbol, side="BUY", quantity=0.3, price=round(bid - 5, 2),
                                       orig_client_order_id="sdk-2")  # fmt: skip
    seen["changed"] = plain(changed.data())
    seen["asked"] = plain((await calls.query_order(symbol=symbol, orig_client_order_id="sdk-2")).data())
    seen["ended"] = plain((await calls.cancel_order(symbol=symbol, orig_client_order_id="sdk-2")).data())
    take = {"symbol": symbol, "side": "BUY", "type": "MARKET", "quantity": 0.4, "new_order_resp_type": "RESULT"}
    seen["taken"] = plain((await calls.new_order(**take)).data())
    seen["positions"] = plain((await calls.position_information_v2()).data())
    seen["risk"] = await do("position_information_v3")
    seen["trades"] = await do("account_trade_list", symbol=symbol)
    seen["settings"] = await do("symbol_configuration", symbol=symbol)
    await asyncio.sleep(2.5)
    seen["heard"] = heard
    return seen


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:5])), default=str), flush=True)
    os._exit(0)  # the client keeps tasks that reconnect
