"""Planted bugs of the limits: the gate before each request, the guard at each wake."""

from __future__ import annotations

from tests.planted.bug import Bug

BUFFER = "tests/unit/risk/test_planted_buffer.py"
PLANTED = "tests/unit/risk/test_planted_gate.py"
GATE, GUARD = "tests/unit/risk/test_gate.py", "tests/unit/risk/test_guard.py"

LIMITS = (
    Bug(
        name="net_cap_forgets_resting_orders",
        costs="A falling market fills every layer at once: the position is a multiple of the cap.",
        file="core/risk/gate.py",
        old="    worst = sign_of(side) * o.pos + o.open_lots[side] + more",
        new="    worst = sign_of(side) * o.pos + more",
        tests=(f"{GATE}::test_net_cap_counts_the_position_resting_orders_and_unknown_ones",),
    ),
    Bug(
        name="missing_cap_means_no_cap",
        costs="The cap could not be computed (NaN), and quotes go up to the last bound instead of nowhere.",
        file="core/risk/gate.py",
        old="""        return refuse(r, n, MISSING_INPUT, 0, x.net_max)
    allowed = min(x.net_max, int(cap))""",
        new="""        cap = float(x.net_max)
    allowed = min(x.net_max, int(cap))""",
        tests=(f"{GATE}::test_a_missing_adaptive_cap_refuses_all_new_risk_and_no_exit",),
    ),
    Bug(
        name="unknown_order_does_not_stop_new_risk",
        costs="While an order's fate is open the next one goes out: exactly how one position becomes two.",
        file="core/risk/gate.py",
        old="    if o.n_unknown != 0:\n",
        new="    if o.n_unknown < 0:\n",
        tests=(f"{GATE}::test_unknown_orders_block_new_risk_on_the_instrument",),
    ),
    Bug(
        name="exit_is_larger_than_the_position",
        costs="Where the venue does not know reduce-only, a close turns the position round.",
        file="core/risk/gate.py",
        old="    q.qty[n] = min(q.qty[n], held)",
        new="    q.qty[n] = max(q.qty[n], 0)",
        tests=(f"{GATE}::test_reduce_only_is_clamped_to_the_position_and_refused_without_one",),
    ),
    Bug(
        name="our_own_resting_orders_are_not_seen",
        costs="A new bid meets an ask of ours from a moment ago: fees for both sides, and a wash trade on record.",
        file="core/risk/gate.py",
        old="        if state != FREE and state != RESTING_REJECT:",
        new="        if state < FREE:",
        tests=(f"{PLANTED}::test_no_order_matches_one_of_ours_that_has_stood_since_before",),
    ),
    Bug(
        name="market_exit_needs_no_trigger",
        costs="A small reduce goes to the market through a thin book, as if it were the last resort.",
        file="core/risk/gate.py",
        old="    if q.type[n] == MARKET or not (",
        new="    if not (",
        tests=(f"{PLANTED}::test_a_market_exit_waits_for_the_trigger_on_either_side",),
    ),
    Bug(
        name="exit_forgets_the_quotes_beside_it",
        costs="The position is closed while the quotes that it allowed stand: they fill, and the cap is broken.",
        file="core/risk/gate.py",
        old="        over = o.open_lots[side] - held + more - x.net_max",
        new="        over = o.open_lots[side] - held - x.net_max - x.net_max",
        tests=(f"{PLANTED}::test_an_exit_beside_quotes_of_its_side_leaves_them_within_the_cap",),
    ),
    Bug(
        name="halt_lets_every_exit_through",
        costs="After a stop the strategy's own exits fight with the emergency engine for the same position.",
        file="core/risk/gate.py",
        old="    if r.halted != 0 and not (reduces != 0 and q.flags[n] & STOP):",
        new="    if r.halted != 0 and not reduces != 0:",
        tests=(f"{GATE}::test_halted_passes_cancels_and_the_stops_own_reduces_only",),
    ),
    Bug(
        name="gate_is_not_asked_for_amends",
        costs="An amend makes an order ten times larger, and no limit has seen it.",
        file="core/execution/commit.py",
        old="    code = check(x, r, o, v, s, q, n, more, cap, now)",
        new="    code = OK if q.kind[n] == AMEND else check(x, r, o, v, s, q, n, more, cap, now)",
        tests=(f"{GATE}::test_an_amend_counts_its_worst_case",),
    ),
    Bug(
        name="stale_book_is_good_enough",
        costs="The stream has stopped, and orders go out at prices of minutes ago.",
        file="core/risk/checks.py",
        old="    if not (now - v.ts_recv <= x.book_stale_ns):",
        new="    if not (now - v.ts_recv <= 1000 * x.book_stale_ns):",
        tests=(f"{GATE}::test_a_stale_or_broken_book_passes_only_the_stop",),
    ),
    Bug(
        name="collar_ignores_the_mark",
        costs="A book that is empty but for one far order moves the mid, and we quote there.",
        file="core/risk/checks.py",
        old="    if within(px, v.mark * 1.0, x.collar) == 0:",
        new="    if within(px, mid_of(v), x.collar) == 0:",
        tests=(f"{GATE}::test_price_collar_holds_against_mid_and_mark",),
    ),
    Bug(
        name="layer_is_rounded_up_to_the_minimum",
        costs="Where the cap leaves less than a minimum order a whole one is quoted: the cap gives way each time.",
        file="core/strategies/asmm/sizing.py",
        old="        qty = max(0, min(s.qty[key], room, most))",
        new="        qty = max(c.min_lots, min(s.qty[key], room, most))",
        tests=(
            "tests/unit/strategies/test_planted_minimum.py::test_room_below_the_minimum_is_left_and_not_rounded_up",
        ),
    ),
    Bug(
        name="stop_loss_keeps_the_position",
        costs="The stop loss halts quoting and leaves open what loses.",
        file="core/risk/guard.py",
        old="        halt_and_flatten(r, STOP_LOSS, now)",
        new="        halt(r, STOP_LOSS, now)",
        tests=(f"{GUARD}::test_stop_loss_flattens_and_latches",),
    ),
    Bug(
        name="buffer_is_measured_on_the_wrong_side",
        costs="A short that is about to be liquidated shows the buffer of a long: large, and nothing is reduced.",
        file="core/risk/reducing.py",
        old="    if o.pos > 0:\n        r.buffer =",
        new="    if o.pos < 0:\n        r.buffer =",
        tests=(f"{GUARD}::test_liquidation_buffer_slices_under_five_percent_and_flattens_under_two",),
    ),
    Bug(
        name="limit_that_cannot_be_evaluated_is_not_hit",
        costs="The venue stops telling the liquidation price: the last line of defence is silently gone.",
        file="core/risk/reducing.py",
        old="""    if old or vit.liquidation_px < 0 or r.mark <= 0:
        halt_and_flatten(r, MISSING_INPUT, now)
        return""",
        new="""    if old or vit.liquidation_px < 0 or r.mark <= 0:
        return""",
        tests=(f"{GUARD}::test_a_liquidation_price_that_was_known_and_is_missing_counts_as_crossed",),
    ),
    Bug(
        name="short_without_a_liquidation_price_is_flattened",
        costs="A short with margin to spare is closed at the market, because 0 was read as a price.",
        file="core/risk/reducing.py",
        old="    if o.pos == 0 or (vit.liquidation_px == 0 and now",
        new="    if o.pos == 0 or (vit.liquidation_px < -1 and now",
        tests=(f"{BUFFER}::test_a_position_that_cannot_be_liquidated_is_left_alone",),
    ),
    Bug(
        name="buffer_of_the_other_side_flattens",
        costs="The position turned since the venue was asked: the old price stops a core that nothing threatens.",
        file="core/risk/reducing.py",
        old="    if vit.liquidation_pos * o.pos < 0:",
        new="    if vit.liquidation_pos * o.pos < -(1 << 60):",
        tests=(f"{BUFFER}::test_a_price_that_was_read_for_the_other_side_says_nothing_of_this_one",),
    ),
    Bug(
        name="account_is_believed_without_being_read",
        costs="The venue has not confirmed our account for an hour, and quotes go on against a position of memory.",
        file="core/risk/guard.py",
        old="    if vit.account_ts > 0 and now - vit.account_ts > ACCOUNT_STALE_NS:\n        blind = 1",
        new="    if vit.account_ts > 0 and now - vit.account_ts > ACCOUNT_STALE_NS:\n        blind = 0",
        tests=(f"{GUARD}::test_an_account_that_was_not_confirmed_for_ten_seconds_pulls_the_quotes_until_it_is",),
    ),
    Bug(
        name="repeated_fills_do_not_halt",
        costs="A loop that buys and sells against itself runs all night (Knight 2012).",
        file="core/risk/watch.py",
        old="    if not (r.fills_minute <= x.max_fills):\n        halt(r, REPEATED, now)",
        new="    if not (r.fills_minute <= 1000 * x.max_fills):\n        halt(r, REPEATED, now)",
        tests=(f"{GUARD}::test_more_fills_in_a_minute_than_meant_halt",),
    ),
    Bug(
        name="reduce_is_not_reduce_only",
        costs="The order that reduces meets one that already closed: it opens a position on the other side.",
        file="core/execution/reduce.py",
        old="    t.flags[n] = REDUCE_ONLY\n",
        new="    t.flags[n] = 0\n",
        tests=("tests/unit/execution/test_reduce.py::test_a_maker_reduce_rests_at_our_best_price",),
    ),
)
