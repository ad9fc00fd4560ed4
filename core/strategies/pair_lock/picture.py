"""The decision's side of a pair's picture: figures of the last decision as plain values. Reads blocks, decides nothing.

What only the saga knows (its cell, orders at work, stops in force, refusals, waits) is filled in by the engine's seat.
"""

from __future__ import annotations

import math

from core.domain.pair import LONG, S3, S4, S5, SHORT, STATE_NAMES, WISH_NAMES, PairStatus, Wish
from core.domain.pair_picture import GateRow, LegRow, PairRow
from core.domain.units import sign_of
from core.strategies.pair_lock.blocks import PairBlock, PairState, SpreadWindow
from core.strategies.pair_lock.funding import HOURS_A_YEAR
from core.strategies.pair_lock.params import PairParams
from core.strategies.pair_lock.why import Figure, gate_figures, known, leg_figures, sentence
from core.strategies.sdk import Desk

NS_PER_H = 3_600_000_000_000


def rows_of(figures: list[Figure]) -> tuple[GateRow, ...]:
    """Figures as rows."""
    return tuple(GateRow(f.name, f.value, f.limit, f.holds, f.note) for f in figures)


def leg_row(s: PairState, desk: Desk, leg: int) -> LegRow:
    """One leg as the decision saw it."""
    S, x, view, ledger = s.s, desk.instruments[leg], desk.views[leg].s, desk.ledgers[leg].s
    rate = S.rate[leg] if S.rate_ok[leg] else None
    return LegRow(
        venue=x.venue,
        symbol=x.symbol,
        side="LONG" if leg == LONG else "SHORT",
        size=ledger.pos * x.lot,
        size_digits=x.size_digits,
        entry=S.entry[leg] if S.entry_ok[leg] else None,
        price=S.px[leg] if S.px_ok[leg] else None,
        price_digits=x.price_digits,
        pnl=known(S.pnl[leg]) if S.held[leg] else None,
        stop=None,
        orders=ledger.n_live,
        down=False,
        age_ns=max(0, S.now - view.ts_recv) if view.ts_recv else None,
        rate=rate,
        interval_ns=x.funding_interval_ns,
        next_ts=S.settlement[leg] if S.settlement[leg] > 0 else None,
        funding_paid=None if rate is None else sign_of(leg) * S.rate_hour[leg] * HOURS_A_YEAR,
    )


def seconds_left(p: PairBlock, s: PairState, t: PairStatus) -> float | None:
    """Of the lock (S3) or of the single leg (S4, S5); None in other states."""
    P, S, T = p.s, s.s, t.s
    if T.state not in (S3, S4, S5):
        return None
    begun = (T.lock_ts if T.state == S3 else T.unlock_ts) or S.seen_since
    most = P.t_max_ns if T.state == S3 else P.exit_max_ns
    return float((most - (S.now - begun)) / 1e9)


def picture_of(
    name: str, params: PairParams, p: PairBlock, s: PairState, w: SpreadWindow, t: PairStatus, u: Wish, desk: Desk
) -> PairRow:  # fmt: skip
    """The pair as last decided."""
    P, S, W, T = p.s, s.s, w.s, t.s
    spread, ok = (S.spread if S.spread_ok else None), bool(W.ok)
    z = (spread - W.mean) / W.sigma if ok and spread is not None and W.sigma > 0 else None
    decided = S.n_decisions > 0
    return PairRow(
        name=name,
        base=desk.instruments[LONG].base,
        state=T.state,
        state_name=STATE_NAMES[T.state] if 0 <= T.state < len(STATE_NAMES) else "?",
        cell="",
        busy=bool(T.busy),
        since=S.seen_since,
        why=sentence(t, u) if decided else "not decided yet",
        wish=WISH_NAMES[u.s.kind],
        refusal="",
        stuck="",
        stuck_since=0,
        legs=(leg_row(s, desk, LONG), leg_row(s, desk, SHORT)),
        net=sum(desk.ledgers[leg].s.pos * desk.instruments[leg].lot for leg in (LONG, SHORT)),
        residual=S.residual if math.isfinite(S.residual) else math.inf,
        residual_cap=P.net_delta_max_ratio,
        spread=spread,
        mean=W.mean if ok else None,
        sigma=W.sigma if ok else None,
        lower=W.lb if ok else None,
        upper=W.ub if ok else None,
        z=z,
        half_life_s=W.half_life_s if W.half_life_ok else None,
        samples=W.n,
        samples_wanted=P.band_min_samples,
        price_digits=min(desk.instruments[LONG].price_digits, desk.instruments[SHORT].price_digits),
        price_source=params.price_source,
        seconds_left=seconds_left(p, s, t),
        carry_bps=known(S.carry_bps),
        guard_apr=known(S.guard_apr),
        guard_cap=P.funding_guard_apr,
        gates=(rows_of(gate_figures(p, s, LONG)), rows_of(gate_figures(p, s, SHORT))),
        figures=rows_of(leg_figures(p, s, t)),
        episodes=0,
    )
