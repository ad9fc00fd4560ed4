"""An account that never agrees halts once, is said once, and halts again only after it has agreed in between (R-O4)."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.commands import Rearm
from core.domain.events import HeldPosition, ReadReply
from core.engine.crosscheck import CrossCheck
from core.engine.runstate import HALTED, PAUSED
from tests.simulation.rig import Rig

TOO_MANY = 40  # lots that the venue's list shows and nobody bought


def test_a_difference_that_stays_is_latched_and_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    answered, lies = CrossCheck.answered, [False]

    def wrong(self: CrossCheck, reply: ReadReply, now: int) -> object:
        if reply.what == "positions" and lies[0]:
            held = sum(row.pos for row in reply.positions)
            reply = msgspec.structs.replace(reply, positions=(HeldPosition(0, held + TOO_MANY, 0, 0),))
        return answered(self, reply, now)

    monkeypatch.setattr(CrossCheck, "answered", wrong)
    rig = Rig(1)
    rig.to(90)
    for times in (1, 2):
        lies[0] = True
        rig.to(90 + 60 * (times - 1) + 30)
        assert rig.run_state == HALTED and rig.seen.codes().count("latched") == times
        assert rig.seen.codes().count("reconcile") > 5 * times, "it went on looking"
        lies[0] = False
        rig.to(90 + 60 * (times - 1) + 40)
        rig.ask(Rearm(id=f"r{times}", who="test", word=rig.engine.arm_word, reason="the list is right again"))
        rig.to(90 + 60 * times)
        assert rig.run_state == PAUSED
