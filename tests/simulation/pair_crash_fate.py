"""When a simulated core dies, what is kept of a death, and what a pair at rest must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.execution.pair_saga import words as w

DULL = ("moment", "processed", "turned", "positions saved")
READS = ("read", "read answered")
RUSH_S = 10.0
RESTING = (w.S0_FLAT, w.S1_ONE_LEG, w.S3_HEDGED, w.S4_LONG, w.S5_SHORT)


@dataclass
class Trigger:
    """When a core dies: at the `count`th passing of a point that fits. What is not met in `patience_s` is given up:
    then the next point at which something is under way, and in the end any."""

    count: int
    point: str = ""  # "" = any that is not dull
    leg: int = -1  # -1 = any
    states: frozenset[int] = frozenset()  # of the saga; empty = any
    patience_s: float = 60.0
    reads: bool = False  # those of a recovery: each counts

    def fits(self, point: str, leg: int, state: int, age_s: float) -> bool:
        lively = point not in DULL and (self.reads or point not in READS)
        if age_s > self.patience_s:
            return lively or age_s > self.patience_s + RUSH_S
        return (
            (point == self.point if self.point else lively)
            and (self.leg < 0 or leg in (-1, self.leg))
            and (not self.states or state in self.states)
        )


@dataclass
class Death:
    """Where a core died, and what became of the pair."""

    point: str
    leg: int
    state: int
    early: bool  # during the recovery from the death before
    stale: bool = False  # the next start found an image one write older
    found: int = -1  # state of the image that the next start found
    rests: int = -1  # first state of rest after it
    clean_s: float = -1.0  # after the next start; -1 = not looked at


def declared(s: Any, grains: Sequence[int], mins: Sequence[int], a: int, b: int) -> list[str]:
    """What is wrong with positions of a and b lots in the saga's state; empty = they are what it declares."""
    name, said = w.STATE_NAMES[s.state], []
    held = [a * s.sign[0], b * s.sign[1]]
    small = [abs(pos) < least for pos, least in zip((a, b), mins, strict=True)]
    if s.state not in RESTING:
        said.append(f"{name} is not a state of rest; waits for {w.STUCK_NAMES[s.stuck]!r}, holds {a}, {b}")
    if s.state == w.S0_FLAT and not all(small):
        said.append(f"{name} with {a}, {b}")
    if s.state == w.S3_HEDGED:
        net = abs(a * grains[0] + b * grains[1])
        if net > max(*grains, s.dust) or min(held) <= 0:
            said.append(f"{name} with {a}, {b}: net {net}, dust {s.dust}")
    if s.state in (w.S1_ONE_LEG, w.S4_LONG, w.S5_SHORT):
        lone = s.first if s.state == w.S1_ONE_LEG else int((s.sign[0] > 0) != (s.state == w.S4_LONG))
        if held[lone] <= 0 or not small[1 - lone]:
            said.append(f"{name} with {a}, {b}")
        if s.stop_px <= 0 or s.stop_leg != lone:
            said.append(f"{name} without its stop")
    return said
