"""All limits of one strategy as rows for the console: now, bound, unit, used share, owner, last reason."""

from __future__ import annotations

import math

from core.domain.instrument import Instrument
from core.domain.order import Ledger
from core.domain.reasons import (
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
from core.risk.blocks import Limits, Risk


def limits_view(
    limits: Limits, risk: Risk, ledger: Ledger, instrument: Instrument, cap_lots: float, now: int, owner: str = ""
) -> tuple[LimitRow, ...]:
    """Rows in the order of the ladder. `used` is a share of the bound (1 = reached); None = cannot be told."""
    x, r, o = limits.s, risk.s, ledger.s
    worst = max(o.pos + o.open_lots[BUY], -o.pos + o.open_lots[SELL])
    cap = min(float(x.net_max), cap_lots) if cap_lots > 0 else math.nan

    def row(name: str, figure: float | None, bound: float, unit: str, code: int, floor: bool = False) -> LimitRow:
        fired = r.fired[code] + r.n_refused[code]
        if not math.isfinite(bound):
            return LimitRow(name, figure, None, unit, None, fired, owner, "missing: refuses")
        used = None
        if figure is not None:
            used = (bound / figure if figure > 0 else 1.0) if floor else figure / bound if bound else 1.0
            used = max(0.0, used)
        return LimitRow(name, figure, bound, unit, used, fired, owner, name_of(code) if fired else "")

    def money(name: str, figure: int, bound: int, code: int) -> LimitRow:
        return row(name, figure / MONEY, bound / MONEY, instrument.quote, code)

    base = instrument.base
    rows = [
        row("net cap (adaptive)", instrument.size(worst), instrument.size(cap), base, NET_CAP),
        row("net cap", instrument.size(worst), instrument.size(x.net_max), base, NET_CAP),
        row("single order", None, instrument.size(x.single_max), base, SINGLE_MAX),
        row("order value", None, x.max_value / MONEY, instrument.quote, MAX_VALUE),
        row("price collar", None, x.collar * 1e4, "bp", PRICE_COLLAR),
        row("reduce slippage", None, x.slip * 1e4, "bp", SLIPPAGE),
        money("reduce-only from", -r.unrealised, x.reduce_only_loss, REDUCE_ONLY_MODE),
        money("round loss, cool down", r.round_pnl, x.pnl_min, PNL_BOUNDS),
        money("round win, flatten", r.round_pnl, x.pnl_max, PNL_BOUNDS),
        money("round stop loss", r.round_pnl, x.stop_loss, STOP_LOSS),
        money("day loss", -r.day_pnl, x.daily_max, DAILY_MAX),
        row(
            "market reduces from", -r.unrealised / MONEY, x.market_share * r.equity / MONEY, instrument.quote, SLIPPAGE
        ),
        row("shock 60 s", r.shock_move * 100, x.shock * 100, "%", SHOCK),
        row(
            "liquidation buffer",
            None if r.buffer == -1.0 else r.buffer * 100,
            x.buffer_redline * 100,
            "%",
            LIQUIDATION_BUFFER,
            floor=True,
        ),
        row(
            "oldest UNKNOWN",
            (now - o.oldest_unknown) / NS_PER_S if o.n_unknown else 0.0,
            x.unknown_halt_ns / NS_PER_S,
            "s",
            UNKNOWN_ORDER,
        ),
        row("book age", None, x.book_stale_ns / NS_PER_S, "s", STALE_DATA),
        row("latency p99", None, x.latency_ns / NS_PER_MS, "ms", LATENCY),
        row("fills a minute", float(r.fills_minute), float(x.max_fills), "", REPEATED),
        row("messages 10 s", max(0.0, x.budget / 2 - r.credit / (10 * NS_PER_S)), x.budget / 2, "", MESSAGE_BUDGET),
    ]
    if x.account_max < FAR:
        total = max(worst, worst + abs(o.other_pos) + max(o.other_lots[BUY], o.other_lots[SELL]))
        rows.insert(2, row("account net cap", instrument.size(total), instrument.size(x.account_max), base, NET_CAP))
    return tuple(rows)


def bands_view(limits: Limits, risk: Risk) -> tuple[BandRow, ...]:
    """The drawdown bands and which of them have fired."""
    x, r = limits.s, risk.s
    return tuple(BandRow(x.band[n] / MONEY, x.fraction[n], r.band_done[n] != 0) for n in range(x.n_bands))
