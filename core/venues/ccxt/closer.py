"""The account of a stop that may also reduce: closes, reduce-only, with a client id of our form, each sent once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from core.domain.order import ACCEPTED, LOST, MARKET, REDUCE_ONLY, REJECTED, Report, Request
from core.domain.reasons import BAD_REQUEST, RATE_LIMIT, VENUE_CLOSED
from core.domain.units import BUY
from core.venues.ccxt.account import FAULTS, Account
from core.venues.ccxt.markets import id_number
from core.venues.ccxt.roster import Entry
from core.venues.ccxt.verdicts import NOT_SENT, REFUSED, judge
from core.venues.identity import Identity, text_of

DEPTH = 100  # levels asked for
Level = tuple[float, float]  # price in quote units, size in base coins


class ClosingAccount(Account):
    """`epoch` of the client ids of its closes."""

    epoch = 0

    def _arm(self) -> None:
        """It creates: reduce-only requests of an emergency stop, nothing else (`reduce` checks)."""

    async def reduce_all(self, requests: Sequence[Request]) -> list[Report]:
        """All of them at once; one answer each."""
        await self.pace(tuple((request.instrument, request.side, request.qty) for request in requests))
        return list(await asyncio.gather(*(self.reduce(request) for request in requests)))

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
        return _levels(found["bids"]), _levels(found["asks"])

    async def _middle(self, entry: Entry) -> float | None:
        """For venues that price market orders themselves from a price of ours; None where there is no book."""
        bids, asks = await self.book(entry)
        return (bids[0][0] + asks[0][0]) / 2 if bids and asks else None


def _levels(rows: Any) -> list[Level]:
    return [(float(row[0]), float(row[1])) for row in rows]
