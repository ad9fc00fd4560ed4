"""The grid of a stop after a change at the venue: what is held stays countable, orders are whole steps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.venues.ccxt.roster import Roster


def market(lot: float | None = 0.001, tick: float = 0.1, contract: float | None = 1.0, **amount: float) -> Any:
    return {
        "contractSize": contract, "precision": {"amount": lot, "price": tick}, "limits": {"amount": amount},
    }  # fmt: skip


def roster() -> Roster:
    made = Roster()
    made.add("ETH/USDC:USDC", "ETHUSDC", 0.1, 0.001)
    return made


def test_the_same_terms_change_nothing() -> None:
    made = roster()
    assert made.relist({"ETH/USDC:USDC": market()}, True) == [] and not made.entries[0].relisted
    assert made.relist({}, True) == made.relist(None, True) == []


@pytest.mark.row("R-N5")
@pytest.mark.parametrize(
    ("lot", "contract", "scale", "step", "lots", "size"),
    [
        (0.01, 1.0, 1, 10, 23, 0.023),  # coarser: our lots, ten at a time
        (0.0001, 1.0, 10, 1, 230, 0.023),  # finer: ten of them in one of ours
        (0.0025, 1.0, 2, 5, 46, 0.023),  # neither: the half lot that both are multiples of
        (0.001, 10.0, 1, 10, 23, 0.0023),  # contracts of ten coins
        (1.0, 0.001, 1, 1, 23, 23),  # contracts of one lot
    ],
)
def test_what_is_held_is_counted_exactly_and_orders_are_whole_steps(
    lot: float, contract: float, scale: int, step: int, lots: int, size: float
) -> None:
    made = roster()
    assert made.relist({"ETH/USDC:USDC": market(lot, contract=contract)}, True) in (["ETHUSDC"], [])
    (entry,) = made.entries
    assert (entry.scale, entry.lot_step) == (scale, step)
    assert entry.lots(size) == lots and entry.size_of(lots) == pytest.approx(size)


def test_a_price_step_counts_only_where_the_venue_has_one() -> None:
    made = roster()
    assert made.relist({"ETH/USDC:USDC": market(tick=0.25)}, False) == []
    assert made.relist({"ETH/USDC:USDC": market(tick=0.25)}, True) == ["ETHUSDC"]
    assert (made.entries[0].tick_step, made.entries[0].ticks(1.25)) == (5, 25)


@pytest.mark.row("R-N3")
@pytest.mark.parametrize("broken", [0, -1, float("nan"), float("inf"), "x", None, 1e300])
def test_figures_that_cannot_be_change_nothing(broken: Any) -> None:
    made = roster()
    assert made.relist({"ETH/USDC:USDC": market(broken, tick=broken, contract=broken)}, True) == []
    assert made.entries[0].lots(0.023) == 23


@given(lot=st.integers(1, 5_000), held=st.integers(1, 10**6))
def test_no_lot_of_either_grid_is_lost_by_the_new_one(lot: int, held: int) -> None:
    """Whatever the new lot, in units of 1e-6: a position of old lots is a whole number of the shared ones."""
    made = roster()
    made.relist({"ETH/USDC:USDC": market(lot / 1e6)}, True)
    (entry,) = made.entries
    assert entry.lots(held * 0.001) == held * entry.scale
    assert entry.size_of(entry.lot_step) == pytest.approx(lot / 1e6, rel=1e-9)
