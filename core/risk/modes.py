"""Run modes of one strategy: paused, cooling down, halted. Only these kernels set them.

HALTED is latched: nothing here clears it but `rearm`, which the operator's checklist calls.
"""

from __future__ import annotations

from core.kernel import door, kernel
from core.risk.blocks import (
    COOLDOWN_MODE,
    COOLDOWNS,
    HALTED_MODE,
    PAUSED_MODE,
    RUNNING,
    Limits,
    Risk,
)


@kernel
def fire(r: Risk, code: int) -> None:
    """Count a trigger by reason."""
    r.fired[min(63, max(0, code))] += 1


@kernel
def halt(r: Risk, code: int, now: int) -> None:
    """Latch HALTED; the first reason stays."""
    if r.halted == 0:
        r.halted = 1
        r.halt_why = code
        r.halt_ts = now
        fire(r, code)


@kernel
def halt_and_flatten(r: Risk, code: int, now: int) -> None:
    """Latch HALTED and ask for the emergency flatten."""
    halt(r, code, now)
    if r.want_flatten == 0:
        r.want_flatten = code


@kernel
def cool_down(x: Limits, r: Risk, code: int, now: int, length_ns: int) -> None:
    """COOLDOWN(code) for `length_ns`; the n-th within the window latches HALTED (S3-22). Running ones are extended."""
    if r.cooldown_until > now:
        r.cooldown_until = max(r.cooldown_until, now + length_ns)
        return
    fire(r, code)
    r.cooldown_until = now + length_ns
    r.cooldown_why = code
    r.n_cooldowns += 1
    for i in range(COOLDOWNS - 1):
        r.cooldown_ts[COOLDOWNS - 1 - i] = r.cooldown_ts[COOLDOWNS - 2 - i]
    r.cooldown_ts[0] = now
    nth = x.cooldowns_to_halt
    if nth < 1 or nth > COOLDOWNS:
        halt(r, code, now)  # a missing bound counts as reached
    elif r.cooldown_ts[nth - 1] > 0 and now - r.cooldown_ts[nth - 1] <= x.cooldown_window_ns:
        halt(r, code, now)


@kernel
def settle_mode(r: Risk, now: int) -> None:
    """The one mode shown: the most severe that holds, with its reason and since when."""
    mode = RUNNING
    why = 0
    if r.halted != 0:
        mode = HALTED_MODE
        why = r.halt_why
    elif r.cooldown_until > now:
        mode = COOLDOWN_MODE
        why = r.cooldown_why
    elif r.paused != 0:
        mode = PAUSED_MODE
        why = r.paused_why
    if mode != r.mode or r.since == 0:
        r.since = now
    r.mode = mode
    r.why = why


@door
def halt_now(R: Risk, code: int, now: int) -> int:
    """HALT from outside the guard (operator, journal, reconcile). Returns the mode."""
    halt(R[0], code, now)
    settle_mode(R[0], now)
    return R[0].mode


@door
def pause(R: Risk, code: int, now: int) -> int:
    """Pull quotes, keep exits; not latched. Returns the mode."""
    r = R[0]
    r.paused = 1
    r.paused_why = code
    settle_mode(r, now)
    return r.mode


@door
def resume(R: Risk, now: int) -> int:
    """End a pause. Neither a cooldown nor a halt ends by it. Returns the mode."""
    r = R[0]
    r.paused = 0
    r.paused_why = 0
    settle_mode(r, now)
    return r.mode


@door
def rearm(R: Risk, now: int) -> int:
    """Clear the halt after the operator's checklist; comes up PAUSED. Returns the mode."""
    r = R[0]
    if r.halted != 0:
        r.halted = 0
        r.halt_why = 0
        r.want_flatten = 0
        r.paused = 1
        r.paused_why = 0
        for i in range(COOLDOWNS):
            r.cooldown_ts[i] = 0
    settle_mode(r, now)
    return r.mode
