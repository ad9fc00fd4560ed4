"""Recorded columns follow the same rules as single values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codec.columns import rescaled, units_of
from core.codec.grid import Step
from core.codec.reasons import FAULTS, INFINITE, NEGATIVE, NOT_A_NUMBER, OFF_GRID, TOO_LARGE, Hostile

VALUES = st.one_of(
    st.floats(),
    st.integers(0, 10**9).map(lambda n: n / 10),
    st.sampled_from([0.0, -0.0, 0.05, 1e308, -1e308, float("nan"), float("inf"), 112657.1, 5e-324]),
)


@given(st.lists(VALUES, min_size=1, max_size=30))
def test_a_column_agrees_with_the_exact_codec_value_by_value(values: list[float]) -> None:
    units, fault = units_of(np.array(values), 0.1)
    for value, got, code in zip(values, units.tolist(), fault.tolist()):
        try:
            expected, reason = Step(0.1).units(value), ""
        except Hostile as error:
            expected, reason = 0, error.reason
        assert (got, FAULTS[code]) == (expected, reason) or (abs(value) < 1e-7 and got == 0)


def test_faults_are_told_apart() -> None:
    _, fault = units_of(np.array([1.0, np.nan, np.inf, -np.inf, -1.0, 1e308, 0.05]), 0.1)
    assert [FAULTS[code] for code in fault] == [
        "", NOT_A_NUMBER, INFINITE, INFINITE, NEGATIVE, TOO_LARGE, OFF_GRID,
    ]  # fmt: skip


def test_integer_columns_are_rescaled_exactly() -> None:
    units, fault = rescaled(np.array([9386950, 9386953, -1], np.int32), "0.01", 0.1)
    assert units.tolist() == [938695, 0, 0]
    assert [FAULTS[code] for code in fault] == ["", OFF_GRID, NEGATIVE]
    units, _ = rescaled(np.array([3], np.int32), "0.01", 0.005)
    assert units.tolist() == [6]


def test_integers_too_large_to_rescale_are_refused() -> None:
    units, fault = rescaled(np.array([1 << 62]), "1", 0.001)
    assert (units[0], FAULTS[fault[0]]) == (0, TOO_LARGE)


def test_shapes_are_kept() -> None:
    units, fault = units_of(np.ones((3, 2, 4)), 0.5)
    assert units.shape == fault.shape == (3, 2, 4)
    assert (units == 2).all()
    assert units_of(np.zeros(0), 0.5)[0].shape == (0,)


def test_column_of_text_is_no_number() -> None:
    with pytest.raises(ValueError, match="could not convert"):
        units_of(np.array(["x"]), 0.1)
