"""Questions to the venue: open orders (both books), positions, own trades, funding, balance. Retried, never guessed.

An answer that could not be had carries `error` and nothing else: missing is not "none" (R-B4).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from core.codec.grid import MAX_LEVEL
from core.codec.reasons import EMPTY, TOO_LARGE, WRONG_TYPE, Hostile
from core.domain.events import HeldPosition, OpenOrder, Read, ReadReply
from core.domain.order import FUNDED, Report
from core.domain.ports import Clock
from core.domain.units import NS_PER_MS, NS_PER_S
from core.venues.budget import EMERGENCY, QUERY
from core.venues.ccxt.claims import Claims
from core.venues.ccxt.histories import funding, own_trades
from core.venues.ccxt.ids import Ids
from core.venues.ccxt.instances import Instances
from core.venues.ccxt.markets import Listing, flags_of, id_number, side_of
from core.venues.ccxt.traits import Traits, amount_of, ns_of_ms
from core.venues.ccxt.unread import Say, Unread
from core.venues.ccxt.verdicts import Verdict, clean_text, judge
from core.venues.ccxt.wiring import LANE, UNREADABLE

T = TypeVar("T")
TRIES = 3
OVERLAP_MS = 60_000  # trades are asked for again this far back: they may appear late
QUIET_NS = 5 * 86_400 * NS_PER_S  # without a trade: nothing appears that late, and one question sees so far
FUNDING_EVERY_NS = 30 * NS_PER_S
LOOK_BACK_NS = 600 * NS_PER_S


class Reader:
    """`emergency` reads go past every limit of ours; ordinary ones wait in the query lane."""

    def __init__(
        self,
        traits: Traits,
        instances: Instances,
        listings: dict[int, Listing],
        ids: Ids,
        clock: Clock,
        on_venue: Callable[[Verdict], None],
        since_ns: int,
        note: Say = lambda level, code, text: None,
    ) -> None:
        self.traits, self.instances, self.listings, self.ids, self.clock = traits, instances, listings, ids, clock
        self.on_venue = on_venue
        self.claims = Claims(traits, ids)
        self.unread = Unread(traits, clock, note)
        self.since_ns = since_ns  # trades before this belong to earlier runs
        self.unreadable = 0
        self._newest_ns = since_ns
        self._answered_ns = since_ns  # of the last answer about funding

    def look_back(self, since_ns: int) -> None:
        """Trades and funding from here on are ours to count: what happened while nothing of us ran is in no record."""
        self.since_ns = min(self.since_ns, since_ns)
        self._newest_ns = min(self._newest_ns, self.since_ns)
        self._answered_ns = min(self._answered_ns, self.since_ns)

    async def read(self, read: Read, emergency: bool = False) -> ReadReply:
        """One answer, with `error` where the venue gave none. Never raises for a venue or a network."""
        import ccxt

        LANE.set(EMERGENCY if emergency else QUERY)
        exchange = self.instances.emergency if emergency else self.instances.data
        ask: dict[str, Callable[[Any], Awaitable[dict[str, Any]]]] = {
            "orders": self._orders, "positions": self._positions, "trades": self._trades, "balance": self._balance,
        }  # fmt: skip
        try:
            found = await self._patiently(lambda: ask[read.what](exchange))
        except (ccxt.BaseError, TimeoutError, *UNREADABLE) as error:
            if isinstance(error, ccxt.BaseError):
                self.on_venue(judge(error))
            else:
                self.unreadable += 1
            return ReadReply(read.what, read.nonce, self.clock.now(), error=self._word(error, emergency))
        return ReadReply(read.what, read.nonce, self.clock.now(), **found)

    def _word(self, error: BaseException, emergency: bool) -> str:
        """For the table of a stop: a ban with its end, so that it comes back then and not before."""
        left = self.instances.budget.banned_until - self.clock.monotonic()
        until = f"banned {self.clock.now() + left} " if emergency and left > 0 else ""
        return until + clean_text(error)

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Reads may be asked again: exponential waits with jitter, no more than three times."""
        import ccxt
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

        def passing(error: BaseException) -> bool:
            return isinstance(error, ccxt.NetworkError) and not isinstance(
                error, ccxt.DDoSProtection | ccxt.RateLimitExceeded | ccxt.OnMaintenance
            )

        async for attempt in AsyncRetrying(
            retry=retry_if_exception(passing), stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(0.1, max=1.0), reraise=True,
        ):  # fmt: skip
            with attempt:
                return await ask()
        raise AssertionError("tenacity ends with a result or raises")

    async def _orders(self, exchange: Any) -> dict[str, Any]:
        found: list[OpenOrder] = []
        second: set[str] = set()
        every = await exchange.fetch_open_orders() if self.traits.answers_for_all else None
        for listing in self.listings.values():
            if every is None:
                raw = await exchange.fetch_open_orders(listing.symbol)
            else:
                raw = [order for order in every if order.get("symbol") == listing.symbol]
            conditional = await self.traits.conditional_orders(exchange, listing.symbol)
            second.update(str(order["id"]) for order in conditional)
            found += [self._order(listing, order, False) for order in raw]
            found += [self._order(listing, order, True) for order in conditional]
        self.ids.conditional = second
        return {"orders": tuple(found)}

    def _order(self, listing: Listing, order: Any, conditional: bool = False) -> OpenOrder:
        client = str(order.get("clientOrderId") or self.traits.client_of(order.get("info") or {}))
        if not order.get("id"):
            raise Hostile(EMPTY)
        cl_id, venue_id = self.ids.learn(client, str(order["id"]))
        price = order.get("price") or order.get("triggerPrice") or 0
        left = order.get("remaining")
        left, closes = order["amount"] if left is None else left, self.traits.closes_all(order.get("info") or {})
        return OpenOrder(
            listing.number, cl_id, venue_id, side_of(order["side"]), listing.price.nearest(price),
            0 if left is None and closes else listing.size.nearest(left),
            flags_of(self.traits, order, conditional),
        )  # fmt: skip

    async def _positions(self, exchange: Any) -> dict[str, Any]:
        by_symbol = {listing.symbol: listing for listing in self.listings.values()}
        found = []
        for held in await exchange.fetch_positions(list(by_symbol)):
            listing = by_symbol.get(str(held.get("symbol")))
            size = held.get("contracts")
            if listing is None or size == 0:
                continue
            lots = listing.held(size)
            if held["side"] not in ("long", "short"):
                raise Hostile(WRONG_TYPE)
            sign = 1 if held["side"] == "long" else -1
            entry = float(held.get("entryPrice") or 0.0) / listing.instrument.tick
            if not 0.0 <= entry * lots * listing.instrument.unit <= MAX_LEVEL:
                raise Hostile(TOO_LARGE)
            liquidation = held.get("liquidationPrice")
            found.append(
                HeldPosition(
                    listing.number, sign * lots, sign * round(entry * lots * listing.instrument.unit),
                    listing.price.nearest(liquidation) if liquidation and float(liquidation) > 0 else 0,
                )
            )  # fmt: skip
        return {"positions": tuple(found)}

    async def _trades(self, exchange: Any) -> dict[str, Any]:
        from ccxt import OrderNotFound

        found: list[Report] = []
        now = self.clock.now()
        asks_funding = now - self._answered_ns > FUNDING_EVERY_NS
        start = max(self.since_ns // NS_PER_MS, self._newest_ns // NS_PER_MS - OVERLAP_MS)
        by_symbol = {listing.symbol: listing for listing in self.listings.values()}
        for trade in await own_trades(self.traits, exchange, tuple(by_symbol), start, now // NS_PER_MS):
            listing = by_symbol.get(str(trade.get("symbol")))
            if listing is None:
                continue
            try:
                report = await self.claims.report(exchange, listing, trade)
            except (OrderNotFound, Hostile, KeyError, TypeError, ValueError) as error:
                self.unread.add(listing.symbol, trade, error)
                continue
            if report is not None:
                self.unread.read(listing.symbol, report.trade_id)
                found.append(report)
        if asks_funding:
            found += await self._funding(exchange)
        unique = {
            (report.instrument, report.kind, report.trade_id): report for report in found if report.ts >= self.since_ns
        }
        ordered = tuple(sorted(unique.values(), key=lambda report: (report.ts, report.trade_id)))
        newest = max((report.ts for report in ordered), default=self._newest_ns)
        newest = max(newest, now - QUIET_NS)  # all until now was read
        self._newest_ns = min(newest, now)  # a time that has not come yet must not hide what comes before it
        if asks_funding:
            self._answered_ns = now
        return {"trades": ordered, "proof": not self.unread.doubts}

    async def _funding(self, exchange: Any) -> list[Report]:
        """Payments since shortly before the last answer: the ledger counts each once, but remembers only so many."""
        since = max(self.since_ns, self._answered_ns - LOOK_BACK_NS)
        out = []
        symbols = tuple(listing.symbol for listing in self.listings.values())
        for symbol, row in await funding(self.traits, exchange, symbols, since // NS_PER_MS):
            amount, ts = amount_of(row["amount"]), ns_of_ms(row["timestamp"])
            for listing in self.listings.values():
                if (
                    symbol in ("", listing.symbol)
                    and self.traits.funds(row, listing.symbol, listing.name)
                    and ts >= since
                ):
                    name = f"{listing.symbol}/{self.traits.funding_id(row)}"
                    out.append(Report(listing.number, FUNDED, ts, trade_id=id_number(name), amount=amount))
        return out

    async def _balance(self, exchange: Any) -> dict[str, Any]:
        answer = await exchange.fetch_balance()
        quotes = {listing.instrument.quote for listing in self.listings.values()}
        return {"balance": sum(self.traits.wallet(answer, quote) for quote in quotes)}
