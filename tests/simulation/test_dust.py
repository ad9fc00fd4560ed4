"""What no order can close: declared it is FLAT with a note, more of it is exit 6 (RELIABILITY 5, E7; UC-05)."""

from __future__ import annotations

import msgspec
import pytest

from core.clock import SystemClock
from core.control.answers import progress
from core.control.desk import Desk
from core.domain.commands import Flatten
from core.domain.snapshot import Snapshot, State
from core.domain.units import MONEY
from core.guard.gate import GateFlag
from tests.simulation.live_rig import LiveRig


def flattened(declared: int, seed: int = 5) -> LiveRig:
    """A core that holds less than the smallest order is flattened."""

    async def script(rig: LiveRig) -> None:
        while abs(rig.ledger.pos) < 3 or rig.venue.t < 20:
            await rig.to(rig.venue.t + 0.5)
        post = rig.engine.posts[0]
        post.grid = msgspec.structs.replace(post.grid, min_lots=1_000, dust_value=declared)
        rig.flag.closed = True
        rig.ask(Flatten(id="f"))
        await rig.to(rig.venue.t + 15)

    return LiveRig(seed).run(script)


@pytest.mark.parametrize(("declared", "code"), [(0, 6), (1 * MONEY, 6), (1_000 * MONEY, 0)])
def test_dust_within_what_is_declared_is_flat_and_more_is_six(declared: int, code: int) -> None:
    rig = flattened(declared)
    stopping = rig.engine.stopping
    assert rig.engine.state.run == "FLAT" and rig.ledger.pos != 0
    assert stopping.exit_code() == code
    x = rig.instrument
    assert stopping.dust().startswith(f"DUST {x.symbol} {x.size(rig.ledger.pos):g}, value ")
    value = float(stopping.dust().rsplit(" ", 1)[1])
    assert abs(value - abs(rig.ledger.pos) * x.lot * 2500) < 0.1 * value


def test_dust_without_a_price_counts_as_more() -> None:
    rig = flattened(1_000 * MONEY)
    for run in rig.engine.stopping.runs.values():
        run.closeout.touch.clear()
    assert rig.engine.stopping.exit_code() == 6 and "not known" in rig.engine.stopping.dust()


@pytest.mark.parametrize("code", [0, 6])
def test_a_flatten_that_leaves_dust_ends_for_whoever_waits_for_it(code: int) -> None:
    """`perpconsole flatten` had no end then: the position that is left kept it waiting."""
    desk = Desk(GateFlag(SystemClock()))
    desk.publish(Snapshot(state=State(run="FLAT", verified="sealed", dust="DUST ETHUSDC 0.001", stop_code=code)))
    told = progress(desk, "flatten")
    assert (told.done, told.code) == (True, code) and "DUST" in told.text
