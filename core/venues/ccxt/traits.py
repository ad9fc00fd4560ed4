"""What differs between venues, as one object each: names, id form, limits, capabilities, and how their raw fields read.

The capability table is ours (LIVE_VENUES.md section 1, RELIABILITY.md section 3), never ccxt's `has`. Defaults here are
the careful side: no dead-man's switch, no amend, no bounded lifetime.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from core.codec.grid import MAX_LEVEL, signed_units
from core.domain.instrument import Instrument
from core.domain.order import DELEVERAGED, FILLED, LIQUIDATED, MARKET, POST_ONLY, REDUCE_ONLY, Request
from core.domain.units import NS_PER_MS
from core.venues.ccxt.answers import Check
from core.venues.ccxt.terms import Terms, terms_of

MONEY_STEP = "0.00000001"
LAST_MS = 4_102_444_800_000  # 2100: later is no time, and its ns would not fit
LIFETIME_MS = 2_000  # R: how long a create may still arrive (RELIABILITY 2.3)


class DeadMan(msgspec.Struct, frozen=True):
    """A venue's own switch. `scope` symbol | account; windows in ms."""

    scope: str
    window_ms: int
    least_ms: int


class DialLimit(msgspec.Struct, frozen=True):
    """So many new websockets, at most, in so many seconds: of an IP address, as the venue's page says."""

    most: int
    window_s: float


class Traits:
    """Base of all venues. Subclasses override what their venue does differently, nothing else."""

    name = ""  # ours, as in configs/venues
    ccxt_id = ""
    id_form = "pc"
    weight_per_minute = 1_200
    dials = DialLimit(30, 60.0)
    can_amend = False
    has_fok = True
    can_cancel_all = False  # natively, by instrument
    one_way = False  # the account has a hedge mode that must be off
    margin_with_leverage = False  # one call sets both
    fixed_tick = True  # the price grid is one step at every price
    digit_ids = False  # trades are numbered with digits
    sequenced = False  # books carry sequence numbers, so gaps are counted
    mark_from = "watch_ticker"
    dead_man: DeadMan | None = None
    prices_markets = True  # a market order needs a price of ours, from which the venue's client makes its limit
    expires = False  # creates carry a venue-enforced expiry
    networks: tuple[str, ...] = ("mainnet", "testnet", "demo", "loopback")  # where orders are allowed
    keep_key_s = 0.0  # the private stream's key must be renewed this often; 0 = it has none
    public_only = False  # orders are refused everywhere; why is in `refused_live`
    answers: Mapping[str, Check] = {}  # what the answers must look like that orders and positions are read from
    account = ""  # the account's address, lower case, where rows of the venue name one; set with its keys
    trade_page, funding_page = 500, 0  # rows of an answer that is full; 0 = all that there are
    trade_span_ms = 0  # one question for own trades sees no longer a time; 0 = any
    answers_for_all = False  # open orders and histories are told of every instrument at once
    refused_live = ""  # the reason, and the operator's next step

    def refuses(self, network: str) -> str:
        """Why no order may be sent on this network, with the next step; "" where orders are allowed."""
        return self.refused_live if self.public_only or network not in self.networks else ""

    def prepare(self) -> str:
        """Once before the instances are made; what the operator should know of it, "" where all is well."""
        return ""

    def subclass(self, base: type[Any]) -> type[Any]:
        """The venue's own overrides on top of the hooks of `wiring`."""
        return base

    def options(self) -> dict[str, Any]:
        """Constructor settings of every instance."""
        return {}

    def asks(self, method: str, path: str, params: Mapping[str, Any]) -> str:
        """What a request asks for, as `answers` names it."""
        return path if method == "GET" else f"{method} {path}"

    def owes(self, asked: str, answer: Any) -> float:
        """Weight that a request costs beyond what it was sent with, as only its answer tells; `asked` as `asks`."""
        return 0.0

    def forget_book(self, exchange: Any, symbol: str) -> None:
        """After a book that could not be read: the next wait subscribes anew. Nothing where books come whole."""

    def addresses(self, url: str) -> dict[str, Any]:
        """ccxt's addresses on a loopback venue at `url` (http://127.0.0.1:PORT)."""
        raise NotImplementedError(self.name)

    def symbol(self, instrument: Instrument) -> str:
        """Unified symbol of a linear perpetual."""
        return f"{instrument.base}/{instrument.quote}:{instrument.quote}"

    def lifetime(self, now: int) -> dict[str, Any]:
        """Parameters that bound the life of a create; `now` is venue time, ns."""
        return {}

    def order_params(self, request: Request, client: str) -> dict[str, Any]:
        """Unified parameters of a create."""
        params: dict[str, Any] = {"clientOrderId": client}
        if request.type == MARKET:
            pass  # a market order has no time in force: venues refuse the field (Binance -1106)
        elif request.tif == POST_ONLY:
            params["postOnly"] = True
        elif request.tif in TIFS:
            params["timeInForce"] = TIFS[request.tif]
        if request.flags & REDUCE_ONLY:
            params["reduceOnly"] = True
        return params

    def client_of(self, info: Any) -> str:
        """The client id in a raw order or trade of this venue; "" where it has none."""
        return ""

    def fill_kind(self, info: Any) -> int:
        """FILLED, or LIQUIDATED | DELEVERAGED for what the venue did by itself."""
        return FILLED

    def closes_all(self, info: Any) -> bool:
        """Whether a raw order closes whatever is held then, and so has no size of its own."""
        return False

    def funds(self, row: Any, symbol: str, name: str) -> bool:
        """Whether a unified funding payment belongs to this instrument: a venue may answer for the whole account.
        `symbol`: unified; `name`: the venue's own."""
        return bool(row.get("symbol") in (None, symbol))

    def funding_id(self, row: Any) -> str:
        """What tells one payment of an instrument from the next."""
        return str(row.get("id") or row["timestamp"])

    def is_maker(self, trade: Any) -> bool:
        """Whether a unified trade of ours rested; False, the dearer side, where the venue does not say."""
        return bool(trade.get("takerOrMaker") == "maker")

    def wallet(self, answer: Any, quote: str) -> int:
        """Wallet of a balance answer, without unrealised PnL, 1e-8 quote. Raises Hostile, LookupError, TypeError."""
        return amount_of((answer.get(quote) or {}).get("total") or 0)

    def used_weight(self, headers: dict[str, str]) -> float | None:
        """Weight used in this minute, as a response header tells."""
        return None

    def frame(self, message: Any) -> Frame | None:
        """What a raw public frame says beside its content: exchange time, sequence numbers, or that a key expired."""
        return None

    async def arm(self, exchange: Any, symbols: Sequence[str], timeout_ms: int) -> None:
        """Arm, refresh (or with 0 disarm) the dead-man's switch. Only called where `dead_man` is set."""
        raise NotImplementedError(self.name)

    async def conditional_orders(self, exchange: Any, symbol: str) -> list[Any]:
        """Orders of the venue's second book (stops, algos), as unified orders."""
        return []

    async def recent_trades(self, exchange: Any, symbol: str) -> list[Any]:
        """Public trades with the ids of the stream, for what a reconnect missed; none where subscribing brings them."""
        return []

    async def markets_now(self, exchange: Any, symbols: Sequence[str]) -> dict[str, Any]:
        """Unified markets of these symbols as the venue lists them now, whatever the client knows; what it does not
        list is missing. Raises what ccxt raises. Parsing all of them costs the loop: override where a part will do."""
        return {market["symbol"]: market for market in await exchange.fetch_markets() if market["symbol"] in symbols}

    def finer_tick(self, market: Any, tick: float) -> float:
        """The venue's tick at its present price, where that is finer than ours and depends on the price; else 0."""
        return 0.0

    def terms(self, market: Any) -> Terms:
        """What a unified market says. Raises Hostile."""
        precision = market.get("precision") or {}
        return terms_of(market, precision.get("price") if self.fixed_tick else None, None, "")

    async def keep_key(self, exchange: Any) -> None:
        """Renew the key of the private stream. Only called where `keep_key_s` is set. Raises what ccxt raises."""
        raise NotImplementedError(self.name)

    def owners_key(self, exchange: Any, keys: Mapping[str, str]) -> bool:
        """True where the key is the account's own, which can do everything, withdraw too."""
        return False

    async def unfit(self, exchange: Any) -> str:
        """Why this kind of account cannot be traded, with the next step; "" where it can. Raises what ccxt raises."""
        return ""

    async def may_withdraw(self, exchange: Any) -> bool | None:
        """True where the key may withdraw (then live is refused); None where the venue does not say."""
        return None


TIFS = {2: "IOC", 3: "FOK"}


class Frame(msgspec.Struct, frozen=True):
    """`first`, `last`, `before`: sequence numbers of a book difference, 0 = none. Times ns, 0 = none."""

    symbol: str = ""
    ts: int = 0
    first: int = 0
    last: int = 0
    before: int = 0
    key_expired: bool = False


def amount_of(value: object) -> int:
    """A signed amount in 1e-8 quote, nearest. Raises Hostile."""
    return signed_units(value, MONEY_STEP, MAX_LEVEL)


def ns_of_ms(value: Any) -> int:
    """Milliseconds of a message as ns; 0 where it is no time."""
    return int(value) * NS_PER_MS if isinstance(value, int | float) and 0 < value < LAST_MS else 0


def kind_of_prefix(client: str) -> int:
    """Binance-like ids of the venue's own orders."""
    if client.startswith("adl_autoclose"):
        return DELEVERAGED
    if client.startswith(("autoclose-", "settlement_autoclose-", "delivery_autoclose-")):
        return LIQUIDATED
    return FILLED
