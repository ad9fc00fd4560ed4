"""A seed, whatever it is of: most are a market maker's day, every tenth a pair's. Also how a failure is told."""

from __future__ import annotations

import os

from tests.simulation.chaos_day import Day, play
from tests.simulation.chaos_pairs import pair_day

PAIR_EVERY = 10
LINES = 400


def day_of(seed: int) -> Day:
    """Play one seed to its end."""
    if seed % PAIR_EVERY == PAIR_EVERY - 1:
        return pair_day(seed)
    world, day = play(seed)
    if day.wrong or os.environ.get("PERP_TEST_SEED"):
        day.trace = world.trace.text()
    return day


def again(seed: int) -> str:
    """How to have it once more."""
    return f"seed {seed}; the same again: make replay SEED={seed}"


def story(day: Day) -> str:
    """What is wrong of a day, and its trace."""
    lines = day.trace.splitlines()
    cut = [f"... {len(lines) - LINES} lines before"] if len(lines) > LINES else []
    return "\n".join([again(day.seed), *day.wrong, *cut, *lines[-LINES:], *day.wrong[:3], again(day.seed)])
