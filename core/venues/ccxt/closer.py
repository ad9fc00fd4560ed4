"""The account of a stop that may also reduce: closes, reduce-only, with a client id of our form, each sent once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from core.domain.order import ACCEPTED, LOST, MARKET, REDUCE_ONLY, REJECTED, Report, Request
from core.domain.reasons import BAD_REQUEST, RATE_LIMIT, VENUE_CLOSED
from core.domain.units import BUY, NS_PER_S
from core.venues.ccxt.account import FAULTS, Account
from core.venues.ccxt.markets import id_number
from core.venues.ccxt.roster import Entry
from core.venues.ccxt.verdicts import NOT_SENT, REFUSED, judge
from core.venues.identity import Identity, text_of

DEPTH = 100  # levels asked for
TRADES = 500  # of one answer
FRESH_NS = 2 * NS_PER_S
Level = tuple[float, float]  # price in quote units, size in base coins
Books = dict[int, tuple[list[Level], list[Level]]]  # by instrument: bids, asks


class ClosingAccount(Account):
    """`epoch` of the client ids of its closes. `closes`: by the venue's id of each the instrument and the middle of the
    book before it, None where there was none."""

    epoch = 0

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self.closes: dict[str, tuple[Entry, float | None]] = {}
        self._middles: dict[int, tuple[float, int]] = {}  # of the newest book, and when

    def _arm(self) -> None:
        """It creates: reduce-only requests of an emergency stop, nothing else (`reduce` checks)."""

    async def reduce_all(self, requests: Sequence[Request]) -> list[Report]:
        """All of them, one answer each."""
        await self.pace(tuple((request.instrument, request.side, request.qty) for request in requests))
        return await self.together(*(partial(self.reduce, request) for request in requests))

    async def reduce(self, request: Request) -> Report:
        """Send one close. Never again with the same id: what it did the next read of positions says."""
        if not request.flags & REDUCE_ONLY:
            raise ValueError(f"Expected a reduce-only request of a stop, was flags {request.flags}")
        if self.clock.now() < self.banned_until:
            return self._report(request, REJECTED, 0, RATE_LIMIT)
        entry = self.roster.entries[request.instrument]
        side, kind = "buy" if request.side == BUY else "sell", "market" if request.type == MARKET else "limit"
        size = entry.size_of(request.qty)
        what = f"{side} {size:g} {entry.shown} {kind}"
        try:
            await self.open()
            price = await self._middle(entry) if request.type == MARKET else entry.price_of(request.px)
        except FAULTS as error:
            self.tell("close", f"{what}: not sent", 1, [error])
            return self._report(request, REJECTED, 0, VENUE_CLOSED)
        try:
            answer = await self.exchange.create_order(entry.unified, kind, side, size, price, self._params(request))
        except FAULTS as error:
            self.tell("close", what, 1, [error])
            return self._refusal(request, error)
        self.tell("close", what, 1, [])
        if answer.get("id"):
            self.closes[str(answer["id"])] = entry, self._middles.get(entry.number, (None, 0))[0]
        return self._report(request, ACCEPTED, id_number(answer["id"]) if answer.get("id") else 0)

    def _params(self, request: Request) -> dict[str, Any]:
        params = self.traits.order_params(request, self._client(request.cl_id))
        if request.type == MARKET:
            params.pop("timeInForce", None)  # a market order has none on some venues
        return {**params, **self.traits.lifetime(self.clock.now() + self.offset_ns)}

    def _refusal(self, request: Request, error: BaseException) -> Report:
        import ccxt

        verdict = judge(error)
        if isinstance(error, ccxt.BaseError) and verdict.state in (REFUSED, NOT_SENT):
            return self._report(request, REJECTED, 0, verdict.code or BAD_REQUEST)
        return self._report(request, LOST, 0)

    def _client(self, cl_id: int) -> str:
        return text_of(Identity(self.epoch, 0, cl_id), self.traits.id_form)

    def _report(self, request: Request, kind: int, venue_id: int, code: int = 0) -> Report:
        return Report(
            request.instrument, kind, self.clock.now(), request.cl_id, venue_id, request.side, request.px,
            request.qty, request.qty, code=code,
        )  # fmt: skip

    async def book(self, entry: Entry) -> tuple[list[Level], list[Level]]:
        """(bids, asks), best first. Raises what ccxt raises."""
        await self.open()
        found = await self.exchange.fetch_order_book(entry.unified, DEPTH)
        bids, asks = _levels(found["bids"]), _levels(found["asks"])
        if bids and asks:
            self._middles[entry.number] = (bids[0][0] + asks[0][0]) / 2, self.clock.now()
        return bids, asks

    async def books(self, numbers: Sequence[int]) -> Books:
        """Those that can be had now, asked for together."""

        async def one(number: int) -> tuple[list[Level], list[Level]] | None:
            try:
                return await self.book(self.roster.entries[number])
            except FAULTS:
                return None

        found = await asyncio.gather(*(one(number) for number in numbers))
        return {number: book for number, book in zip(numbers, found, strict=True) if book is not None}

    async def fills(self, since_ms: int) -> list[tuple[Entry, dict[str, Any], float | None]]:
        """What the closes brought by the venue's own list: instrument, unified trade, middle before. For evidence."""
        found = []
        for entry in {entry.number: entry for entry, _ in self.closes.values()}.values():
            for trade in await self.exchange.fetch_my_trades(entry.unified, since_ms, TRADES):
                known = self.closes.get(str(trade.get("order")))
                if known is not None:
                    found.append((entry, trade, known[1]))
        return found

    async def _middle(self, entry: Entry) -> float | None:
        """For venues that price market orders themselves from a price of ours; None where there is no book. The mark
        that came with the position is near enough for their wide limit, and costs no question."""
        if not self.traits.prices_markets:
            return None
        middle, ts = self._middles.get(entry.number, (0.0, 0))
        if middle and self.clock.now() - ts < FRESH_NS:
            return middle
        mark, ts = self.marks.get(entry.number, (0.0, 0))
        if mark and self.clock.now() - ts < FRESH_NS:
            return mark
        bids, asks = await self.book(entry)
        return (bids[0][0] + asks[0][0]) / 2 if bids and asks else None


def _levels(rows: Any) -> list[Level]:
    return [(float(row[0]), float(row[1])) for row in rows]
