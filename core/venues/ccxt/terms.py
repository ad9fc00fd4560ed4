"""What a venue says of one instrument, and what a change of it means for a core that counts in the opening's grid.

Decided by money. A step of prices or sizes and the contract size are what our integers ARE: books, fills and positions
come on the new grid at once, a finer one too (an order of ours fills in parts that no lot of ours counts), so any
change of them is HALT, and the new grid takes a new start. A lower leverage cap moves the maintenance margin from
which the liquidation buffer is computed: a limit that cannot be evaluated counts as hit, HALT. Bounds of size, notional
and price band only make an order smaller or refused, and lie in one block: followed, never looser than the
configuration. A market that does not trade gets nothing new; that is its state, not a fault, and ends by itself.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec

from core.codec.grid import decimal_of
from core.codec.reasons import NEGATIVE, TOO_LARGE, ZERO, Hostile
from core.domain.events import Relisted
from core.domain.instrument import Instrument
from core.domain.units import MONEY, PPM

HALT, FOLLOW, STATE, NOTE = "halt", "follow", "state", "note"
MOST = 10**12  # of any figure: a step of a trillion is no step
MOST_STEP = 1 << 31  # lots or ticks: beyond it no order of ours is on the new grid


class Terms(msgspec.Struct, frozen=True):
    """In the venue's own units: sizes in contracts, prices in quote units. None = the venue does not say."""

    contract: Fraction  # coins in one unit of size
    lot: Fraction | None
    tick: Fraction | None
    least: Fraction | None = None  # of one order
    most: Fraction | None = None
    notional: Fraction | None = None  # smallest, quote
    band_ppm: int | None = None
    leverage: int | None = None  # the most it grants
    state: str = ""  # "" = it trades, else the venue's word


class Change(msgspec.Struct, frozen=True):
    """One difference. `effect` HALT, FOLLOW, STATE or NOTE; `old` and `new` as the operator reads them."""

    what: str
    old: str
    new: str
    effect: str

    def __str__(self) -> str:
        return f"{self.what} was {self.old}, is {self.new}"


def terms_of(market: Any, tick: object, band_ppm: int | None, state: str) -> Terms:
    """Of ccxt's unified market; the rest as the venue's traits read it. Raises Hostile for what no market can be: a
    step of zero, no number, a smallest size above the largest."""
    precision, limits = market.get("precision") or {}, market.get("limits") or {}
    amount, cost = limits.get("amount") or {}, limits.get("cost") or {}
    leverage = _figure((limits.get("leverage") or {}).get("max"))
    contract = market.get("contractSize")
    found = Terms(
        contract=_above(1 if contract is None else contract),
        lot=_step(precision.get("amount")), tick=_step(tick),
        least=_figure(amount.get("min")), most=_figure(amount.get("max")), notional=_figure(cost.get("min")),
        band_ppm=band_ppm, leverage=None if leverage is None else int(leverage),
        state=state or ("not active" if market.get("active") is False else ""),
    )  # fmt: skip
    if found.least and found.most and found.least > found.most:
        raise Hostile(TOO_LARGE)
    return found


def differences(old: Terms, new: Terms, instrument: Instrument) -> tuple[Change, ...]:
    """What is different, and what each of it asks for; () = nothing. A figure that is not told any more is no change:
    the known one stays in force."""
    out = []
    for what, effect, was, now in (
        ("contract size", HALT, old.contract, new.contract),
        ("lot", HALT, old.lot, new.lot),
        ("tick", HALT, old.tick, new.tick),
        ("smallest size", FOLLOW, old.least, new.least),
        ("largest size", FOLLOW, old.most, new.most),
        ("smallest notional", FOLLOW, old.notional, new.notional),
    ):
        if now is not None and now != was:
            out.append(Change(what, _text(was), _text(now), effect))
    if new.band_ppm is not None and new.band_ppm != old.band_ppm:
        was_band = "not told" if old.band_ppm is None else f"{old.band_ppm / 1e4:g} %"
        out.append(Change("price band", was_band, f"{new.band_ppm / 1e4:g} %", FOLLOW))
    if new.leverage is not None and new.leverage != old.leverage:
        lower = new.leverage < (instrument.max_leverage if old.leverage is None else old.leverage)
        out.append(
            Change("largest leverage", _text(old.leverage), _text(new.leverage), HALT if lower else NOTE)
        )  # fmt: skip
    if new.state != old.state:
        out.append(Change("state", old.state or "trading", new.state or "trading", STATE))
    return tuple(out)


def relisted(
    number: int, instrument: Instrument, opening: Terms, now: Terms, changes: tuple[Change, ...], doubt: str = ""
) -> Relisted:
    """For the engine: `now` in its lots and ticks. `changes` since it was last told; why to halt is against the
    opening: terms that come back to it lift it. `doubt`: why the newest answer cannot be believed."""
    lot, tick = _exact(instrument.lot), _exact(instrument.tick)
    new_lot = None if now.lot is None else now.lot * now.contract
    least, most = ((x * now.contract / lot if x else None) for x in (now.least, now.most))
    halting = [str(one) for one in differences(opening, now, instrument) if one.effect == HALT]
    return Relisted(
        number,
        lot_step=_ratio(new_lot, lot), tick_step=_ratio(now.tick, tick),
        min_lots=0 if least is None else _up(least),
        max_lots=0 if most is None else max(1, int(most)),
        min_notional=0 if now.notional is None else _up(now.notional * MONEY),
        band_ppm=now.band_ppm or 0,
        halt="; ".join(halting),
        closed=doubt or now.state,
        text=f"{instrument.symbol}: {'; '.join(map(str, changes)) or doubt or 'as at the opening again'}",
    )  # fmt: skip


def _ratio(new: Fraction | None, ours: Fraction) -> int:
    """The fewest of our steps that are whole new ones; 1 where ours is on the new grid."""
    return 1 if new is None else min(MOST_STEP, (new / ours).numerator)


def _up(value: Fraction) -> int:
    return min(-int(-value // 1), (1 << 62) - 1)


def _exact(value: float) -> Fraction:
    return Fraction(repr(value))


def _figure(value: object) -> Fraction | None:
    """Not negative; None where it is not told. Raises Hostile."""
    if value is None:
        return None
    found = Fraction(decimal_of(value))
    if found < 0:
        raise Hostile(NEGATIVE)
    if found > MOST:
        raise Hostile(TOO_LARGE)
    return found


def _above(value: object) -> Fraction:
    found = _figure(value)
    if not found:
        raise Hostile(ZERO)
    return found


def _step(value: object) -> Fraction | None:
    return None if value is None else _above(value)


def _text(value: Fraction | int | None) -> str:
    return "not told" if value is None else f"{float(value):.12g}"


def band_of(up: object, down: object) -> int:
    """ppm of a band told as two multipliers of the mark, the narrower side. Raises Hostile."""
    high, low = _above(up), _figure(down)
    return max(1, int(min(high - 1, 1 - (low or 0)) * PPM))
