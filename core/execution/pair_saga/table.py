"""The table of the pair: state x event -> next state and effect; and of each state what it declares and works at.

A pair of state and event that is not written here means nothing: the event is not looked for in that state.
The kernels read the arrays made of it (`@kernel` in the text keeps compiled caches in step with this file).
"""

from __future__ import annotations

import numpy as np

from core.execution.pair_saga import words as w
from core.kernel import kernel

# what each state declares its legs to be, and what it works at
DUTY: dict[int, tuple[int, int]] = {
    w.S0_FLAT: (w.FLAT, w.REST),
    w.OPENING: (w.FIRST_ONLY, w.OPEN_FIRST),
    w.S1_ONE_LEG: (w.FIRST_ONLY, w.KEEP_ONE),
    w.PAIRING: (w.GROWING, w.OPEN_BOTH),
    w.S2_LOCKING: (w.GROWING, w.FOLLOW),
    w.S3_HEDGED: (w.MIRRORED, w.REST),
    w.UNLOCK_A: (w.SHRINKING, w.CLOSE_SHORT),
    w.UNLOCK_B: (w.SHRINKING, w.CLOSE_LONG),
    w.S4_LONG: (w.LONG_ONLY, w.KEEP_ONE),
    w.S5_SHORT: (w.SHORT_ONLY, w.KEEP_ONE),
    w.EXITING: (w.FLAT, w.STEP_DOWN),
    w.ROLLBACK: (w.MIRRORED, w.STEP_DOWN),
    w.CUTTING: (w.MIRRORED, w.STEP_DOWN),
}

# in every state: a wish that does not fit is refused, and what is UNKNOWN is waited for
Cell = tuple[int, int]
COMMON: dict[int, int] = {w.BARRED: w.REFUSE, w.UNKNOWN_BOTH: w.HOLD, w.UNKNOWN_ONE: w.HOLD}
VENUES: dict[int, int] = {w.BOTH_DOWN: w.HOLD, w.ONE_DOWN: w.HOLD}  # in every state but S0

ROWS: dict[int, dict[int, Cell]] = {
    w.S0_FLAT: {
        w.W_OPEN: (w.OPENING, w.BEGIN),
        w.W_PAIR: (w.PAIRING, w.BEGIN),
        w.W_EXIT: (w.EXITING, w.AIM),
        w.LOST: (w.S0_FLAT, w.RETREAT),
        w.FOREIGN: (w.S0_FLAT, w.HOLD),
        w.MISMATCH: (w.EXITING, w.AIM),
    },
    w.OPENING: {
        w.W_LOCK: (w.PAIRING, w.MIRROR),
        w.W_EXIT: (w.EXITING, w.AIM),
        w.LOST: (w.OPENING, w.PULL),
        w.EMPTY: (w.S0_FLAT, w.END),
        w.SHRUNK: (w.OPENING, w.PULL),
        w.FAILED: (w.OPENING, w.PULL),
        w.TIMEOUT: (w.OPENING, w.PULL),
        w.MISMATCH: (w.CUTTING, w.RETREAT),
        w.DONE: (w.S1_ONE_LEG, w.ARM),
    },
    w.S1_ONE_LEG: {
        w.W_LOCK: (w.S2_LOCKING, w.MIRROR),
        w.W_EXIT: (w.EXITING, w.AIM),
        w.W_CUT: (w.S1_ONE_LEG, w.TRIM),
        w.LOST: (w.S1_ONE_LEG, w.PULL),
        w.EMPTY: (w.S0_FLAT, w.END),
        w.SHRUNK: (w.S1_ONE_LEG, w.PULL),
        w.STOP_HIT: (w.EXITING, w.AIM),
        w.MISMATCH: (w.CUTTING, w.RETREAT),
    },
    w.PAIRING: {
        w.W_EXIT: (w.EXITING, w.AIM),
        w.LOST: (w.ROLLBACK, w.RETREAT),
        w.EMPTY: (w.S0_FLAT, w.END),
        w.SHRUNK: (w.CUTTING, w.RETREAT),
        w.FAILED: (w.S2_LOCKING, w.PULL),
        w.NAKED: (w.S2_LOCKING, w.PULL),
        w.TIMEOUT: (w.S2_LOCKING, w.PULL),
        w.DONE: (w.S2_LOCKING, w.PULL),
    },
    w.S2_LOCKING: {
        w.W_EXIT: (w.EXITING, w.AIM),
        w.LOST: (w.ROLLBACK, w.RETREAT),
        w.EMPTY: (w.S0_FLAT, w.END),
        w.SHRUNK: (w.CUTTING, w.RETREAT),
        w.STOP_HIT: (w.ROLLBACK, w.RETREAT),
        w.BACKUP: (w.S2_LOCKING, w.SWITCH),
        w.KEEP: (w.S1_ONE_LEG, w.ARM),
        w.FAILED: (w.ROLLBACK, w.RETREAT),
        w.NAKED: (w.ROLLBACK, w.RETREAT),
        w.DONE: (w.S3_HEDGED, w.DISARM),
    },
    w.S3_HEDGED: {
        w.W_UNLOCK_A: (w.UNLOCK_A, w.NOTHING),
        w.W_UNLOCK_B: (w.UNLOCK_B, w.NOTHING),
        w.W_EXIT: (w.EXITING, w.AIM),
        w.W_CUT: (w.CUTTING, w.TRIM),
        w.LOST: (w.S3_HEDGED, w.RETREAT),
        w.EMPTY: (w.S0_FLAT, w.END),
        w.SHRUNK: (w.CUTTING, w.RETREAT),
        w.MISMATCH: (w.CUTTING, w.RETREAT),
    },
    w.EXITING: {
        w.LOST: (w.EXITING, w.AIM),
        w.EMPTY: (w.S0_FLAT, w.END),
    },
}  # fmt: skip
for _unlocking, _lone in ((w.UNLOCK_A, w.S4_LONG), (w.UNLOCK_B, w.S5_SHORT)):
    ROWS[_unlocking] = {
        w.W_EXIT: (w.EXITING, w.AIM),
        w.LOST: (_unlocking, w.PULL),
        w.EMPTY: (w.S0_FLAT, w.END),
        w.SHRUNK: (w.CUTTING, w.RETREAT),
        w.FAILED: (w.CUTTING, w.RETREAT),
        w.TIMEOUT: (w.CUTTING, w.RETREAT),
        w.DONE: (_lone, w.ARM),
    }
    ROWS[_lone] = {
        w.W_EXIT: (w.EXITING, w.AIM),
        w.W_CUT: (_lone, w.TRIM),
        w.LOST: (_lone, w.PULL),
        w.EMPTY: (w.S0_FLAT, w.END),
        w.SHRUNK: (_lone, w.PULL),
        w.STOP_HIT: (w.EXITING, w.AIM),
        w.MISMATCH: (w.CUTTING, w.RETREAT),
    }
for _reducing in (w.ROLLBACK, w.CUTTING):
    ROWS[_reducing] = {
        w.W_EXIT: (w.EXITING, w.AIM),
        w.LOST: (_reducing, w.RETREAT),
        w.EMPTY: (w.S0_FLAT, w.END),
        w.DONE: (w.S3_HEDGED, w.DISARM),
    }


def cells() -> dict[tuple[int, int], Cell]:
    """Every cell, by state and event."""
    out = {}
    for state in range(w.STATES):
        shared = COMMON if state == w.S0_FLAT else COMMON | VENUES
        out.update({(state, event): (state, effect) for event, effect in shared.items()})
        out.update({(state, event): cell for event, cell in ROWS[state].items()})
    return dict(sorted(out.items()))


NEXT = np.full((w.STATES, w.EVENTS), -1, np.int64)
EFFECT = np.zeros((w.STATES, w.EVENTS), np.int64)
DECLARES = np.array([DUTY[state][0] for state in range(w.STATES)], np.int64)
WORKS = np.array([DUTY[state][1] for state in range(w.STATES)], np.int64)
for (_state, _event), (_next, _effect) in cells().items():
    NEXT[_state, _event] = _next
    EFFECT[_state, _event] = _effect


@kernel
def knows(state: int, event: int) -> int:
    """1 when the table has this cell."""
    return 1 if NEXT[state, event] >= 0 else 0


@kernel
def next_of(state: int, event: int) -> int:
    """The state that follows."""
    return int(NEXT[state, event])


@kernel
def effect_of(state: int, event: int) -> int:
    """What the transition does."""
    return int(EFFECT[state, event])


@kernel
def work_of(state: int) -> int:
    """What the state writes as targets."""
    return int(WORKS[state])
