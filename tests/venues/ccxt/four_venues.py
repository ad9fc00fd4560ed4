"""Sessions of bybit, okx, lighter and grvt against a recorder: what each must be answered, its keys and its addresses.

The answers are made by hand after the shapes in ccxt's own source; they prove what we send, not how the venue is.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from aiohttp import web

from core.clock import SteadyClock
from core.config.instruments import find_instrument
from core.domain.instrument import Instrument
from core.domain.order import CREATE, LIMIT, POST_ONLY, Report, Request
from core.engine.inbox import Inbox
from core.venues.ccxt.catalogue import traits_of
from core.venues.ccxt.instances import Access
from core.venues.ccxt.setup import set_up
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.venue import CcxtVenue
from tests.venues.ccxt.recorder import Recorder, fenced, recorder

EPOCH = 77
CL_ID = ((1_763_700_000_000 + 12) << 7) + 5
WALLET_KEY = "0x" + "11" * 32
LIBRARY = __file__  # ccxt asks whether there is such a file; the signer below takes its place


@dataclass
class Case:
    """One venue. `order_place` is where creates go; `keys` as ccxt names them; `stock_keys` for ccxt as it comes."""

    name: str
    symbol: str
    order_place: str
    keys: Mapping[str, str]
    stock_keys: Mapping[str, str]
    answers: Mapping[str, Any]
    sets_up: bool = True
    quote: str = "USDT"
    stock_options: Mapping[str, Any] = field(default_factory=dict)

    def traits(self) -> Traits:
        return traits_of(self.name, LIBRARY if self.name == "lighter" else "")

    def instrument(self) -> Instrument:
        like = find_instrument("binance_usdm", "BTCUSDT")
        return msgspec.structs.replace(like, venue=self.name, symbol=self.symbol, quote=self.quote, network="loopback")


def _ms() -> int:
    return int(time.time() * 1_000)


def _bybit(result: Any) -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": _ms()}


BYBIT = Case(
    "bybit", "BTCUSDT", "POST /v5/order/create",
    {"apiKey": "key", "secret": "secret"}, {"apiKey": "key", "secret": "secret"},
    {
        "GET /v5/market/instruments-info": lambda asked: _bybit({
            "category": "linear", "nextPageCursor": "", "list": [] if "status" in asked.query else [{
                "symbol": "BTCUSDT", "contractType": "LinearPerpetual", "status": "Trading", "baseCoin": "BTC",
                "quoteCoin": "USDT", "settleCoin": "USDT", "launchTime": "1585526400000", "deliveryTime": "0",
                "deliveryFeeRate": "", "priceScale": "1", "unifiedMarginTrade": True, "fundingInterval": 480,
                "leverageFilter": {"minLeverage": "1", "maxLeverage": "100", "leverageStep": "0.01"},
                "priceFilter": {"minPrice": "0.1", "maxPrice": "199999.8", "tickSize": "0.1"},
                "lotSizeFilter": {
                    "maxOrderQty": "1190", "minOrderQty": "0.001", "qtyStep": "0.001", "minNotionalValue": "5",
                },
            }],
        }),
        "GET /v5/user/query-api": _bybit({"uta": 1, "permissions": {"ContractTrade": ["Order"], "Wallet": []}}),
        "GET /v5/account/info": _bybit({"unifiedMarginStatus": 5}),
        "GET /v5/asset/coin/query-info": _bybit({"rows": []}),
        "POST /v5/position/switch-mode": {"retCode": 110025, "retMsg": "Position mode is not modified", "result": {}},
        "POST /v5/account/set-margin-mode": _bybit({"reasons": []}),
        "POST /v5/position/set-leverage": {"retCode": 110043, "retMsg": "leverage not modified", "result": {}},
        "POST /v5/order/create": lambda asked: _bybit(
            {"orderId": "1321003749386327552", "orderLinkId": json.loads(asked.body).get("orderLinkId", "")}
        ),
    },
    stock_options={"fetchMarkets": {"types": ["linear"]}},
)  # fmt: skip


def _okx(*data: Any) -> dict[str, Any]:
    return {"code": "0", "msg": "", "data": list(data)}


OKX = Case(
    "okx", "BTC-USDT-SWAP", "POST /api/v5/trade/batch-orders",
    {"apiKey": "key", "secret": "secret", "password": "word"},
    {"apiKey": "key", "secret": "secret", "password": "word"},
    {
        "GET /api/v5/public/instruments": lambda asked: _okx({
            "instType": "SWAP", "instId": "BTC-USDT-SWAP", "uly": "BTC-USDT", "settleCcy": "USDT", "ctVal": "1",
            "ctMult": "1", "ctValCcy": "BTC", "ctType": "linear", "lotSz": "0.001", "minSz": "0.001",
            "tickSz": "0.1", "lever": "100", "state": "live", "baseCcy": "", "quoteCcy": "", "listTime": "1",
        }) if asked.query.get("instType") == "SWAP" else _okx(),
        "GET /api/v5/asset/currencies": _okx(),
        "GET /api/v5/account/config": _okx({"perm": "read_only,trade", "posMode": "net_mode"}),
        "POST /api/v5/account/set-position-mode": _okx({"posMode": "net_mode"}),
        "POST /api/v5/account/set-leverage": _okx({"lever": "10", "mgnMode": "isolated"}),
        "GET /api/v5/trade/orders-algo-pending": _okx(),
        "POST /api/v5/trade/cancel-all-after": _okx({"triggerTime": "0"}),
        "POST /api/v5/trade/batch-orders": lambda asked: _okx(
            {"clOrdId": json.loads(asked.body)[0]["clOrdId"], "ordId": "312269865356374016", "sCode": "0", "sMsg": ""}
        ),
    },
)  # fmt: skip

LIGHTER = Case(
    "lighter", "BTC", "POST /api/v1/sendTx",
    {"privateKey": "aa" * 40, "accountIndex": "1077", "apiKeyIndex": "5"}, {"privateKey": WALLET_KEY},
    {
        "GET /api/v1/orderBookDetails": {"code": 200, "order_book_details": [{
            "symbol": "BTC", "market_id": 1, "market_type": "perp", "status": "active", "taker_fee": "0.0000",
            "maker_fee": "0.0000", "min_base_amount": "0.001", "min_quote_amount": "10.0", "size_decimals": 3,
            "supported_size_decimals": 3, "price_decimals": 1, "supported_price_decimals": 1,
            "supported_quote_decimals": 6, "quote_asset_id": 3, "default_initial_margin_fraction": 500,
        }], "spot_order_book_details": []},
        "GET /api/v1/assetDetails": {"code": 200, "asset_details": []},
        "GET /api/v1/accountsByL1Address": {"code": 200, "sub_accounts": [{"index": 1077}]},
        "GET /api/v1/nextNonce": {"code": 200, "nonce": 722},
        "GET /api/v1/accountLimits": {"code": 200, "user_tier": "premium"},
        "POST /api/v1/sendTx": {"code": 200, "message": "", "tx_hash": "ab", "predicted_execution_time_ms": 1},
    },
    quote="USDC", stock_options={"libraryPath": LIBRARY},
)  # fmt: skip


def _login(_asked: Any) -> web.Response:
    answer = web.json_response({"location": "", "status": "success"})
    answer.headers["Set-Cookie"] = "gravity=cookie; Path=/"
    answer.headers["X-Grvt-Account-Id"] = "account"
    return answer


GRVT = Case(
    "grvt", "BTC_USDT_Perp", "POST /full/v1/create_order",
    {"apiKey": "key", "secret": WALLET_KEY}, {"privateKey": WALLET_KEY},
    {
        "POST /full/v1/all_instruments": {"result": [{
            "instrument": "BTC_USDT_Perp", "instrument_hash": "0x030501", "base": "BTC", "quote": "USDT",
            "kind": "PERPETUAL", "venues": ["ORDERBOOK"], "settlement_period": "PERPETUAL", "base_decimals": 9,
            "quote_decimals": 6, "tick_size": "0.1", "min_size": "0.001", "max_position_size": "1000.0",
            "create_time": "1768040726362828205", "funding_interval_hours": 8, "min_notional": "100.0",
        }]},
        "POST /full/v1/currency": {"result": []},
        "POST /auth/api_key/login": _login,
        "POST /auth/wallet/login": _login,
        "POST /full/v1/aggregated_account_summary": {"result": {"main_account_id": "0x" + "33" * 20}},
        "POST /full/v1/get_sub_accounts": {"sub_account_ids": ["2147050003876484"]},
        "POST /full/v1/get_authorized_builders": {"results": []},
        "POST /full/v1/authorize_builder": {"result": {"ack": True, "tx_id": "0"}},
        "POST /full/v1/create_order": lambda asked: {"result": {
            **json.loads(asked.body)["order"], "order_id": "0x00", "state": {
                "status": "PENDING", "reject_reason": "UNSPECIFIED", "book_size": ["0.002"], "traded_size": ["0.0"],
                "update_time": "1766076671243762741", "avg_fill_price": ["0.0"],
            },
        }},
    },
    sets_up=False,
)  # fmt: skip

CASES = [BYBIT, OKX, LIGHTER, GRVT]


class FakeSigner:
    """In the place of Lighter's library: what it was asked to sign, and a transaction that shows all of it."""

    TYPES = {"SignChangePubKey": 8, "SignCreateOrder": 14, "SignUpdateLeverage": 20, "SignApproveIntegrator": 45}

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any) -> Any:
            self.calls.append((name, args))
            return name, args

        return call


@pytest.fixture
def signer(monkeypatch: pytest.MonkeyPatch) -> FakeSigner:
    """ccxt loads this instead of a shared library; everything else of its path is real."""
    from ccxt.static_dependencies.lighter_client import signer as module

    made = FakeSigner()

    def decode(answer: Any) -> Any:
        name, args = answer
        plain = [a.decode() if isinstance(a, bytes) else a for a in args]
        return FakeSigner.TYPES.get(name, 99), json.dumps({"signed": name, "args": plain}), "0xab", "message", None

    monkeypatch.setattr(module, "load_lighter_library", lambda path: made)
    monkeypatch.setattr(module, "decode_tx_info", decode)
    monkeypatch.setattr(module, "decode_auth", lambda answer: ("token", None))
    monkeypatch.setattr(module, "decode_and_free", lambda answer: None)
    monkeypatch.setattr(module, "decode_api_key", lambda answer: ("aa" * 40, "bb" * 40, None))
    return made


@dataclass
class Session:
    """One venue of ours in front of a recorder, set up and ready to send."""

    case: Case
    at: Recorder
    venue: CcxtVenue
    reports: list[Report]

    async def create(self, **fields: Any) -> None:
        given = {
            "strategy": 0, "instrument": 0, "kind": CREATE, "cl_id": CL_ID, "venue_id": 0, "side": 0, "px": 600_000,
            "qty": 2, "type": LIMIT, "tif": POST_ONLY, "flags": 0, "key": 0,
        }  # fmt: skip
        await self.venue.door.send(Request(**{**given, **fields}))


@contextlib.asynccontextmanager
async def session(case: Case) -> AsyncIterator[Session]:
    """Markets loaded and the account set up as `CcxtVenue.open` does it, without the streams."""
    async with recorder(case.answers) as at:
        traits = case.traits()
        access = Access("loopback", case.keys, case.traits().addresses(at.url), fenced)
        venue = CcxtVenue(traits, access, [(0, case.instrument())], Inbox(1), SteadyClock(), epoch=EPOCH)
        reports: list[Report] = []
        venue.door.report = reports.append
        try:
            await venue.instances.open()
            if case.sets_up:
                await set_up(traits, venue.instances.data, venue.listings, "loopback")
            yield Session(case, at, venue, reports)
        finally:
            for exchange in (venue.instances.data, venue.instances.trade, venue.instances.emergency):
                exchange.timeout_on_exit = 10
            await venue.instances.close()


@contextlib.asynccontextmanager
async def stock_session(case: Case) -> AsyncIterator[tuple[Any, Recorder]]:
    """ccxt's own class as it comes, with its own options, in front of the same recorder."""
    import ccxt.pro

    async with recorder(case.answers) as at:
        made = getattr(ccxt.pro, case.name)(
            {
                "urls": {"api": case.traits().addresses(at.url)},
                "options": dict(case.stock_options),
                "enableRateLimit": False,
            }
            | dict(case.stock_keys)
        )
        made.session = fenced()
        try:
            await made.load_markets()
            yield made, at
        finally:
            made.timeout_on_exit = 10
            held = made.session
            await made.close()
            if not held.closed:
                await held.close()
