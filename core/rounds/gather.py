"""Turns the measures of a round into the rows that its facts hold. Called at round ends, never on a step."""

from __future__ import annotations

from core.domain.units import NS_PER_S
from core.kpi.books import Desk, Wire
from core.kpi.latency import ACK, LEGS, row_of
from core.kpi.markout import HORIZONS_NS, MAKER, TAKER
from core.kpi.measures import Measures
from core.kpi.quality import SLIPPAGE_KINDS
from core.rounds.facts import Layer, LedgerFacts, MarkoutRow, Rest, Side, Slippage, Standing, StreamFacts

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


def ledger_facts(desk: Desk, measures: Measures, i: int, start: Standing, end: Standing) -> LedgerFacts:
    """Counts of one ledger in the running round; money and extremes are the recorder's."""
    quality, instrument = measures.scopes.round[i], desk.instrument(i)
    quoter = desk.quoter(i)
    sides = tuple(Side(**{name: getattr(count, name) for name in Side.__struct_fields__}) for count in quality.sides)
    return LedgerFacts(
        name=desk.name(i),
        venue=instrument.venue,
        symbol=instrument.symbol,
        base=instrument.base,
        quote=instrument.quote,
        lot=instrument.lot,
        price_digits=instrument.price_digits,
        size_digits=instrument.size_digits,
        start=start,
        end=end,
        money=measures.money(i),
        attribution=measures.attribution(i),
        sides=(sides[0], sides[1]),
        layers=[
            Layer(layer=layer, placed=c.placed, submitted=c.submitted, filled=c.filled, fills=c.fills)
            for layer, c in sorted(quality.layers.items())
        ],
        slippage=[
            Slippage(kind=kind, side=side, n=slip.n, mean_bps=slip.mean, worst_bps=slip.worst)
            for kind, slips in zip(SLIPPAGE_KINDS, quality.slips, strict=True)
            for side, slip in zip(("BUY", "SELL"), slips, strict=True)
        ],
        markouts=_markouts(measures, i),
        time_to_fill=row_of("time to fill", quality.time_to_fill),
        engine_refused=quality.engine_refused,
        wire_refused=quality.wire_refused,
        venue_rejected=quality.venue_rejected,
        lost=quality.lost,
        net_max=quoter.net_max if quoter is not None else None,
    )


def _markouts(measures: Measures, i: int) -> list[MarkoutRow]:
    table, rows = measures.markouts[i].table, []
    waiting = measures.markouts[i].pending()
    for at, horizon in enumerate(HORIZONS_NS):
        maker, taker = table[MAKER][at], table[TAKER][at]
        rows.append(
            MarkoutRow(
                seconds=horizon / NS_PER_S,
                maker_bps=maker.mean,
                maker_n=maker.n,
                taker_bps=taker.mean,
                taker_n=taker.n,
                unresolved=maker.unresolved + taker.unresolved + waiting[at],
                adverse=maker.rate,
            )
        )
    return rows


def stream_facts(desk: Desk, measures: Measures, now: int) -> list[StreamFacts]:
    """One row an instrument's feed."""
    rows = []
    for place, stream in measures.streams.items():
        i = next(k for k in range(desk.count) if desk.place(k) == place)
        instrument = desk.instrument(i)
        gaps, lost, messages, _ = stream.of_round()
        rows.append(
            StreamFacts(
                name=f"{instrument.venue} {instrument.symbol}",
                uptime=stream.uptime.share(now),
                gaps=gaps,
                lost=lost,
                reconnects=stream.uptime.reconnects,
                drop_rate=stream.drop_rate,
                messages=messages,
            )
        )
    return rows


def rest_facts(
    desk: Desk, measures: Measures, before: dict[str, Wire], weight: float | None, orders: float | None
) -> Rest:
    """Requests of the round: counts since its start, latency of each leg, the order->ack histogram."""
    wires = desk.wires()
    zero = Wire()
    ack = measures.latency.round[ACK]
    counts = ack.up_to([round(s * NS_PER_S) for s in BUCKETS_S])
    return Rest(
        requests=sum(w.requests - before.get(w.venue, zero).requests for w in wires),
        errors=sum(w.errors - before.get(w.venue, zero).errors for w in wires),
        latency=[row_of(name, h) for name, h in zip(LEGS, measures.latency.round, strict=True)],
        buckets=list(zip(BUCKETS_S, counts, strict=True)),
        acknowledged=ack.n,
        weight_peak=weight,
        orders_peak=orders,
        conflated=sum(w.conflated - before.get(w.venue, zero).conflated for w in wires),
        refused_messages=sum(w.dropped - before.get(w.venue, zero).dropped for w in wires),
    )
