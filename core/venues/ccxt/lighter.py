"""Lighter: what it does differently from the careful defaults. No integrator's fee, and no key is ever registered.

Orders are signed by the venue's own library, which the operator names; without it there are public data alone.
`privateKey` is the API key's, never the wallet's, beside `accountIndex` and `apiKeyIndex`. Not proven: nothing here has
met the real venue, and a create's answer names no order, so each one is UNKNOWN until a read shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.domain.errors import Refused
from core.venues.ccxt.traits import DeadMan, Traits, amount_of

KEY_INDEXES = range(4, 255)  # below are the venue's own front ends; ccxt would silently take 254 instead
WALLET_KEY_LENGTH = 66  # 0x and 64 digits; an API key's has 80
NO_LIBRARY = (
    "Lighter signs orders with a library of its own, which we neither ship nor load unasked. Set "
    "venues.lighter.signer_library to the full path of your copy, or use this venue for market data"
)
NOT_PROVEN = (
    "Lighter is not proven on mainnet: no loopback venue speaks its wire yet. Set venues.lighter.network to testnet, "
    "or trade on a venue that is proven"
)


class Lighter(Traits):
    """`signer_library`: full path of the operator's own copy, "" = public data alone."""

    name = "lighter"
    ccxt_id = "lighter"
    id_form = "u48"  # client_order_index: 1 .. 2**48 - 1; the venue's own order ids begin above
    has_fok = False
    weight_per_minute = 60  # ccxt's own pace, 1,000 ms a unit
    can_amend = True
    margin_with_leverage = True
    mark_from = "watch_mark_price"
    networks = ("testnet",)

    def __init__(self, signer_library: str = "") -> None:
        self.signer_library = signer_library
        self.public_only = not signer_library
        self.refused_live = NOT_PROVEN if signer_library else NO_LIBRARY
        # the venue takes five minutes at least, counted when the request arrives; its beats need the library
        self.dead_man = DeadMan("account", window_ms=330_000, least_ms=300_000) if signer_library else None

    def subclass(self, base: type[Any]) -> type[Any]:
        import ccxt

        class LighterExchange(base):  # type: ignore[misc]
            def __init__(self, config: Any = None) -> None:
                super().__init__(config or {})
                take_keys(self)

            async def load_lighter_library(self, *args: Any, **kwargs: Any) -> Any:
                """A file that is no library, or of another revision, is the operator's to correct."""
                try:
                    return await super().load_lighter_library(*args, **kwargs)
                except (OSError, RuntimeError) as error:
                    raise ccxt.NotSupported(f"{self.id} venues.lighter.signer_library: {error}") from error

            def raise_lighter_signer_error(self, method: Any, error: Any, request: Any = None) -> None:
                """What could not be signed was never sent: a clear no, where ccxt raises a bare Exception."""
                raise ccxt.BadRequest(f"{self.id} {method}: {error}")

            async def change_api_key(self, params: Any = None) -> Any:
                """ccxt would register a new API key of its own making with the wallet's key (tx_type 8)."""
                raise ccxt.NotSupported(f"{self.id} registers no key: give venues.lighter.keys one that exists")

            async def approve_builder_fee(self, *args: Any, **kwargs: Any) -> Any:
                raise ccxt.NotSupported(f"{self.id} approves no integrator")

            async def handle_builder_fee_approval(self, *args: Any, **kwargs: Any) -> bool:
                return False

            async def check_if_standard_tier(self, *args: Any, **kwargs: Any) -> bool:
                """ccxt asks only to choose the integrator's fee; with True there is none, whatever the tier."""
                return True

        return LighterExchange

    def options(self) -> dict[str, Any]:
        return {
            "has": {"fetchCurrencies": False},
            "requiredCredentials": {"privateKey": False},
            "options": {
                "builderFee": False,
                "integratorAccountIndex": 0,
                "integratorMakerFee": 0,
                "integratorTakerFee": 0,
                "libraryPath": self.signer_library or None,
                "maxRetriesOnFailure": 0,
            },
            "streaming": {"keepAlive": 10_000},
        }

    def addresses(self, url: str) -> dict[str, Any]:
        socket = f"{url.replace('http', 'ws', 1)}/stream"
        return {"root": url, "public": url, "private": url, "ws": socket}

    def client_of(self, info: Any) -> str:
        found = str(info.get("client_order_id") or info.get("client_order_index") or "")
        return "" if found == "0" else found

    def wallet(self, answer: Any, quote: str) -> int:
        """Collateral of the account, without unrealised PnL."""
        return sum(amount_of(account["collateral"]) for account in answer["info"]["accounts"])

    async def arm(self, exchange: Any, symbols: Sequence[str], timeout_ms: int) -> None:
        await exchange.cancel_all_orders_after(timeout_ms)


def take_keys(exchange: Any) -> None:
    """The API key to where ccxt looks for one that exists, and nothing left that it could register another with.

    Raises Refused for a wallet's key and for indexes that are none.
    """
    key, exchange.privateKey = str(exchange.privateKey or ""), ""
    if not key:
        return
    if len(key) <= WALLET_KEY_LENGTH:
        raise Refused("lighter: Expected the private key of an API key, was one of a wallet: it could move everything")
    account, index = (str(getattr(exchange, name, "") or "") for name in ("accountIndex", "apiKeyIndex"))
    if not (account.isdigit() and index.isdigit() and int(index) in KEY_INDEXES):
        raise Refused(
            f"lighter: Expected an account index, and an API key's index of {KEY_INDEXES.start} to "
            f"{KEY_INDEXES.stop - 1} (smaller ones are the venue's own), was another"
        )
    exchange.options["accountIndex"], exchange.options["apiKeyIndex"] = int(account), int(index)
    exchange.init_auth_object(account, index)
    exchange.options["auths"][account][index]["lighterPrivateKey"] = key
