"""The two figures that decided a refusal, in units that people read. Pure; an unknown code shows them as they are."""

from __future__ import annotations

from core.domain import reasons as rs
from core.domain.instrument import Instrument
from core.domain.order import AMEND, CANCEL, CREATE, Refusal, Request
from core.domain.units import MONEY, NS_PER_S

LOTS = (rs.NET_CAP, rs.SINGLE_MAX, rs.FILTER_MIN_QTY, rs.FILTER_MAX_QTY, rs.REDUCE_ONLY_SIZE)
TICKS = (rs.PRICE_COLLAR, rs.PRICE_BAND, rs.SELF_MATCH, rs.SLIPPAGE)
AMOUNTS = (rs.MAX_VALUE, rs.FILTER_MIN_NOTIONAL)
KINDS = {CREATE: "new", AMEND: "amend", CANCEL: "cancel"}


def words(code: str) -> str:
    """A reason's stable name as it is read aloud."""
    return code.replace("_", " ")


def figures(x: Instrument, refusal: Refusal) -> str:
    """`0.212 against 0.210 ETH`; "" where the code has no figures."""
    code, value, limit = refusal.code, refusal.value, refusal.limit
    if code in LOTS:
        return f"{value * x.lot:.{x.size_digits}f} against {limit * x.lot:.{x.size_digits}f} {x.base}"
    if code in TICKS and limit > 0:
        return f"{value * x.tick:.{x.price_digits}f} against {limit * x.tick:.{x.price_digits}f}"
    if code in AMOUNTS:
        return f"{value / MONEY:.2f} against {limit / MONEY:.2f} {x.quote}"
    if code in (rs.DAILY_MAX, rs.REDUCE_ONLY_MODE):
        return f"{value / MONEY:+.2f} {x.quote}"
    if code == rs.STALE_DATA:
        return "book not valid" if limit <= 1 else f"{value / NS_PER_S:.1f} s against {limit / NS_PER_S:.1f} s"
    if code == rs.COOLDOWN:
        return f"{max(0, value - limit) / NS_PER_S:.0f} s left"
    if code == rs.UNKNOWN_ORDER:
        return f"{value} unknown"
    if code in (rs.HALTED, rs.PAUSED):
        return words(rs.name_of(value)) if value else ""
    return "" if value == 0 and limit == 0 else f"{value} against {limit}"


def request_words(x: Instrument, request: Request, purpose: str) -> str:
    """`new BUY layer 3 0.010 @ 2499.10`."""
    side = "SELL" if request.side else "BUY"
    price = f" @ {request.px * x.tick:.{x.price_digits}f}" if request.px > 0 else " at market"
    return f"{KINDS.get(request.kind, '?')} {side} {purpose} {request.qty * x.lot:.{x.size_digits}f}{price}"
