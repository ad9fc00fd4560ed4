"""Exits of a single leg, S4 and S5 alike (S1-42, K-36): take profit, rebound, time. Its stop is a limit."""

from __future__ import annotations

from core.domain.pair import Wish
from core.kernel import kernel
from core.strategies.pair_lock.blocks import EXIT_TIME, HOLDING, REBOUND, TAKE_PROFIT, PairBlock, PairState
from core.strategies.pair_lock.prices import reaches
from core.strategies.pair_lock.wishes import state_why


@kernel
def exit_reason(p: PairBlock, s: PairState, u: Wish, leg: int, since: int, now: int) -> int:
    """S4, S5: TAKE_PROFIT, REBOUND, EXIT_TIME or HOLDING. since: time of the unlock.

    What has no value does not act; time always does.
    """
    if reaches(s.pnl[leg], p.exit_take_pct, 1.0):
        return state_why(u, TAKE_PROFIT, s.pnl[leg], p.exit_take_pct)
    if reaches(s.rebound, p.exit_rebound_pct, 1.0):
        return state_why(u, REBOUND, s.rebound, p.exit_rebound_pct)
    if now - since >= p.exit_max_ns:
        return state_why(u, EXIT_TIME, (now - since) / 1e9, p.exit_max_ns / 1e9)
    return state_why(u, HOLDING, s.rebound, p.exit_rebound_pct)
