"""The wire gate: the last word before the socket (DESIGN.md rule 5, RELIABILITY E1)."""

from __future__ import annotations

import dataclasses

import msgspec

from core.domain.order import AMEND, CANCEL, CREATE, REDUCE_ONLY, STOP, Request
from core.domain.reasons import HALTED, MESSAGE_BUDGET, OK, REQUEST_AGE
from core.domain.units import NS_PER_MS, NS_PER_S
from core.venues.lanes import MAX_AGE_NS, Open, WireGate


@dataclasses.dataclass
class Flag:
    closed: bool = False


def request(kind: int, flags: int = 0) -> Request:
    return Request(0, 0, kind, 1, 0, 0, 100, 5, 0, 1, flags, 0)


def test_a_closed_gate_lets_only_cancels_and_the_stops_own_reduces_pass() -> None:
    gate = WireGate(Flag(True), 100)
    assert gate.check(request(CREATE), 0, 0) == HALTED
    assert gate.check(request(AMEND), 0, 0) == HALTED
    assert gate.check(request(CREATE, REDUCE_ONLY), 0, 0) == HALTED
    assert gate.check(request(CREATE, STOP), 0, 0) == HALTED
    assert gate.check(request(CREATE, STOP | REDUCE_ONLY), 0, 0) == OK
    assert gate.check(request(CANCEL), 0, 0) == OK


def test_a_gate_closed_between_decision_and_wire_refuses_the_request() -> None:
    flag = Flag()
    gate = WireGate(flag, 100)
    assert gate.check(request(CREATE), 0, 1) == OK
    flag.closed = True
    assert gate.check(request(CREATE), 0, 2) == HALTED


def test_a_decision_older_than_500_ms_does_not_leave_but_its_cancel_does() -> None:
    gate = WireGate(Open(), 100)
    assert gate.check(request(CREATE), 0, MAX_AGE_NS) == OK
    assert gate.check(request(CREATE), 0, MAX_AGE_NS + 1) == REQUEST_AGE
    assert gate.check(request(CANCEL), 0, 60 * NS_PER_S) == OK


def test_the_budget_keeps_a_reserve_for_what_reduces_risk_and_refills() -> None:
    gate = WireGate(Open(), 100, reserve=0.3)
    codes = [gate.check(request(CREATE), 0, 0) for _ in range(80)]
    assert codes.count(OK) == 70 and codes[-1] == MESSAGE_BUDGET
    assert [gate.check(request(CREATE, REDUCE_ONLY), 0, 0) for _ in range(31)].count(OK) == 30
    assert gate.check(request(CANCEL), 0, 0) == OK
    later = 400 * NS_PER_MS
    assert gate.check(request(CREATE, REDUCE_ONLY), later, later) == OK
    assert gate.used(10 * NS_PER_S + later)[0] == 0


def test_the_budget_of_one_venue_takes_nothing_from_another() -> None:
    """Cancels at a venue that does not answer must not keep the hedge at the other from leaving."""
    gate = WireGate(Open(), [100, 20], reserve=0.3, owners=[0, 1])
    at = [request(CREATE), msgspec.structs.replace(request(CREATE), instrument=1)]
    assert [gate.check(at[0], 0, 0) for _ in range(80)].count(OK) == 70
    assert [gate.check(at[1], 0, 0) for _ in range(20)].count(OK) == 14
    assert gate.used(0) in ((70, 100), (14, 20)), "the venue with least left"
    for _ in range(90):
        gate.check(msgspec.structs.replace(request(CANCEL), instrument=1), 0, 0)
    assert gate.used(0) == (20, 20)
    assert gate.check(msgspec.structs.replace(request(CREATE, REDUCE_ONLY), instrument=1), 0, 0) == MESSAGE_BUDGET
    assert gate.check(request(CREATE, REDUCE_ONLY), 0, 0) == OK
