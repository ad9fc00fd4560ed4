"""Normalised market frames: what every venue's wire codec gives. Ticks, lots, ns; nothing hostile inside.

Plain values without behaviour; the venue's own names and units end in its codec module.
"""

from __future__ import annotations

import msgspec

Levels = tuple[tuple[int, int], ...]  # (price ticks, size lots); size 0 takes the level away


class Depth(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A book difference with the venue's update ids: first, last, and the last of the frame before (0 = not told)."""

    ts_exch: int
    first: int
    last: int
    prev: int
    bids: Levels
    asks: Levels


class Snapshot(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A whole book by REST, valid at update `last`. `ts_exch` 0 = the venue does not say."""

    ts_exch: int
    last: int
    bids: Levels
    asks: Levels


class Top(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Best bid and ask of the venue's own fast stream. `ts_exch` 0 = the venue does not say."""

    ts_exch: int
    update: int
    bid_px: int
    bid_sz: int
    ask_px: int
    ask_sz: int


class Print(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One trade. `side` is the aggressor's: +1 buy, -1 sell, 0 unknown."""

    ts_exch: int
    trade_id: int
    px: int
    sz: int
    side: int


class Mark(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Mark price (ticks, nearest), index (0 = none), funding rate 1e-8 (FAR = none), next settlement ns (0 = none)."""

    ts_exch: int
    mark: int
    index: int
    rate: int
    next_settlement: int


Frame = Depth | Snapshot | Top | Print | Mark
