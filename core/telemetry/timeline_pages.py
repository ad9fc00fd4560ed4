"""Pages of single orders and lists of them, made of what `OrderIndex` keeps. Pure reads, from any thread."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import msgspec

from core.domain import order_pages as op
from core.domain.events import W_BBO, W_ERROR, W_FUNDING, W_INPUT, W_MID, W_OWN, W_TIMER, W_TRADE
from core.domain.instrument import Instrument
from core.domain.order import (
    ACCEPTED,
    AMEND,
    AMEND_REJECTED,
    AMENDED,
    CANCEL,
    CANCEL_REJECTED,
    FOK,
    IOC,
    LOST,
    MARKET,
    POST_ONLY,
    REDUCE_ONLY,
    STOP,
    Refusal,
    Report,
    Request,
)
from core.domain.reasons import OK, name_of
from core.domain.units import MONEY, NS_PER_S
from core.kpi.markout import HORIZONS_NS
from core.kpi.orders import Fill, Order
from core.telemetry.order_index import HEAD, OrderIndex, Record, Refused
from core.telemetry.refused_words import figures
from core.telemetry.rows import key_name
from core.telemetry.timelines import Timelines, away_bps

WOKEN = (
    (W_TIMER, "timer"), (W_OWN, "own order"), (W_BBO, "best price"), (W_MID, "mid moved"), (W_TRADE, "trade"),
    (W_FUNDING, "funding"), (W_ERROR, "error"), (W_INPUT, "input"),
)  # fmt: skip
TIFS = {POST_ONLY: " post-only", IOC: " IOC", FOK: " FOK"}
ENDED = {  # the event that ends an order, and the state it ends in
    op.FILLED: "filled", op.CANCELED: "canceled", op.EXPIRED: "expired", op.REJECTED: "rejected",
    op.NOT_SENT: "refused", op.ABSENT: "absent",
}  # fmt: skip
ENDS = {"refused": op.NOT_SENT}  # the measures' words for an end where a timeline has another
STATES = {
    op.ACKNOWLEDGED: "live", op.FOUND: "live", op.AMENDED: "live", op.AMEND_ASKED: "amending",
    op.CANCEL_ASKED: "canceling", op.NO_ANSWER: "unknown", op.CANCEL_REFUSED: "live", op.AMEND_REFUSED: "live",
}  # fmt: skip
HORIZONS_S = tuple(ns / NS_PER_S for ns in HORIZONS_NS)


def woken(why: int | None) -> tuple[str, ...]:
    """The bits of a moment in words."""
    if why is None:
        return ()
    return tuple(name for bit, name in WOKEN if why & bit)


def type_of(request: Request) -> str:
    """limit post-only, market reduce-only ..."""
    text = "market" if request.type == MARKET else "limit" + TIFS.get(request.tif, "")
    return text + (" reduce-only" if request.flags & REDUCE_ONLY else "")


def order_page(index: OrderIndex, cl_id: int, number: int, now: int) -> op.OrderPage:
    """The order of a client id, or what is kept under a number."""
    with index.guard:
        index.refresh()
        record = index.find(cl_id) if cl_id else None
        if record is None and number:
            record = next((one for one in index.kept.values() if one.number == number), None)
        if record is not None:
            return _page_of(index.timelines, record, now)
        refused = next((one for one in index.refusals.values() if one.number == number), None)
    if refused is None:
        return op.OrderPage(now, None)
    x, request = index.timelines.books.instrument(refused.i), refused.refusal.request
    note = figures(x, refused.refusal)
    events = (
        _decided(x, refused.ts, refused.why, request, refused.mid2),
        op.OrderEvent(refused.ts, op.GATE, code=name_of(refused.refusal.code), note=note),
    )
    return op.OrderPage(now, refused_item(index.timelines, refused), events, HORIZONS_S, ended=True)


def order_list(index: OrderIndex, kind: str, by: str, most: int, now: int) -> op.OrderListPage:
    """The worst by acknowledgement or slippage, the newest, or what the risk gate refused; foremost first."""
    most = max(1, min(most, op.MOST))
    with index.guard:
        index.refresh()
        if kind == op.REFUSED:
            refusals = sorted(index.refusals.values(), key=lambda one: (-one.ts, -one.number))
            rows = tuple(refused_item(index.timelines, one) for one in refusals[:most])
            return op.OrderListPage(now, kind, by, rows, len(refusals))
        records = list(index.kept.values())
        if kind != op.WORST:
            chosen = heapq.nlargest(most, records, key=lambda one: one.number)
        else:
            rank = slippage_of if by == op.BY_SLIPPAGE else ack_of
            known = [(worst, -one.number, one) for one in records if (worst := rank(one)) is not None]
            chosen = [one for _, _, one in heapq.nlargest(most, known, key=lambda ranked: ranked[:2])]
        items = tuple(item_of(index.timelines, one, lines_of(one)) for one in chosen)
        return op.OrderListPage(now, kind, by, items, len(records))


def ack_of(record: Record) -> int | None:
    """From the decision to the venue's word, ns."""
    for event in record.events[:HEAD]:
        if isinstance(event.seen, Report) and event.seen.kind == ACCEPTED:
            return event.ts - record.order.sent
    return None


def slippage_of(record: Record) -> float | None:
    """Of all fills against the mid at the decision, by lots, bps."""
    seen = [event.seen for event in record.events]
    fills = [one for one in seen if isinstance(one, Fill) and one.slippage_bps is not None]
    lots = sum(fill.qty for fill in fills)
    return sum((fill.slippage_bps or 0.0) * fill.qty for fill in fills) / lots if lots else None


class Said(msgspec.Struct, frozen=True, gc=False):
    """One event in words: ticks, lots, 1e-8 quote."""

    ts: int
    what: str
    px: int = 0
    qty: int = 0
    code: int = 0
    bps: float | None = None
    fill: Fill | None = None


REPORTS = {
    ACCEPTED: op.ACKNOWLEDGED, AMENDED: op.AMENDED, AMEND_REJECTED: op.AMEND_REFUSED,
    CANCEL_REJECTED: op.CANCEL_REFUSED, LOST: op.NO_ANSWER,
}  # fmt: skip


def lines_of(record: Record) -> list[Said]:
    """What was seen, in words. The end of an order is the measures' word, so its last report is left out."""
    said: list[Said] = []
    asked_px = asked_qty = filled = 0
    acked = False
    for event in sorted(record.events, key=lambda one: one.ts):  # departures are told apart from the rest
        ts, seen = event.ts, event.seen
        if isinstance(seen, Fill):
            filled += seen.qty
            said.append(Said(ts, op.FILL, seen.px, seen.qty, 0, seen.slippage_bps, seen))
        elif isinstance(seen, Request):
            if seen.kind == CANCEL:
                said.append(Said(ts, op.CANCEL_ASKED))
            else:
                asked_px, asked_qty = seen.px, seen.qty
                said.append(Said(ts, op.AMEND_ASKED, seen.px, seen.qty))
        elif isinstance(seen, Order):
            if seen.state == "live":
                said.append(Said(ts, op.FOUND, seen.px, seen.qty))
            else:
                said.append(Said(ts, ENDS.get(seen.state, seen.state), code=seen.code))
        elif isinstance(seen, Report):
            if seen.kind == AMENDED:
                qty = filled + seen.left if seen.left > 0 else asked_qty
                said.append(Said(ts, op.AMENDED, seen.px or asked_px, qty))
            elif seen.kind in REPORTS and not (seen.kind == ACCEPTED and acked):
                acked = acked or seen.kind == ACCEPTED
                said.append(Said(ts, REPORTS[seen.kind], code=seen.code))
        elif isinstance(seen, Refusal):
            what = op.AMEND_REFUSED if seen.request.kind == AMEND else op.CANCEL_REFUSED
            said.append(Said(ts, what, seen.request.px, seen.request.qty, seen.code))
        elif event.code:
            said.append(Said(ts, op.AMEND_REFUSED, code=event.code))
        else:
            said.append(Said(ts, op.SENT))
    return said


def item_of(timelines: Timelines, record: Record, said: Sequence[Said]) -> op.OrderItem:
    """One order in short, of this copy of its events."""
    order, request = record.order, record.request
    ledger = next((one.fill.i for one in said if one.fill is not None), order.i)
    x = timelines.books.instrument(ledger)
    state, code, px, qty, filled, fees, slip, slipped = "sent", OK, request.px, request.qty, 0, 0, 0.0, 0
    ack: int | None = None
    for one in said:
        if one.fill is not None:
            filled, fees = filled + one.qty, fees + one.fill.fee
            if one.bps is not None:
                slip, slipped = slip + one.bps * one.qty, slipped + one.qty
        elif one.what in ENDED:
            state, code = ENDED[one.what], one.code
        elif state not in ENDED.values():
            state = STATES.get(one.what, state)
        if one.what == op.ACKNOWLEDGED:
            ack = one.ts - order.sent
        elif one.what in (op.AMENDED, op.FOUND):
            px, qty = one.px or px, one.qty or qty
    return op.OrderItem(
        number=record.number, cl_id=request.cl_id, strategy=timelines.books.name(ledger), venue=x.venue,
        symbol=x.symbol, side="SELL" if request.side else "BUY", what=purpose(request), type=type_of(request),
        price=px * x.tick if px > 0 else None, price_digits=x.price_digits, size=qty * x.lot,
        size_digits=x.size_digits, filled=filled * x.lot, state=state, code=name_of(code) if code else "",
        decided=order.sent, woken=woken(record.why), away_bps=away_bps(request.side, request.px, order.mid2),
        ack_ns=ack, slippage_bps=slip / slipped if slipped else None, fees=fees / MONEY if filled else None,
        newest=said[-1].ts if said else order.sent,
    )  # fmt: skip


def refused_item(timelines: Timelines, refused: Refused) -> op.OrderItem:
    """What the risk gate refused, the newest of those alike."""
    x, request = timelines.books.instrument(refused.i), refused.refusal.request
    return op.OrderItem(
        number=refused.number, cl_id=0, strategy=timelines.books.name(refused.i), venue=x.venue, symbol=x.symbol,
        side="SELL" if request.side else "BUY", what=purpose(request), type=type_of(request),
        price=request.px * x.tick if request.px > 0 else None, price_digits=x.price_digits,
        size=request.qty * x.lot, size_digits=x.size_digits, filled=0.0, state="refused",
        code=name_of(refused.refusal.code), decided=refused.ts, woken=woken(refused.why),
        away_bps=away_bps(request.side, request.px, refused.mid2), ack_ns=None, slippage_bps=None, fees=None,
        newest=refused.ts, times=refused.times,
    )  # fmt: skip


def purpose(request: Request) -> str:
    """What an order is for; a stop's own closes have no layer."""
    return "stop" if request.flags & STOP else key_name(request.key)


def _page_of(timelines: Timelines, record: Record, now: int) -> op.OrderPage:
    said = lines_of(record)
    order, request = record.order, record.request
    x = timelines.books.instrument(order.i)
    stop = bool(request.flags & STOP)
    lines = [
        _decided(x, order.sent, record.why, request, order.mid2),
        op.OrderEvent(order.sent, op.GATE, note="not asked: a stop's own" if stop else "passed"),
    ]
    told = {one.what for one in said}
    if not told & {op.SENT, op.NOT_SENT}:  # a simulated request leaves in the call that decides
        lines.append(op.OrderEvent(order.sent if timelines.departures is None else None, op.SENT))
    for one in said:
        lines.append(_event(x, one))
        if one.fill is not None:
            number = one.fill.number
            seen = tuple(record.marks.get((number, at)) for at in range(len(HORIZONS_NS)))
            lines.append(op.OrderEvent(one.ts, op.MARKOUT, marks=seen))
    ended = any(one.what in ENDED for one in said)
    return op.OrderPage(now, item_of(timelines, record, said), tuple(lines), HORIZONS_S, record.omitted, ended)


def _decided(x: Instrument, ts: int, why: int | None, request: Request, mid2: int) -> op.OrderEvent:
    return op.OrderEvent(
        ts, op.DECIDED, request.px * x.tick if request.px > 0 else None, request.qty * x.lot,
        away_bps(request.side, request.px, mid2), note=", ".join(woken(why)),
    )  # fmt: skip


def _event(x: Instrument, one: Said) -> op.OrderEvent:
    fill = one.fill
    return op.OrderEvent(
        one.ts, one.what, one.px * x.tick if one.px > 0 else None, one.qty * x.lot if one.qty else None, one.bps,
        fill.maker if fill is not None else None, fill.fee / MONEY if fill is not None else None,
        name_of(one.code) if one.code else "",
    )  # fmt: skip
