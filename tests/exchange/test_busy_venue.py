"""A venue that refuses a share of new orders, as busy ones do."""

from __future__ import annotations

import pathlib

import pytest

from core.build.assemble import load_config
from core.build.backtest import queue_of
from core.domain.order import ACCEPTED, REJECTED
from core.domain.reasons import VENUE_BUSY
from core.domain.units import BUY
from core.exchange.exchange import QueueModel
from core.kernel import Kernels, numba_usable
from tests.exchange.desk import Desk, Tape
from tests.simulation.test_two_strategies import ROUND7

N = 1000


def refused(rate: float, seed_of: int = 7, form: str = "plain") -> list[bool]:
    """Which of N creates are refused."""
    tape = Tape()
    for at in range(0, N * 20 + 100, 1000):
        tape.book(at, [(9_999, 1_000)], [(10_001, 1_000)])
    desk = Desk(tape, kernels=Kernels(form), queue_model=QueueModel(reject_rate=rate))
    out = []
    for n in range(N):
        cl = desk.create(10 + n * 20, BUY, 9_000, 1)
        desk.cancel(18 + n * 20, cl)
        desk.run(28 + n * 20)
        first = next(r for r in desk.log if r.cl_id == cl)
        assert first.kind in (ACCEPTED, REJECTED)
        assert first.kind != REJECTED or first.code == VENUE_BUSY
        out.append(first.kind == REJECTED)
        desk.log.clear()
    return out


def test_a_failure_rate_of_a_tenth_refuses_about_a_tenth_of_new_orders() -> None:
    """S1-10, seed 7: 10 % asked, 8 to 12 % of 1000 refused, the same ones each time; none where none is asked for."""
    once = refused(0.1)
    assert 80 <= sum(once) <= 120
    assert refused(0.1) == once
    assert sum(refused(0.0)) == 0


@pytest.mark.skipif(not numba_usable()[0], reason="the compiled form needs numba")
def test_both_forms_refuse_the_same_orders() -> None:
    assert refused(0.3, form="compiled") == refused(0.3)


def test_the_rate_comes_from_the_config_and_cannot_be_all(tmp_path: pathlib.Path) -> None:
    assert queue_of(load_config(ROUND7, {"exchange.reject_rate": 0.25})).reject_rate == 0.25
    assert queue_of(load_config(ROUND7, {})).reject_rate == 0.0
    with pytest.raises(ValueError, match="reject_rate of 0 to below 1"):
        Desk(Tape(), queue_model=QueueModel(reject_rate=1.0))
