"""Conservation laws of the ledger: the PnL identity to the unit, and fills as a set. Issue 2 'it must show'; R-O2."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.order import FILLED, FUNDED, LIQUIDATED
from core.execution.recovery import net_pnl_at
from tests.unit.execution.desk import MID, Desk

fill = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([FILLED] * 9 + [LIQUIDATED]),
        "cl_id": st.integers(1, 5000),
        "side": st.integers(0, 1),
        "px": st.integers(1, 2_000_000),
        "qty": st.integers(1, 5000),
        "fee": st.integers(-(10**9), 10**10),
        "maker": st.integers(0, 1),
    }
)
fills = st.lists(fill, min_size=1, max_size=60).map(
    lambda rows: [row | {"trade_id": n + 1} for n, row in enumerate(rows)]
)


def apply(rows: list[dict[str, Any]], unit: int = 1000) -> Desk:
    desk = Desk(unit=unit)
    for start in range(0, len(rows), 100):
        desk.report(*rows[start : start + 100])
    return desk


@settings(max_examples=300, deadline=None)
@given(
    fills, st.lists(st.integers(-(10**9), 10**9), max_size=5), st.integers(1, 2_000_000), st.sampled_from([1, 7, 1000])
)
def test_net_pnl_is_price_pnl_less_fees_plus_funding_exactly(
    rows: list[dict[str, Any]], funding: list[int], mark: int, unit: int
) -> None:
    paid = [{"kind": FUNDED, "amount": amount, "trade_id": 900 + n} for n, amount in enumerate(funding)]
    desk = apply([*rows, *paid], unit)
    o = desk.ledger.s
    signs = [1 - 2 * row["side"] for row in rows]
    pos = sum(s * row["qty"] for s, row in zip(signs, rows, strict=True))
    cash = -sum(s * row["px"] * row["qty"] * unit for s, row in zip(signs, rows, strict=True))
    fees = sum(row["fee"] for row in rows)
    assert (o.pos, o.fees, o.funding) == (pos, fees, sum(funding))
    assert net_pnl_at(desk.ledger.plain, desk.spec.plain, mark) == cash + pos * mark * unit - fees + sum(funding)
    assert o.buy_notional - o.sell_notional == -cash
    if pos == 0:
        assert o.cost == 0


@settings(max_examples=300, deadline=None)
@given(fills, st.randoms(use_true_random=False))
def test_permuted_and_repeated_fills_give_the_same_position_and_result(rows: list[dict[str, Any]], rng: Any) -> None:
    again = [*rows, *rng.choices(rows, k=len(rows))]
    rng.shuffle(again)
    one, two = apply(rows), apply(again)
    for name in ("pos", "fees", "buy_notional", "sell_notional", "n_maker"):
        assert getattr(one.ledger.s, name) == getattr(two.ledger.s, name)
    assert two.ledger.s.n_duplicate == len(rows)
    results = {net_pnl_at(d.ledger.plain, d.spec.plain, MID) for d in (one, two)}
    assert len(results) == 1


@settings(max_examples=200, deadline=None)
@given(fills)
def test_the_cost_has_the_sign_of_the_position(rows: list[dict[str, Any]]) -> None:
    o = apply(rows).ledger.s
    assert o.cost * o.pos >= 0
