"""Instrument and ccxt market side by side: grids both ways, and whether the filters are still the ones we know."""

from __future__ import annotations

from typing import Any

from core.codec.grid import MAX_LEVEL, Step, decimal_of
from core.codec.reasons import OFF_GRID, TOO_LARGE, Hostile
from core.domain.instrument import Instrument
from core.domain.order import REDUCE_ONLY, STOP
from core.domain.units import BUY, MAX_NOTIONAL, MONEY
from core.venues.ccxt.traits import Traits


class Listing:
    """One instrument on one venue. `number` is its place in the engine."""

    def __init__(self, number: int, instrument: Instrument, traits: Traits) -> None:
        self.number, self.instrument = number, instrument
        self.symbol = traits.symbol(instrument)
        self.fixed_tick = traits.fixed_tick
        self.price, self.size = Step(instrument.tick), Step(instrument.lot)
        self.contract = 1.0  # coins in one unit of the venue's sizes
        self.lot_size = instrument.lot  # in the venue's unit
        self.name = instrument.base  # the venue's own, as `adopt` learns it
        self.relisted = False  # the venue's grid is not ours any more: sizes held are read as near as our lots come

    def adopt(self, market: Any) -> None:
        """Sizes at the venue are contracts (OKX): lots stay lots, and are written and read in its unit."""
        self.name = str(market.get("baseName") or market.get("id") or self.name)
        self.contract = float(market.get("contractSize") or 1.0)
        self.lot_size = round(self.instrument.lot / self.contract, 12)
        self.size = Step(self.lot_size)

    def price_of(self, ticks: int) -> float:
        """Quote units, exact as text."""
        return float(self.price.text(ticks))

    def size_of(self, lots: int) -> float:
        """The venue's unit (coins, or contracts), exact as text."""
        return float(self.size.text(lots))

    def ticks(self, value: object) -> int:
        """Raises Hostile."""
        return self.price.positive(value)

    def lots(self, value: object) -> int:
        """Raises Hostile."""
        return self.size.positive(value)

    def money(self, value: object, currency: str) -> int:
        """A fee in 1e-8 quote, rounded against us. Raises Hostile for another currency or no number."""
        if currency not in (self.instrument.quote, "USDC", "USDT", "USD"):
            raise Hostile("foreign_currency")
        number = decimal_of(value) * MONEY
        if abs(number) > MAX_NOTIONAL:
            raise Hostile(TOO_LARGE)
        return -int(-number // 1)

    def held(self, value: object) -> int:
        """Size of a position. On another grid than ours rounded down: a close must not be larger than what is held.
        Less than a lot is one, never none. Raises Hostile."""
        if not self.relisted:
            return self.size.positive(value)
        return max(1, self.size.units_down(value))

    def level(self, price: object, size: object) -> tuple[int, int]:
        """(ticks, lots) of a price with its size, whose product an int64 holds. Raises Hostile."""
        return self._bounded(self.ticks(price), self.lots(size))

    def _bounded(self, px: int, qty: int) -> tuple[int, int]:
        if px * qty * self.instrument.unit > MAX_LEVEL:
            raise Hostile(TOO_LARGE)
        return px, qty

    def fill(self, price: object, size: object, side: int, exact: bool) -> tuple[int, int]:
        """As `level`. Not `exact`: a price that is not ours (the venue's own act, a grid that depends on the price) is
        rounded against us where it is off our grid; sizes are exact always. Raises Hostile."""
        try:
            return self.level(price, size)
        except Hostile as error:
            if exact or error.reason != OFF_GRID:
                raise
        px = self.price.units_up(price) if side == BUY else max(1, self.price.units_down(price))
        return self._bounded(px, self.lots(size))

    def fill_fee(self, fee: Any, px: int, qty: int) -> tuple[int, bool]:
        """(fee in 1e-8 quote, known). Where the venue's figure cannot be used: the taker rate, against us."""
        try:
            return self.money(fee["cost"], str(fee["currency"])), True
        except (Hostile, TypeError, KeyError):
            notional = px * qty * self.instrument.unit
            return -(-notional * max(0, self.instrument.taker_fee_ppm) // 1_000_000), False

    def differences(self, market: Any) -> list[str]:
        """What the venue says of its grid against what we trade with; empty = the same."""
        out = []
        precision, limits = market.get("precision") or {}, market.get("limits") or {}
        for what, ours, theirs in (
            ("tick", self.instrument.tick, precision.get("price")),
            ("lot", self.lot_size, precision.get("amount")),
        ):
            if what == "tick" and not self.fixed_tick:
                continue
            if theirs is not None and not abs(float(theirs) - ours) <= 1e-12:  # NaN differs from everything
                out.append(f"{what} is {float(theirs):g}, ours {ours:g}")
        least = (limits.get("amount") or {}).get("min")
        if least is not None and not float(least) <= self.size_of(self.instrument.min_lots) + 1e-12:
            out.append(f"smallest size is {float(least):g}, ours {self.size_of(self.instrument.min_lots):g}")
        cost = (limits.get("cost") or {}).get("min")
        if cost is not None and not float(cost) <= self.instrument.min_notional / MONEY + 1e-9:
            out.append(f"smallest notional is {float(cost):g}, ours {self.instrument.min_notional / MONEY:g}")
        if market.get("active") is False:
            out.append("the market is closed")
        if float(market.get("contractSize") or 1.0) != self.contract:
            out.append(f"contract size is {market['contractSize']}, ours {self.contract:g}")
        return out


def flags_of(traits: Traits, raw: Any, conditional: bool) -> int:
    """Of a unified order: REDUCE_ONLY, and STOP for one that waits for a price. `conditional`: of the venue's second
    book. One reading for the core and for `panic`: a halt keeps protective stops by these flags."""
    reduces = raw.get("reduceOnly") or traits.closes_all(raw.get("info") or {})
    return (REDUCE_ONLY if reduces else 0) | (STOP if conditional or raw.get("triggerPrice") else 0)


def side_of(text: object) -> int:
    """BUY or SELL of a unified side. Raises Hostile."""
    if text == "buy":
        return BUY
    if text == "sell":
        return 1 - BUY
    raise Hostile("wrong_type")


def id_number(text: object) -> int:
    """An id as a positive int below 2**62: itself where it is digits, else a stable hash."""
    digits = str(text)
    if digits.isdigit() and 0 < int(digits) < 1 << 62:
        return int(digits)
    import hashlib

    return int.from_bytes(hashlib.blake2b(digits.encode(), digest_size=8).digest(), "big") >> 2 | 1
