"""The account of a stop that may also reduce: closes, reduce-only, with a client id of our form, each sent once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from core.domain.events import HeldPosition
from core.domain.order import ACCEPTED, LOST, MARKET, REDUCE_ONLY, REJECTED, Report, Request
from core.domain.reasons import BAD_REQUEST, FILTER_STEP, RATE_LIMIT, VENUE_CLOSED
from core.domain.units import BUY, NS_PER_S
from core.venues.ccxt.account import Account
from core.venues.ccxt.faults import FAULTS, LIMITS
from core.venues.ccxt.fresh import FreshTerms
from core.venues.ccxt.markets import id_number
from core.venues.ccxt.roster import Entry
from core.venues.ccxt.verdicts import NOT_SENT, REFUSED, judge
from core.venues.ccxt.window import ONCE
from core.venues.identity import Identity, text_of

DEPTH = 100  # levels asked for
TRADES = 500  # of one answer
FRESH_NS = 2 * NS_PER_S
FRESH_LIMITED_NS = 5 * NS_PER_S  # where each question may cost a second: still inside the venue's wide market limit
BATCH = {"binance_usdm": 5, "hyperliquid": 20}  # closes that one message takes; 1 elsewhere
Level = tuple[float, float]  # price in quote units, size in base coins
Books = dict[int, tuple[list[Level], list[Level]]]  # by instrument: bids, asks


class Row(NamedTuple):
    """One close on its way. `price` is None where the venue wants none."""

    request: Request
    entry: Entry
    kind: str
    side: str
    size: float
    price: float | None


class ClosingAccount(Account):
    """`epoch` of the client ids of its closes. `closes`: by the venue's id of each the instrument and the middle of the
    book before it, None where there was none."""

    epoch = 0

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self.closes: dict[str, tuple[Entry, float | None]] = {}
        self._middles: dict[int, tuple[float, int]] = {}  # of the newest book, and when
        self.fresh = FreshTerms(self)

    def _arm(self) -> None:
        """It creates: reduce-only requests of an emergency stop, nothing else (`reduce_all` checks)."""

    async def positions(self) -> tuple[HeldPosition, ...]:
        await self.open()
        await self.fresh.look()
        return await super().positions()

    async def reduce_all(self, requests: Sequence[Request]) -> list[Report]:
        """One answer each; as few messages as the venue has a way for. Sent once, whatever happens: a Retry-After is
        waited out before, never after. What a close did the next read of positions says. Raises ValueError for a
        request that may do more than reduce."""
        if any(not request.flags & REDUCE_ONLY for request in requests):
            raise ValueError("Expected reduce-only requests of a stop")
        if await self.fresh.settled():
            return [self._report(request, REJECTED, 0, FILTER_STEP) for request in requests]
        await self.pace(tuple((request.instrument, request.side, request.qty) for request in requests))
        try:
            await self.open()
            if self.window.banned:
                await self.exchange.fetch_time()  # what goes first after a ban is a question
        except FAULTS as error:
            self.tell("close", f"{len(requests)} closes: not sent", 1, [error])
            code = RATE_LIMIT if isinstance(error, LIMITS) else VENUE_CLOSED
            return [self._report(request, REJECTED, 0, code) for request in requests]
        found = await asyncio.gather(*(self._row(request) for request in requests))
        reports = [one for one in found if isinstance(one, Report)]
        rows = [one for one in found if not isinstance(one, Report)]
        size = BATCH.get(self.traits.name, 1)
        parts = [rows[at : at + size] for at in range(0, len(rows), size)]
        for answered in await asyncio.gather(*(self._send(part) for part in parts)):
            reports += answered
        return reports

    async def _row(self, request: Request) -> Row | Report:
        """A close as ccxt wants it; a report where its price cannot be had."""
        entry = self.roster.entries[request.instrument]
        kind = "market" if request.type == MARKET else "limit"
        try:
            price = await self._middle(entry) if request.type == MARKET else entry.price_of(request.px)
        except FAULTS as error:
            self.tell("close", f"{entry.shown}: not sent", 1, [error])
            return self._report(request, REJECTED, 0, VENUE_CLOSED)
        side = "buy" if request.side == BUY else "sell"
        return Row(request, entry, kind, side, entry.size_of(request.qty), price)

    async def _send(self, rows: Sequence[Row]) -> list[Report]:
        """One message. `ONCE`: whatever becomes of it, it is not sent again."""
        ONCE.set(True)
        what = ", ".join(f"{row.side} {row.size:g} {row.entry.shown} {row.kind}" for row in rows)
        try:
            await self.window.opened()
            if len(rows) == 1:
                (row,) = rows
                answers = [
                    await self.exchange.create_order(
                        row.entry.unified, row.kind, row.side, row.size, row.price, self._params(row.request)
                    )
                ]
            else:
                answers = await self.exchange.create_orders(
                    [
                        {"symbol": row.entry.unified, "type": row.kind, "side": row.side, "amount": row.size,
                         "price": row.price, "params": self._params(row.request)}
                        for row in rows
                    ]
                )  # fmt: skip
        except FAULTS as error:
            self.tell("close", what, 1, [error])
            return [self._refusal(row.request, error) for row in rows]
        self.tell("close", what, 1, [])
        return [self._answered(row, answer) for row, answer in self._matched(rows, answers)]

    def _matched(self, rows: Sequence[Row], answers: Sequence[Any]) -> list[tuple[Row, Any]]:
        """Each close and its answer: by its client id where the venue repeats it, the others in their order. An empty
        answer where there is none."""
        if len(rows) == len(answers) == 1:
            return [(rows[0], answers[0])]
        named = {str(answer.get("clientOrderId")): answer for answer in answers if answer.get("clientOrderId")}
        rest = iter([answer for answer in answers if not answer.get("clientOrderId")])
        return [(row, named.get(self._client(row.request.cl_id)) or next(rest, {})) for row in rows]

    def _answered(self, row: Row, answer: Any) -> Report:
        """An order, the venue's no, or an answer that says neither: then it may live."""
        if answer.get("id"):
            self.closes[str(answer["id"])] = row.entry, self._middles.get(row.entry.number, (None, 0))[0]
            return self._report(row.request, ACCEPTED, id_number(answer["id"]))
        no = refused(answer.get("info"))
        if no is None:
            return self._report(row.request, LOST, 0)
        self.tell("close", f"{row.side} {row.size:g} {row.entry.shown} {row.kind}", 1, [no])
        return self._refusal(row.request, no)

    def _params(self, request: Request) -> dict[str, Any]:
        params = self.traits.order_params(request, self._client(request.cl_id))
        if request.type == MARKET:
            params.pop("timeInForce", None)  # a market order has none on some venues
        return {**params, **self.traits.lifetime(self.clock.now() + self.offset_ns)}

    def _refusal(self, request: Request, error: BaseException) -> Report:
        import ccxt

        verdict = judge(error)
        self.fresh.refused(verdict.code)
        if isinstance(error, LIMITS):
            self._asked = None  # its window paces it
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
        """What the closes brought by the venue's own list: instrument, unified trade, middle before. For evidence, so
        no refusal is waited out."""
        ONCE.set(True)
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
        if mark and self.clock.now() - ts < (FRESH_LIMITED_NS if self.careful else FRESH_NS):
            return mark
        bids, asks = await self.book(entry)
        return (bids[0][0] + asks[0][0]) / 2 if bids and asks else None


def refused(info: Any) -> BaseException | None:
    """The venue's no to one order of a batch, as the exception that it would have been alone; None where it is none."""
    import ccxt

    if not isinstance(info, dict):
        return None
    if info.get("code") is not None and info.get("msg") is not None:
        return ccxt.ExchangeError(json.dumps({"code": info["code"], "msg": info["msg"]}))
    return ccxt.InvalidOrder(str(info["error"])) if info.get("error") else None


def _levels(rows: Any) -> list[Level]:
    return [(float(row[0]), float(row[1])) for row in rows]
