"""How well our orders fare, as consoles see it: part of `core.domain.snapshot`. Plain values, no behaviour.

None is "unknown" and is drawn `--`, never as 0.
"""

from __future__ import annotations

import msgspec


class SlipRow(msgspec.Struct, frozen=True, gc=False):
    """Slippage of the last hour on one instrument, of fills of one kind and side; > 0 = worse than decided."""

    venue: str
    symbol: str
    kind: str  # maker | taker | reduce
    side: str  # BUY | SELL
    n: int  # fills
    mean_bps: float | None  # weighted by notional
    worst_bps: float | None
    word: str  # good | high | bad | -- (S0-34)


class Execution(msgspec.Struct, frozen=True, gc=False):
    """Figures of the last hour unless said."""

    fill_rate: float | None = None
    fill_rate_buy: float | None = None
    fill_rate_sell: float | None = None
    n_orders: int = 0
    n_fills: int = 0
    maker_share: float | None = None
    slippage_bps: float | None = None
    markout_bps: tuple[tuple[float, float | None], ...] = ()  # (seconds, bps)
    adverse_rate: float | None = None
    rejects: tuple[tuple[str, int], ...] = ()
    reject_rate: float | None = None
    suppressed: int = 0
    dropped: int = 0
    unknown: int = 0
    by_layer: tuple[tuple[int, float | None], ...] = ()
    layer_n: tuple[int, ...] = ()  # limit orders that the venue took, one for each of by_layer
    n_buy: int = 0  # the same by side
    n_sell: int = 0
    fill_p50_ns: int | None = None  # from order to its last fill
    fill_p95_ns: int | None = None
    markout_n: tuple[int, ...] = ()  # maker fills of the round resolved so far, one for each of markout_bps
    markout_taker_bps: tuple[tuple[float, float | None], ...] = ()
    markout_taker_n: tuple[int, ...] = ()
    slips: tuple[SlipRow, ...] = ()
    refused_engine: int = 0  # requests that our own checks refused
    refused_wire: int = 0  # that did not leave
    rejected_venue: int = 0  # that the venue rejected
    lost: int = 0  # times that an order's fate became unknown
