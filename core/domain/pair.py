"""What passes between a strategy of two legs and what carries it out: the status of the pair, and the wish.

Leg 0 lives on the long venue and is only ever bought to open, leg 1 on the short venue and is only ever sold, so the
number of a leg is also its opening side (BUY 0, SELL 1). Prices are quote units, not ticks. Times ns.
"""

from __future__ import annotations

from core.kernel import Block, f64, i64, i64s

LONG, SHORT, NO_LEG = 0, 1, -1

S0, S1, S2, S3, S4, S5 = range(6)
STATE_NAMES = ("idle", "first leg", "locking", "locked", "long only", "short only")

# wishes
NONE, OPEN, LOCK, UNLOCK_A, UNLOCK_B, EXIT, CUT = range(7)
WISH_NAMES = ("none", "open", "lock", "unlock A", "unlock B", "exit", "cut")


class PairStatus(Block):
    """What the saga declares, and what the engine read of the account. Strategies only read it."""

    state: i64  # S0 .. S5
    busy: i64  # 1 = orders of the pair are at work: only CUT may be wished
    first: i64  # leg that was opened first: LONG or SHORT (S1, S2)
    lock_ts: i64  # when S3 began; 0 = not known, then the first sight of it counts
    unlock_ts: i64  # when S4 or S5 began; 0 as above
    unlock_px: f64  # price of the kept leg at that moment (same price source); 0 as above
    liquidation_px: i64s[2]  # ticks; 0 = the position cannot be liquidated, -1 = not known
    liquidation_ts: i64s[2]  # when that was read; 0 = never: the bound is not armed


class Wish(Block):
    """The one thing that the decision wants now. A level, not an edge: it stands while its reason does."""

    id: i64  # another one whenever the wish changes, and again every `wish_repeat` while it stands
    kind: i64  # NONE .. CUT
    reason: i64
    leg: i64  # leg to open, close or cut; NO_LEG = none, or both in step (CUT of a pair)
    side: i64  # of the order on that leg; -1 where `leg` is NO_LEG
    share: f64  # of what is held, for closing and cutting; 1 = all
    value: f64  # the figure that decided, and what it was compared with
    limit: f64
    urgent: i64  # 1 = the margin's: what can be reached is closed though the other venue is down
    ts: i64  # when this wish was first made, ns
    id_ts: i64  # when `id` was given
