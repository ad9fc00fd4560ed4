"""Hyperliquid: what it does differently from the careful defaults. No builder, no referral, ever."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from core.codec.reasons import BAD_FRAME, OFF_GRID, Hostile
from core.codec.text import clean
from core.domain.order import DELEVERAGED, FILLED, LIQUIDATED
from core.domain.units import NS_PER_MS
from core.venues.ccxt.answers import (
    amount,
    fields,
    figure,
    maybe_figure,
    name,
    number,
    number_or_none,
    one_of,
    rows,
)
from core.venues.ccxt.keccak import quicken
from core.venues.ccxt.terms import Terms, terms_of
from core.venues.ccxt.traits import LIFETIME_MS, DeadMan, Frame, Traits, amount_of, ns_of_ms

SIDE = one_of("A", "B")
PRICE_DECIMALS = 6  # of a perpetual, less those of its size
YES = fields(status=one_of("ok"))
HELD = fields(coin=name, szi=figure, entryPx=maybe_figure, liquidationPx=maybe_figure, unrealizedPnl=figure)
ANSWERS = {
    "frontendOpenOrders": rows(
        fields(coin=name, side=SIDE, oid=number, sz=amount, origSz=amount, limitPx=amount, timestamp=number)
    ),
    "clearinghouseState": fields(marginSummary=fields(accountValue=figure), assetPositions=rows(fields(position=HELD))),
    "userFillsByTime": rows(
        fields(coin=name, side=SIDE, oid=number_or_none, tid=number, px=amount, sz=amount, fee=figure, time=number)
    ),
    "userFunding": rows(fields(time=number, delta=fields(coin=name, usdc=figure))),
    "orderStatus": fields(status=name),
    "exchangeStatus": fields(time=number),
    "userAbstraction": name,
    **dict.fromkeys(("exchange scheduleCancel", "exchange updateLeverage"), YES),
}
# of a request, as the venue's page on rate limits says; ccxt counts 10 for what is not among the light ones
QUERY_WEIGHT, ROWS_OF_ONE, ITEMS_OF_ONE = 20.0, 20, 40  # one more for so many rows of an answer, items of an action
WEIGHTS = {
    **dict.fromkeys(
        ("l2Book", "allMids", "clearinghouseState", "orderStatus", "spotClearinghouseState", "exchangeStatus"), 2.0
    ),
    "userRole": 60.0,
}  # fmt: skip
LONG = ("userFillsByTime", "userFunding")  # of those that we ask for
SETTLED = ("Settlement",)  # what `dir` calls the end of a coin's listing
APART = ("default", "disabled", "dexAbstraction")  # accounts whose perpetuals have a balance of their own


class Hyperliquid(Traits):
    """Whole books without sequence numbers; batches sign once; the switch needs traded volume."""

    name = "hyperliquid"
    ccxt_id = "hyperliquid"
    id_form = "hex"
    networks = ("mainnet", "testnet", "loopback")
    refused_live = "Hyperliquid has a testnet and no demo: network: testnet"
    weight_per_minute = 1_200
    has_fok = False
    margin_with_leverage = True
    fixed_tick = False
    digit_ids = True
    dead_man = DeadMan("account", window_ms=60_000, least_ms=5_000)
    expires = True
    answers = ANSWERS
    trade_page, funding_page = 2_000, 500  # of all coins together
    answers_for_all = True

    def asks(self, method: str, path: str, params: Mapping[str, Any]) -> str:
        if path == "info":
            return str(params.get("type"))
        action = params.get("action")
        return f"{path} {action.get('type')}" if isinstance(action, Mapping) else path

    def owes(self, asked: str, answer: Any) -> float:
        return float(len(answer) // ROWS_OF_ONE) if asked in LONG and isinstance(answer, list) else 0.0

    def prepare(self) -> str:
        return quicken()

    def subclass(self, base: type[Any]) -> type[Any]:
        import ccxt

        class HyperliquidExchange(base):  # type: ignore[misc]
            expires: int | None = None  # of the request that is being built; building never awaits

            def calculate_rate_limiter_cost(
                self, api: Any, method: Any, path: Any, params: Any, config: Any = None
            ) -> float:
                return weight_of(path, params)

            def create_orders_request(self, orders: Any, params: Any = None) -> Any:
                """With the expiry that ccxt has no way to send (RELIABILITY 2.3): signed, so the venue enforces it."""
                expires = [order["params"]["expiresAfter"] for order in orders if "expiresAfter" in order["params"]]
                self.expires = min(expires, default=None)
                for order in orders:
                    order["params"] = self.omit(order["params"], "expiresAfter")
                try:
                    request = super().create_orders_request(orders, params or {})
                finally:
                    bound, self.expires = self.expires, None
                return request if bound is None else {**request, "expiresAfter": bound}

            def sign_l1_action(self, action: Any, nonce: Any, vault: Any = None, expires_after: Any = None) -> Any:
                """The expiry of the request that is being built is part of what is signed."""
                return super().sign_l1_action(action, nonce, vault, expires_after or self.expires)

            async def create_orders(self, orders: Any, params: Any = None) -> Any:
                """One answer for each: with one more or less nobody knows whose they are."""
                return whole(await super().create_orders(orders, params or {}), len(orders))

            async def cancel_orders(self, ids: Any, symbol: Any = None, params: Any = None) -> Any:
                return whole(await super().cancel_orders(ids, symbol, params or {}), len(ids))

            async def initialize_client(self) -> bool:
                """ccxt would approve a builder fee and set a referrer here; orders then carry neither."""
                return True

            def parse_order_status(self, status: Any) -> Any:
                """With the word for what the dead-man's switch ended, which ccxt does not know."""
                return "canceled" if status == "scheduledCancel" else super().parse_order_status(status)

            def handle_errors(self, code: int, reason: str, url: str, method: str, *rest: Any) -> Any:
                """A batch with one refused order is an answer for each, not an error for all."""
                response = rest[2] if len(rest) > 2 else None
                if mixed_statuses(response):
                    return None
                try:
                    return super().handle_errors(code, reason, url, method, *rest)
                except ccxt.ExchangeError as error:
                    if type(error) is ccxt.ExchangeError:  # words that ccxt does not know, still a clear no
                        raise ccxt.InvalidOrder(str(error)) from error
                    raise

        return HyperliquidExchange

    def options(self) -> dict[str, Any]:
        return {
            "options": {
                "builderFee": False,
                "enableUnifiedMargin": False,  # asked for at the set-up and then refused: see `unfit`
                "hip3TokensByName": {},  # sharing markets reads it whether it was loaded or not
                "refSet": True,
                "maxRetriesOnFailure": 0,
                "fetchMarkets": {"types": ["swap", "spot"]},
                "defaultSlippage": 0.02,
            },
            "streaming": {"keepAlive": 10_000},
        }

    def addresses(self, url: str) -> dict[str, Any]:
        return {"public": url, "private": url, "ws": {"public": f"{url.replace('http', 'ws', 1)}/ws"}}

    def lifetime(self, now: int) -> dict[str, Any]:
        return {"expiresAfter": now // NS_PER_MS + LIFETIME_MS}

    def client_of(self, info: Any) -> str:
        nested = info.get("order") if isinstance(info.get("order"), dict) else {}
        return str(info.get("cloid") or nested.get("cloid") or "")

    def wallet(self, answer: Any, quote: str) -> int:
        """The venue tells account value: what the positions would bring is taken off again."""
        info = answer["info"]
        held = sum(amount_of(row["position"]["unrealizedPnl"]) for row in info["assetPositions"])
        return amount_of(info["marginSummary"]["accountValue"]) - held

    def owners_key(self, exchange: Any, keys: Mapping[str, str]) -> bool:
        """An agent's signature moves no money out; the account's own does."""
        address = str(exchange.eth_get_address_from_private_key(keys["privateKey"]))
        return address.lower() == keys["walletAddress"].lower()

    def fill_kind(self, info: Any) -> int:
        """Whoever trades against a liquidation is told of it too: it is ours only where we are the liquidated user."""
        way, told = str(info.get("dir", "")), info.get("liquidation")
        if "Auto-Deleveraging" in way:
            return DELEVERAGED
        user = str(told.get("liquidatedUser")).lower() if isinstance(told, dict) else ""
        return LIQUIDATED if way in SETTLED or (user and user == self.account) else FILLED

    def funds(self, row: Any, symbol: str, name: str) -> bool:
        """The venue answers for all coins, and ccxt then puts the symbol that was asked for on each."""
        return bool(row["info"]["delta"]["coin"] == name)

    def funding_id(self, row: Any) -> str:
        """Its hash is zeros for every payment."""
        return f"{row['info']['delta']['coin']}/{row['info']['time']}"

    async def unfit(self, exchange: Any) -> str:
        """In a unified account spot and perpetuals share a balance, which no question of ours tells."""
        told = await exchange.publicPostInfo({"type": "userAbstraction", "user": exchange.walletAddress})
        kind = str(told).strip('" ')  # JSON that is one word comes as it was sent
        if kind in APART:
            return ""
        return (
            f"Expected an account whose perpetuals have a balance of their own, was {clean(kind, 40)}. Switch "
            "the unified account off in the venue's settings, move USDC to perpetuals, then start again"
        )

    def finer_tick(self, market: Any, tick: float) -> float:
        """Five figures of the mark, at most the decimals of the coin; whole prices always."""
        mark = float(market["info"].get("markPx") or 0.0)
        if not 0.0 < mark < 1e12:
            return 0.0
        digits = PRICE_DECIMALS - int(str(market["info"]["szDecimals"]))
        theirs = 10.0 ** -min(digits, max(0, 4 - math.floor(math.log10(mark))))
        return theirs if theirs < tick * (1 - 1e-9) else 0.0

    def is_maker(self, trade: Any) -> bool:
        """ccxt reads `crossed` in its answers and not in its streams."""
        crossed = (trade.get("info") or {}).get("crossed")
        return not crossed if isinstance(crossed, bool) else super().is_maker(trade)

    def frame(self, message: Any) -> Frame | None:
        if isinstance(message, dict) and message.get("channel") == "l2Book":
            data = message.get("data") or {}
            return Frame(str(data.get("coin", "")), ns_of_ms(data.get("time")))
        return None

    async def markets_now(self, exchange: Any, symbols: Sequence[str]) -> dict[str, Any]:
        """One request; of its universe only ours are parsed. A perpetual's place in it is its id in orders."""
        meta, contexts = await exchange.publicPostInfo({"type": "metaAndAssetCtxs"})
        names = {exchange.market(symbol)["baseName"] for symbol in symbols}
        parsed = [
            exchange.parse_market({**row, **context, "baseId": place})
            for place, (row, context) in enumerate(zip(meta["universe"], contexts, strict=False))
            if row.get("name") in names
        ]
        return {market["symbol"]: market for market in parsed if market is not None}

    def terms(self, market: Any) -> Terms:
        """Prices have at most 6 - szDecimals decimals; their five figures hold at every lot."""
        info = market["info"]
        digits = int(str(info["szDecimals"]))
        if not 0 <= digits <= PRICE_DECIMALS:
            raise Hostile(OFF_GRID)
        delisted = "delisted" if info.get("isDelisted") else ""
        return terms_of(market, f"1e-{PRICE_DECIMALS - digits}", None, delisted)

    async def arm(self, exchange: Any, symbols: Sequence[str], timeout_ms: int) -> None:
        if timeout_ms:
            await exchange.cancel_all_orders_after(timeout_ms)
            return
        # the venue wants the time left out to disarm; ccxt always sends one
        nonce = exchange.incrementing_nonce()
        action = {"type": "scheduleCancel"}
        signature = exchange.sign_l1_action(action, nonce)
        await exchange.privatePostExchange({"action": action, "nonce": nonce, "signature": signature})


def weight_of(path: str, params: Mapping[str, Any]) -> float:
    """Weight of a request as it is sent."""
    if path == "info":
        return WEIGHTS.get(str(params.get("type")), QUERY_WEIGHT)
    action = params.get("action")
    items = max((len(part) for part in action.values() if isinstance(part, list)), default=1) if action else 1
    return 1.0 + items // ITEMS_OF_ONE


def whole(answers: Any, asked: int) -> Any:
    """The answers of a batch, as many as were asked for. Raises Hostile."""
    if len(answers) != asked:
        raise Hostile(BAD_FRAME)
    return answers


def mixed_statuses(response: Any) -> bool:
    """True for an order answer with several statuses of which at least one is no error."""
    try:
        statuses = response["response"]["data"]["statuses"]
    except (TypeError, KeyError):
        return False
    good = [status for status in statuses if not (isinstance(status, dict) and "error" in status)]
    return len(statuses) > 1 and 0 < len(good) < len(statuses)
