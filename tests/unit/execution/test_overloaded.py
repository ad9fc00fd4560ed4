"""A venue that says that it is overloaded may still apply what it took in: its empty lists seal nothing (R-E4)."""

from __future__ import annotations

import importlib

import pytest

from core.control import live_account
from core.domain.events import ReadReply
from core.engine import stopping
from core.execution.emergency import UNPROVED_NS, Emergency
from core.execution.stopping import CONFIRM, StopPlan, Tick
from core.venues.ccxt.catalogue import VENUES

S = 10**9


def lists(stop: Emergency, now: int, proof: bool, until: int, unconfirmed: bool = False) -> int:
    """Empty orders and positions to each question until `until` or the end; when that was. `unconfirmed`: those of the
    last phase prove nothing."""
    actions = stop.on(Tick(), now)
    while not stop.finished() and now < until:
        if actions.reads:
            now += 10**7
            what = actions.reads[-1].what
            sound = proof and not (unconfirmed and stop.phase == CONFIRM)
            actions = stop.on(ReadReply(what, actions.reads[-1].nonce, now, proof=sound), now)
        else:
            now = max(now + 1, actions.wake_at or now + S)
            actions = stop.on(Tick(), now)
    return now


@pytest.mark.parametrize("settled", [False, True])
def test_empty_lists_of_an_overloaded_venue_seal_no_stop_and_q_counts_from_the_last_of_them(settled: bool) -> None:
    stop = Emergency(StopPlan("s", "halt", "x", 1, q_ns=5 * S))
    if settled:
        stop.settle(1, 1)
    now = lists(stop, 1, False, 60 * S)
    assert not stop.finished() and stop.verified == "clean" and stop.progress().state == "HALTING"
    begun = now
    now = lists(stop, now, True, 120 * S)
    assert stop.finished() and stop.verified == "sealed"
    assert settled or now - begun >= 5 * S - UNPROVED_NS - 10**8


def test_a_flatten_is_not_confirmed_by_such_a_list_either() -> None:
    stop = Emergency(StopPlan("s", "flatten", "x", 1))
    now = lists(stop, 1, True, 20 * S, unconfirmed=True)
    assert stop.phase == CONFIRM and stop.progress().state == "FLATTENING"
    lists(stop, now, True, 30 * S)
    assert stop.finished()


def test_the_core_waits_as_long_as_panic_where_creates_carry_no_expiry() -> None:
    """RELIABILITY 2.3: Q by what the venue enforces."""
    named = {
        name
        for name, (module, kind) in VENUES.items()
        if not getattr(importlib.import_module(f"core.venues.ccxt.{module}"), kind).expires
    }
    assert named == stopping.UNBOUNDED
    assert stopping.UNBOUNDED_NS == live_account.UNBOUNDED_NS
    assert stopping.Q_NS == live_account.LIFETIME_NS + live_account.SKEW_NS + live_account.LAG_NS
