"""Feed rows into the view: snapshots, best changes, gaps, marks, own quotes taken out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.book import LEVELS
from core.domain.order import LIVE, PENDING_NEW, RESTING_REJECT, Ledger
from core.domain.units import BUY, FAR, SELL
from core.signals.own import take_out_own
from tests.unit.signals.feeds import T0, Eye, S, Tape


def side(eye: Eye, which: int) -> list[tuple[int, int]]:
    n = eye.v.n_levels[which]
    return [(eye.v.px[which][i], eye.v.sz[which][i]) for i in range(n)]


def test_nothing_seen_has_no_value_anywhere() -> None:
    eye = Eye()
    assert eye.see(Tape(), now=1.0) == 0
    flags = "vol_ok regime_ok momentum_ok micro_ok imbalance_ok depth_ok depth_avg_ok vpin_ok shock_ok priced".split()
    assert [getattr(eye.g, name) for name in flags] == [0] * len(flags)
    assert (eye.v.book_ok, eye.v.mark, eye.v.funding_rate) == (0, 0, FAR)


def test_snapshot_replaces_the_whole_book() -> None:
    eye = Eye()
    eye.see(Tape().book(0, [(99, 1), (98, 2), (97, 3)], [(101, 4), (102, 5)]).book(1, [(90, 7)], [(95, 8)]))
    assert side(eye, BUY) == [(90, 7)]
    assert side(eye, SELL) == [(95, 8)]
    assert eye.v.px[BUY][1] == eye.v.sz[BUY][2] == 0
    assert (eye.v.n_books, eye.v.book_ok, eye.v.now, eye.v.ts_exch) == (2, 1, T0 + S, T0 + S - S // 5)


def test_locked_book_is_legal_and_crossed_book_is_not_priced() -> None:
    eye = Eye()
    eye.see(Tape().book(0, [(100, 1)], [(100, 2)]))
    assert (eye.v.book_ok, eye.g.priced, eye.g.mid) == (1, 1, 100.0)
    eye.see(Tape().book(1, [(101, 1)], [(100, 2)]))
    assert (eye.v.book_ok, eye.g.priced, eye.g.n_crossed, eye.g.ts_unpriced) == (0, 0, 1, T0 + S)
    assert eye.g.mid == 100.0  # the last one that was right; `priced` says it is old
    eye.see(Tape().book(2, [(99, 1)], [(100, 2)]))
    assert (eye.v.book_ok, eye.g.ts_unpriced) == (1, 0)


def test_one_sided_book_is_not_priced() -> None:
    eye = Eye()
    eye.see(Tape().book(0, [(99, 1)], []))
    assert (eye.v.book_ok, eye.g.priced, eye.g.micro_ok, eye.g.imbalance_ok) == (0, 0, 0, 0)


def test_best_change_drops_better_levels_and_inserts_new_ones() -> None:
    eye = Eye()
    eye.see(Tape().book(0, [(99, 1), (98, 2), (97, 3)], [(101, 4), (102, 5)]))
    eye.see(Tape().bbo(1, BUY, 98, 9))
    assert side(eye, BUY) == [(98, 9), (97, 3)]
    eye.see(Tape().bbo(2, BUY, 100, 7))
    assert side(eye, BUY) == [(100, 7), (98, 9), (97, 3)]
    eye.see(Tape().bbo(3, SELL, 103, 6))
    assert side(eye, SELL) == [(103, 6)]
    eye.see(Tape().bbo(4, BUY, 90, 1))
    assert side(eye, BUY) == [(90, 1)]
    eye.see(Tape().bbo(5, SELL, 0, 0))
    assert (side(eye, SELL), eye.v.book_ok) == ([], 0)


@given(
    st.lists(st.tuples(st.integers(80, 120), st.integers(1, 9)), min_size=0, max_size=LEVELS, unique_by=lambda x: x[0]),
    st.lists(st.tuples(st.sampled_from([BUY, SELL]), st.integers(0, 130), st.integers(0, 9)), max_size=30),
)
def test_any_run_of_best_changes_leaves_sorted_sides_with_the_last_best_first(levels, changes) -> None:
    eye = Eye()
    half = len(levels) // 2
    eye.see(Tape().book(0, sorted(levels[:half], reverse=True), sorted(levels[half:])))
    for t, (which, px, sz) in enumerate(changes, 1):
        eye.see(Tape().bbo(t, which, px, sz))
        now = side(eye, which)
        prices = [p for p, _ in now]
        assert prices == sorted(set(prices), reverse=which == BUY)
        assert all(s > 0 and p > 0 for p, s in now)
        assert len(now) <= LEVELS
        if px > 0 and sz > 0:
            assert now[0] == (px, sz)
        else:
            assert now == []


def test_bests_alone_make_a_book_where_no_snapshot_ever_comes() -> None:
    eye = Eye()
    eye.see(Tape().bbo(0, BUY, 99, 1))
    assert eye.v.book_ok == 0
    eye.see(Tape().bbo(0, SELL, 101, 1))
    assert (eye.v.book_ok, eye.g.mid) == (1, 100.0)
    eye.see(Tape().gap(1).bbo(2, BUY, 98, 1))
    assert eye.v.book_ok == 0
    eye.see(Tape().bbo(2, SELL, 101, 1))
    assert eye.v.book_ok == 1


def test_gap_makes_the_book_invalid_until_the_next_snapshot() -> None:
    eye = Eye()
    eye.see(Tape().mid(0, 100).gap(1, lost=7).bbo(2, BUY, 99, 5))
    assert (eye.v.book_ok, eye.v.n_gaps, eye.v.n_lost, eye.g.priced) == (0, 1, 7, 0)
    eye.see(Tape().mid(3, 100))
    assert eye.v.book_ok == 1


def test_mark_is_the_mid_until_the_source_sends_one() -> None:
    eye = Eye()
    eye.see(Tape().mid(0, 100))
    assert (eye.v.mark, eye.v.mark_from_mid) == (100, 1)
    eye.see(Tape().mark(1, 105, 104, 12_345, T0))
    eye.see(Tape().mid(2, 110))
    assert (eye.v.mark, eye.v.mark_from_mid, eye.v.index) == (105, 0, 104)
    assert (eye.v.funding_rate, eye.v.next_funding) == (12_345, T0)


def test_funding_row_without_a_mark_leaves_the_mid_in_place() -> None:
    eye = Eye()
    eye.see(Tape().mid(0, 100).mark(1, 0, 0, FAR, 0))
    assert (eye.v.mark, eye.v.mark_from_mid, eye.v.funding_rate) == (100, 1, FAR)


def test_rows_that_no_rule_knows_change_nothing_and_are_counted() -> None:
    eye = Eye()
    eye.see(Tape().mid(0, 100))
    before = eye.view.image()
    tape = Tape().trade(0, 0, 5, 1).trade(0, 100, 0, 1).bbo(0, 2, 50, 5)
    tape.rows.append((T0, 99, 0))
    eye.see(tape)
    assert eye.g.n_bad_rows == 4
    assert eye.view.image() == before


def test_own_quotes_are_taken_out_before_pricing() -> None:
    """S3 / issue 2 item 6: what the feed shows of ours moves neither prices nor imbalance."""
    eye, ledger = Eye(own_in_book=True), Ledger()
    bids, asks = [(100, 5), (99, 8), (98, 4)], [(102, 6), (103, 4)]
    for slot, (state, which, px, left) in enumerate(
        [(LIVE, BUY, 100, 5), (PENDING_NEW, BUY, 99, 3), (LIVE, SELL, 102, 2), (RESTING_REJECT, SELL, 103, 4)]
    ):
        ledger.s.state[slot], ledger.s.side[slot], ledger.s.px[slot], ledger.s.left[slot] = state, which, px, left
    eye.see(Tape().book(0, bids, asks))
    assert (eye.g.bid, eye.g.ask) == (100, 102)
    for _ in range(2):  # idempotent
        assert take_out_own(eye.v, eye.g, ledger.s, T0) == 1
        assert (eye.g.bid, eye.g.bid_lots, eye.g.ask, eye.g.ask_lots, eye.g.mid) == (99, 5, 102, 4, 100.5)
    eye.see(Tape().book(1, bids, asks))
    assert eye.g.imbalance == pytest.approx(5 / 9)
    assert eye.g.depth_imbalance == pytest.approx(9 / 17)
    assert side(eye, BUY) == bids  # the view still shows what the venue shows


def test_book_of_only_our_own_quotes_has_no_price() -> None:
    eye, ledger = Eye(own_in_book=True), Ledger()
    ledger.s.state[0], ledger.s.side[0], ledger.s.px[0], ledger.s.left[0] = LIVE, BUY, 99, 10
    eye.see(Tape().mid(0, 100))
    assert take_out_own(eye.v, eye.g, ledger.s, T0 + 1) == 0
    assert (eye.g.priced, eye.v.book_ok, eye.g.ts_unpriced) == (0, 1, T0 + 1)


def test_feed_without_our_orders_is_left_alone() -> None:
    eye, ledger = Eye(), Ledger()
    ledger.s.state[0], ledger.s.side[0], ledger.s.px[0], ledger.s.left[0] = LIVE, BUY, 99, 10
    eye.see(Tape().mid(0, 100))
    assert take_out_own(eye.v, eye.g, ledger.s, T0) == 1
    assert (eye.g.bid, eye.g.bid_lots) == (99, 10)


def test_depth_is_counted_from_the_best_of_others() -> None:
    """A level that is wholly ours does not use up one of the levels of the imbalance."""
    eye, ledger = Eye(own_in_book=True, imbalance_levels=1), Ledger()
    ledger.s.state[0], ledger.s.side[0], ledger.s.px[0], ledger.s.left[0] = LIVE, BUY, 100, 5
    take_out_own(eye.v, eye.g, ledger.s, T0)
    eye.see(Tape().book(0, [(100, 5), (99, 8)], [(102, 2)]))
    assert eye.g.depth_imbalance == pytest.approx(8 / 10)
