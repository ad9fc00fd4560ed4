"""A flatten of an account that was never reconciled waits, and says so: nobody knows what there is ours.

RELIABILITY.md 5: per venue UNVERIFIED(reason, since), and a person hears of it after a minute.
"""

from __future__ import annotations

import pytest

from core.domain.events import HeldPosition, OpenOrder, ReadReply
from core.execution.emergency import Emergency
from core.execution.standoff import ALARM_NS
from core.execution.stopping import OK, UNVERIFIED, Tick
from tests.unit.execution.test_emergency import MS, T0, S, plan

pytestmark = pytest.mark.row("R-E5", "R-E10")


def waiting(scope: str = "ours") -> Emergency:
    stop = Emergency(plan(scope=scope))
    stop.ours_known = False
    actions = stop.on(Tick(), T0)
    for _ in range(2):
        actions = stop.on(ReadReply("orders", actions.reads[0].nonce, T0), T0)
    return stop


def test_it_is_unverified_since_it_began_to_wait_and_a_person_hears_after_a_minute() -> None:
    """R-E5: the venue answers every list of orders, and still the stop does not go on."""
    stop = waiting()
    for k in range(1, 60):
        stop.on(Tick(), T0 + k * S)
        venue = stop.progress().venue
        assert (venue.status, venue.since) == (UNVERIFIED, T0) and "not reconciled" in venue.reason
        assert stop.standoff.alarm(T0 + k * S) == ()
    stop.on(Tick(), T0 + ALARM_NS)
    (note,) = stop.standoff.alarm(T0 + ALARM_NS)
    assert (note.level, note.code) == ("crit", "stop_stuck") and "not reconciled" in note.text


def test_it_is_over_once_the_account_is_reconciled() -> None:
    stop = waiting()
    stop.on(Tick(), T0 + S)
    stop.ours_known = True
    (read,) = stop.on(Tick(), T0 + 2 * S).reads
    assert read.what == "positions" and stop.progress().venue.status == OK
    assert stop.standoff.alarm(T0 + 2 * ALARM_NS) == ()


def test_what_else_stands_in_the_way_is_not_forgotten_with_it() -> None:
    """R-E4: an order that no list shows stays said, though the account is known."""
    stop = Emergency(plan())
    stop.standoff.standing = (OpenOrder(0, 1001, 1, 0, 100, 5, 0),)
    stop.standoff.again((), T0)
    stop.standoff.standing = ()
    actions = stop.on(Tick(), T0)
    for _ in range(2):
        actions = stop.on(ReadReply("orders", actions.reads[0].nonce, T0), T0)
    stop.on(ReadReply("positions", actions.reads[0].nonce, T0 + MS, positions=(HeldPosition(0, 5, 0, 0),)), T0 + MS)
    assert stop.progress().venue.reason.startswith("1 orders of ours")


def test_a_stop_for_the_whole_account_waits_for_nobody() -> None:
    stop = waiting("account")
    assert stop.progress().venue.status == OK
