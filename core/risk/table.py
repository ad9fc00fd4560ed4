"""All limits of one strategy as rows for the console: now, bound, used share, what happens when hit, owner, reason."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from core.domain.book import View
from core.domain.instrument import Instrument
from core.domain.limit_rows import DAY_LOSS, EXIT_REFUSED, NOTICE, ORDER_REFUSED, ROUND_STOP, TO_MARKET
from core.domain.order import Ledger
from core.domain.reasons import (
    COOLDOWN,
    DAILY_MAX,
    LATENCY,
    LIQUIDATION_BUFFER,
    MAX_VALUE,
    MESSAGE_BUDGET,
    NET_CAP,
    PNL_BOUNDS,
    PRICE_COLLAR,
    REDUCE_ONLY_MODE,
    REPEATED,
    SHOCK,
    SINGLE_MAX,
    SLIPPAGE,
    STALE_DATA,
    STOP_LOSS,
    UNKNOWN_ORDER,
    name_of,
)
from core.domain.snapshot import BandRow, LimitRow
from core.domain.units import BUY, FAR, MONEY, NS_PER_MS, NS_PER_S, SELL
from core.risk.blocks import Limits, Risk, Vitals
from core.risk.gate import WINDOW_NS


def limits_view(
    limits: Limits,
    risk: Risk,
    ledger: Ledger,
    instrument: Instrument,
    cap_lots: float,
    now: int,
    owner: str = "",
    *,
    view: View | None = None,
    vitals: Vitals | None = None,
    tightened: Collection[str] = (),
) -> tuple[LimitRow, ...]:
    """Rows in the order of the ladder. `used` is a share of the bound (1 = reached); None = cannot be told.

    `view` and `vitals` give the age of the book and the latency; without them these two are unknown. `tightened`:
    fields of the limits that an operator has tightened.
    """
    x, r, o = limits.s, risk.s, ledger.s
    worst = max(o.pos + o.open_lots[BUY], -o.pos + o.open_lots[SELL])
    cap = min(float(x.net_max), cap_lots) if cap_lots > 0 else math.nan
    venue, symbol = instrument.venue, instrument.symbol

    def row(
        name: str, figure: float | None, bound: float, unit: str, code: int, does: str = ORDER_REFUSED, slope: int = 0,
        floor: bool = False, per_order: bool = False, fired: int | None = None, field: str = "",
    ) -> LimitRow:  # fmt: skip
        fired = r.fired[code] + r.n_refused[code] if fired is None else fired
        known = math.isfinite(bound)
        used = None
        if known and figure is not None:
            used = (bound / figure if figure > 0 else 1.0) if floor else figure / bound if bound else 1.0
            used = max(0.0, used)
        reason = "missing: refuses" if not known else name_of(code) if fired else ""
        return LimitRow(name, figure, bound if known else None, unit, used, fired, owner, reason, venue, symbol,
                        per_order, slope, floor, does, field in tightened)  # fmt: skip

    def money(name: str, figure: int, bound: int, code: int, does: str, slope: int, field: str = "") -> LimitRow:
        return row(name, figure / MONEY, bound / MONEY, instrument.quote, code, does, slope, field=field)

    base, quote = instrument.base, instrument.quote
    cool = f"cool down {x.cooldown_ns / NS_PER_S:g} s"
    age = (now - view.s.ts_recv) / NS_PER_S if view is not None and view.s.ts_recv > 0 else None
    rows = [
        row("net cap (adaptive)", instrument.size(worst), instrument.size(cap), base, NET_CAP),
        row("net cap", instrument.size(worst), instrument.size(x.net_max), base, NET_CAP, field="net_max"),
        row("single order", None, instrument.size(x.single_max), base, SINGLE_MAX, per_order=True, field="single_max"),
        row("order value", None, x.max_value / MONEY, quote, MAX_VALUE, per_order=True, field="max_value"),
        row("price collar", None, x.collar * 1e4, "bp", PRICE_COLLAR, per_order=True),
        row("reduce slippage", None, x.slip * 1e4, "bp", SLIPPAGE, EXIT_REFUSED, per_order=True),
        money("reduce-only from", -r.unrealised, x.reduce_only_loss, REDUCE_ONLY_MODE, "only exits pass", -1),
        money("round loss, cool down", r.round_pnl, x.pnl_min, PNL_BOUNDS, cool, 1),
        money("round win, flatten", r.round_pnl, x.pnl_max, PNL_BOUNDS, "close, then pause", 1),
        money(ROUND_STOP, r.round_pnl, x.stop_loss, STOP_LOSS, "HALT and flatten", 1, "stop_loss"),
        money(DAY_LOSS, -r.day_pnl, x.daily_max, DAILY_MAX, "no new risk until 00:00 UTC", -1, "daily_max"),
        row("market reduces from", -r.unrealised / MONEY, x.market_share * r.equity / MONEY, quote, SLIPPAGE,
            TO_MARKET, -1),
        row(f"shock {x.shock_ns / NS_PER_S:g} s", r.shock_move * 100, x.shock * 100, "%", SHOCK, cool),
        row("liquidation buffer", None if r.buffer == -1.0 else r.buffer * 100, x.buffer_redline * 100, "%",
            LIQUIDATION_BUFFER, f"reduce 25%; below {x.buffer_flatten * 100:g}% HALT, flatten", floor=True),
        row("oldest UNKNOWN", (now - o.oldest_unknown) / NS_PER_S if o.n_unknown else 0.0,
            x.unknown_halt_ns / NS_PER_S, "s", UNKNOWN_ORDER, "HALT"),
        row("book age", age, x.book_stale_ns / NS_PER_S, "s", STALE_DATA,
            f"quotes pulled; {x.silence_ns / NS_PER_S:g} s with a position: HALT"),
        row("latency p99", _latency_ms(x, vitals, now), x.latency_ns / NS_PER_MS, "ms", LATENCY, NOTICE),
        row("fills a minute", float(r.fills_minute), float(x.max_fills), "", REPEATED, "HALT"),
        row("messages 10 s", _messages(x, r, now), float(x.budget // 2), "", MESSAGE_BUDGET),
        row("cool-downs", float(_cooldowns(x, r, now)), float(x.cooldowns_to_halt), "", COOLDOWN,
            f"HALT, if within {x.cooldown_window_ns / 60 / NS_PER_S:g} min", fired=r.n_cooldowns),
    ]  # fmt: skip
    if x.account_max < FAR:
        total = max(worst, worst + abs(o.other_pos) + max(o.other_lots[BUY], o.other_lots[SELL]))
        rows.insert(2, row("account net cap", instrument.size(total), instrument.size(x.account_max), base, NET_CAP))
    return tuple(rows)


def _cooldowns(x: Any, r: Any, now: int) -> int:
    """Cool-downs that count towards the halt: within the window (S3-22)."""
    return sum(ts > 0 and now - ts <= x.cooldown_window_ns for ts in r.cooldown_ts)


def _messages(x: Any, r: Any, now: int) -> float:
    """Messages that the gate would count against its window now: its credit grows with time (`gate.open_gate`)."""
    half = x.budget // 2
    gone = min(WINDOW_NS, max(0, now - r.credit_ts)) if r.credit_ts else WINDOW_NS
    return half - min(half * WINDOW_NS, r.credit + gone * half) / WINDOW_NS


def _latency_ms(x: Any, vitals: Vitals | None, now: int) -> float | None:
    """The worse of tick to order and order to ack, as the watch takes it; None while no fresh figure came."""
    if vitals is None or vitals.s.ts <= 0 or now - vitals.s.ts > x.vitals_stale_ns:
        return None
    return float(max(vitals.s.tick_to_order_p99_ns, vitals.s.order_ack_p99_ns)) / NS_PER_MS


def bands_view(limits: Limits, risk: Risk, owner: str = "") -> tuple[BandRow, ...]:
    """The drawdown bands and which of them have fired."""
    x, r = limits.s, risk.s
    now = -r.unrealised / MONEY if r.mark > 0 else None
    return tuple(BandRow(x.band[n] / MONEY, x.fraction[n], r.band_done[n] != 0, owner, now) for n in range(x.n_bands))
