"""The self-check as text for a terminal: which layers are lost, why, what size could, and the limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.config.selfcheck import (
    ABOVE_MAX_QTY,
    ABOVE_SINGLE,
    BELOW_MIN_NOTIONAL,
    BELOW_MIN_QTY,
    BELOW_STEP,
    OUTSIDE_BAND,
    Row,
    SelfCheck,
)
from core.domain.instrument import Instrument
from core.domain.units import BUY, MONEY

_WHY = {
    BELOW_STEP: "below one step {lot:g} {base}",
    BELOW_MIN_QTY: "below min qty {min_qty:g} {base}",
    ABOVE_MAX_QTY: "above max qty {max_qty:g} {base}",
    BELOW_MIN_NOTIONAL: "below min notional {min_notional:g} {quote}",
    OUTSIDE_BAND: "outside the venue's price band",
    ABOVE_SINGLE: "above singleMax",
}
_MARK = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


def why(reason: str, i: Instrument) -> str:
    """A reason in words, with the venue's figure."""
    return _WHY[reason].format(
        lot=i.lot,
        base=i.base,
        quote=i.quote,
        min_qty=i.min_lots * i.lot,
        max_qty=i.max_lots * i.lot,
        min_notional=i.min_notional / MONEY,
    )


def ranges(layers: Sequence[int]) -> str:
    """9, 10, 11, 14 -> "9-11, 14"."""
    out: list[str] = []
    for layer in layers:
        if out and layer == int(out[-1].rpartition("-")[2]) + 1:
            out[-1] = f"{out[-1].partition('-')[0]}-{layer}"
        else:
            out.append(str(layer))
    return ", ".join(out)


def text(check: SelfCheck, instrument: Instrument) -> str:
    """The whole check, one fact a line, at most 100 columns wide."""
    return "\n".join(_lines(check, instrument))


def _lines(check: SelfCheck, i: Instrument) -> Iterator[str]:
    yield f"{check.venue} {check.symbol} at {check.price:g} {i.quote}, equity {check.equity:g}, {check.leverage}x"
    yield f"layers  {check.placeable} of {check.wanted} placeable"
    for row in check.rows:
        if row.reasons and (row.side == BUY or row.layer not in check.unplaceable):
            yield f"  {_layer(row, check, i)}"
    if check.unplaceable:
        yield f"  not placeable: layers {ranges(check.unplaceable)}"
        if check.base_size is None:
            yield "  no base size makes all layers placeable; fewer layers or a smaller spacingRatio would"
        else:
            yield (
                f"  baseSize {check.base_size:g} {i.base} makes all {check.wanted} layers placeable "
                f"(one side then {check.base_size_side:.6g} {i.base})"
            )
    if check.one_sided:
        yield f"  on one side only: layers {ranges(check.one_sided)}"
    for side in check.sides:
        name = "buy " if side.side == BUY else "sell"
        yield f"{name}    {side.orders} orders, {side.size:.6g} {i.base}, {side.notional:,.2f} {i.quote}"
    yield f"margin  orders {check.margin_orders:,.2f}, at netMax {check.margin_cap:,.2f}, equity {check.equity:,.2f}"
    for finding in check.findings:
        yield f"{_MARK[finding.level]}    {finding.text}"
    yield "result  " + ("ok" if check.ok else "not ok")


def _layer(row: Row, check: SelfCheck, i: Instrument) -> str:
    side = "" if row.layer in check.unplaceable else (" buy" if row.side == BUY else " sell")
    reasons = " and ".join(why(reason, i) for reason in row.reasons)
    needs = f"; needs baseSize {row.base_size:g}" if row.base_size is not None else ""
    return (
        f"layer {row.layer:>2}{side}: {row.wanted:.6f} -> {row.size:.{i.size_digits}f} {i.base} x "
        f"{row.price:.{i.price_digits}f} = {row.notional:.2f} {i.quote}, {reasons}{needs}"
    )
