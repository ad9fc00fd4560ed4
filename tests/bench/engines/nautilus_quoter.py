"""The same quoter on nautilus_trader, a Python strategy as its documentation writes them. Own environment, Python 3.12.

Arguments: TAPE SLACK EVENTS AWAY QTY MAX_POSITION LATENCY_NS. Touch changes become QuoteTicks (both sides of the touch
after the change), trades TradeTicks. Making the ticks is not timed. Prints one JSON line.
"""

import json
import sys
import time
from decimal import Decimal

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.backtest.models import LatencyModel
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import ETH, USDC
from nautilus_trader.model.data import QuoteTick, TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, OmsType, OrderSide, TimeInForce
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

TICK, LOT = 0.01, 0.001
BID, ASK, TRADE = 0, 1, 2
VENUE = Venue("BENCH")
ID = InstrumentId(Symbol("ETHUSDC-PERP"), VENUE)


def instrument():
    return CryptoPerpetual(
        instrument_id=ID,
        raw_symbol=Symbol("ETHUSDC"),
        base_currency=ETH,
        quote_currency=USDC,
        settlement_currency=USDC,
        is_inverse=False,
        price_precision=2,
        size_precision=3,
        price_increment=Price.from_str("0.01"),
        size_increment=Quantity.from_str("0.001"),
        ts_event=0,
        ts_init=0,
        margin_init=Decimal("0.05"),
        margin_maint=Decimal("0.004"),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0005"),
    )


def ticks_of(rows, latency):
    """Quote and trade ticks in order; a quote needs both sides."""
    out = []
    touch = {BID: None, ASK: None}
    for number, (ts, kind, px, sz, side) in enumerate(rows.tolist()):
        seen = ts + latency
        price, size = Price(px * TICK, 2), Quantity(sz * LOT, 3)
        if kind == TRADE:
            aggressor = AggressorSide.BUYER if side > 0 else AggressorSide.SELLER
            out.append(TradeTick(ID, price, size, aggressor, TradeId(str(number)), ts, seen))
            continue
        touch[kind] = (price, size)
        if touch[BID] and touch[ASK]:
            (bid, bid_size), (ask, ask_size) = touch[BID], touch[ASK]
            out.append(QuoteTick(ID, bid, ask, bid_size, ask_size, ts, seen))
    return out


class Quoter(Strategy):
    """Both quotes follow the touch; a quote within `slack` ticks stays."""

    def __init__(self, slack, away, qty, most):
        super().__init__()
        self.slack, self.away, self.most = slack, away, most
        self.qty = Quantity(qty * LOT, 3)
        self.touch = (0, 0)
        self.resting = [None, None]
        self.standing = [0, 0]
        self.orders = self.fills = self.wakes = 0

    def on_start(self):
        self.subscribe_quote_ticks(ID)
        self.subscribe_trade_ticks(ID)

    def on_quote_tick(self, tick):
        touch = (round(float(tick.bid_price) / TICK), round(float(tick.ask_price) / TICK))
        if touch != self.touch:
            self.touch = touch
            self.quote()

    def on_order_accepted(self, event):
        self.quote()

    def on_order_rejected(self, event):
        self.quote()

    def on_order_canceled(self, event):
        self.quote()

    def on_order_filled(self, event):
        self.fills += 1
        self.quote()

    def quote(self):
        self.wakes += 1
        if not all(self.touch):
            return
        position = float(self.portfolio.net_position(ID)) / LOT
        for side, sign in ((0, 1), (1, -1)):
            px = self.touch[side] - sign * self.away
            order = self.resting[side]
            wanted = position * sign < self.most
            if order is not None and not order.is_closed:
                if wanted and abs(px - self.standing[side]) <= self.slack:
                    continue
                if order.is_open and not order.is_pending_cancel:
                    self.cancel_order(order)
                elif wanted:
                    continue  # its own request is still on the way
            if not wanted:
                continue
            order = self.order_factory.limit(
                instrument_id=ID,
                order_side=OrderSide.BUY if side == 0 else OrderSide.SELL,
                quantity=self.qty,
                price=Price(px * TICK, 2),
                time_in_force=TimeInForce.GTC,
                post_only=True,
            )
            self.resting[side], self.standing[side] = order, px
            self.orders += 1
            self.submit_order(order)


def run(rows, slack, away, qty, most, latency):
    """The result of one run as plain values."""
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(1_000_000, USDC)],
        base_currency=USDC,
        default_leverage=Decimal(20),
        latency_model=LatencyModel(base_latency_nanos=latency),
        queue_position=True,  # as the other two: an order waits for what stood before it
    )
    engine.add_instrument(instrument())
    engine.add_data(ticks_of(rows, latency))
    quoter = Quoter(slack, away, qty, most)
    engine.add_strategy(quoter)
    begun = time.process_time()
    engine.run()
    cpu = time.process_time() - begun
    result = {
        "events": len(rows),
        "cpu_s": cpu,
        "orders": quoter.orders,
        "fills": quoter.fills,
        "wakes": quoter.wakes,
    }
    engine.dispose()
    return result


def main():
    slack, n, away, qty, most, latency = (int(word) for word in sys.argv[2:8])
    rows = np.load(sys.argv[1], mmap_mode="r")[:n]
    print(json.dumps(run(rows, slack, away, qty, most, latency)))


if __name__ == "__main__":
    main()
