"""Money is conserved to the last unit, whatever is traded, funded, liquidated, deleveraged or transferred."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.order import DELEVERAGED, FILLED, FUNDED, LIQUIDATED, TRANSFERRED
from core.domain.units import MONEY, sign_of
from core.exchange.accounts import book_fill, book_funding
from core.exchange.blocks import Account
from core.exchange.exchange import QueueModel
from core.models.funding import funding_payment
from tests.exchange.desk import PLAIN, identity, instrument
from tests.exchange.sessions import WILD, session, shapes


def hold(isolated: int = 0) -> Account:
    a = Account(wallet=1_000 * MONEY, start=1_000 * MONEY, n=1)
    a.s.unit[0], a.s.leverage[0], a.s.isolated[0], a.s.mark[0] = 7, 10, isolated, 10_000
    return a


fills = st.tuples(st.integers(-5_000, 5_000).filter(bool), st.integers(1, 30_000), st.integers(-900, 900))


@given(st.lists(fills, max_size=40), st.integers(0, 1))
def test_fills_conserve_money_and_a_flat_position_has_no_cost(
    trades: list[tuple[int, int, int]], isolated: int
) -> None:
    a = hold(isolated)
    cash = 0
    for lots, px, fee in trades:
        book_fill(a.s, 0, lots, px, fee)
        cash -= lots * px * 7 + fee
        s = a.s
        assert s.wallet == s.start + s.realised - s.fees
        assert s.wallet - s.cost[0] == s.start + cash  # what was paid is in the wallet or in the position
        assert (s.pos[0] == 0) <= (s.cost[0] == 0 and s.iso[0] == 0)
        assert s.pos[0] == 0 or (s.cost[0] > 0) == (s.pos[0] > 0)


@given(st.integers(-10_000, 10_000).filter(bool), st.integers(1, 30_000), st.integers(-300_000, 300_000))
def test_funding_is_rounded_against_us_by_less_than_a_unit(pos: int, mark: int, rate: int) -> None:
    exact = -pos * mark * 7 * rate
    got = funding_payment(pos, mark, 7, rate)
    assert got * 10**8 <= exact < (got + 1) * 10**8
    a = hold(1)
    book_funding(a.s, 0, got)
    assert a.s.wallet == a.s.start + a.s.funding


@given(st.integers(0, 1 << 32))
def test_random_sessions_conserve_money_after_every_wake(seed: int) -> None:
    x, log = session(seed, PLAIN, limit=80, checked=True)
    identity(x)
    shapes(x)
    assert [r.trade_id for r in x.trades()] == list(range(1, x.account.s.next_trade + 1))
    assert len(log) > 0


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("isolated", [False, True])
def test_our_own_book_keeping_from_reports_alone_ends_where_the_venue_ends(seed: int, isolated: bool) -> None:
    spec = instrument(isolated=isolated, leverage=50, funding_interval_ns=WILD.funding_interval_ns)
    x, log = session(seed, PLAIN, venue=False, spec=spec, marks=bool(seed % 2))
    pos = cash = 0
    for r in log:
        if r.kind in (FILLED, LIQUIDATED, DELEVERAGED):
            pos += r.qty * sign_of(r.side)
            cash -= r.qty * sign_of(r.side) * r.px * spec.unit + r.fee
        cash += r.amount
    a = x.account.s
    assert any(r.kind == FILLED for r in log)
    assert pos == a.pos[0]
    assert a.wallet - a.cost[0] == a.start + cash
    trades = [r for r in log if r.trade_id]
    assert [r.trade_id for r in trades] == list(range(1, len(trades) + 1))


@pytest.mark.parametrize("model", ["risk_averse", "power", "log"])
def test_sessions_reach_what_they_are_meant_to_test(model: str) -> None:
    kinds: set[int] = set()
    reasons: set[int] = set()
    maker = 0
    for seed in range(12):
        x, log = session(seed, PLAIN, queue=QueueModel(model, 1, 2.0))
        shapes(x)
        kinds |= {r.kind for r in log}
        reasons |= {r.code for r in log}
        maker += sum(r.maker for r in log)
    assert kinds >= {*range(1, 9), FUNDED, LIQUIDATED, DELEVERAGED, TRANSFERRED}
    assert len(reasons) >= 10
    assert maker > 20
