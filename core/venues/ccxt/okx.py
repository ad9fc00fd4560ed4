"""OKX perpetual swaps: what it does differently from the careful defaults. No order carries a broker's tag.

Sizes at the venue are contracts; instruments whose contract is not one coin are refused at the start (`Listing`). Not
proven: nothing here has met the real venue. Names and fields are those of ccxt 4.5.90 and of the venue's pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.domain.order import DELEVERAGED, FILLED, LIQUIDATED
from core.domain.units import NS_PER_MS
from core.venues.ccxt.traits import LIFETIME_MS, DeadMan, Frame, Traits, amount_of, ns_of_ms

DEADLINE_PATHS = ("trade/order", "trade/batch-orders", "trade/amend-order", "trade/amend-batch-orders")
CONDITIONAL = ("conditional", "oco", "trigger", "move_order_stop")
LIQUIDATIONS = frozenset(str(code) for code in range(100, 108))
DELEVERAGINGS = frozenset(str(code) for code in range(125, 129))


class Okx(Traits):
    """Orders name their margin mode; cancel-all is made of lists and batches; the switch takes 10 to 120 seconds."""

    name = "okx"
    ccxt_id = "okx"
    id_form = "alnum"  # clOrdId: 32 letters and digits
    weight_per_minute = 545  # ccxt's own pace, 110 ms a unit
    can_amend = True
    one_way = True
    margin_with_leverage = True
    sequenced = True
    mark_from = "watch_mark_price"
    dead_man = DeadMan("account", window_ms=60_000, least_ms=10_000)
    expires = True  # expTime in the header of creates and amends
    networks = ("demo",)
    refused_live = (
        "OKX is not proven on mainnet: no loopback venue speaks its wire yet. Set venues.okx.network to demo (it has "
        "no testnet), or trade on a venue that is proven"
    )

    def __init__(self) -> None:
        self.modes: dict[str, str] = {}  # symbol -> margin mode, as set up; all instances of the account share it

    def subclass(self, base: type[Any]) -> type[Any]:
        modes = self.modes

        class OkxExchange(base):  # type: ignore[misc]
            deadline: str = ""  # of the request that is being built; building never awaits

            def enable_demo_trading(self, enable: bool) -> None:
                """OKX's demo account is what ccxt calls its sandbox."""
                self.set_sandbox_mode(enable)

            async def set_margin_mode(self, mode: str, symbol: Any = None, params: Any = None) -> Any:
                answer = await super().set_margin_mode(mode, symbol, params or {})
                modes[str(symbol)] = mode.lower()
                return answer

            def create_order_request(self, symbol: Any, *args: Any, **kwargs: Any) -> Any:
                """With the instrument's margin mode; ccxt would say cross."""
                request = super().create_order_request(symbol, *args, **kwargs)
                request["tdMode"] = modes.get(symbol, "isolated")
                return request

            def sign(self, path: str, api: Any = "public", method: str = "GET", params: Any = None, *rest: Any) -> Any:
                """The deadline belongs into a header; no broker's tag may be added to an order without a client id."""
                orders = params if isinstance(params, list) else [params or {}]
                deadline = min((str(order.pop("expTime")) for order in orders if "expTime" in order), default="")
                if method == "POST" and path in ("trade/order", "trade/batch-orders", "trade/order-algo"):
                    check_plain(orders, self)
                request = super().sign(path, api, method, params or {}, *rest)
                if deadline and path in DEADLINE_PATHS:
                    request["headers"]["expTime"] = deadline
                return request

        return OkxExchange

    def options(self) -> dict[str, Any]:
        import ccxt

        return {
            "has": {"fetchCurrencies": False},
            "options": {
                "brokerId": None,
                "maxRetriesOnFailure": 0,
                "fetchMarkets": {"types": ["swap"]},
                "createOrder": "privatePostTradeBatchOrders",
            },
            # a used id may belong to an order that lives; the others are the venue's clear no
            "exceptions": {"exact": {"51016": ccxt.DuplicateOrderId}},
            "streaming": {"keepAlive": 8_000},
        }

    def addresses(self, url: str) -> dict[str, Any]:
        return {"rest": url, "ws": f"{url.replace('http', 'ws', 1)}/ws/v5"}

    def lifetime(self, now: int) -> dict[str, Any]:
        return {"expTime": str(now // NS_PER_MS + LIFETIME_MS)}

    def client_of(self, info: Any) -> str:
        return str(info.get("clOrdId") or "")

    def fill_kind(self, info: Any) -> int:
        kind, category = str(info.get("subType", "")), str(info.get("category", ""))
        if kind in LIQUIDATIONS or category.endswith("_liquidation"):
            return LIQUIDATED
        return DELEVERAGED if kind in DELEVERAGINGS or category == "adl" else FILLED

    def wallet(self, answer: Any, quote: str) -> int:
        """`cashBal` of the currency: `eq` would hold unrealised PnL."""
        for account in answer["info"]["data"]:
            for row in account["details"]:
                if row["ccy"] == quote:
                    return amount_of(row["cashBal"])
        return 0

    def frame(self, message: Any) -> Frame | None:
        """`prevSeqId` names the message before; -1 in a whole book. A message without changes repeats its number."""
        if not isinstance(message, dict) or (message.get("arg") or {}).get("channel") != "books":
            return None
        data = message.get("data") or []
        if not data:
            return None
        last, before = int(data[0].get("seqId", 0)), int(data[0].get("prevSeqId", -1))
        return Frame(
            str(message["arg"].get("instId", "")), ns_of_ms(_int(data[0].get("ts"))), 0, max(0, last), max(0, before)
        )

    async def arm(self, exchange: Any, symbols: Sequence[str], timeout_ms: int) -> None:
        await exchange.cancel_all_orders_after(timeout_ms)

    async def conditional_orders(self, exchange: Any, symbol: str) -> list[Any]:
        found: list[Any] = []
        for kind in CONDITIONAL:
            found += await exchange.fetch_open_orders(symbol, None, None, {"ordType": kind})
        return found

    async def may_withdraw(self, exchange: Any) -> bool | None:
        answer = await exchange.privateGetAccountConfig()
        return "withdraw" in str(answer["data"][0].get("perm", "withdraw"))


def check_plain(orders: Sequence[Any], exchange: Any) -> None:
    """Every order has our client id and no tag. Raises InvalidOrder: it was not sent."""
    import ccxt

    for order in orders:
        if not order.get("clOrdId") or "tag" in order:
            raise ccxt.InvalidOrder(f"{exchange.id} Expected a client id of ours and no tag, was neither sent")


def _int(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
