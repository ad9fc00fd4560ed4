"""Table rows of the console's picture from blocks: positions, orders, feeds, funding. Pure reads."""

from __future__ import annotations

import math

from core.domain.order import (
    FREE,
    KEY_FLATTEN,
    KEY_HEDGE,
    KEY_REDUCE,
    KEY_TAKE_PROFIT,
    SLOTS,
    STATE_NAMES,
)
from core.domain.snapshot import Feed, FundingRow, OrderRow, PositionRow
from core.domain.units import FAR, MONEY, NS_PER_S, RATE
from core.kpi.books import Desk, mark_of
from core.kpi.measures import Measures
from core.kpi.quality import LAYERS

PURPOSES = ((KEY_HEDGE, "hedge"), (KEY_FLATTEN, "flatten"), (KEY_REDUCE, "reduce"), (KEY_TAKE_PROFIT, "take profit"))


def key_name(key: int) -> str:
    """What an order is for, in words."""
    if 0 <= key < KEY_TAKE_PROFIT:
        return f"layer {key % LAYERS + 1}"
    return next((name for first, name in PURPOSES if key >= first), "?")


def position_row(desk: Desk, i: int) -> PositionRow | None:
    """None while flat."""
    ledger, instrument, view = desk.ledger(i).s, desk.instrument(i), desk.view(i).s
    if ledger.pos == 0:
        return None
    mark, tick = mark_of(desk, i), instrument.tick
    liquidation = desk.liquidation(i)
    buffer = None
    if mark and liquidation >= 0:
        away = mark - liquidation if ledger.pos > 0 else liquidation - mark  # < 0: past it
        buffer = away / mark if liquidation else math.inf
    return PositionRow(
        venue=instrument.venue,
        symbol=instrument.symbol,
        size=ledger.pos * instrument.lot,
        size_digits=instrument.size_digits,
        entry=ledger.cost / (ledger.pos * instrument.unit) * tick,
        mark=mark * tick if mark else None,
        price_digits=instrument.price_digits,
        unrealised=(ledger.pos * mark * instrument.unit - ledger.cost) / MONEY if mark else None,
        buffer=buffer,
        liquidation=liquidation * tick if liquidation > 0 else None,
        margin="isolated" if instrument.isolated else "cross",
        ts=view.ts_recv,
        owner=desk.name(i),
    )


def order_rows(desk: Desk, i: int, now: int) -> list[OrderRow]:
    """Every order that may still fill; by side, then nearest to the market first."""
    ledger, instrument = desk.ledger(i).s, desk.instrument(i)
    rows: list[tuple[int, int, OrderRow]] = []
    for slot in range(SLOTS):
        state = ledger.state[slot]
        if state == FREE:
            continue
        side, px = ledger.side[slot], ledger.px[slot]
        row = OrderRow(
            id=f"{ledger.cl_id[slot]:x}",
            venue=instrument.venue,
            symbol=instrument.symbol,
            side="SELL" if side else "BUY",
            price=px * instrument.tick,
            price_digits=instrument.price_digits,
            size=ledger.qty[slot] * instrument.lot,
            size_digits=instrument.size_digits,
            left=ledger.left[slot] * instrument.lot,
            state=STATE_NAMES[state],
            age_s=max(0, now - ledger.ts_sent[slot]) / NS_PER_S,
            queue=None,
            key=key_name(ledger.key[slot]),
            cl_id=ledger.cl_id[slot],
        )
        rows.append((side, px if side else -px, row))
    return [row for _, _, row in sorted(rows, key=lambda item: item[:2])]


def feed_row(desk: Desk, measures: Measures, i: int, now: int, per_s: float, dropped: int, conflated: int) -> Feed:
    """The market stream of ledger i's instrument; `per_s` messages in the last second."""
    instrument, view = desk.instrument(i), desk.view(i).s
    stream = measures.streams[desk.place(i)]
    return Feed(
        venue=instrument.venue,
        symbol=instrument.symbol,
        stream="book+trades",
        up=stream.uptime.up,
        age_ns=max(0, now - view.ts_recv) if view.ts_recv else None,
        stale_ns=instrument.book_stale_ns,
        per_s=per_s,
        gaps=view.n_gaps,
        lost=view.n_lost,
        dropped=dropped,
        conflated=conflated,
        reconnects=stream.total_reconnects,
    )


def funding_row(desk: Desk, i: int, now: int, paid_round: int) -> FundingRow:
    """The stream's rate and time where there is one, else the config's, marked assumed."""
    instrument, view = desk.instrument(i), desk.view(i).s
    streamed = view.next_funding > 0 and view.funding_rate < FAR
    interval = instrument.funding_interval_ns
    due = view.next_funding if streamed else None
    if due is None and interval > 0:
        due = (now - instrument.funding_offset_ns) // interval * interval + interval + instrument.funding_offset_ns
    return FundingRow(
        venue=instrument.venue,
        symbol=instrument.symbol,
        rate=(view.funding_rate if streamed else instrument.funding_rate) / RATE,
        next_ts=due,
        assumed=not streamed,
        paid_round=paid_round / MONEY,
        interval_ns=interval,
    )
