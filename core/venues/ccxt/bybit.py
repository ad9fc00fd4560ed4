"""Bybit v5 linear perpetuals: what it does differently from the careful defaults. No broker is named in any request.

Not proven: nothing here has met the real venue. Names and fields are those of ccxt 4.5.90 and of the venue's pages.
"""

from __future__ import annotations

from typing import Any

from core.domain.errors import Refused
from core.domain.order import DELEVERAGED, FILLED, LIQUIDATED
from core.venues.ccxt.traits import LIFETIME_MS, Frame, Traits, amount_of, ns_of_ms

KINDS = {"BustTrade": LIQUIDATED, "AdlTrade": DELEVERAGED}


class Bybit(Traits):
    """A unified account in one-way mode. Its dead-man's switch (DCP) hangs on websockets and the venue's approval."""

    name = "bybit"
    ccxt_id = "bybit"
    id_form = "pc"  # orderLinkId: 36 characters
    weight_per_minute = 3_000  # ccxt's own pace, 20 ms a unit
    can_amend = True
    can_cancel_all = True
    one_way = True
    expires = True  # X-BAPI-RECV-WINDOW in every request
    networks = ("testnet", "demo")
    refused_live = (
        "Bybit is not proven on mainnet: no loopback venue speaks its wire yet. Set venues.bybit.network to testnet or "
        "demo, or trade on a venue that is proven"
    )

    def subclass(self, base: type[Any]) -> type[Any]:
        class BybitExchange(base):  # type: ignore[misc]
            def sign(self, *args: Any, **kwargs: Any) -> Any:
                """Without the Referer that ccxt puts into every POST: it names a broker, whatever the option says."""
                request = super().sign(*args, **kwargs)
                if request["headers"]:
                    request["headers"].pop("Referer", None)
                return request

        return BybitExchange

    def options(self) -> dict[str, Any]:
        import ccxt

        return {
            "has": {"fetchCurrencies": False},
            "options": {
                "brokerId": "",
                "recvWindow": LIFETIME_MS,
                "maxRetriesOnFailure": 0,
                "fetchMarkets": {"types": ["linear"]},
                # a unified account is asked for in `may_withdraw`; else two reads would go before the first order
                "enableUnifiedMargin": False,
                "enableUnifiedAccount": True,
            },
            # "it is so already" is success; a used id may belong to an order that lives
            "exceptions": {"exact": {"110043": ccxt.NoChange, "110072": ccxt.DuplicateOrderId}},
            "streaming": {"keepAlive": 8_000},
        }

    def addresses(self, url: str) -> dict[str, Any]:
        socket = f"{url.replace('http', 'ws', 1)}/v5"
        rest = dict.fromkeys(("spot", "futures", "v2", "public", "private"), url)
        public, private = {"linear": f"{socket}/public/linear"}, {"contract": f"{socket}/private"}
        private_spot = {"spot": {"unified": f"{socket}/private"}, "trade": f"{socket}/trade"}
        return {**rest, "ws": {"public": public, "private": {**private, **private_spot}}}

    def client_of(self, info: Any) -> str:
        return str(info.get("orderLinkId") or "")

    def fill_kind(self, info: Any) -> int:
        return KINDS.get(str(info.get("execType")), FILLED)

    def wallet(self, answer: Any, quote: str) -> int:
        """Unified account: `walletBalance` of the coin, without unrealised PnL."""
        for account in answer["info"]["result"]["list"]:
            for coin in account["coin"]:
                if coin["coin"] == quote:
                    return amount_of(coin["walletBalance"])
        return 0

    def used_weight(self, headers: dict[str, str]) -> float | None:
        return None  # X-Bapi-Limit-Status counts one endpoint, not the account

    def frame(self, message: Any) -> Frame | None:
        """Books carry `u`, but whether every one follows the last is not proven: gaps are not counted here."""
        if isinstance(message, dict) and str(message.get("topic", "")).startswith("orderbook."):
            data = message.get("data") or {}
            return Frame(str(data.get("s", "")), ns_of_ms(message.get("cts") or message.get("ts")))
        return None

    async def may_withdraw(self, exchange: Any) -> bool | None:
        """Demo accounts have no such question. Raises Refused for an account that is not unified."""
        if exchange.options.get("enableDemoTrading"):
            return None
        about = (await exchange.privateGetV5UserQueryApi())["result"]
        if str(about.get("uta")) != "1":
            raise Refused("bybit: Expected a unified trading account, this key's is not. Upgrade it at the venue")
        return "Withdraw" in (about["permissions"].get("Wallet") or [])
