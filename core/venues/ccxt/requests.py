"""Creates, amends and cancels through ccxt, and what came of them as reports. A create is sent once, whatever happens.

Every path ends in exactly one answer for the request: a report of the venue's word, or LOST. Cancels may be tried
again. Never raises for a venue or a network; what is wrong with the venue itself goes to `on_venue`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core import rng, tasks
from core.codec.reasons import BAD_FRAME, Hostile
from core.domain.order import (
    ACCEPTED,
    AMEND,
    AMEND_REJECTED,
    AMENDED,
    CANCEL,
    CANCEL_REJECTED,
    CANCELED,
    CREATE,
    EXPIRED,
    FOK,
    LOST,
    MARKET,
    REDUCE_ONLY,
    REJECTED,
    STOP,
    Report,
    Request,
)
from core.domain.ports import Clock
from core.domain.reasons import BAD_REQUEST, DUPLICATE_ID, NO_FILL, OK
from core.venues.budget import CANCEL_LANE, EMERGENCY, ORDER
from core.venues.ccxt.ids import KEPT, Ids
from core.venues.ccxt.instances import Instances
from core.venues.ccxt.markets import Listing
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.verdicts import FINE, GONE, NOT_SENT, REFUSED, UNKNOWN, Verdict, judge
from core.venues.ccxt.wiring import LANE, REDUCE_LANE

CANCEL_TRIES = 4
SIDES = ("buy", "sell")
ENDED = {"canceled": CANCELED, "cancelled": CANCELED, "expired": EXPIRED}
NO = {CREATE: REJECTED, CANCEL: CANCEL_REJECTED, AMEND: AMEND_REJECTED}


class OrderDoor:
    """`report(report)` hears every answer; `on_venue(verdict)` what an error says of the venue itself."""

    def __init__(
        self,
        traits: Traits,
        instances: Instances,
        listings: dict[int, Listing],
        ids: Ids,
        clock: Clock,
        report: Callable[[Report], None],
        on_venue: Callable[[Verdict], None],
        offset_ns: Callable[[], int],
        seed: int = 0,
    ) -> None:
        self.traits, self.instances, self.listings, self.ids, self.clock = traits, instances, listings, ids, clock
        self.report, self.on_venue, self.offset_ns = report, on_venue, offset_ns
        self._sent: dict[int, None] = {}  # client ids of creates: none goes out twice (R-O1)
        self._dice = rng.stream(seed, f"retries/{traits.name}")

    async def send(self, request: Request) -> None:
        """Carry out one request to its answer."""
        if request.kind == CREATE:
            await self._create(request)
        elif request.kind == AMEND:
            await self._amend(request)
        else:
            await self._cancel(request)

    def _unsendable(self, request: Request) -> int:
        """Why a create is refused before the wire, 0 = it may go: it says nothing, or its id went out before."""
        if request.qty <= 0 or (request.type != MARKET and request.px <= 0):
            return BAD_REQUEST
        if request.tif == FOK and not self.traits.has_fok:
            return BAD_REQUEST
        return DUPLICATE_ID if request.cl_id in self._sent else OK

    async def _create(self, request: Request) -> None:
        refusal = self._unsendable(request)
        if refusal:
            self._report(request, REJECTED, code=refusal)
            return
        if len(self._sent) >= KEPT:
            self._sent.pop(next(iter(self._sent)))
        self._sent[request.cl_id] = None
        listing = self.listings[request.instrument]
        emergency = bool(request.flags & STOP)
        LANE.set(EMERGENCY if emergency else REDUCE_LANE if request.flags & REDUCE_ONLY else ORDER)
        exchange = self.instances.emergency if emergency else self.instances.trade
        params = self.traits.order_params(request, self.ids.new_text(request.cl_id))
        params.update(self.traits.lifetime(self.clock.now() + self.offset_ns()))
        price = listing.price_of(request.px) if request.px > 0 else None
        kind = "market" if request.type == MARKET else "limit"
        try:
            answer = await exchange.create_order(
                listing.symbol, kind, SIDES[request.side], listing.size_of(request.qty), price, params
            )
        except BaseException as error:
            self._failed(request, error)
            if not isinstance(error, Exception):
                raise
            return
        self._created(request, answer)

    def _created(self, request: Request, answer: Any) -> None:
        known = isinstance(answer, dict) and _text(answer.get("id"))
        venue_id = self.ids.learn(self.ids.text(request.cl_id), known)[1] if known else 0
        if venue_id == 0:
            self._report(request, LOST)  # an answer without an order is no answer
            return
        status = str(answer.get("status") or "")
        if status == "rejected":
            self._report(request, REJECTED, code=BAD_REQUEST, venue_id=venue_id)
            return
        self._report(request, ACCEPTED, venue_id=venue_id)
        if status in ENDED:
            said = answer.get("remaining") is not None  # 0 = not said
            self._report(request, ENDED[status], NO_FILL, venue_id, self._left(request, answer) if said else 0)

    async def _amend(self, request: Request) -> None:
        listing = self.listings[request.instrument]
        venue = self.ids.venue_id(request.cl_id)
        if not self.traits.can_amend or venue is None:
            self._report(request, AMEND_REJECTED, code=BAD_REQUEST)
            return
        LANE.set(ORDER)
        asked = self.clock.now()
        params = {"clientOrderId": self.ids.text(request.cl_id), **self.traits.lifetime(self._venue_now())}
        try:
            answer = _order(
                await self.instances.trade.edit_order(
                    venue, listing.symbol, "limit", SIDES[request.side], listing.size_of(request.qty),
                    listing.price_of(request.px), params,
                )
            )  # fmt: skip
        except BaseException as error:
            self._failed(request, error)
            if not isinstance(error, Exception):
                raise
            return
        ended = ENDED.get(str(answer.get("status") or ""))  # a venue may end what it cannot amend
        if ended:
            self._report(request, ended, NO_FILL, left=self._left(request, answer))
        else:  # as old as the question, by our clock: a newer change may be on its way
            self._report(request, AMENDED, ts=asked)

    def _left(self, request: Request, answer: Any) -> int:
        """Lots that an ended order did not fill; all of it where the answer does not say."""
        left = answer.get("remaining")
        try:
            return self.listings[request.instrument].size.nearest(left) if left is not None else request.qty
        except Hostile:
            return request.qty

    def _total(self, request: Request, answer: Any) -> int:
        """Lots of a cancelled order, filled ones included; what it did not fill where the answer does not say."""
        total = answer.get("amount") if answer.get("remaining") is not None else None
        try:
            return self.listings[request.instrument].size.nearest(total) if total else self._left(request, answer)
        except Hostile:
            return self._left(request, answer)

    async def _cancel(self, request: Request) -> None:
        listing = self.listings[request.instrument]
        stop = bool(request.flags & STOP)
        LANE.set(EMERGENCY if stop else CANCEL_LANE)
        exchange = self.instances.emergency if stop else self.instances.trade
        venue: str | None = None
        params: dict[str, Any] = {}
        if request.cl_id > 0:
            venue = self.ids.venue_id(request.cl_id)
            params = {} if venue else {"clientOrderId": self.ids.text(request.cl_id)}
        else:
            venue = str(request.venue_id)
        if venue in self.ids.conditional:
            params = {"trigger": True}
        for attempt in range(CANCEL_TRIES):
            try:
                answer = _order(await exchange.cancel_order(venue, listing.symbol, params))
            except Exception as error:
                verdict = judge(error)
                again = verdict.state in (UNKNOWN, NOT_SENT) and attempt + 1 < CANCEL_TRIES
                if not again:
                    self._failed(request, error)
                    return
                await tasks.sleep(0.25 * 2**attempt * (0.5 + float(self._dice.random())))
                continue
            break
        self._report(request, CANCELED, left=self._left(request, answer), qty=self._total(request, answer))

    async def cancel_all(self, instrument: int) -> bool:
        """The venue's own cancel-all of one instrument, where it has one. True when the venue said yes."""
        if not self.traits.can_cancel_all:
            return False
        LANE.set(EMERGENCY)
        try:
            await self.instances.emergency.cancel_all_orders(self.listings[instrument].symbol)
        except Exception as error:
            self._tell(judge(error))
            return False
        return True

    # answers -----------------------------------------------------------------------------------------------------

    def _venue_now(self) -> int:
        return self.clock.now() + self.offset_ns()

    def _failed(self, request: Request, error: BaseException) -> None:
        if isinstance(error, Hostile | ValueError | TypeError) and request.kind == CREATE:
            verdict = Verdict(UNKNOWN, text=f"{type(error).__name__}: the answer could not be read")
        elif isinstance(error, Exception):
            verdict = judge(error)
        else:
            verdict = Verdict(UNKNOWN, text="cancelled while it was on its way")
        self._tell(verdict)
        if verdict.state in (REFUSED, NOT_SENT):
            self._report(request, NO[request.kind], code=verdict.code or BAD_REQUEST)
        elif verdict.state == GONE and request.kind != CREATE:
            self._report(request, NO[request.kind], code=verdict.code)
        else:
            self._report(request, LOST)

    def _tell(self, verdict: Verdict) -> None:
        if verdict.venue != FINE or verdict.state not in (REFUSED, GONE):  # a plain no is an answer of a healthy venue
            self.on_venue(verdict)

    def _report(
        self, request: Request, kind: int, code: int = 0, venue_id: int = 0, left: int | None = None, ts: int = 0,
        qty: int = 0,
    ) -> None:  # fmt: skip
        self.report(
            Report(
                request.instrument, kind, ts or self._venue_now(), request.cl_id, venue_id or request.venue_id,
                request.side, request.px, qty or request.qty, request.qty if left is None else left, code=code,
            )
        )  # fmt: skip


def _order(answer: Any) -> Any:
    """A unified order. Raises Hostile for what is none: such an answer says neither yes nor no."""
    if not isinstance(answer, dict):
        raise Hostile(BAD_FRAME)
    return answer


def _text(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None
