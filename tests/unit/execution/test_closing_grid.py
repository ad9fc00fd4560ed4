"""E6, E7 of a stop where the venue steps coarser than our lots and ticks: floored, never rounded up, and it ends."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.domain.order import LIMIT
from core.domain.units import BUY, SELL
from core.execution.closing import BANDS, Closing, Grid, Touch, is_dust, next_slice

BID, ASK = 9_990, 10_010


def coarse(lot_step: int = 10, tick_step: int = 1, min_lots: int = 2, max_lots: int = 10_000) -> Grid:
    return Grid(0, min_lots, max_lots, 1_000, lot_step=lot_step, tick_step=tick_step)


def touch(depth: int = 400) -> Touch:
    return Touch(0, 0, BID, ASK, (depth, depth, depth), (depth, depth, depth))


@pytest.mark.row("R-E7")
@example(mine=61, step=1, least=31, most=60, depth=0, book=False)  # neither one order nor two make the whole
@given(
    mine=st.integers(-3_000, 3_000).filter(bool), step=st.integers(1, 60), least=st.integers(1, 40),
    most=st.integers(60, 5_000), depth=st.integers(0, 2_000), book=st.booleans(),
)  # fmt: skip
def test_slices_are_whole_steps_never_more_than_held_and_leave_dust_alone(
    mine: int, step: int, least: int, most: int, depth: int, book: bool
) -> None:
    """Until nothing can be closed: then what is left is smaller than any order that the venue takes."""
    grid, left, closing = coarse(step, 1, least, most), mine, Closing()
    if grid.floor(most) < grid.least:
        return  # no order at all is possible there
    for _ in range(2_000):
        if left == 0:
            break
        request = next_slice(left, grid, touch(depth) if book else None, closing, 1)
        if request is None:
            break
        assert 0 < request.qty <= abs(left) and request.qty % step == 0 and grid.least <= request.qty <= most
        left -= request.qty if left > 0 else -request.qty
    assert left == 0 or is_dust(left, grid)


@pytest.mark.parametrize("band", range(len(BANDS)))
@pytest.mark.parametrize("step", [1, 7, 50])
def test_prices_are_on_the_new_step_and_still_inside_the_band(band: int, step: int) -> None:
    for mine, side in ((500, SELL), (-500, BUY)):
        request = next_slice(mine, coarse(1, step), touch(), Closing(band=band), 1)
        assert request is not None and (request.side, request.type) == (side, LIMIT) and request.px % step == 0
        mid = (BID + ASK) / 2
        worst = mid * (1 - BANDS[band]) if side == SELL else mid * (1 + BANDS[band])
        assert request.px >= worst if side == SELL else request.px <= worst


def test_the_smallest_order_is_a_whole_step() -> None:
    assert (coarse(10, 1, 2).least, coarse(10, 1, 11).least, coarse(1, 1, 3).least) == (10, 20, 3)
    assert is_dust(9, coarse(10)) and not is_dust(10, coarse(10)) and not is_dust(0, coarse(10))
