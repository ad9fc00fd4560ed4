"""The script of `perpconsole demo pair`: two episodes of a pair through every state, long first, then short first.

Prices move enough for the parameters of configs/demo_pair.yml; nothing else knows these seconds. Both venues settle
funding while the first pair is locked.
"""

from __future__ import annotations

from typing import NamedTuple

from core.domain.units import NS_PER_S
from core.market.scripted import PlaceScript, Points, Script

NAME = "pair-walk"  # also what `--market` calls it
BASE = 100_000.0
DAY_NS = 86_400 * NS_PER_S
SETTLES_S = 41.0  # into the script: 08:00 UTC on both venues' calendars
SECONDS = 122.0


class Act(NamedTuple):
    """A part of the script. `path`: the states that it shows, as they are declared."""

    begins_s: float
    title: str
    path: tuple[str, ...]


LONG_FIRST = Act(0.0, "long first, unlocked at the upper band", ("S0", "S1", "S2", "S3", "S4", "S0"))
SHORT_FIRST = Act(66.0, "short first, unlocked at the lower band", ("S0", "S1", "S2", "S3", "S5", "S0"))
ACTS = (LONG_FIRST, SHORT_FIRST)


def _prices(*moves: tuple[float, float]) -> Points:
    """(second, bps from the base) as prices."""
    return tuple((second, BASE * (1.0 + 1e-4 * bps)) for second, bps in moves)


_LONG = (
    (0.0, 0.0), (14.0, 0.0), (34.0, 80.0), (46.0, 80.0),  # up: the long leg opens, gains, is locked
    (46.5, 92.0), (50.0, 92.0), (66.0, 114.0),  # this venue leaps, the spread widens: short closed; the long goes on
    (68.0, 102.0), (88.0, 22.0), (98.0, 22.0),  # down: the short leg opens, gains, is locked
    (98.5, 8.0), (103.0, 8.0), (118.0, -14.0),  # this venue drops, the spread falls: long closed; the short goes on
)  # fmt: skip
_SHORT = (
    (0.0, 0.0), (14.0, 0.0), (34.0, 80.0), (46.0, 80.0),
    (47.5, 80.0), (50.0, 92.0), (66.0, 114.0),  # the other venue follows
    (68.0, 102.0), (88.0, 22.0), (98.0, 22.0),
    (99.5, 22.0), (102.0, 8.0), (118.0, -14.0),
)  # fmt: skip


def pair_walk() -> Script:
    """The script for (long venue, short venue)."""
    long = PlaceScript(_prices(*_LONG), funding_bps=((0.0, 1.0),), period_s=7.0)
    short = PlaceScript(_prices(*_SHORT), funding_bps=((0.0, 2.0),), period_s=11.0)
    return Script(NAME, SECONDS, (long, short))


def start_before(now_ns: int) -> int:
    """The newest start at which the script's settlement falls on 08:00 UTC and that lies not after `now_ns`."""
    offset = 8 * 3600 * NS_PER_S - round(SETTLES_S * NS_PER_S)
    return (now_ns - offset) // DAY_NS * DAY_NS + offset
