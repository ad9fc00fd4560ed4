"""The same quoter on hftbacktest, compiled. Runs in its own environment: `python hftbacktest_quoter.py TAPE ...`.

Arguments: TAPE SLACK EVENTS AWAY QTY MAX_POSITION LATENCY_NS. A touch change that moves the price is two depth rows
(the new level, the old one emptied), one that only changes the size is one. Prints one JSON line.
"""

import json
import sys
import time

import numba
import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.order import GTX, LIMIT
from hftbacktest.types import event_dtype

TICK, LOT = 0.01, 0.001
BID, ASK, TRADE = 0, 1, 2


def events_of(rows, latency):
    """Our rows as hftbacktest events; a moved touch first adds its new level, then empties the old one."""
    out = np.zeros(2 * len(rows), event_dtype)
    both = EXCH_EVENT | LOCAL_EVENT
    last = {BID: 0, ASK: 0}
    n = 0
    for ts, kind, px, sz, side in rows.tolist():
        if kind == TRADE:
            what = TRADE_EVENT | (BUY_EVENT if side > 0 else SELL_EVENT)
            out[n] = (what | both, ts, ts + latency, px * TICK, sz * LOT, 0, 0, 0.0)
            n += 1
            continue
        what = DEPTH_EVENT | (BUY_EVENT if kind == BID else SELL_EVENT) | both
        out[n] = (what, ts, ts + latency, px * TICK, sz * LOT, 0, 0, 0.0)
        n += 1
        if last[kind] not in (0, px):
            out[n] = (what, ts, ts + latency, last[kind] * TICK, 0.0, 0, 0, 0.0)
            n += 1
        last[kind] = px
    return out[:n]


def backtest_of(events, latency):
    asset = (
        BacktestAsset()
        .data([events])
        .linear_asset(1.0)
        .constant_order_latency(latency, latency)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0002, 0.0005)
        .tick_size(TICK)
        .lot_size(LOT)
        .last_trades_capacity(0)
    )
    return HashMapMarketDepthBacktest([asset])


@numba.njit
def quote(hbt, slack, away, qty, max_position, out):
    """Both quotes follow the touch; a quote within `slack` ticks stays."""
    resting = np.zeros(2, np.int64)  # order id of each side
    standing = np.zeros(2, np.int64)  # its price in ticks
    last_bid = 0
    last_ask = 0
    next_id = 1
    while True:
        what = hbt.wait_next_feed(True, 10**15)
        if what == 1:
            break
        depth = hbt.depth(0)
        bid, ask = depth.best_bid_tick, depth.best_ask_tick
        if what == 2 and bid == last_bid and ask == last_ask:
            continue
        last_bid, last_ask = bid, ask
        if np.isnan(depth.best_bid) or np.isnan(depth.best_ask):
            continue
        out[2] += 1
        hbt.clear_inactive_orders(0)
        position = hbt.position(0) / LOT
        orders = hbt.orders(0)
        for side in range(2):
            sign = 1 if side == 0 else -1
            px = (bid if side == 0 else ask) - sign * away
            live = resting[side] != 0 and resting[side] in orders
            wanted = position * sign < max_position
            if live:
                if wanted and abs(px - standing[side]) <= slack:
                    continue
                order = orders.get(resting[side])
                if order.cancellable:
                    hbt.cancel(0, resting[side], False)
                elif wanted:
                    continue  # its own request is still on the way
            if not wanted:
                continue
            if side == 0:
                hbt.submit_buy_order(0, next_id, px * TICK, qty * LOT, GTX, LIMIT, False)
            else:
                hbt.submit_sell_order(0, next_id, px * TICK, qty * LOT, GTX, LIMIT, False)
            resting[side], standing[side] = next_id, px
            next_id += 1
            out[0] += 1
    out[1] = hbt.state_values(0).num_trades


def main():
    path = sys.argv[1]
    slack, n, away, qty, most, latency = (int(word) for word in sys.argv[2:8])
    rows = np.load(path)[:n]
    small = backtest_of(events_of(rows[:1000], latency), latency)
    quote(small, slack, away, qty, most, np.zeros(3, np.int64))  # compiles
    small.close()
    events = events_of(rows, latency)
    hbt = backtest_of(events, latency)
    out = np.zeros(3, np.int64)
    begun = time.process_time()
    quote(hbt, slack, away, qty, most, out)
    cpu = time.process_time() - begun
    orders, fills, wakes = (int(value) for value in out)
    print(
        json.dumps(
            {"events": len(rows), "rows": len(events), "cpu_s": cpu, "orders": orders, "fills": fills, "wakes": wakes}
        )
    )


if __name__ == "__main__":
    main()
