"""A whole core, plain and compiled: the same journal to the last byte (PERP_PURE=1 gives identical results)."""

from __future__ import annotations

import pytest

from core.domain.commands import Flatten
from core.kernel import Kernels, numba_usable
from tests.simulation.rig import Rig


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not numba_usable()[0], reason="no compiler here")
def test_ten_minutes_with_a_round_and_a_flatten_give_the_same_journal_in_both_forms(seed: int) -> None:
    print("seed", seed)
    found = []
    for form in ("plain", "compiled"):
        rig = Rig(seed, hours=0.05, kernels=Kernels(form))
        rig.to(500)
        rig.ask(Flatten(id="f"))
        rig.to(560)
        assert rig.run_state == "FLAT" and len(rig.creates()) > 50
        found.append((rig.journal.sha256, rig.seen.steps, rig.exchange.balance()))
    assert found[0] == found[1]
