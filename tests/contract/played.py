"""The exchanges that the wired sites play: how each is reached, what it trades, where its news and creates pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from core.config.instruments import find_instrument
from core.domain.order import CANCELED
from core.venues.ccxt.binanceusdm import BinanceUsdm
from core.venues.ccxt.hyperliquid import Hyperliquid
from core.venues.ccxt.traits import Traits
from core.venues.wire.behind import WireExchange
from core.venues.wire.binance_usdm.dialect import BinanceUsdmDialect
from core.venues.wire.binance_usdm.params import Params
from core.venues.wire.hyperliquid import shapes
from core.venues.wire.hyperliquid.dialect import BAND_PPM
from core.venues.wire.server import Dialect
from tests.contract.sites import Can
from tests.contract.tape import Place
from tests.venues.wire.binance_hall import FREE, KEY, SECRET
from tests.venues.wire.hyperliquid_hall import KEY as WALLET_KEY
from tests.venues.wire.hyperliquid_hall import USER
from tests.venues.wire.tls_hall import hyperliquid_dialect


class Played(msgspec.Struct, frozen=True):
    """One exchange: how it is reached, what it trades, where news and creates pass for the fault rules."""

    name: str
    traits: Callable[[], Traits]
    keys: Mapping[str, str]
    dialect: Callable[[WireExchange], Dialect]
    places: Callable[[], list[Place]]
    can: Can
    creates: str
    news: tuple[str, ...]
    listens: Callable[[Any], bool]  # whether both private streams of ours are subscribed
    stranger: str
    stop_order: Callable[[Any, int, int, int], None]  # site, side, trigger ticks, lots


def _binance_places() -> list[Place]:
    return [
        Place(find_instrument("binance_usdm", "ETHUSDC"), 297_000, 50, 200),
        Place(find_instrument("binance_usdm", "BTCUSDT"), 1_100_000, 50, 8),
    ]


def _hyperliquid_places() -> list[Place]:
    def near(symbol: str) -> Any:  # the venue's own band, as its dialect has it
        return msgspec.structs.replace(find_instrument("hyperliquid", symbol), band_ppm=BAND_PPM)

    return [Place(near("BTC"), 110_000, 50, 400), Place(near("SOL"), 20_250, 10, 200)]


def _binance_stop(site: Any, side: int, trigger: int, qty: int) -> None:
    grid = site.dialect.symbols[0].grid
    site.dialect.algo.place(
        Params(
            {
                "algoType": "CONDITIONAL", "symbol": site.places[0].instrument.symbol, "side": ("BUY", "SELL")[side],
                "type": "STOP_MARKET", "triggerPrice": grid.px(trigger), "quantity": grid.sz(qty),
                "reduceOnly": "true",
            }
        )
    )  # fmt: skip


def _hyperliquid_stop(site: Any, side: int, trigger: int, qty: int) -> None:
    grid = site.dialect.coins[0].grid
    stop = shapes.OrderType(trigger=shapes.Trigger(isMarket=True, triggerPx=grid.px(trigger), tpsl="sl"))
    made = site.dialect.desk.place(shapes.Order(0, side == 0, grid.px(trigger), grid.sz(qty), True, stop))
    assert "resting" in made, made


def _listen_key(dialect: Any) -> bool:
    key = dialect.keys.key
    return bool(key) and any(key in names for names in dialect.feeds.wants.values())


def _both_channels(dialect: Any) -> bool:
    heard = {key[0] for keys in dialect.feeds.wants.values() for key in keys}
    return {"orderUpdates", "userFills"} <= heard


BINANCE = Played(
    "binance_usdm", BinanceUsdm, {"apiKey": KEY, "secret": SECRET},
    lambda exchange: BinanceUsdmDialect(exchange, KEY, SECRET, FREE), _binance_places,
    Can(amend_ends=True, cancel_all=True, conditional=True, dead_man=True, lifetime=True, outage=True),
    "POST /fapi/v1/order", ("ws:user:ORDER_TRADE_UPDATE",), _listen_key, "web_somebody", _binance_stop,
)  # fmt: skip
HYPERLIQUID = Played(
    "hyperliquid", Hyperliquid, {"walletAddress": USER, "privateKey": WALLET_KEY}, hyperliquid_dialect,
    _hyperliquid_places,
    Can(amend=False, fok=False, ioc_end=CANCELED, conditional=True, dead_man=True, lifetime=True, outage=True),
    "POST /exchange:order", ("ws:orderUpdates", "ws:userFills"), _both_channels, "", _hyperliquid_stop,
)  # fmt: skip
