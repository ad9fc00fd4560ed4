"""A key that is held, as keyboards repeat it: one press, whatever delay and rate (UC-05). The property of
test_keyhook.py finds the same more slowly; tests.planted plants against this one."""

from __future__ import annotations

import pytest

from app.keyhook import MS
from tests.console.test_keyhook import flattens


@pytest.mark.parametrize("delay_ms", [250, 500, 600, 660, 1000])
@pytest.mark.parametrize("gap_ms", [20, 33, 92, 240])
@pytest.mark.parametrize("held_ms", [300, 2_000])
def test_repeats_of_a_key_that_is_held_are_one_press(delay_ms: int, gap_ms: int, held_ms: int) -> None:
    """First repeat after `delay_ms`, then one each `gap_ms`."""
    times = [0, *range(delay_ms, delay_ms + held_ms, gap_ms)]
    assert flattens([t * MS for t in times], end=(times[-1] + 3_000) * MS) == 0
