"""Between a strategy of two legs and the saga: its wish in the saga's words and lots, the saga's state in its words.

Decides nothing: who wishes what, and whether it may be done, are the strategy's and the saga's.
"""

from __future__ import annotations

import math

from core.domain import pair
from core.domain.pair import PairStatus
from core.execution.pair_saga import words
from core.execution.pair_saga.blocks import Saga, Wish
from core.execution.pair_saga.measure import lone_leg
from core.execution.pair_saga.table import knows
from core.kernel import door, kernel

TINY = 1e-9  # of a lot: a share that comes out whole is whole

# module-level ints, as kernels read them
P_OPEN, P_LOCK, P_UNLOCK_A, P_UNLOCK_B, P_EXIT, P_CUT = (
    pair.OPEN, pair.LOCK, pair.UNLOCK_A, pair.UNLOCK_B, pair.EXIT, pair.CUT
)  # fmt: skip
OPEN, LOCK, UNLOCK_SHORT, UNLOCK_LONG, EXIT, CUT, NO_WISH, W_CUT = (
    words.OPEN, words.LOCK, words.UNLOCK_SHORT, words.UNLOCK_LONG, words.EXIT, words.CUT, words.NO_WISH, words.W_CUT
)  # fmt: skip


@kernel
def cut_lots(s: Saga, share: float) -> int:
    """Lots that a share of what is held comes to, rounded up: of the lone leg, else of the first."""
    leg = lone_leg(s)
    if leg < 0:
        leg = s.first
    return int(math.ceil(share * s.held[leg] - TINY))


@door
def hand_over(U: pair.Wish, W: Wish, S: Saga, lots_long: int, lots_short: int) -> int:
    """The strategy's wish as the saga's, before `advance`; returns its kind. `lots_*`: planned size of a first leg.

    A cut of everything, and a part in a state that cannot part, is an exit.
    """
    u, w, s = U[0], W[0], S[0]
    w.id = u.id
    w.kind = NO_WISH
    w.lots = 0
    w.stop_px = 0
    w.force = u.urgent
    if u.kind == P_OPEN:
        w.kind = OPEN
        w.first = u.leg
        w.side = u.side
        w.lots = lots_long if u.leg == 0 else lots_short
    elif u.kind == P_LOCK:
        w.kind = LOCK
    elif u.kind == P_UNLOCK_A:
        w.kind = UNLOCK_SHORT
    elif u.kind == P_UNLOCK_B:
        w.kind = UNLOCK_LONG
    elif u.kind == P_EXIT:
        w.kind = EXIT
    elif u.kind == P_CUT:
        w.kind = EXIT
        if u.share < 1.0 and knows(s.state, W_CUT) == 1:
            lots = cut_lots(s, u.share)
            if lots > 0:
                w.kind = CUT
                w.lots = lots
    return w.kind


@door
def declare(T: PairStatus, S: Saga) -> int:
    """The saga's state as the strategy's status; returns the stage S0 .. S5. `unlock_px` stays 0: the strategy takes
    the price of its own source."""
    t, s = T[0], S[0]
    t.state = s.stage
    t.busy = s.busy
    t.first = s.first
    t.lock_ts = s.lock_ts
    t.unlock_ts = s.unlock_ts
    return t.state
