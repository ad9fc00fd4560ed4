"""The account of the last decision in words and figures, for the `why not` screen, reports and the demo's narration.

Reads blocks only; decides nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.domain.pair import LONG, S1, S3, S4, S5, SHORT, STATE_NAMES, WISH_NAMES, PairStatus, Wish
from core.strategies.pair_lock.blocks import (
    CARRY,
    CONDITION_NAMES,
    GATE_OPEN,
    REASON_NAMES,
    TARGET,
    TREND,
    PairBlock,
    PairState,
    SpreadWindow,
)

LEG_NAMES = ("long", "short")


@dataclass(frozen=True)
class Figure:
    """One line: what was compared with what. value None = unknown; holds None = informs only."""

    name: str
    value: float | None
    limit: float | None
    holds: bool | None
    note: str = ""


def known(x: float) -> float | None:
    """A figure of a block, None for NaN and infinities."""
    return x if math.isfinite(x) else None


def gate_figures(p: PairBlock, s: PairState, leg: int) -> list[Figure]:
    """The gate of one first leg (LONG or SHORT): its conditions, then its filters' verdict and their inputs."""
    P, S = p.s, s.s
    values = (S.trend[leg], S.target[leg], S.carry_bps)
    limits = (P.min_diff, P.min_target_return, P.funding_spread_bps)
    figures = [
        Figure(name, known(value), limit, bool(S.conditions[leg] & bit))
        for name, value, limit, bit in zip(CONDITION_NAMES, values, limits, (TREND, TARGET, CARRY), strict=True)
    ]
    barred = S.barred[leg]
    minutes = (S.settlement[leg] - S.now) / 6e10 if S.settlement[leg] > 0 else None
    figures += [
        Figure("filters", None, None, barred == GATE_OPEN, "" if barred == GATE_OPEN else REASON_NAMES[barred]),
        Figure(
            "volatility",
            known(S.vol[leg]) if S.vol_ok[leg] else None,
            None,
            None,
            f"{P.vmin:g} to {P.vmax:g}" if P.vol_on else "filter off",
        ),
        Figure("minutes to settlement", minutes, P.settlement_bar_ns / 6e10, None),
        Figure("expected funding", known(S.funding_cost[leg]), None, None),
        Figure("residual", known(S.residual), P.net_delta_max_ratio, None),
    ]
    return figures


def band_figures(s: PairState, w: SpreadWindow) -> list[Figure]:
    """Spread, bands, z-score and half-life; None while there are none."""
    S, W = s.s, w.s
    ok, spread = bool(W.ok), S.spread if S.spread_ok else None
    z = (spread - W.mean) / W.sigma if ok and spread is not None else None
    return [
        Figure("spread", spread, None, None),
        Figure("lower band", W.lb if ok else None, None, None),
        Figure("upper band", W.ub if ok else None, None, None),
        Figure("z", z, None, None),
        Figure("half-life s", W.half_life_s if W.half_life_ok else None, None, None),
        Figure("samples", float(W.n), None, None),
    ]


def leg_figures(p: PairBlock, s: PairState, t: PairStatus) -> list[Figure]:
    """What the declared state waits for: PnL and stop of a single leg, lock price, time left of the lock or the leg."""
    P, S, T = p.s, s.s, t.s
    figures = [Figure("funding paid, annualised", known(S.guard_apr), P.funding_guard_apr, None)]
    leg = {S1: T.first, S4: LONG, S5: SHORT}.get(T.state)
    if leg is not None:
        sign, entry = 1 - 2 * leg, S.entry[leg] if S.entry_ok[leg] else None
        stop_from = entry if T.state == S1 else (T.unlock_px or S.seen_px or None)
        figures += [
            Figure("pnl", known(S.pnl[leg]), None, None),
            Figure("stop price", stop_from and stop_from * (1 - sign * P.stop_loss_first_leg), None, None),
        ]
        if T.state == S1:
            figures.append(Figure("lock price", entry and entry * (1 + sign * P.g_pct), None, None))
        else:
            figures.append(Figure("rebound", known(S.rebound), P.exit_rebound_pct, None))
    if T.state in (S3, S4, S5):
        begun = (T.lock_ts if T.state == S3 else T.unlock_ts) or S.seen_since
        most = P.t_max_ns if T.state == S3 else P.exit_max_ns
        figures.append(Figure("seconds left", (most - (S.now - begun)) / 1e9, most / 1e9, None))
    return figures


def sentence(t: PairStatus, u: Wish) -> str:
    """The wish in one line, with the figures that decided."""
    T, U = t.s, u.s
    state = STATE_NAMES[T.state] if 0 <= T.state < len(STATE_NAMES) else "?"
    leg = f" {LEG_NAMES[U.leg]} leg" if U.leg in (LONG, SHORT) else ""
    figures = "" if U.value == 0.0 and U.limit == 0.0 else f" ({U.value:.6g} against {U.limit:.6g})"
    return f"S{T.state} {state}: {WISH_NAMES[U.kind]}{leg}: {REASON_NAMES[U.reason]}{figures}"
