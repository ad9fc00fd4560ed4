"""How figures are written in a report: one place for digits, signs, units and the word for unknown."""

from __future__ import annotations

from core.clock import iso
from core.domain.units import MONEY, NS_PER_S
from core.rounds.facts import LedgerFacts, RoundFacts

UNKNOWN = "--"


def label(led: LedgerFacts, facts: RoundFacts) -> str:
    """Strategy and symbol; the venue too where one strategy trades the symbol on two (not escaped)."""
    twins = sum(other.name == led.name and other.symbol == led.symbol for other in facts.ledgers)
    return f"{led.name} {led.venue} {led.symbol}" if twins > 1 else f"{led.name} {led.symbol}"


def money(amount: int | None, signed: bool = True) -> str:
    """1e-8 quote as text with four decimals, cut only on display."""
    if amount is None:
        return UNKNOWN
    return f"{amount / MONEY:+,.4f}" if signed else f"{amount / MONEY:,.4f}"


def exact(amount: int) -> str:
    """All eight decimals, exactly (never through a float)."""
    sign, whole = ("-" if amount < 0 else "+"), abs(amount)
    return f"{sign}{whole // MONEY}.{whole % MONEY:08d}"


def percent(share: float | None, digits: int = 2, signed: bool = False) -> str:
    if share is None:
        return UNKNOWN
    return f"{share * 100:{'+' if signed else ''}.{digits}f} %"


def bps(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:+.2f}"


def number(value: float | None, digits: int = 2) -> str:
    return UNKNOWN if value is None else f"{value:,.{digits}f}"


def price(value: float | None, ledger: LedgerFacts) -> str:
    return number(value, ledger.price_digits)


def size(lots: int, ledger: LedgerFacts, signed: bool = True) -> str:
    """Lots as base coins."""
    return f"{lots * ledger.lot:{'+' if signed else ''},.{ledger.size_digits}f}"


def duration(ns: int | None) -> str:
    """The largest two fitting units: 4 h, 1 h 30 min, 12.5 s, 3.1 ms, 250 µs."""
    if ns is None:
        return UNKNOWN
    if ns < 0:
        return "-" + duration(-ns)
    seconds = ns / NS_PER_S
    if seconds >= 3600:
        hours, rest = divmod(round(seconds / 60), 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    if seconds >= 60:
        minutes, left = divmod(round(seconds), 60)
        return f"{minutes} min {left} s" if left else f"{minutes} min"
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f} µs"


def when(ts: int) -> str:
    return iso(ts)


def clock_time(ts: int) -> str:
    return iso(ts)[11:]
