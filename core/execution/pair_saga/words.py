"""The words of the pair: states, events, effects, works, wishes, refusals. Numbers are stable: Blocks are persisted.

Constants and their names only; what follows from what stands in `table.py`.
"""

from __future__ import annotations

# states. S0, S1, S3, S4, S5 are at rest; the others work towards one of them
(S0_FLAT, OPENING, S1_ONE_LEG, PAIRING, S2_LOCKING, S3_HEDGED, UNLOCK_A, UNLOCK_B, S4_LONG, S5_SHORT, EXITING, ROLLBACK,
 CUTTING) = range(13)  # fmt: skip
STATES = 13
STATE_NAMES = (
    "S0 flat", "opening", "S1 one leg", "pairing", "S2 locking", "S3 hedged", "unlock A", "unlock B", "S4 long only",
    "S5 short only", "exiting", "rolling back", "cutting",
)  # fmt: skip

# what each state declares its two legs to be
FLAT, FIRST_ONLY, GROWING, MIRRORED, LONG_ONLY, SHORT_ONLY, SHRINKING = range(7)
DECLARED_NAMES = (
    "flat", "the first leg only", "second leg follows the first", "hedged", "long leg only", "short leg only",
    "one leg goes, the other stays",
)  # fmt: skip

# events, in the order in which they are looked for
EVENTS = 25
(IDLE, LOST, EMPTY, SHRUNK, STOP_HIT, BARRED, W_OPEN, W_PAIR, W_LOCK, W_UNLOCK_A, W_UNLOCK_B, W_EXIT, W_CUT, FOREIGN,
 UNKNOWN_BOTH, UNKNOWN_ONE, BACKUP, KEEP, FAILED, NAKED, TIMEOUT, BOTH_DOWN, ONE_DOWN, MISMATCH, DONE,
) = range(EVENTS)  # fmt: skip
EVENT_NAMES = (
    "idle", "ledger rebuilt", "empty", "leg shrunk", "stop hit", "wish barred", "wish open", "wish pair", "wish lock",
    "wish unlock A", "wish unlock B", "wish exit", "wish cut", "foreign position", "both unknown", "one unknown",
    "backup", "keep", "leg failed", "naked too long", "timeout", "both venues down", "one venue down", "mismatch",
    "done",
)  # fmt: skip
EVENT_MEANINGS = (
    "nothing new: the state's own work goes on",
    "the ledger does not follow from the one seen last: a restart; nothing more is opened in this episode",
    "both legs below their smallest order and no order alive",
    "the venue took size that no order of ours sold: ADL, liquidation, settlement",
    "the lone leg's emulated stop",
    "a wish that its guard refuses, or that the state does not know; nothing is sent",
    "first leg, the second only at the lock",
    "both legs at once, the second mirrors what the first has filled",
    "the second leg to what the first holds",
    "close the short",
    "close the long",
    "close both, in step",
    "this many lots of the first leg less, both legs in step",
    "a new saga finds a position that it never opened",
    "orders UNKNOWN on both venues: wait for proof",
    "orders UNKNOWN on one venue: wait for proof",
    "the second leg failed with nothing filled and a backup venue is configured",
    "the second leg failed with nothing filled and `on_lock_fail` is keep",
    "a leg was refused `max_rejects` times in a row",
    "the residual has stood longer than `naked_ns`",
    "the state's own time is over",
    "no venue can be acted on",
    "a venue that this state must act on is down",
    "at rest, and the legs are not what the state declares",
    "what the state works for is reached and no order is alive",
)

# effects of a transition
NOTHING, HOLD, REFUSE, BEGIN, MIRROR, ARM, DISARM, PULL, RETREAT, AIM, TRIM, SWITCH, END = range(13)
EFFECT_NAMES = (
    "-", "hold", "refuse", "begin", "mirror", "arm stop", "disarm", "open no more", "close only", "aim at zero", "trim",
    "move to backup", "end",
)  # fmt: skip

# works: what a state writes as targets, wake by wake
REST, OPEN_FIRST, KEEP_ONE, OPEN_BOTH, FOLLOW, CLOSE_SHORT, CLOSE_LONG, STEP_DOWN = range(8)
WORK_NAMES = (
    "no orders", "open the first leg", "keep the leg, its stop armed", "open the first, mirror with the second",
    "mirror the first leg", "close the short", "close the long", "reduce in step",
)  # fmt: skip

# wishes of the strategy
NO_WISH, OPEN, LOCK, UNLOCK_SHORT, UNLOCK_LONG, EXIT, CUT, PAIR = range(8)
WISH_NAMES = ("none", "open", "lock", "unlock-a", "unlock-b", "exit", "cut", "pair")

# why a wish was refused
(R_NONE, R_BUDGET, R_STATE, R_DOWN, R_UNKNOWN, R_SMALL, R_FOREIGN, R_BUSY, R_BAD, R_CAP) = range(10)
REFUSAL_NAMES = (
    "", "slippage-budget-exceeded", "wrong-state", "venue-down", "order-unknown", "below-minimum", "foreign-position",
    "orders-alive", "bad-wish", "net-delta-cap",
)  # fmt: skip

# what the pair waits for; 0 = it moves
(FREE_TO_MOVE, WAIT_FOREIGN, WAIT_BOTH_UNKNOWN, WAIT_ONE_UNKNOWN, WAIT_BOTH_DOWN, WAIT_ONE_DOWN, WAIT_REFUSED,
 WAIT_NO_FILL, WAIT_REBIND) = range(9)  # fmt: skip
STUCK_NAMES = (
    "", "foreign position: exit it or take it away by hand", "orders unknown on both venues",
    "an order unknown on one venue", "both venues down", "one venue down: holding", "closes are refused",
    "closes find no depth inside the slippage bound", "backup venue not bound yet",
)  # fmt: skip

FLATTEN_ON_FAIL, KEEP_ON_FAIL = 0, 1
PASSIVE, TAKE, CLOSE = 1, 2, 3  # styles of a child order
