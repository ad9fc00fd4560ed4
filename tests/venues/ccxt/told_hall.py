"""A venue that answers what a test says, in the real venue's own words, below the whole of ccxt and of our adapter.

`Told` names an answer by place ("GET /fapi/v1/userTrades", "userFillsByTime", "exchange order"): an object, (status,
text), or a function of (query | action, path). What nobody says is a small honest market.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import parse_qsl

from core.clock import SystemClock
from core.config.instruments import find_instrument
from core.domain.events import Read, ReadReply
from core.domain.instrument import Instrument
from core.domain.order import CANCEL, CREATE, GTC, LIMIT, Report, Request
from core.domain.units import NS_PER_MS
from core.venues.ccxt.account import Account
from core.venues.ccxt.catalogue import traits_of
from core.venues.ccxt.ids import Ids
from core.venues.ccxt.instances import Access, Instances
from core.venues.ccxt.markets import Listing
from core.venues.ccxt.private import PrivateFeed
from core.venues.ccxt.reads import Reader
from core.venues.ccxt.requests import OrderDoor
from core.venues.ccxt.roster import Roster
from core.venues.ccxt.verdicts import Verdict
from tests.hostile.far_end import FarEnd

USER, SOMEBODY = "0x" + "11" * 20, "0x193bd350ec838b1e22d6f302da5343b920aa1c2b"
KEYS = {
    "binance_usdm": {"apiKey": "k", "secret": "s"},
    "hyperliquid": {"walletAddress": USER, "privateKey": "0x" + "22" * 32},
}
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000  # ms
FILTERS = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.10", "maxPrice": "4529764", "tickSize": "0.10"},
    {"filterType": "LOT_SIZE", "maxQty": "1000", "minQty": "0.001", "stepSize": "0.001"},
    {"filterType": "MARKET_LOT_SIZE", "maxQty": "120", "minQty": "0.001", "stepSize": "0.001"},
    {"filterType": "MIN_NOTIONAL", "notional": "100"},
    {"filterType": "PERCENT_PRICE", "multiplierUp": "1.05", "multiplierDown": "0.95", "multiplierDecimal": "4"},
]
SYMBOL = {
    "symbol": "BTCUSDT", "pair": "BTCUSDT", "contractType": "PERPETUAL", "deliveryDate": 4_133_404_800_000,
    "onboardDate": 1_569_398_400_000, "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT",
    "marginAsset": "USDT", "pricePrecision": 2, "quantityPrecision": 3, "underlyingType": "COIN",
    "orderTypes": ["LIMIT", "MARKET"], "timeInForce": ["GTC", "IOC", "FOK", "GTX"], "filters": FILTERS,
}  # fmt: skip
COINS = [("BTC", 5, 40, "66653"), ("SOL", 2, 20, "202.5"), ("kPEPE", 0, 10, "0.012"), ("HYPE", 2, 10, "21.2")]
UNIVERSE = [
    {"szDecimals": decimals, "name": name, "maxLeverage": most, "marginTableId": 1} for name, decimals, most, _ in COINS
]
CONTEXT = {"funding": "0.0000125", "openInterest": "1", "dayNtlVlm": "1", "premium": "0.0", "impactPxs": ["1", "1"]}
SPOT: dict[str, Any] = {
    "tokens": [
        {"name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0, "tokenId": "0x6d", "isCanonical": True},
        {"name": "PURR", "szDecimals": 0, "weiDecimals": 5, "index": 1, "tokenId": "0xc1", "isCanonical": True},
    ],
    "universe": [{"name": "PURR/USDC", "tokens": [1, 0], "index": 0, "isCanonical": True}],
}


def now_ms() -> int:
    return SystemClock().now() // NS_PER_MS


class Told:
    """One account. `asked` is (place, words) of each question; `notes` what the operator was told."""

    def __init__(self, name: str, base: str = "BTC", **answers: Any) -> None:
        self.name, self.answers = name, dict(answers)
        self.marks = {coin: mark for coin, *_, mark in COINS}
        self.asked: list[tuple[str, Any]] = []
        self.notes: list[tuple[str, str, str]] = []
        self.reports: list[Report] = []
        self.verdicts: list[Verdict] = []
        self.traits, self.clock = traits_of(name), SystemClock()
        self.end = FarEnd(self._answer)
        self.access = Access("loopback", KEYS[name], self.traits.addresses("http://venue"), self.end.session)
        self.instrument: Instrument = find_instrument(name, "BTCUSDT" if name == "binance_usdm" else base)
        self._number = 1_000

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, str]:
        place, words = self._place(method, path, body)
        self.asked.append((place, words))
        answer = self.answers.get(place, self._market().get(place))
        if callable(answer):
            answer = answer(words)
        if answer is None:
            return 404, "{}"
        return answer if isinstance(answer, tuple) else (200, json.dumps(answer))

    def _place(self, method: str, path: str, body: bytes) -> tuple[str, Any]:
        if self.name == "binance_usdm":
            bare, _, query = path.partition("?")
            return f"{method} {bare}", {**dict(parse_qsl(query)), **dict(parse_qsl(body.decode()))}
        asked = json.loads(body or b"{}")
        if path == "/exchange":
            return f"exchange {asked['action']['type']}", asked["action"]
        return str(asked.get("type")), asked

    def _market(self) -> dict[str, Any]:
        if self.name == "binance_usdm":
            lists = ("v1/openOrders", "v1/openAlgoOrders", "v1/userTrades", "v1/income", "v3/positionRisk")
            return {
                "GET /fapi/v1/exchangeInfo": {"timezone": "UTC", "rateLimits": [], "assets": [], "symbols": [SYMBOL]},
                "GET /fapi/v1/time": {"serverTime": now_ms()},
                **{f"GET /fapi/{place}": [] for place in lists},
            }
        contexts = [{**CONTEXT, "markPx": m, "oraclePx": m, "midPx": m, "prevDayPx": m} for m in self.marks.values()]
        meta = {"universe": UNIVERSE, "marginTables": []}
        return {
            "metaAndAssetCtxs": [meta, contexts], "meta": meta, "spotMeta": SPOT,
            "spotMetaAndAssetCtxs": [SPOT, [{**CONTEXT, "markPx": "0.1", "midPx": "0.1", "prevDayPx": "0.1"}]],
            "exchangeStatus": {"specialStatuses": None, "time": now_ms()}, "userAbstraction": "default",
            "userFillsByTime": [], "userFunding": [], "frontendOpenOrders": [], "orderStatus": {"status": "unknownOid"},
        }  # fmt: skip

    def say(self, place: str, answer: Any) -> None:
        """From now on."""
        self.answers[place] = answer

    async def open(self, since_ms: int) -> None:
        """Reader, private feed and door above one set of instances."""
        self.instances = Instances(self.traits, self.access, self.clock)
        await self.instances.open()
        listing = Listing(0, self.instrument, self.traits)
        listing.adopt(self.instances.data.markets[listing.symbol])
        self.listing, self.listings = listing, {0: listing}
        self.ids = Ids(1, self.traits.id_form)
        self.reader = Reader(
            self.traits, self.instances, self.listings, self.ids, self.clock, self.verdicts.append,
            since_ms * NS_PER_MS, lambda *note: self.notes.append(note),
        )  # fmt: skip
        self.private = PrivateFeed(self.traits, self.ids, self.listings, self.clock, self.reports.append)
        self.door = OrderDoor(
            self.traits, self.instances, self.listings, self.ids, self.clock, self.reports.append,
            self.verdicts.append, lambda: 0,
        )  # fmt: skip

    async def read(self, what: str) -> ReadReply:
        """Asked anew, funding too."""
        self.reader._answered_ns -= 31 * 10**9
        return await self.reader.read(Read(what, 1))

    async def create(self) -> list[int]:
        """Kinds of the reports of one create."""
        self._number += 128
        self.reports.clear()
        await self.door.send(Request(0, 0, CREATE, self._number, 0, 0, 66_000, 100, LIMIT, GTC, 0, 0))
        return [report.kind for report in self.reports]

    async def cancel(self) -> list[int]:
        """The same of a cancel of an order that stands."""
        self._number += 128
        self.reports.clear()
        self.ids.learn(self.ids.new_text(self._number), "555")
        await self.door.send(Request(0, 0, CANCEL, self._number, 555, 0, 0, 100, LIMIT, GTC, 0, 0))
        return [report.kind for report in self.reports]

    def count(self, place: str) -> int:
        """How often this was asked."""
        return sum(asked == place for asked, _ in self.asked)

    def account(self, whole: bool = True) -> Account:
        """The client of stops; what it notes stands in `notes`."""

        async def load(exchange: Any) -> bool:
            await exchange.load_markets()
            return False

        def note(step: str, text: str) -> None:
            self.notes.append(("", step, text))

        roster, x = Roster(), self.instrument
        roster.add(self.traits.symbol(x), x.symbol, x.tick, x.lot)
        return Account(self.traits, self.access, roster, self.clock, note, load, whole)


@contextlib.asynccontextmanager
async def told(name: str, base: str = "BTC", since_ms: int = 0, **answers: Any) -> AsyncIterator[Told]:
    """`since_ms` 0: an hour ago."""
    made = Told(name, base, **answers)
    await made.open(since_ms or now_ms() - HOUR)
    try:
        yield made
    finally:
        await made.instances.close()


def fill(**more: Any) -> dict[str, Any]:
    """A fill of Hyperliquid as mainnet tells it; ... leaves a field out."""
    row = {
        "coin": "BTC", "px": "66653.0", "sz": "0.001", "side": "A", "time": now_ms() - 1_000, "startPosition": "-0.02",
        "dir": "Open Short", "closedPnl": "0.0", "hash": "0xe29f", "oid": 55_030_848_197, "crossed": False,
        "fee": "0.009997", "tid": 745_210_434_703_679, "feeToken": "USDC", "twapId": None, **more,
    }  # fmt: skip
    return {key: value for key, value in row.items() if value is not ...}


def against(user: str = SOMEBODY, method: str = "market") -> dict[str, str]:
    """The liquidation that a fill was part of."""
    return {"liquidatedUser": user, "markPx": "66607.0", "method": method}


def funded(coin: str, ms: int, usdc: str = "-3.5") -> dict[str, Any]:
    """A payment of Hyperliquid: the hash of each is zeros."""
    delta = {"type": "funding", "coin": coin, "usdc": usdc, "szi": "1", "fundingRate": "0.0000125", "nSamples": None}
    return {"time": ms, "hash": "0x" + "0" * 64, "delta": delta}


def trade(**more: Any) -> dict[str, Any]:
    """A row of Binance's list of own trades."""
    return {
        "buyer": False, "commission": "0.07819010", "commissionAsset": "USDT", "id": 698_759, "maker": False,
        "orderId": 25_851_813, "price": "7819.1", "qty": "0.002", "quoteQty": "15.63", "realizedPnl": "-0.91",
        "side": "SELL", "positionSide": "BOTH", "symbol": "BTCUSDT", "time": now_ms() - 1_000, **more,
    }  # fmt: skip


def order(**more: Any) -> dict[str, Any]:
    """An order of Binance, as REST tells it."""
    return {
        "avgPrice": "0.00", "clientOrderId": "web_1", "cumQuote": "0", "executedQty": "0", "orderId": 25_851_813,
        "origQty": "0.002", "origType": "LIMIT", "price": "7800.0", "reduceOnly": False, "side": "SELL",
        "positionSide": "BOTH", "status": "NEW", "stopPrice": "0", "closePosition": False, "symbol": "BTCUSDT",
        "time": 1, "timeInForce": "GTC", "type": "LIMIT", "updateTime": 1, **more,
    }  # fmt: skip


def algo(**more: Any) -> dict[str, Any]:
    """A conditional order of Binance; ... leaves a field out."""
    row = {
        "algoId": 2_148_719, "clientAlgoId": "web_2", "algoType": "CONDITIONAL", "orderType": "STOP_MARKET",
        "symbol": "BTCUSDT", "side": "SELL", "positionSide": "BOTH", "timeInForce": "GTC", "quantity": "0.001",
        "algoStatus": "NEW", "actualOrderId": "", "actualPrice": "0.00000", "triggerPrice": "750.000",
        "price": "0.000", "workingType": "CONTRACT_PRICE", "closePosition": False, "priceProtect": False,
        "reduceOnly": False, "createTime": 1, "updateTime": 1, "triggerTime": 0, "goodTillDate": 0, **more,
    }  # fmt: skip
    return {key: value for key, value in row.items() if value is not ...}


def kinds(reports: Sequence[Report]) -> list[int]:
    return [report.kind for report in reports]
