"""Ways into every state of the pair, at most with one order in flight, and the nuisances that can meet it there."""

from __future__ import annotations

from typing import Any

from core.domain.order import ACCEPTED, DELEVERAGED, EXPIRED, FILLED, LOST, REDUCE_ONLY, Ledger
from core.execution.pair_saga import words as w
from core.execution.slots import place
from tests.unit.execution.pair_saga.rig import Rig

LOTS = 10


def flat(**given: Any) -> Rig:
    return Rig(**given)


def opening(**given: Any) -> Rig:
    rig = Rig(**given)
    rig.ask(w.OPEN, LOTS)
    rig.answer(0, ACCEPTED)
    rig.at(1)
    return rig


def one_leg(**given: Any) -> Rig:
    rig = opening(**given)
    rig.answer(0, FILLED)
    rig.at(1)
    return rig


def pairing(**given: Any) -> Rig:
    rig = Rig(**given)
    rig.ask(w.PAIR, LOTS)
    rig.answer(0, ACCEPTED)
    rig.at(1)
    return rig


def locking(**given: Any) -> Rig:
    rig = one_leg(**given)
    rig.ask(w.LOCK)
    return rig


def hedged(**given: Any) -> Rig:
    rig = locking(**given)
    rig.answer(1, FILLED)
    rig.at(1)
    return rig


def unlock_a(**given: Any) -> Rig:
    rig = hedged(**given)
    rig.ask(w.UNLOCK_SHORT)
    return rig


def unlock_b(**given: Any) -> Rig:
    rig = hedged(**given)
    rig.ask(w.UNLOCK_LONG)
    return rig


def long_only(**given: Any) -> Rig:
    rig = unlock_a(**given)
    rig.answer(1, FILLED)
    rig.at(1)
    return rig


def short_only(**given: Any) -> Rig:
    rig = unlock_b(**given)
    rig.answer(0, FILLED)
    rig.at(1)
    return rig


def exiting(**given: Any) -> Rig:
    rig = hedged(**given)
    rig.ask(w.EXIT)
    return rig


def rolling_back(**given: Any) -> Rig:
    rig = locking(**given)
    rig.answer(1, FILLED, 4)
    rig.answer(1, EXPIRED)
    rig.legs[1].book(rig.now, half=400)
    for _ in range(3):
        rig.now += 400_000_000
        rig.legs[0].book(rig.now)
        rig.legs[1].book(rig.now, half=400)
        rig.wake()
    return rig


def cutting(**given: Any) -> Rig:
    rig = hedged(**given)
    rig.venue_takes(1, 3, DELEVERAGED)
    rig.at(1)
    return rig


WAYS = {
    w.S0_FLAT: flat, w.OPENING: opening, w.S1_ONE_LEG: one_leg, w.PAIRING: pairing, w.S2_LOCKING: locking,
    w.S3_HEDGED: hedged, w.UNLOCK_A: unlock_a, w.UNLOCK_B: unlock_b, w.S4_LONG: long_only, w.S5_SHORT: short_only,
    w.EXITING: exiting, w.ROLLBACK: rolling_back, w.CUTTING: cutting,
}  # fmt: skip


def reach(state: int, **given: Any) -> Rig:
    """A rig in this state; asserts that it is."""
    rig = WAYS[state](**given)
    assert rig.s.state == state, f"Expected {w.STATE_NAMES[state]}, was {w.STATE_NAMES[rig.s.state]}"
    return rig


def lose(rig: Rig, leg: int) -> None:
    """An order of the leg becomes UNKNOWN: the one in flight, or one whose sending we forgot."""
    there = rig.legs[leg]
    slots = there.alive()
    if not slots or there.ledger.s.ts_ack[slots[0]] > 0:
        place(there.ledger.s, 100, 60, 0, 1, 3, 0, 2, REDUCE_ONLY, rig.now)
        slots = [100]
    there.report(rig.now, {"kind": LOST, "cl_id": there.ledger.s.cl_id[slots[0]]})


def rebuild(rig: Rig) -> None:
    """A restart with nothing but what the venues say: orders not alive, positions adopted, trades marked as seen."""
    for leg in rig.legs:
        old = leg.ledger.s
        ledger = Ledger(next_seq=old.next_seq + 10_000)
        pos, cost = old.pos, old.cost
        leg.bind(ledger)
        for trade in range(1, leg.trades + 1):
            leg.mark_seen(trade)
        leg.adopt_position(pos, cost)
    rig.bind()
