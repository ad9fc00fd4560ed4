"""The pre-start self-check (S3-69, K-17): every planned order against the venue's minima, limits against each other.

Pure functions of numbers: knows no strategy, reads nothing, sends nothing. The text form is `selfcheck_text`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import msgspec

from core.domain.instrument import Instrument
from core.domain.units import BUY, MONEY, PPM, SELL, lots_down, sign_of, tick_down, tick_up

BELOW_STEP, BELOW_MIN_QTY, ABOVE_MAX_QTY = "below_step", "below_min_qty", "above_max_qty"
BELOW_MIN_NOTIONAL, OUTSIDE_BAND, ABOVE_SINGLE = "below_min_notional", "outside_price_band", "above_single_max"


class Planned(msgspec.Struct, frozen=True, gc=False):
    """One order that the strategy would like to place: layer from 1, side, price in quote units, size in base coins."""

    layer: int
    side: int
    price: float
    size: float


class Limits(msgspec.Struct, frozen=True):
    """The limits that sizes are held against; None = not set. Base coins, quote money and fractions as in S3 (K-18)."""

    net_max: float | None = None
    single_max: float | None = None
    daily_max: float | None = None
    pnl_min: float | None = None
    stop_loss: float | None = None
    reduce_only_threshold: float | None = None
    reduce_only_market_trigger_pct: float | None = None
    drawdown_bands: tuple[float, ...] = ()
    buffer_redline_pct: float | None = None


class Row(msgspec.Struct, frozen=True):
    """One order after rounding to the grid. No `reasons` = placeable; `base_size` would make it so (None: cannot)."""

    layer: int
    side: int
    price: float
    wanted: float
    size: float
    notional: float
    reasons: tuple[str, ...]
    base_size: float | None


class Side(msgspec.Struct, frozen=True):
    """What all placeable orders of one side come to."""

    side: int
    orders: int
    size: float
    notional: float


class Finding(msgspec.Struct, frozen=True):
    """One rule: `fail` stops a start in LIVE, `warn` is said."""

    rule: str
    level: str  # ok | warn | fail
    text: str


class SelfCheck(msgspec.Struct, frozen=True):
    """The whole check. A layer counts as placeable when at least one of its sides can be placed."""

    venue: str
    symbol: str
    price: float
    equity: float
    leverage: int
    rows: tuple[Row, ...]
    sides: tuple[Side, ...]
    wanted: int
    placeable: int
    unplaceable: tuple[int, ...]
    one_sided: tuple[int, ...]
    base_size: float | None  # smallest that makes every layer placeable
    base_size_side: float  # what one side would come to with it, base coins
    margin_orders: float
    margin_cap: float
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """No layer is lost and no finding fails."""
        return not self.unplaceable and all(finding.level != "fail" for finding in self.findings)


def ladder(
    price: float, base_size: float, decay: float, first_bps: float, ratio: float, layers: int, geometric: bool = True
) -> tuple[Planned, ...]:
    """The flat ladder of S3-06 and S3-07: offsets o1 * ratio^i (or o1 * (i + 1)), sizes base * decay^i, both sides."""
    out = []
    for i in range(layers):
        offset = (first_bps * ratio**i if geometric else first_bps * (i + 1)) / 1e4
        for side in (BUY, SELL):
            out.append(Planned(i + 1, side, price * (1 - sign_of(side) * offset), base_size * decay**i))
    return tuple(out)


def self_check(
    instrument: Instrument,
    price: float,
    planned: Sequence[Planned],
    equity: float,
    limits: Limits = Limits(),  # noqa: B008
    leverage: int | None = None,
) -> SelfCheck:
    """Check `planned` at the mid `price` (quote units). `equity` quote units, `leverage` None = the instrument's.

    Raises ValueError for a price or equity that is no positive number.
    """
    for name, value in (("price", price), ("equity", equity)):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"Expected {name} above 0, was {value}")
    lever = leverage if leverage is not None else instrument.leverage
    base = max((order.size for order in planned), default=0.0)
    rows = tuple(_row(instrument, price, order, base, limits.single_max) for order in planned)
    good = {layer: [r for r in rows if r.layer == layer and not r.reasons] for layer in sorted({r.layer for r in rows})}
    width = {layer: sum(1 for r in rows if r.layer == layer) for layer in good}
    sides = tuple(_side(side, rows) for side in (BUY, SELL))
    lost = tuple(layer for layer, placed in good.items() if not placed)
    needed = [row.base_size for row in rows]
    best = None if any(size is None for size in needed) else max((s for s in needed if s), default=0.0)
    findings = (*_side_findings(sides, limits), *_money_findings(instrument, price, base, equity, lever, limits))
    return SelfCheck(
        venue=instrument.venue,
        symbol=instrument.symbol,
        price=price,
        equity=equity,
        leverage=lever,
        rows=rows,
        sides=sides,
        wanted=len(good),
        placeable=len(good) - len(lost),
        unplaceable=lost,
        one_sided=tuple(layer for layer, placed in good.items() if 0 < len(placed) < width[layer]),
        base_size=best,
        base_size_side=_side_with(instrument, planned, best / base) if best and base else 0.0,
        margin_orders=sum(side.notional for side in sides) / lever,
        margin_cap=(limits.net_max or 0.0) * price / lever,
        findings=findings,
    )


def _row(i: Instrument, mid: float, order: Planned, base: float, single_max: float | None) -> Row:
    raw = order.price / i.tick
    ticks = tick_down(raw + 1e-9) if order.side == BUY else tick_up(raw - 1e-9)
    lots = lots_down(order.size / i.lot)
    money = max(0, ticks) * lots * i.unit
    reasons = []
    if lots < 1:
        reasons.append(BELOW_STEP)
    elif lots < i.min_lots:
        reasons.append(BELOW_MIN_QTY)
    if lots > i.max_lots:
        reasons.append(ABOVE_MAX_QTY)
    if lots >= 1 and money < i.min_notional:
        reasons.append(BELOW_MIN_NOTIONAL)
    if ticks < 1 or (i.band_ppm and abs(order.price - mid) * PPM > mid * i.band_ppm):
        reasons.append(OUTSIDE_BAND)
    if single_max is not None and lots * i.lot > single_max * (1 + 1e-9):
        reasons.append(ABOVE_SINGLE)
    fixable = ticks >= 1 and OUTSIDE_BAND not in reasons and order.size > 0
    return Row(
        layer=order.layer,
        side=order.side,
        price=ticks * i.tick,
        wanted=order.size,
        size=lots * i.lot,
        notional=money / MONEY,
        reasons=tuple(reasons),
        base_size=_base_size(i, ticks, order.size / base) if fixable else None,
    )


def _base_size(i: Instrument, ticks: int, share: float) -> float:
    """The smallest base size, in whole lots, whose share at this price reaches every minimum."""
    lots = max(1, i.min_lots, -(-i.min_notional // (ticks * i.unit)))
    base = math.ceil(lots / share - 1e-9)
    while lots_down(base * share) < lots:
        base += 1
    return round(base * i.lot, 12)


def _side(side: int, rows: Sequence[Row]) -> Side:
    good = [row for row in rows if row.side == side and not row.reasons]
    return Side(side, len(good), sum(row.size for row in good), sum(row.notional for row in good))


def _side_with(i: Instrument, planned: Sequence[Planned], factor: float) -> float:
    return max(
        sum(lots_down(o.size * factor / i.lot) * i.lot for o in planned if o.side == side) for side in (BUY, SELL)
    )


def _side_findings(sides: Sequence[Side], limits: Limits) -> list[Finding]:
    if limits.net_max is None:
        return []
    most = max(side.size for side in sides)
    level = "ok" if most <= limits.net_max * (1 + 1e-9) else "warn"
    return [Finding("ladder_net_max", level, f"one side filled {most:.6g}, netMax {limits.net_max:g}")]


def _money_findings(
    i: Instrument, price: float, base: float, equity: float, leverage: int, limits: Limits
) -> list[Finding]:
    out: list[Finding] = []

    def rule(name: str, good: bool, text: str, bad: str = "fail") -> None:
        out.append(Finding(name, "ok" if good else bad, text))

    single, net = limits.single_max, limits.net_max
    if single is not None:
        rule("base_single", base <= single, f"baseSize {base:g} at most singleMax {single:g}")
    if single is not None and net is not None:
        rule("single_net", single <= net, f"singleMax {single:g} at most netMax {net:g}")
    if net is not None:
        margin, worth = net * price / leverage, net * price
        rule(
            "margin",
            margin <= equity,
            f"netMax {worth:,.2f} {i.quote} at {leverage}x needs {margin:,.2f}, equity {equity:,.2f}",
        )
    if limits.buffer_redline_pct is not None and i.isolated:
        buffer, redline = 1 / leverage - i.tiers[0].mmr_ppm / 1e6, limits.buffer_redline_pct
        text = f"{leverage}x leaves a liquidation buffer of {buffer:.1%} at entry, redline {redline:.1%}"
        rule("entry_buffer", buffer > redline, text)
    if leverage > i.max_leverage:
        rule("leverage", False, f"leverage {leverage}x above the venue's {i.max_leverage}x")
    ladder_of = [(f"band {n}", band) for n, band in enumerate(limits.drawdown_bands, 1)]
    if limits.reduce_only_threshold is not None:
        ladder_of.append(("reduceOnlyThreshold", limits.reduce_only_threshold))
    if limits.reduce_only_market_trigger_pct is not None:
        ladder_of.append(("market trigger", limits.reduce_only_market_trigger_pct * equity))
    if limits.stop_loss is not None:
        ladder_of.append(("stopLoss", -limits.stop_loss))
    for (low, a), (high, b) in itertools.pairwise(ladder_of):
        rule("loss_ladder", a < b, f"{low} {a:g} before {high} {b:g}", "warn")
    if limits.pnl_min is not None and limits.stop_loss is not None:
        rule(
            "pnl_stop",
            limits.stop_loss < limits.pnl_min,
            f"stopLoss {limits.stop_loss:g} below pnlMin {limits.pnl_min:g}",
        )
    if limits.daily_max is not None:
        rule("daily", limits.daily_max <= equity, f"dailyMax {limits.daily_max:g} within equity {equity:g}")
    if limits.stop_loss is not None:
        rule("stop_equity", -limits.stop_loss <= equity, f"stopLoss {limits.stop_loss:g} within equity {equity:g}")
    return out
