"""Fabricated venues, one set for each trouble, and pictures with everything that has a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from core.domain import snapshot as sn
from core.domain.snapshot import Snapshot
from core.domain.venue_picture import StreamRow, VenueRow
from tests.console.fabricated import SECOND, snapshot
from tests.console.fabricated_pair import PAIRS, pictured

HOUR = 3600 * SECOND
SNAP = snapshot(40)
TS = SNAP.ts


def streams(symbol: str, **down: str) -> tuple[StreamRow, ...]:
    """The five subscriptions of one instrument at a real venue; `down` names those that fell and why."""
    rows = [
        StreamRow(f"book {symbol}", True, 60_000_000, 2 * SECOND, 27.0, 1, 0),
        StreamRow(f"mark {symbol}", True, 900_000_000, 10 * SECOND, 1.0, 0, 0),
        StreamRow(f"trades {symbol}", True, 41 * SECOND, None, 0.4, 0, 0),
        StreamRow("orders", True, 4 * SECOND, None, 1.5, 0, 0),
        StreamRow("own trades", False, None, None, 0.0, 0, 0),
    ]
    return tuple(
        msgspec.structs.replace(row, up=False, age_ns=47 * SECOND, why=down[name], redials=3)
        if (name := row.name.split()[0]) in down
        else row
        for row in rows
    )


def real(venue: str, symbol: str, **changes: Any) -> VenueRow:
    """An account at a real venue, all well."""
    row = VenueRow(
        venue=venue, network="testnet", condition="ok", weight_used=812, weight_limit=2400, orders_used=21,
        orders_limit=300, requests=3120, errors=2, latency_ms=31.2, clock_offset_ns=3_200_000, clock_grade="ok",
        dead_man="48 s left", dead_man_until=TS + 48 * SECOND, reconciled=True, agreed_ts=TS - 2_100_000_000,
        foreign_orders=0, foreign_positions=0, streams=streams(symbol),
    )  # fmt: skip
    return msgspec.structs.replace(row, **changes)


def simulated(venue: str = "paper", **changes: Any) -> VenueRow:
    """A paper account: what only a wire has is unknown."""
    row = VenueRow(
        venue=venue, network="simulated", orders_used=21, orders_limit=300, requests=3120, reconciled=True,
        agreed_ts=TS - SECOND, foreign_orders=0, foreign_positions=0,
    )  # fmt: skip
    return msgspec.structs.replace(row, **changes)


def with_venues(*rows: VenueRow, base: Snapshot = SNAP, **changes: Any) -> Snapshot:
    return msgspec.structs.replace(base, venues=rows, **changes)


def paired(**okx: Any) -> Snapshot:
    """Two real venues under a locked pair; `okx` changes the second."""
    base = pictured(PAIRS["s3"]())
    funding = tuple(msgspec.structs.replace(row, interval_ns=8 * HOUR) for row in base.funding)
    return with_venues(
        real("binance", "BTC-PERP"), real("okx", "BTC-PERP", dead_man="watchdog pid 4242", dead_man_until=None, **okx),
        base=base, mode="TESTNET", network="testnet", funding=funding,
    )  # fmt: skip


def one_down() -> Snapshot:
    """The second venue does not answer; its feed has fallen with it."""
    snap = paired(
        condition="down", text="no answer in 5 s", next_step="the venue does not answer; probes go on",
        until=TS + 12 * SECOND, streams=streams("BTC-PERP", book="connection reset"), why="orders: no answer",
    )  # fmt: skip
    feeds = (snap.feeds[0], msgspec.structs.replace(snap.feeds[1], up=False, age_ns=47 * SECOND))
    return msgspec.structs.replace(snap, feeds=feeds)


def paper() -> Snapshot:
    return with_venues(simulated(), funding=(msgspec.structs.replace(SNAP.funding[0], interval_ns=8 * HOUR),))


def stale() -> Snapshot:
    feed = msgspec.structs.replace(SNAP.feeds[0], age_ns=14 * SECOND)
    return msgspec.structs.replace(paper(), feeds=(feed, SNAP.feeds[1]))


def foreign() -> Snapshot:
    row = real(
        "hyperliquid", "ETHUSDC", foreign_orders=2, foreign_positions=1, network="mainnet",
        dead_man="NO DEAD-MAN: refused", dead_man_until=None, clock_offset_ns=312_000_000, clock_grade="warn",
    )  # fmt: skip
    moved: dict[str, Any] = {
        name: tuple(msgspec.structs.replace(one, venue="hyperliquid") for one in getattr(SNAP, name))
        for name in ("feeds", "funding", "positions")
    }
    return with_venues(row, mode="LIVE", network="mainnet", **moved)


def halted(base: Snapshot) -> Snapshot:
    """HALTED by the key; no beat goes out."""
    venues = tuple(
        msgspec.structs.replace(row, dead_man_held=True, dead_man="31 s left, not refreshed while stopping",
                                dead_man_until=base.ts + 31 * SECOND)
        if row.dead_man_until else row
        for row in base.venues
    )  # fmt: skip
    state = msgspec.structs.replace(
        base.state, run="HALTED", since=base.ts - 9 * SECOND, reason="Ctrl+G", orders_at_stop=16, positions_left=1,
        verified="clean", history=((base.ts - 862 * SECOND, "PAUSED -> RUNNING operator"),
                                   (base.ts - 10 * SECOND, "RUNNING -> HALTING key"),
                                   (base.ts - 9 * SECOND, "HALTING -> HALTED key")),
    )  # fmt: skip
    ended = msgspec.structs.replace(base.round, ends=None)
    return msgspec.structs.replace(base, venues=venues, state=state, orders=(), round=ended)


def timed(base: Snapshot | None = None, **state: Any) -> Snapshot:
    """A round that ends, with a state of these changes."""
    base = paper() if base is None else base
    r = msgspec.structs.replace(base.round, ends=base.ts + 6536 * SECOND, on_end="flatten", left=None)
    history = (
        (base.ts - 8000 * SECOND, "STARTING -> PAUSED reconciled; resume to quote"),
        (base.ts - 862 * SECOND, "PAUSED -> RUNNING operator"),
    )
    limits = (*base.limits, sn.LimitRow("day loss", 12.4, 50.0, "USDC", 0.25))
    changed = msgspec.structs.replace(base.state, history=history, **state)
    return msgspec.structs.replace(base, round=r, state=changed, limits=limits)


SHOWN: dict[str, Callable[[], Snapshot | None]] = {
    "paper": lambda: timed(),
    "paired": lambda: timed(paired()),
    "one_down": lambda: timed(one_down()),
    "foreign": lambda: timed(foreign()),
    "stale": lambda: timed(stale()),
    "halted": lambda: halted(timed(paired())),
    "nothing": lambda: None,
}
