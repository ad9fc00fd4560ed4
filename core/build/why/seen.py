"""What the stages of a wake look at, of one strategy on one instrument: scalars copied off live blocks, and no rule.

Copied in one go, some 60 reads; whoever copies in another thread than the core's checks that no step fell in between.
"""

from __future__ import annotations

import msgspec

from core.domain.pair_picture import GateRow, PairRow
from core.domain.reasons import PNL_BOUNDS, SHOCK, name_of
from core.domain.units import BUY, MONEY, SELL
from core.engine.engine import Engine
from core.engine.pair_seat import PairSeat
from core.engine.post import Post
from core.engine.seat import Seat
from core.execution.blocks import WINDOW_NS
from core.kpi.books import GateSeen
from core.risk.blocks import Risk
from core.signals.blocks import REGIME_NAMES
from core.strategies.asmm.blocks import IDLE_NAMES
from core.strategies.asmm.strategy import Asmm
from core.strategies.pair_lock.blocks import CONDITION_NAMES
from core.strategies.pair_lock.strategy import PairLock
from core.telemetry.refused_words import words

LEAST_RECENT_NS = 2_000_000_000
FILTERS = "filters"  # the row of a gate's figures that names what bars it


class QuoterSeen(msgspec.Struct, frozen=True, gc=False):
    """The market maker's last decision."""

    decided: int  # ts, 0 = none yet
    idle: str  # quoting, or why no price could be made
    wanted: int  # orders it wanted
    layers: int
    regime: str
    noise_level: int
    cap_lots: int


class PairSeen(msgspec.Struct, frozen=True, gc=False):
    """The pair's saga and decision."""

    decided: bool
    cell: str
    state: int
    busy: bool
    stuck: str
    stuck_since: int
    wish: str
    why: str
    refusal: str
    gates: tuple[GateSeen, GateSeen] | None
    needed: int  # conditions of the gate that must hold


class Seen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Times ns of core time, 0 = never; money quote units; shares fractions. None = this strategy has no such thing."""

    strategy: str
    kind: str
    venue: str
    symbol: str
    quote: str
    now: int
    run: str
    run_since: int = 0
    run_reason: str = ""
    reconciled: bool = True
    account_why: str = ""
    round: int = 0
    round_open: bool = True
    round_over: bool = False  # all are played
    armed: bool = True
    link: bool | None = None  # the stream, None = never told
    book_ok: bool = True
    two_sided: bool = True
    marked: bool = True
    ts_recv: int = 0
    stale_ns: int = 0
    confirmed: int = 0  # the account agreed with the venue, ts
    confirmed_most_ns: int = 10_000_000_000
    mode: int = 0
    mode_why: str = ""
    mode_since: int = 0
    until: int = 0
    pulled: bool = False
    pull_why: str = ""
    day_pnl: float | None = None
    day_most: float | None = None
    unrealised: float | None = None
    disabled: str = ""
    unknown: int = 0
    unknown_since: int = 0
    orders: int = 0
    planner_left: float | None = None  # messages
    gate_left: float | None = None
    gate_closed: bool = False
    gate_why: str = ""
    wire_used: int | None = None
    wire_most: int | None = None
    condition: str = ""  # of the venue; "" = it has no wire
    condition_text: str = ""
    condition_until: int | None = None
    recent_ns: int = LEAST_RECENT_NS  # a refusal this young still says no: the decision after it has not come yet
    next_decision: int | None = None
    quoter: QuoterSeen | None = None
    pair: PairSeen | None = None


def see(engine: Engine, seat: Seat, post: Post) -> Seen:
    """Everything that the engine itself knows."""
    x, r, v, o, state = post.instrument, post.risk.s, post.view.s, post.ledger.s, engine.state
    b, machine = post.plan_params.s, engine.rounds.machine
    timer = engine.timers.when(seat.timer)
    return Seen(
        strategy=seat.name, kind="pair" if isinstance(seat, PairSeat) else "market maker", venue=x.venue,
        symbol=x.symbol, quote=x.quote, now=engine.now, run=state.run, run_since=state.since, run_reason=state.reason,
        reconciled=engine.check.clean, account_why=engine.check.why, round=machine.number,
        round_open=engine.rounds.open, round_over=machine.over, armed=engine.armed,
        link=engine.links.get(post.place), book_ok=v.book_ok == 1,
        two_sided=v.px[BUY][0] > 0 and v.px[SELL][0] > 0, marked=v.mark > 0, ts_recv=int(v.ts_recv),
        stale_ns=int(post.limits.s.book_stale_ns), confirmed=int(post.vitals.s.account_ts), mode=int(r.mode),
        mode_why=name_of(r.why) if r.why else "", mode_since=int(r.since),
        until=int(r.cooldown_until), pulled=bool(r.pull_quotes), pull_why=name_of(r.pull_why) if r.pull_why else "",
        day_pnl=r.day_pnl / MONEY, day_most=post.limits.s.daily_max / MONEY, unrealised=r.unrealised / MONEY,
        disabled=seat.disabled, unknown=int(o.n_unknown), unknown_since=int(o.oldest_unknown), orders=int(o.n_live),
        planner_left=_left(b.credit, b.ts, b.budget, engine.now),
        gate_left=_left(r.credit, r.credit_ts, post.limits.s.budget, engine.now),
        recent_ns=max(LEAST_RECENT_NS, 2 * seat.wakes.timer_ns), next_decision=timer,
        quoter=_quoter(seat),
    )  # fmt: skip


def _left(credit: int, ts: int, budget: int, now: int) -> float | None:
    """Messages that a bucket holds now; it is filled when it is used next. None = never used."""
    half = budget // 2
    return min(float(half), (credit + max(0, now - ts) * half) / WINDOW_NS) if ts else None


def mode_words(risk: Risk, quote: str) -> str:
    """Why the mode became what it is, with the figure that stands in the block at that moment."""
    r = risk.s
    if r.why == SHOCK:
        return f"shock, the mid moved {r.shock_move:.1%}"
    if r.why == PNL_BOUNDS:
        return f"round PnL {r.round_pnl / MONEY:+.2f} {quote}"
    return words(name_of(r.why)) if r.why else ""


def _quoter(seat: Seat) -> QuoterSeen | None:
    strategy = seat.strategy
    if not isinstance(strategy, Asmm):
        return None
    s = strategy.state.s
    wanted = sum(qty > 0 for qty in s.last_qty) + (s.tp_qty > 0)
    return QuoterSeen(
        int(s.ts_decision), IDLE_NAMES[s.idle], int(wanted), int(s.layers), REGIME_NAMES[s.regime],
        int(s.noise_level), int(s.cap_lots),
    )  # fmt: skip


def pair_seen(row: PairRow, seat: Seat) -> PairSeen:
    """Of the newest picture, because a pair's own figures may be read by the core's thread only."""
    strategy, needed = seat.strategy, 0
    if isinstance(strategy, PairLock) and strategy.block is not None:
        needed = int(strategy.block.s.min_conditions)
    return PairSeen(
        row.why != "not decided yet", row.cell, row.state, row.busy, row.stuck, row.stuck_since, row.wish, row.why,
        row.refusal, (_gate(row.gates[0]), _gate(row.gates[1])), needed,
    )  # fmt: skip


def _gate(rows: tuple[GateRow, ...]) -> GateSeen:
    """The filter that bars, and the conditions that hold."""
    barred = next((row.note for row in rows if row.name == FILTERS and row.holds is False), "")
    holds = tuple(row.name for row in rows if row.name in CONDITION_NAMES and row.holds)
    return GateSeen(barred, holds, not barred)
