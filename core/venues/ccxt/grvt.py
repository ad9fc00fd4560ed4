"""GRVT: what it does differently from the careful defaults. No builder is authorised and none is in an order.

Keys: `apiKey` and `secret` of an API key, never the wallet's. Public data alone: a create's answer names no order
(order id 0x00), there is no dead-man's switch, and nothing here has met the real venue.
"""

from __future__ import annotations

from typing import Any

from core.domain.errors import Refused
from core.venues.ccxt.keccak import quicken
from core.venues.ccxt.traits import Traits, amount_of

REST_S = 3_600  # how long an order may rest: the venue ends it when its signature expires (ccxt's own choice is 30 s)


class Grvt(Traits):
    """Orders are EIP-712 messages; amends would be cancel and create, so there are none."""

    name = "grvt"
    ccxt_id = "grvt"
    id_form = "u64"  # client_order_id: programs draw from 2**63 up, the venue's own front end below
    weight_per_minute = 6_000  # ccxt's own pace, 10 ms a unit
    can_cancel_all = True
    public_only = True
    networks = ()
    refused_live = (
        "GRVT is not proven: no loopback venue speaks its wire, and its answer to a create does not name the order. "
        "Use it for market data, or trade on a venue that is proven"
    )

    def prepare(self) -> str:
        return quicken()

    def subclass(self, base: type[Any]) -> type[Any]:
        class GrvtExchange(base):  # type: ignore[misc]
            def __init__(self, config: Any = None) -> None:
                super().__init__(config or {})
                if self.privateKey:
                    raise Refused("grvt: Expected apiKey and secret of an API key, was the wallet's own key")

            async def sign_in(self, params: Any = None) -> bool:
                """With the API key. ccxt takes the wallet's key alone, to authorise its builder with it."""
                await self.sign_in_with_api_key(params or {})
                await self.load_account_infos()
                return True

            async def initialize_client(self, params: Any = None) -> bool:
                """ccxt would authorise its builder here."""
                return False

            def parse_order(self, order: Any, market: Any = None) -> Any:
                """Order id 0x00 means that there is none yet; two such orders are not the same order."""
                parsed = super().parse_order(order, market)
                if parsed["id"] and not str(parsed["id"]).removeprefix("0x").strip("0"):
                    parsed["id"] = None
                return parsed

        return GrvtExchange

    def options(self) -> dict[str, Any]:
        return {
            "has": {"fetchCurrencies": False},
            "requiredCredentials": {"privateKey": False, "apiKey": True, "secret": True},
            "options": {
                "builderFee": False,
                "builder": None,
                "builderRate": None,
                "expirationSeconds": REST_S,
                "maxRetriesOnFailure": 0,
            },
            "streaming": {"keepAlive": 10_000},
        }

    def addresses(self, url: str) -> dict[str, Any]:
        socket = f"{url.replace('http', 'ws', 1)}/ws/full"
        rest = dict.fromkeys(("privateEdge", "privateTrading", "publicMarket"), f"{url}/")
        return {**rest, "ws": {"publicMarket": socket, "privateTrading": socket}}

    def client_of(self, info: Any) -> str:
        return str(info.get("client_order_id") or (info.get("metadata") or {}).get("client_order_id") or "")

    def wallet(self, answer: Any, quote: str) -> int:
        """Equity less what the positions would bring."""
        info = answer["info"]
        return amount_of(info["total_equity"]) - amount_of(info["unrealized_pnl"])
