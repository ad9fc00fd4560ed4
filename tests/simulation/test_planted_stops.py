"""What a core must not take for granted: its empty memory, its account of long ago, a request whose adapter broke.
Found missing by tests.planted."""

from __future__ import annotations

from core.domain.commands import Halt, Pause, Resume
from core.domain.events import Asked, Step
from core.domain.order import LOST
from core.engine.runstate import HALTED, HALTING, PAUSED, RUNNING
from core.engine.stopping import Q_NS
from tests.simulation.live_rig import LiveRig
from tests.simulation.rig import Rig, S

SEED = 3


def test_a_stop_before_the_first_reconcile_does_not_believe_its_own_empty_ledger(seed: int) -> None:
    """R-E4: an order of the process before may be on its way, and nothing here knows of it: sealed only Q later."""
    rig = Rig(seed)
    rig.flag.closed = True
    rig.driver.push(Asked(Halt(reason="latch on disk")))
    rig.to(Q_NS / S - 0.5)
    assert rig.run_state == HALTING
    rig.to(Q_NS / S + 2)
    assert rig.run_state == HALTED


def test_nothing_resumes_on_an_agreement_of_long_ago(seed: int) -> None:
    """R-B1: a resume wants an account that agreed a moment ago."""
    rig = Rig(seed)
    rig.to(20)
    rig.ask(Pause(id="p"))
    rig.to(21)
    assert rig.run_state == PAUSED and rig.engine.check.agreed(rig.driver.now)
    for check in rig.engine.check.each:
        check.last_ok -= 31 * S
    rig.ask(Resume(id="too early"))
    rig.to(21.1)
    assert not rig.seen.answers[-1].ok and rig.run_state == PAUSED
    rig.to(31)
    rig.ask(Resume(id="read again"))
    rig.to(31.1)
    assert rig.seen.answers[-1].ok and rig.run_state == RUNNING


def test_a_request_whose_adapter_broke_is_told_as_lost_and_its_order_is_not_pending_for_ever() -> None:
    """R-O1: nobody knows what became of it, so the ledger says UNKNOWN and the reads resolve it."""
    lost: list[int] = []

    def note(step: Step) -> None:
        lost.extend(report.cl_id for report in step.moment.reports if report.kind == LOST)

    async def script(rig: LiveRig) -> None:
        rig.seen.each = note
        await rig.to(10)
        await rig.break_adapter()
        await rig.to(rig.venue.t + 30)
        assert lost, "the order that broke was told"
        assert rig.ledger.n_live == 0

    LiveRig(SEED).run(script)
