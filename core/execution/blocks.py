"""Block of the planner: its message budget and the working lists of one call."""

from __future__ import annotations

from core.domain.order import SLOTS, TARGETS
from core.domain.units import NS_PER_S
from core.kernel import Block, i64, i64s

KEYS = 64
RANKS = 25  # 0: exits and hedges, then grid layers from the touch outwards
WINDOW_NS = 10 * NS_PER_S


class PlanParams(Block):
    """Token bucket of the venue's message limit, and scratch lists.

    Half of `budget` is the burst, half refills over 10 s: no window of 10 s sees more than `budget` creates and
    amends. `credit` is in messages x ns. n_blocked counts creates held back while an order is UNKNOWN.
    """

    budget: i64  # messages a 10 s window, 60 % of the venue's limit
    credit: i64
    ts: i64
    n_blocked: i64
    n_free: i64
    n_loose: i64
    slot_of_key: i64s[KEYS]
    free: i64s[SLOTS]
    loose: i64s[SLOTS]  # live orders that may still be matched
    taken: i64s[SLOTS]  # 1 = spoken for by a target
    head: i64s[RANKS]
    next: i64s[TARGETS]
    got: i64s[TARGETS]  # what became of each target: 0 open, 1 satisfied, 2 + slot = change that order


def plan_params(orders_per_10s: int, share: float = 0.6) -> PlanParams:
    """The bucket for a venue's limit, full. Source: S3-13 (60 %). Raises ValueError for a limit below 4."""
    budget = int(orders_per_10s * share)
    if budget < 2:
        raise ValueError(f"Expected room for 2 messages in 10 s, was {budget}")
    return PlanParams(budget=budget, credit=(budget // 2) * WINDOW_NS)
