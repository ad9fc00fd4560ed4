"""Fabricated risk: the limits of a market maker and of a pair as the core names them, calm, hit, and with gaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from core.domain.limit_rows import BandRow, LimitRow
from core.domain.snapshot import PositionRow, Snapshot
from tests.console.fabricated import SECOND, snapshot, state
from tests.console.fabricated_pair import PAIRS, bare, figures, pair, pictured

replace = msgspec.structs.replace


def position(venue: str, size: float, mark: float | None, liquidation: float | None, **changes: Any) -> PositionRow:
    """A position of `mm` in ETH; a liquidation price of None with buffer inf is none, with buffer None unknown."""
    near = None if not mark or liquidation is None else abs(mark - liquidation) / mark
    row = PositionRow(venue, "ETH-PERP", size, 3, mark, mark, 2, 0.0, near, liquidation, "isolated", 0, owner="mm")
    return replace(row, **changes)


def limit(name: str, now: float | None, bound: float | None, unit: str, does: str, **changes: Any) -> LimitRow:
    floor = changes.get("floor", False)
    used = None
    if now is not None and bound:
        used = max(0.0, bound / now if floor else now / bound)
    row = LimitRow(name, now, bound, unit, used, owner="mm", venue="paper", symbol="ETHUSDC", does=does)
    return replace(row, **changes)


def limits(**changes: Any) -> tuple[LimitRow, ...]:
    """Those of core.risk.table in their order."""
    refused = "order refused"
    rows = (
        limit("net cap (adaptive)", 0.124, 0.192, "ETH", refused, fired=3),
        limit("net cap", 0.124, 0.21, "ETH", refused),
        limit("single order", None, 0.06, "ETH", refused, per_order=True),
        limit("order value", None, 1000.0, "USDC", refused, per_order=True),
        limit("price collar", None, 500.0, "bp", refused, per_order=True),
        limit("reduce slippage", None, 3.0, "bp", "exit refused", per_order=True),
        limit("reduce-only from", 0.8, 25.0, "USDC", "only exits pass", slope=-1),
        limit("round loss, cool down", -3.0, -15.0, "USDC", "cool down 300 s", slope=1, fired=1),
        limit("round win, flatten", -3.0, 100.0, "USDC", "close, then pause", slope=1),
        limit("round stop loss", -3.0, -60.0, "USDC", "HALT and flatten", slope=1),
        limit("day loss", 1.2, 50.0, "USDC", "no new risk until 00:00 UTC", slope=-1),
        limit("market reduces from", 0.8, 30.0, "USDC", "reduces may go to market", slope=-1),
        limit("shock 60 s", 0.31, 10.0, "%", "cool down 300 s"),
        limit("liquidation buffer", 38.4, 5.0, "%", "reduce 25%; below 2% HALT, flatten", floor=True),
        limit("oldest UNKNOWN", 0.0, 60.0, "s", "HALT"),
        limit("book age", 0.06, 2.0, "s", "quotes pulled; 300 s with a position: HALT"),
        limit("latency p99", 11.0, 150.0, "ms", "notice"),
        limit("fills a minute", 4.0, 600.0, "", "HALT"),
        limit("messages 10 s", 21.0, 120.0, "", refused),
        limit("cool-downs", 1.0, 3.0, "", "HALT, if within 60 min", fired=1),
    )
    return tuple(replace(row, **changes) for row in rows)


def with_now(rows: tuple[LimitRow, ...], name: str, now: float | None) -> tuple[LimitRow, ...]:
    """The same limits, one of them at another figure."""
    return tuple(
        row if row.name != name or not row.bound
        else replace(row, now=now, used=None if now is None else max(0.0, now / row.bound))
        for row in rows
    )  # fmt: skip


BANDS = (BandRow(5, 0.15, False, "mm", 0.8), BandRow(8, 0.25, False, "mm", 0.8), BandRow(12, 0.40, False, "mm", 0.8))


def maker(at: int = 40, **changes: Any) -> Snapshot:
    """One position, long, isolated, at rest."""
    snap = snapshot(at)
    row = replace(snap.positions[0], margin="isolated", owner="mm")
    rows = limits()
    for name, now in (("round loss, cool down", snap.pnl.net), ("round win, flatten", snap.pnl.net),
                      ("round stop loss", snap.pnl.net), ("day loss", -snap.pnl.day)):  # fmt: skip
        rows = with_now(rows, name, now)
    return replace(snap, positions=(row,), limits=rows, bands=BANDS, **changes)


def tight() -> Snapshot:
    """A limit is hit, one is near, one is missing, a band is done, the buffer is under its first floor."""
    rows = with_now(limits(), "day loss", 51.0)
    rows = with_now(rows, "round loss, cool down", -13.0)
    rows = tuple(replace(r, bound=None, used=None) if r.name == "net cap (adaptive)" else r for r in rows)
    rows = tuple(replace(r, now=4.1, used=5 / 4.1) if r.floor else r for r in rows)
    snap = maker()
    held = replace(snap.positions[0], liquidation=round((snap.positions[0].mark or 0) * 0.959, 2), buffer=0.041)
    bands = (replace(BANDS[0], done=True, now=6.1), *(replace(band, now=6.1) for band in BANDS[1:]))
    return replace(snap, limits=rows, positions=(held,), bands=bands, buffer_min=0.041)


def hedged(row: Any = None, at: int = 40) -> Snapshot:
    """A pair on two venues with its limits on both legs and a dead-man on each venue."""
    snap = pictured(row or pair(3, figures=(*figures(3), bare(0.0))), at=at)
    name = snap.pairs[0].name
    made = tuple(replace(one, owner=name) for one in snap.positions)
    rows = tuple(r for leg in snap.pairs[0].legs for r in limits(owner=name, venue=leg.venue, symbol=leg.symbol))
    bands = tuple(replace(band, owner=name) for _ in range(2) for band in BANDS)
    return replace(snap, positions=made, limits=rows, bands=bands, mode="LIVE", network="mainnet",
                   dead_man="binance 118 s left; okx 57 s left", buffer_min=0.384)  # fmt: skip


def unknown() -> Snapshot:
    """No mark ever came: nothing may be drawn as a number."""
    snap = maker()
    row = replace(snap.positions[0], mark=None, unrealised=None, buffer=None, liquidation=None, ts=0)
    rows = tuple(replace(one, now=None, used=None) for one in snap.limits)
    bands = tuple(replace(band, now=None) for band in BANDS)
    return replace(snap, positions=(row,), limits=rows, bands=bands, buffer_min=None, mode="TESTNET", dead_man="")


def halted() -> Snapshot:
    snap = state(tight(), run="HALTED", since=tight().ts - 9 * SECOND, reason="stop_loss", orders_at_stop=16,
                 positions_left=1, verified="clean")  # fmt: skip
    return replace(snap, orders=(), mode="LIVE", network="mainnet",
                   dead_man="NO DEAD-MAN okx: refused; binance 57 s left, not refreshed while stopping")  # fmt: skip


def stale() -> Snapshot:
    snap = maker()
    return replace(snap, positions=(replace(snap.positions[0], ts=snap.ts - 14 * SECOND),))


def naked() -> Snapshot:
    """The second leg is stuck: what no state declares has stood too long."""
    return hedged(PAIRS["stuck"]())


RISKS: dict[str, Callable[[], Snapshot]] = {
    "maker": maker, "tight": tight, "hedged": hedged, "unknown": unknown, "halted": halted, "stale": stale,
    "naked": naked, "flat": lambda: replace(maker(), positions=(), buffer_min=None, net=(), gross=0.0),
}  # fmt: skip
