"""A leg does not ask again for lots whose fill may still be told. Found missing by tests.planted: after a part that
filled no back-off hides the wait."""

from __future__ import annotations

from core.domain.order import EXPIRED, FILLED
from core.execution.pair_saga import words as w
from tests.unit.execution.desk import MID
from tests.unit.execution.pair_saga.reach import reach


def test_the_rest_of_a_partly_filled_child_waits_for_a_fill_that_its_end_overtook() -> None:
    """R-O2, R-O3: 4 of 10 filled, the end came before the news of the other 6."""
    rig = reach(w.S2_LOCKING)
    o = rig.legs[1].ledger.s
    gone = o.cl_id[rig.legs[1].alive()[0]]
    rig.answer(1, FILLED, 4)
    rig.answer(1, EXPIRED)
    rig.at(20)
    assert rig.creates() == []
    rig.legs[1].report(rig.now, {"kind": FILLED, "cl_id": gone, "side": 1, "px": MID, "qty": 6, "trade_id": 99})
    rig.at(60)
    assert rig.creates() == [] and (rig.s.state, rig.pos) == (w.S3_HEDGED, (10, -10))
