"""Planted bugs of the pair: two legs that must stand against each other, and what happens when they do not."""

from __future__ import annotations

from tests.planted.bug import Bug

SAGA = "tests/unit/execution/pair_saga"

PAIRS = (
    Bug(
        name="naked_leg_is_left_for_ten_times_as_long",
        costs="The second leg does not come, and the first one stands alone for ten seconds of a fast market.",
        file="core/execution/pair_saga/events.py",
        old="now - s.naked_since > p.naked_ns else 0",
        new="now - s.naked_since > 10 * p.naked_ns else 0",
        tests=(f"{SAGA}/test_table.py::test_the_cell_is_met_by_hand",),
    ),
    Bug(
        name="peer_of_a_deleveraged_leg_is_not_cut",
        costs="The venue takes half of the profitable leg: the other half loses without a hedge (October 2025).",
        file="core/execution/pair_saga/measure.py",
        old="""        if s.state == EXITING or s.state == ROLLBACK or s.state == CUTTING:
            keep =""",
        new="""        if s.state == EXITING or s.state == ROLLBACK:
            keep =""",
        tests=(
            f"{SAGA}/test_venues.py::test_the_peer_of_a_leg_that_the_venue_cut_is_cut_to_match_and_nothing_is_re_opened",
        ),
    ),
    Bug(
        name="stop_of_a_lone_leg_is_not_armed",
        costs="One leg stands alone by plan, and nothing closes it when the price runs away.",
        file="core/execution/pair_saga/measure.py",
        old="    if lone < 0 or s.state == OPENING or s.held[lone] <= 0:",
        new="    if lone < 0 or s.state == OPENING or s.state == S1_ONE_LEG or s.held[lone] <= 0:",
        tests=(f"{SAGA}/test_legs.py::test_the_stop_of_a_lone_leg_closes_it_at_one_percent_and_not_before",),
    ),
    Bug(
        name="hedge_is_rounded_up",
        costs="The hedge is larger than what it hedges: the rest is a bet that nobody made.",
        file="core/execution/pair_saga/measure.py",
        old="    return lots * p.lot_grains[s.first] // g\n",
        new="    return -(-lots * p.lot_grains[s.first] // g)\n",
        tests=(f"{SAGA}/test_venues.py::test_lots_of_different_size_are_hedged_towards_less_exposure",),
    ),
    Bug(
        name="slippage_budget_is_not_asked",
        costs="Both legs walk through a thin book: the pair begins with the loss of a week's carry.",
        file="core/execution/pair_saga/budget.py",
        old="    return 1 if cost <= p.eps * (1.0 + 1e-9) else 0",
        new="    return 1 if cost >= 0.0 else 0",
        tests=(f"{SAGA}/test_budget.py::test_two_bp_passes_and_more_is_refused_by_name_and_sends_nothing",),
    ),
    Bug(
        name="exit_of_a_leg_is_not_reduce_only",
        costs="A close that meets a liquidation of the same leg opens it again on the other side.",
        file="core/execution/pair_saga/work.py",
        old="    flags = REDUCE_ONLY if style == CLOSE else 0",
        new="    flags = 0",
        tests=(f"{SAGA}/test_legs.py::test_exits_go_in_step",),
    ),
    Bug(
        name="late_fill_is_sent_for_again",
        costs="A fill is told after its order ended: the leg asks for the same lots twice.",
        file="core/execution/pair_saga/work.py",
        old="    if s.ended[leg] > 0 and now - s.ended[leg] < p.settle_ns:\n        return 0\n",
        new="",
        tests=(
            f"{SAGA}/test_planted_late_fill.py::test_the_rest_of_a_partly_filled_child_waits_for_a_fill_that_its_end_overtook",
        ),
    ),
    Bug(
        name="pair_opens_while_a_venue_is_down",
        costs="The first leg fills, and the venue of its hedge does not answer.",
        file="core/execution/pair_saga/guards.py",
        old="    if s.down[0] + s.down[1] > 0:\n        return R_DOWN\n",
        new="",
        tests=(f"{SAGA}/test_budget.py::test_nothing_is_opened_while_a_venue_is_down",),
    ),
    Bug(
        name="unreadable_record_of_a_pair_means_none",
        costs="A half-open pair is not known any more after a restart: one leg stays for ever.",
        file="core/build/pairs_kept.py",
        old="    if not found or any(one.schema != SCHEMA for one in found):",
        new="    if any(one.schema != SCHEMA for one in found):",
        tests=("tests/unit/build/test_pairs_kept.py::test_a_broken_file_is_one_clear_refusal",),
    ),
    Bug(
        name="funding_guard_is_blind_for_ever",
        costs="The venue stops telling its rate, and the pair is held however much it pays.",
        file="core/strategies/pair_lock/limits.py",
        old="    return now - s.blind_since[limit] > p.limit_blind_ns",
        new="    return now < s.blind_since[limit]",
        tests=("tests/unit/strategies/pair_lock/test_limits.py::test_guard_that_lost_its_rate_is_hit_after_its_bound",),
    ),
)
