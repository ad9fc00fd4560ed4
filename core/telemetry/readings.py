"""Values of every metric family at one moment: the core's thread fills it, the scrape thread only reads the result.

Once a second; plain tuples, so no lock is needed. Unknown values are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from core.domain.order import FREE, SLOTS
from core.domain.reasons import name_of
from core.domain.snapshot import Snapshot
from core.domain.units import MONEY, NS_PER_S
from core.kpi.books import Desk, mark_of, mid2_of
from core.kpi.latency import ACK, LOOP, TICK
from core.kpi.markout import MAKER, ONE_SECOND
from core.kpi.measures import Measures
from core.kpi.pairs import PairMeasures
from core.telemetry.families import BY_NAME, PAIR_PARTS, REGIMES, RUN_STATES

BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0)
Samples = dict[str, list[tuple[tuple[str, ...], float]]]
SIDES = ("BUY", "SELL")
ADDED_UP = {"mm_position", "mm_unrealized_pnl", "mm_realized_pnl", "mm_active_orders", "mm_recent_fills_count"}
Put = Callable[..., None]


class Readings(msgspec.Struct, frozen=True):
    """`values`: family -> (label values, value). The one histogram: bounds s, cumulative counts, count, sum s."""

    ts: int = 0
    values: Samples = {}
    buckets: tuple[tuple[float, int], ...] = ()
    count: int = 0
    total_s: float = 0.0


def read(desk: Desk, measures: Measures, picture: Snapshot, waiting_rows: int = 0) -> Readings:
    """`picture` is the newest snapshot: run state, round, PnL and alerts are taken from it."""
    out: Samples = {}

    def put(name: str, value: float | None, *labels: str) -> None:
        if value is None or math.isnan(value):
            return
        rows = out.setdefault(name, [])
        for at, (known, before) in enumerate(rows):
            if known == labels:  # a second strategy on the same symbol
                if BY_NAME[name].kind == "counter" or name in ADDED_UP:
                    rows[at] = (labels, before + float(value))
                return
        rows.append((labels, float(value)))

    for i in range(desk.count):
        _ledger(desk, measures, i, put)
    for pair in measures.pairs:
        _pair(pair, put)
    for wire in desk.wires():
        put("mm_rest_requests_total", wire.requests, wire.venue)
        put("mm_rest_errors_total", wire.errors, wire.venue)
        put("perp_weight_ratio", wire.weight_used / wire.weight_limit if wire.weight_limit else None, wire.venue)
    rejects: dict[str, int] = {}
    for quality in measures.scopes.total:
        for code, n in quality.rejects.items():
            rejects[name_of(code)] = rejects.get(name_of(code), 0) + n
    for reason, n in sorted(rejects.items()):
        put("mm_rejects_total", n, reason)
    for state in RUN_STATES:
        put("perp_run_state", float(picture.state.run == state), state)
    put("perp_net_pnl", picture.pnl.net)
    put("perp_equity", picture.pnl.equity)
    put("perp_drawdown_ratio", picture.pnl.drawdown)
    put("perp_round_number", picture.round.number)
    put("perp_store_rows_waiting", waiting_rows)
    for level in ("info", "warn", "crit"):
        put("perp_alerts_open", sum(a.level == level and not a.acked for a in picture.alerts), level)
    for name, leg in (("perp_tick_to_order_p99_seconds", TICK), ("perp_loop_lag_p99_seconds", LOOP)):
        p99 = measures.latency.round[leg].quantile(0.99)
        put(name, None if p99 is None else p99 / NS_PER_S)
    ack = measures.latency.since_start(ACK)
    counts = ack.up_to([round(s * NS_PER_S) for s in BUCKETS_S])
    return Readings(
        ts=measures.now,
        values=out,
        buckets=tuple(zip(BUCKETS_S, counts, strict=True)),
        count=ack.n,
        total_s=ack.total / NS_PER_S,
    )


def _pair(pair: PairMeasures, put: Put) -> None:
    name, status, money = pair.legs.name, pair.legs.status, pair.money()
    put("perp_pair_state", None if status is None else status.s.state, name)
    put("perp_pair_spread", pair.spread(), name)
    put("perp_pair_residual_ratio", pair.capture.residual(), name)
    put("perp_pair_stuck", float(bool(pair.legs.stuck())), name)
    for part in PAIR_PARTS:
        put("perp_pair_pnl", getattr(money, part) / MONEY, name, part)
    _pair_times(pair, name, put)


def _pair_times(pair: PairMeasures, name: str, put: Put) -> None:
    clock, now = pair.clock, pair.now
    total, round = clock.since_start(now), clock.in_round(now)
    if clock.eyes is not None:
        put("perp_pair_naked_seconds", clock.naked_ns(now) / NS_PER_S, name)
        put("perp_pair_naked_limit_seconds", clock.limit_ns() / NS_PER_S, name)
        put("perp_pair_naked_over_total", total.naked_over, name)
        p99 = round.naked_p99_ns
        put("perp_pair_naked_p99_seconds", None if p99 is None else p99 / NS_PER_S, name)
    for state, ns in enumerate(total.in_state) if pair.legs.status is not None else ():
        put("perp_pair_state_seconds_total", ns / NS_PER_S, name, f"S{state}")
    for move, n in sorted(total.moves.items()):
        where, _, reason = move.partition(": ")
        put("perp_pair_moves_total", n, name, where, reason)
    put("perp_pair_hedge_ratio", round.hedge_mean, name)
    put("perp_pair_out_of_band_ratio", round.band_out / round.band_looks if round.band_looks else None, name)


def _symbol(desk: Desk, i: int) -> str:
    """Label of one instrument: its symbol, with the venue where another one has the same symbol."""
    mine = desk.instrument(i)
    others = (desk.instrument(k).venue for k in range(desk.count) if desk.instrument(k).symbol == mine.symbol)
    return f"{mine.symbol}@{mine.venue}" if set(others) != {mine.venue} else mine.symbol


def _ledger(desk: Desk, measures: Measures, i: int, put: Put) -> None:
    instrument, ledger, quality = desk.instrument(i), desk.ledger(i).s, measures.scopes.total[i]
    symbol, tick = _symbol(desk, i), instrument.tick
    view, mid2, money = desk.view(i).s, mid2_of(desk, i), measures.money(i)
    if mid2:
        put("mm_mid_price", round(mid2 * tick / 2, instrument.price_digits + 1), symbol)
        put("mm_bid_price", round(view.px[0][0] * tick, instrument.price_digits), symbol)
        put("mm_ask_price", round(view.px[1][0] * tick, instrument.price_digits), symbol)
    put("mm_position", ledger.pos * instrument.lot, symbol)
    put("mm_entry_price", ledger.cost / (ledger.pos * instrument.unit) * tick if ledger.pos else None, symbol)
    put("mm_unrealized_pnl", money.unrealised / MONEY if mark_of(desk, i) or not ledger.pos else None, symbol)
    put("mm_realized_pnl", money.realised / MONEY, symbol)
    active = [0, 0]
    for slot in range(SLOTS):
        if ledger.state[slot] != FREE:
            active[ledger.side[slot]] += 1
    for side, name in enumerate(SIDES):
        count = quality.sides[side]
        put("mm_active_orders", active[side], symbol, name)
        put("mm_total_fills", count.fills, symbol, name)
        put("mm_fills_total", count.fills, symbol, name)
        put("mm_orders_placed_count", count.placed, symbol, name)
    put("mm_orders_canceled_count", quality.both.canceled, symbol)
    hour, activity = measures.hour(i).both, desk.activity(i)
    put("mm_fill_rate_current", hour.rate, symbol)
    put("mm_recent_fills_count", hour.fills, symbol)
    if i not in measures.paired:  # they quote only while they work: no silence to be alarmed at
        put("mm_quotes_generated_total", activity.quotes, symbol)
    put("mm_adverse_selection_rate", measures.markouts[i].table[MAKER][ONE_SECOND].rate, symbol)
    quoter = desk.quoter(i)
    if quoter is not None:
        put("mm_reservation_price", quoter.reservation, symbol)
        put("mm_inventory_skew_bps", quoter.skew_bps, symbol)
        put("mm_adaptive_netmax", quoter.net_cap, symbol)
        put("mm_spread_gauge", quoter.spread_bps, symbol)
        put("mm_quote_interval_gauge", quoter.quote_interval_s, symbol)
        put("mm_vpin_current", quoter.vpin, symbol)
        put("mm_volatility_regime", REGIMES.index(quoter.regime) if quoter.regime in REGIMES else None, symbol)
        put("mm_cancel_suppression_active", float(quoter.suppressing), symbol)
    liquidation, mark = desk.liquidation(i), mark_of(desk, i)
    if liquidation > 0 and mark > 0:
        put("perp_liquidation_buffer_ratio", abs(mark - liquidation) / mark, symbol)
    stream = measures.streams[desk.place(i)]
    put("perp_stream_up", float(stream.uptime.up), symbol)
    put("perp_stream_uptime_ratio", stream.uptime.share(measures.now), symbol)
    put("perp_stream_messages_total", stream.messages, symbol)
    put("perp_sequence_gaps_total", stream.gaps, symbol)
    put("perp_messages_lost_total", stream.lost, symbol)
    put("perp_reconnects_total", stream.total_reconnects, symbol)
