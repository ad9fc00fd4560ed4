"""Histograms and bands."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.domain.units import NS_PER_MS
from core.kpi.latency import ACK, LEGS, TOP, Histogram, Latencies, band_of, nearest_rank


def test_every_band_has_its_word_and_the_gaps_are_named() -> None:
    """S0-23, K-03."""
    words = {4.99: "excellent", 5: "good", 9.99: "good", 10: "acceptable", 50: "acceptable", 50.1: "degraded",
             100: "degraded", 100.1: "unacceptable"}  # fmt: skip
    for ms, word in words.items():
        assert band_of(round(ms * NS_PER_MS)) == word
    assert band_of(None) == "--"


@given(st.lists(st.integers(0, TOP), min_size=100, max_size=300), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_a_quantile_is_within_a_thousandth_of_nearest_rank(values: list[int], p: float) -> None:
    h = Histogram()
    for value in values:
        h.record(value)
    want = nearest_rank(values, p)
    got = h.quantile(p)
    assert want is not None
    assert got is not None
    assert abs(got - want) <= 1e-3 * want + 1


@given(st.lists(st.integers(-5, TOP)), st.lists(st.integers(-5, TOP)))
def test_merging_is_the_same_as_recording_together(a: list[int], b: list[int]) -> None:
    left, right, both = Histogram(), Histogram(), Histogram()
    for value in a:
        left.record(value)
        both.record(value)
    for value in b:
        right.record(value)
        both.record(value)
    left.merge(right)
    assert (left.cells, left.n, left.total, left.largest, left.negative) == (
        both.cells, both.n, both.total, both.largest, both.negative,
    )  # fmt: skip
    bounds = [10, 1000, 10**6, 10**9, TOP * 2]
    assert left.up_to(bounds)[-1] == left.n
    assert left.up_to(bounds) == sorted(left.up_to(bounds))


def test_p99_needs_a_hundred_samples() -> None:
    h = Histogram()
    for value in range(99):
        h.record(value)
    assert h.quantile(0.99) is None
    h.record(99)
    assert h.quantile(0.99) == 98


def test_a_round_has_its_own_histogram_and_the_total_keeps_all() -> None:
    board = Latencies()
    board.record(ACK, 3_000_000)
    board.second()
    board.new_round()
    board.record(ACK, 9_000_000)
    rows = {row.name: row for row in board.rows()}
    assert rows[LEGS[ACK]].n == 1
    assert rows[LEGS[ACK]].band == "good"
    assert rows[LEGS[ACK]].spark == (0.003,)
    assert rows[LEGS[0]].band == "--"
    assert board.since_start(ACK).n == 2
