"""POST /info: every query type that clients of perpetuals use. Answers are plain objects; unknown types are None.

Queries about another address than the account's show an empty account, as the real venue does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.domain.units import NS_PER_MS
from core.venues.wire.behind import WireExchange
from core.venues.wire.hyperliquid.account import clearinghouse_state, empty_state, spot_state
from core.venues.wire.hyperliquid.desk import Desk
from core.venues.wire.hyperliquid.ledger import funding_row
from core.venues.wire.hyperliquid.limits import Limits
from core.venues.wire.hyperliquid.market import Coin
from core.venues.wire.hyperliquid.meta import meta, meta_and_contexts, spot_meta, spot_meta_and_contexts
from core.venues.wire.hyperliquid.text import text8

Json = dict[str, Any]
NEWEST, FUNDINGS = 2000, 500  # rows of one answer, of all coins together
FOREVER = 1 << 62


class Malformed(Exception):
    """The query cannot be read: 422."""


class Info:
    """`answer` gives the JSON of one query, with "type" as its name. Raises Malformed."""

    def __init__(
        self, exchange: WireExchange, desk: Desk, limits: Limits, agents: frozenset[str], abstraction: str = "default"
    ) -> None:  # fmt: skip
        self.exchange, self.desk, self.ledger = exchange, desk, desk.ledger
        self.coins: list[Coin] = list(desk.coins)
        self.limits, self.agents = limits, agents
        self.by_name = {coin.name: (coin, False) for coin in self.coins}
        self.by_name |= {coin.spot_name: (coin, True) for coin in self.coins}
        self._public: dict[str, Callable[[Json], Any]] = {
            "meta": lambda q: meta(self.coins),
            "metaAndAssetCtxs": lambda q: meta_and_contexts(self.coins),
            "spotMeta": lambda q: spot_meta(self.coins),
            "spotMetaAndAssetCtxs": lambda q: spot_meta_and_contexts(self.coins),
            "perpDexs": lambda q: [None],
            "exchangeStatus": lambda q: {"specialStatuses": None, "time": self.now_ms},
            "allMids": lambda q: self.mids(),
            "l2Book": self._book,
            "recentTrades": self._trades,
            "candleSnapshot": self._candles,
            "fundingHistory": lambda q: self._coin(q)[0].funding_history(*_range(q)),
            "userRole": self._role,
            "extraAgents": self._agents,
        }
        self._private: dict[str, tuple[Callable[[Json], Any], Callable[[], Any]]] = {
            "clearinghouseState": (lambda q: self.state(), lambda: empty_state(self.now_ms)),
            "spotClearinghouseState": (lambda q: spot_state(self.exchange), lambda: {"balances": []}),
            "openOrders": (lambda q: self.open_orders(whole=False), list),
            "frontendOpenOrders": (lambda q: self.open_orders(whole=True), list),
            "historicalOrders": (lambda q: self._history(), list),
            "orderStatus": (self._order_status, lambda: {"status": "unknownOid"}),
            "userFills": (lambda q: self.ledger.fills[: -NEWEST - 1 : -1], list),
            "userFillsByTime": (lambda q: _within(self.ledger.fills, q), list),
            "userFunding": (lambda q: [funding_row(row) for row in _within(self.ledger.fundings, q)[:FUNDINGS]], list),
            "userNonFundingLedgerUpdates": (lambda q: _within(self.ledger.transfers, q), list),
            "userFees": (lambda q: self._fees(), self._fees),
            "userRateLimit": (lambda q: self._rate_limit(), self._rate_limit),
            "userAbstraction": (lambda q: abstraction, lambda: "default"),
            "activeAssetData": (self._asset_data, dict),
        }

    @property
    def now_ms(self) -> int:
        return self.exchange.now() // NS_PER_MS

    def answer(self, query: Json) -> Any:
        """The JSON value of the answer. Raises Malformed for what the venue would not parse."""
        kind = query.get("type")
        if not isinstance(kind, str):
            raise Malformed
        if kind in self._public:
            return self._public[kind](query)
        if kind not in self._private:
            raise Malformed
        user = query.get("user")
        if not isinstance(user, str) or len(user) != 42:
            raise Malformed
        ours, others = self._private[kind]
        return ours(query) if user.lower() == self.ledger.user else others()

    # public --------------------------------------------------------------------------------------------------------

    def _coin(self, query: Json) -> tuple[Coin, bool]:
        found = self.by_name.get(str(query.get("coin")))
        if found is None:
            raise Malformed
        return found

    def mids(self) -> dict[str, str]:
        """Mid prices of everything that has a book."""
        found = {coin.name: coin.mid for coin in self.coins}
        found |= {coin.spot_name: coin.spot_context()["midPx"] for coin in self.coins}
        return {name: mid for name, mid in found.items() if mid is not None}

    def _book(self, query: Json) -> Json:
        coin, spot = self._coin(query)
        return coin.book(spot, self.now_ms)

    def _trades(self, query: Json) -> list[Json]:
        coin, spot = self._coin(query)
        return [coin.trade_row(row, spot) for row in reversed(coin.trades)]

    def _candles(self, query: Json) -> list[Json]:
        request = query.get("req")
        if not isinstance(request, dict):
            raise Malformed
        coin, spot = self._coin(request)
        name = coin.spot_name if spot else coin.name
        try:
            return coin.candles.rows(name, str(request.get("interval")), *_range(request))
        except KeyError:
            raise Malformed from None

    def _role(self, query: Json) -> Json:
        user = str(query.get("user")).lower()
        if user in self.agents:
            return {"role": "agent", "data": {"user": self.ledger.user}}
        return {"role": "user" if user == self.ledger.user else "missing"}

    def _agents(self, query: Json) -> list[Json]:
        if str(query.get("user")).lower() != self.ledger.user:
            return []
        return [{"name": f"agent {k}", "address": a, "validUntil": FOREVER} for k, a in enumerate(sorted(self.agents))]

    # the account ---------------------------------------------------------------------------------------------------

    def state(self) -> Json:
        """clearinghouseState of our account, now."""
        return clearinghouse_state(self.exchange, self.ledger, self.coins, self.now_ms)

    def open_orders(self, *, whole: bool) -> list[Json]:
        """Live orders and waiting stops, newest first."""
        rows = [self.ledger.order_row(order, order.left, whole=whole) for order in self.exchange.books.open_of()]
        rows += [trigger.row(self.coins[trigger.instrument], whole=whole) for trigger in self.desk.triggers]
        return sorted(rows, key=lambda row: -int(row["oid"]))

    def _history(self) -> list[Json]:
        return [self.ledger.status_row(order) for order in self.exchange.books.orders[: -NEWEST - 1 : -1]]

    def _order_status(self, query: Json) -> Json:
        oid = query.get("oid")
        found = self.desk.find(oid) if isinstance(oid, int | str) else None
        if found is None:
            return {"status": "unknownOid"}
        return {"status": "order", "order": self.ledger.status_row(found)}

    def _fees(self) -> Json:
        x = self.coins[0].instrument
        taker, maker = text8(x.taker_fee_ppm * 100), text8(x.maker_fee_ppm * 100)
        return {
            "dailyUserVlm": [],
            "feeSchedule": {"cross": taker, "add": maker, "tiers": {"vip": [], "mm": []}, "referralDiscount": "0.0"},
            "userCrossRate": taker,
            "userAddRate": maker,
            "activeReferralDiscount": text8(x.referral_ppm * 100),
            "trial": None,
            "feeTrialReward": "0.0",
            "nextTrialAvailableTimestamp": None,
        }

    def _rate_limit(self) -> Json:
        volume = self.ledger.volume_e8
        return {
            "cumVlm": text8(volume),
            "nRequestsUsed": self.limits.requests,
            "nRequestsCap": self.limits.cap(volume),
            "nRequestsSurplus": 0,
        }

    def _asset_data(self, query: Json) -> Json:
        coin, _ = self._coin(query)
        a = self.exchange.exchange.account.s
        kind = "isolated" if a.isolated[coin.i] else "cross"
        return {
            "user": self.ledger.user,
            "coin": coin.name,
            "leverage": {"type": kind, "value": int(a.leverage[coin.i])},
            "markPx": coin.grid.px(coin.mark),
        }


def _range(query: Json) -> tuple[int, int]:
    start, end = query.get("startTime", 0), query.get("endTime")
    if not isinstance(start, int) or not isinstance(end, int | None):
        raise Malformed
    return start, FOREVER if end is None else end


def _within(rows: list[Json], query: Json) -> list[Json]:
    start, end = _range(query)
    return [row for row in rows if start <= row["time"] <= end][:NEWEST]
