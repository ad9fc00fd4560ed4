"""What consoles draw of a pair: plain values, no behaviour. Part of the `Snapshot`; None is unknown and drawn `--`."""

from __future__ import annotations

import msgspec


class LegRow(msgspec.Struct, frozen=True, gc=False):
    """One leg of a pair. Prices and money quote units, shares fractions; None = unknown."""

    venue: str
    symbol: str
    side: str  # LONG | SHORT: what this leg may hold
    size: float  # signed, base coins
    size_digits: int
    entry: float | None
    price: float | None  # by the pair's price source
    price_digits: int
    pnl: float | None  # price move since entry in the leg's favour
    stop: float | None  # price of the stop in force; None = none in force
    orders: int  # of the pair, at work
    down: bool  # its venue cannot be acted on
    age_ns: int | None  # of the book
    rate: float | None  # funding, fraction per interval, > 0 = longs pay
    interval_ns: int
    next_ts: int | None  # settlement
    funding_paid: float | None  # annualised cost of this leg alone, < 0 = income


class GateRow(msgspec.Struct, frozen=True, gc=False):
    """One figure against its bound. holds None = informs only."""

    name: str
    value: float | None
    limit: float | None
    holds: bool | None
    note: str = ""


class PairSplit(msgspec.Struct, frozen=True, gc=False):
    """This round's money by source, quote; spread + trend + carry - fees + execution = net (S1-61)."""

    spread: float = 0.0
    trend: float = 0.0
    carry: float = 0.0
    fees: float = 0.0
    execution: float = 0.0
    net: float = 0.0


class PairRow(msgspec.Struct, frozen=True, gc=False):
    """One pair (S1): its state, what it waits for, both legs, bands, gate."""

    name: str
    base: str
    state: int  # 0 .. 5 of S0 .. S5
    state_name: str  # idle | first leg | locking | locked | long only | short only
    cell: str  # the saga's own word: S0 flat, opening, pairing, rolling back ...
    busy: bool
    since: int  # ns
    why: str  # one line: what is wanted and the figures that decided
    wish: str  # none | open | lock | unlock A | unlock B | exit | cut
    refusal: str  # why the last wish was refused, "" = it was not
    stuck: str  # what the pair waits for, "" = it moves
    stuck_since: int
    legs: tuple[LegRow, LegRow]  # long venue, short venue
    net: float  # base coins
    residual: float  # share of the larger leg
    residual_cap: float
    spread: float | None  # quote units, long venue - short venue
    mean: float | None
    sigma: float | None
    lower: float | None
    upper: float | None
    z: float | None
    half_life_s: float | None
    samples: int
    samples_wanted: int
    price_digits: int
    price_source: str  # mid | mark | index
    seconds_left: float | None  # of the lock, or of the single leg
    carry_bps: float | None
    guard_apr: float | None
    guard_cap: float
    gates: tuple[tuple[GateRow, ...], tuple[GateRow, ...]]  # by first leg: long first, short first
    figures: tuple[GateRow, ...]  # of the state: pnl, stop price, lock price, rebound, seconds left
    episodes: int
    split: PairSplit = PairSplit()
