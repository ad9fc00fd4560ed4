"""Fabricated pairs, one for each state and each trouble, inside the picture of tests.console.fabricated."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec

from core.domain import snapshot as sn
from core.domain.pair_picture import GateRow, LegRow, PairRow, PairSplit
from core.domain.snapshot import Snapshot
from tests.console.fabricated import SECOND, T0, LivelyClient, snapshot, walk

HOUR = 3600 * SECOND
TS = T0 + 20 * SECOND
NAMES = ("idle", "first leg", "locking", "locked", "long only", "short only")
CELLS = ("S0 flat", "S1 one leg", "S2 locking", "S3 hedged", "S4 long only", "S5 short only")
LONG_PX, SHORT_PX = 68151.0, 68138.8  # 1.79 bp


def leg(venue: str, side: str, size: float, entry: float | None, price: float | None, **changes: Any) -> LegRow:
    row = LegRow(
        venue=venue,
        symbol="BTC-PERP",
        side=side,
        size=size,
        size_digits=3,
        entry=entry,
        price=price,
        price_digits=1,
        pnl=None if entry is None or price is None else (price / entry - 1) * (1 if side == "LONG" else -1),
        stop=None,
        orders=0,
        down=False,
        age_ns=80_000_000,
        rate=0.0001 if side == "LONG" else 0.00006,
        interval_ns=8 * HOUR if side == "LONG" else HOUR,
        next_ts=TS + 10_669 * SECOND if side == "LONG" else TS + 3_469 * SECOND,
        funding_paid=0.1095 if side == "LONG" else -0.5256,
    )
    return msgspec.structs.replace(row, **changes)


def gate(first: str, barred: str, holds: tuple[bool, bool, bool], minutes: float | None) -> tuple[GateRow, ...]:
    sign = 1 if first == "long" else -1
    return (
        GateRow("trend", 0.0011 * sign, 0.0008, holds[0]),
        GateRow("net target return", 0.0041, 0.0035, holds[1]),
        GateRow("funding spread", 0.48, 1.0, holds[2]),
        GateRow("filters", None, None, not barred, barred),
        GateRow("volatility", 0.62, None, None, "0.25 to 2.5"),
        GateRow("minutes to settlement", minutes, 10.0, None),
        GateRow("expected funding", 0.0001 * sign, None, None),
        GateRow("residual", 0.0, 0.1, None),
    )


def pair(state: int, **changes: Any) -> PairRow:
    """The pair at rest in `state`, its bands ready, nothing wrong."""
    long = leg("binance", "LONG", 0.412, 68120.5, LONG_PX)
    short = leg("okx", "SHORT", -0.412, 68139.0, SHORT_PX)
    flat = {"size": 0.0, "entry": None, "pnl": None}
    if state in (0, 5):
        long = msgspec.structs.replace(long, **flat)
    if state in (0, 1, 4):
        short = msgspec.structs.replace(short, **flat)
    if state in (1, 2, 4):
        long = msgspec.structs.replace(long, stop=67439.3)
    if state == 2:
        short = msgspec.structs.replace(short, size=-0.198, orders=1)
    if state == 5:
        short = msgspec.structs.replace(short, stop=68820.4)
    row = PairRow(
        name="BTC binance/okx",
        base="BTC",
        state=state,
        state_name=NAMES[state],
        cell=CELLS[state],
        busy=state == 2,
        since=TS - 862 * SECOND,
        why=f"S{state} {NAMES[state]}: none: inside the bands (1.79 against 6)",
        wish="none",
        refusal="",
        stuck="",
        stuck_since=0,
        legs=(long, short),
        net=long.size + short.size,
        residual=0.0 if state in (0, 3) else 1.0 if state != 2 else 0.52,
        residual_cap=0.1,
        spread=LONG_PX - SHORT_PX,
        mean=4.2,
        sigma=19.8,
        lower=-11.6,
        upper=20.0,
        z=0.4,
        half_life_s=500.0,
        samples=7_200,
        samples_wanted=600,
        price_digits=1,
        price_source="mid",
        seconds_left={3: 13_538.0, 4: 2_738.0, 5: 2_738.0}.get(state),
        carry_bps=0.48,
        guard_apr=-0.04,
        guard_cap=0.3,
        gates=(
            gate("long", "adverse settlement ahead", (True, True, False), 8.2),
            gate("short", "", (False, True, False), 57.8),
        ),
        figures=figures(state),
        episodes=3,
        split=PairSplit(spread=18.4, trend=21.3, carry=2.3, fees=6.1, execution=-1.2, net=34.7),
    )
    return msgspec.structs.replace(row, **changes)


def bare(seconds: float | None) -> GateRow:
    """How long the residual has stood, and how long it may."""
    return GateRow("naked seconds", seconds, 0.5, None if seconds is None else seconds <= 0.5)


def figures(state: int) -> tuple[GateRow, ...]:
    rows = [GateRow("funding paid, annualised", -0.04, 0.3, None)]
    if state in (1, 4, 5):
        rows += [GateRow("pnl", 0.0021, None, None), GateRow("stop price", 67439.3, None, None)]
    if state == 1:
        rows.append(GateRow("lock price", 68461.1, None, None))
    if state in (4, 5):
        rows.append(GateRow("rebound", 0.0012, 0.005, None))
    if state in (3, 4, 5):
        rows.append(GateRow("seconds left", 13_538.0 if state == 3 else 2_738.0, 14_400.0, None))
    return tuple(rows)


def opening() -> PairRow:
    row = pair(0, cell="opening", busy=True, wish="open", why="S0 idle: open long leg: gate open (2 against 2)")
    return msgspec.structs.replace(row, legs=(msgspec.structs.replace(row.legs[0], orders=1), row.legs[1]))


def locking() -> PairRow:
    return pair(2, why="S2 locking: none: second leg at work", net=0.214, figures=(*figures(2), bare(0.3)))


def stuck() -> PairRow:
    row = pair(
        2, cell="rolling back", why="S2 locking: cut: stop of the leg (-0.0103 against -0.01)", wish="cut", net=0.214,
        stuck="an order unknown on one venue", stuck_since=TS - 41 * SECOND, figures=(*figures(2), bare(41.2)),
    )  # fmt: skip
    long, short = row.legs
    return msgspec.structs.replace(row, legs=(long, msgspec.structs.replace(short, down=True, age_ns=47 * SECOND)))


def refused() -> PairRow:
    return pair(1, wish="lock", refusal="slippage-budget-exceeded",
                why="S1 first leg: lock short leg: lock price reached (68463 against 68461.1)")  # fmt: skip


def naked() -> PairRow:
    """A lone leg without a stop."""
    row = pair(1)
    return msgspec.structs.replace(row, legs=(msgspec.structs.replace(row.legs[0], stop=None), row.legs[1]))


def unknown() -> PairRow:
    """No price ever came: nothing may be drawn as zero."""
    nothing: dict[str, Any] = {"price": None, "age_ns": None, "rate": None, "next_ts": None, "funding_paid": None}
    row = pair(0, why="S0 idle: none: no fresh price", spread=None, mean=None, sigma=None, lower=None, upper=None,
               z=None, half_life_s=None, samples=0, carry_bps=None, guard_apr=None)  # fmt: skip
    legs = tuple(msgspec.structs.replace(one, **nothing) for one in row.legs)
    gates = tuple(
        tuple(
            msgspec.structs.replace(
                g,
                value=None,
                holds=None if g.holds is None else False,
                note="no fresh price" if g.holds is not None else "",
            )
            for g in rows
        )
        for rows in row.gates
    )
    return msgspec.structs.replace(row, legs=legs, gates=gates)


def no_bands() -> PairRow:
    return pair(0, mean=None, sigma=None, lower=None, upper=None, z=None, half_life_s=None, samples=212,
                why="S0 idle: none: no bands yet")  # fmt: skip


PAIRS: dict[str, Callable[[], PairRow]] = {
    "s0": lambda: pair(0, why="S0 idle: none: too few conditions (1 against 2)"),
    "opening": opening,
    "s1": lambda: pair(1, why="S1 first leg: none: below the lock price (68151 against 68461.1)"),
    "s2": locking,
    "s3": lambda: pair(3),
    "s4": lambda: pair(4, why="S4 long only: none: no exit due"),
    "s5": lambda: pair(5, why="S5 short only: none: no exit due"),
    "stuck": stuck,
    "refused": refused,
    "naked": naked,
    "unknown": unknown,
    "no_bands": no_bands,
}


def chart(row: PairRow, at: int = 0, count: int = 240) -> sn.Chart:
    """The spread of `row` in bp with its bands, ending at its present value."""
    if row.spread is None:
        return sn.Chart(title=row.name)
    scale = 2e4 / (LONG_PX + SHORT_PX)
    noise, path = walk(19, 4000, 0.35), [0.0]
    for i in range(1, count):  # pulled back to its mean
        path.append(path[-1] * 0.93 + noise[at % 3000 + i + 1] - noise[at % 3000 + i])
    value = tuple(row.spread * scale + (x - path[-1]) for x in path)
    known = row.upper is not None and row.lower is not None

    def band(level: float | None) -> tuple[float | None, ...]:
        return tuple(level * scale + 0.2 * math.sin(i / 40) if level is not None and known else None
                     for i in range(count))  # fmt: skip

    return sn.Chart(
        title=f"{row.name} spread",
        unit="bp",
        ts=tuple(TS + at * SECOND // 2 - (count - 1 - i) * SECOND for i in range(count)),
        value=value,
        upper=band(row.upper),
        lower=band(row.lower),
        now=value[-1],
        z=row.z,
    )


def named(row: PairRow, coin: str) -> PairRow:
    """The same pair of another coin."""
    legs = tuple(msgspec.structs.replace(one, symbol=f"{coin}-PERP") for one in row.legs)
    return msgspec.structs.replace(row, name=f"{coin} binance/okx", base=coin, legs=legs)


def several() -> tuple[PairRow, PairRow, PairRow]:
    """Three pairs; the second is stuck."""
    return PAIRS["s0"](), named(stuck(), "ETH"), named(pair(3), "SOL")


def pictured(*rows: PairRow, at: int = 40) -> Snapshot:
    """The console's picture of a core with these pairs; its chart is that of the first that is not S0."""
    snap = snapshot(at)
    shown = next((row for row in rows if row.state), rows[0])
    held = [one for row in rows for one in row.legs if one.size]
    positions = tuple(
        sn.PositionRow(
            one.venue, one.symbol, one.size, 3, one.entry, one.price, 1,
            one.size * ((one.price or 0) - (one.entry or 0)), 0.384 if one.side == "LONG" else 0.41,
            round((one.price or 0) * (0.616 if one.side == "LONG" else 1.41), 1), "isolated", snap.ts - 300_000_000,
        )
        for one in held
    )  # fmt: skip
    feeds = tuple(
        sn.Feed(one.venue, one.symbol, "depth", not one.down, one.age_ns, 2 * SECOND, 27.0, 0, 0, 0, 18, 0)
        for one in rows[0].legs
    )
    logs = tuple(
        sn.LogRow(TS - seconds * SECOND, "info", "[strategy_adjust]", f"{rows[0].name} {text}")
        for seconds, text in ((862, "S2 locking -> S3 hedged"), (863, "S1 one leg -> S2 locking"))
    )
    funding = tuple(sn.FundingRow(one.venue, one.symbol, one.rate, one.next_ts, False, 0.02) for one in rows[0].legs)
    return msgspec.structs.replace(
        snap, pairs=rows, chart=chart(shown, at - 40), quoter=sn.Quoter(), positions=positions, orders=(), feeds=feeds,
        logs=logs, funding=funding, net=(("BTC", sum(row.net for row in rows)),),
        gross=sum(abs(p.size * (p.mark or 0)) for p in positions),
        venue="binance", market="synthetic basis seed 7",
    )  # fmt: skip


class LivelyPair(LivelyClient):
    """Invented: a pair that walks through its states, one every six seconds."""

    ORDER = ("no_bands", "s0", "opening", "s1", "s2", "s3", "s4", "s5")

    def latest(self) -> Snapshot | None:
        base = super().latest()
        if base is None:
            return None
        at = self._at()
        row = PAIRS[self.ORDER[at // 12 % len(self.ORDER)]]()
        made = pictured(msgspec.structs.replace(row, since=base.ts - at % 12 * SECOND // 2), at=at)
        return msgspec.structs.replace(made, ts=base.ts, state=base.state)


def lively_pair() -> LivelyPair:
    """For tools.pictures and for a look in a terminal."""
    from core.clock import SystemClock

    return LivelyPair(SystemClock())
