"""Several markets on one time line, each on an account of its own."""

from __future__ import annotations

import pytest

from core.domain.events import W_END
from core.domain.order import CREATE, GTC, LIMIT, Request
from core.domain.units import BUY, FAR, MONEY
from core.exchange.exchange import SimExchange
from core.kernel import Kernels, numba_usable
from tests.exchange.desk import HOUR, MS, Tape, instrument


def tape(until_ms: int, start_ms: int = 0) -> Tape:
    made = Tape()
    for at in range(start_ms, until_ms, 1000):
        made.book(at, [(9_999, 1_000)], [(10_000, 1_000)]).mark(
            at + 1, 10_000, rate=10_000, settlement_ms=8 * HOUR / MS
        )
    return made


@pytest.mark.parametrize("form", ["plain", "compiled"])
@pytest.mark.parametrize("longer", [0, 1])
def test_the_market_that_goes_on_alone_ends_with_its_own_rows(form: str, longer: int) -> None:
    """K-19: when one tape has ended, the other's last row is the end: no settlement after it is ever booked."""
    if form == "compiled" and not numba_usable()[0]:
        pytest.skip("the compiled form needs numba")
    x = SimExchange([instrument(), instrument(venue="two")], 1_000 * MONEY, 7, Kernels(form), owners=(0, 1))
    for i in (0, 1):
        x.attach(i, tape(60_000 if i == longer else 5_000).feed())
        assert x.send(Request(0, i, CREATE, 1 + i, 0, BUY, 10_000, 100, LIMIT, GTC, 0, 0), 2_500 * MS) > 0
    for _ in range(1000):
        if x.advance(FAR) == W_END:
            break
        for i in (0, 1):
            x.drain(i)
    else:
        raise AssertionError("Expected an end of the data")
    assert [account.s.pos[0] for account in x.accounts] == [100, 100]
    assert [account.s.funding for account in x.accounts] == [0, 0]
    assert max(market.s.now for market in x.markets) < 3600 * 1000 * MS
