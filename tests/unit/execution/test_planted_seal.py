"""E4: what seals an empty list of orders. Found missing by tests.planted: a list asked early, and then no reason for
it any more."""

from __future__ import annotations

from core.domain.events import ReadReply
from core.execution.emergency import Emergency
from core.execution.stopping import Tick
from tests.unit.execution.test_emergency import T0, S, plan


def test_a_list_that_was_asked_early_does_not_seal_once_an_order_may_be_on_its_way_again() -> None:
    """R-E4: nothing could be on its way, so the second list was asked at once; before it answers something can be."""
    stop = Emergency(plan("halt", q_ns=5 * S))
    stop.settle(0, T0)
    first = stop.on(Tick(), T0).reads[0]
    assert stop.on(ReadReply("orders", first.nonce, T0), T0).reads == ()
    stop.settle(T0 + S, T0 + S)
    early = stop.on(Tick(), T0 + S).reads[0]
    stop.settle(0, T0 + S)
    again = stop.on(ReadReply("orders", early.nonce, T0 + S), T0 + S).reads
    assert (stop.progress().verified, stop.finished(), again) == ("clean", False, ())
    late = stop.on(Tick(), T0 + 5 * S).reads[0]
    (last,) = stop.on(ReadReply("orders", late.nonce, T0 + 5 * S), T0 + 5 * S).reads
    stop.on(ReadReply("orders", last.nonce, T0 + 5 * S), T0 + 5 * S)
    assert (stop.progress().verified, stop.finished()) == ("sealed", True)
