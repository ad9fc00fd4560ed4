"""What the measures of a core have counted, ledger by ledger, beside what its ledgers hold: to be equal at any time."""

from __future__ import annotations

import pathlib
from typing import Any

from core.build.observers import Observers
from core.domain.events import Step
from core.domain.order import FREE, RESTING_REJECT, SLOTS, STOP
from core.engine.engine import Engine
from core.execution.slots import KEY_ADOPTED
from core.kpi.measures import Measures
from core.kpi.orders import Fill


class Tally:
    """A sink to stand behind `Measures`: sums what each step brought."""

    name = "tally"

    def __init__(self, engine: Engine, measures: Measures) -> None:
        self.engine, self.measures = engine, measures
        self.fills: list[Fill] = []
        self.funded: list[tuple[int, int, int]] = []

    def take(self, step: Step) -> None:
        self.fills += self.measures.fills
        self.funded += self.measures.funded

    def counted(self, i: int) -> dict[str, Any]:
        """By the measures."""
        mine = [fill for fill in self.fills if fill.i == i]
        sides = self.measures.scopes.total[i].sides
        return {
            "pos": self.measures.capture[i].pos,
            "fills": [sides[side].fills for side in (0, 1)],
            "lots": [sum(fill.qty for fill in mine if fill.side == side) for side in (0, 1)],
            "maker": sum(fill.maker for fill in mine),
            "fees": sum(fill.fee for fill in mine),
            "funding": sum(amount for _, ledger, amount in self.funded if ledger == i),
            "open": sorted(o.cl_id for o in self.measures.orders.values() if o.i == i and not o.flags & STOP),
        }

    def held(self, i: int) -> dict[str, Any]:
        """By the ledger, in the same words; orders of an earlier run that it adopted were never requests of this."""
        o = self.engine.posts[i].ledger.s
        alive = [k for k in range(SLOTS) if o.state[k] not in (FREE, RESTING_REJECT) and o.key[k] != KEY_ADOPTED]
        return {
            "pos": int(o.pos), "fills": [int(n) for n in o.n_fills], "lots": [int(n) for n in o.traded_lots],
            "maker": int(o.n_maker), "fees": int(o.fees), "funding": int(o.funding),
            "open": sorted(int(o.cl_id[k]) for k in alive),
        }  # fmt: skip

    def agrees(self) -> None:
        """To the last lot and unit."""
        for i in range(len(self.engine.posts)):
            assert self.counted(i) == self.held(i), f"ledger {i}"


def watched(rig: Any, folder: pathlib.Path, now: int) -> tuple[Observers, Tally]:
    """All observers of a session and a tally, added to the sinks of a rig."""
    observers = Observers(
        rig.engine, rig.wire, rig.loaded, now=now, folder=folder, logs=None, market="synthetic", journal=""
    )
    tally = Tally(rig.engine, observers.measures)
    rig.driver.sinks.extend([*observers.sinks, tally])
    return observers, tally
