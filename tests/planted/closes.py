"""Planted bugs of closing positions in a stop: at what price, how much, what is ours, and what is called flat."""

from __future__ import annotations

from tests.planted.bug import Bug

EMERGENCY = "tests/unit/execution/test_emergency.py"
CLOSING = "tests/unit/execution/test_planted_closing.py"
MEET = "tests/simulation/test_stops_meet.py"

CLOSES = (
    Bug(
        name="stop_closes_positions_of_others",
        costs="A flatten sells what the operator held before us.",
        file="core/execution/closing.py",
        old="    mine = pos - foreign\n",
        new="    mine = pos\n",
        tests=(
            f"{EMERGENCY}::test_foreign_orders_and_positions_are_counted_and_never_touched",
            f"{EMERGENCY}::test_ours_of_never_takes_more_than_is_held",
        ),
    ),
    Bug(
        name="close_is_sized_from_memory",
        costs="The position is smaller than when the last slice left: the next one closes more than there is.",
        file="core/execution/closing.py",
        old="    lots = abs(mine)\n    side = SELL",
        new="    lots = max(abs(mine), abs(closing.before))\n    side = SELL",
        tests=(f"{EMERGENCY}::test_slices_take_a_quarter_of_the_depth_widen_when_nothing_filled_and_end_at_market",),
    ),
    Bug(
        name="close_of_a_stop_is_not_reduce_only",
        costs="Two stops at once close the same position twice: it stands on the other side.",
        file="core/execution/closing.py",
        old="    flags = REDUCE_ONLY | STOP\n",
        new="    flags = STOP\n",
        tests=(f"{EMERGENCY}::test_a_thousand_orders_and_ten_positions_end_flat_within_two_seconds",),
    ),
    Bug(
        name="dust_exits_as_flat",
        costs="What is left below a lot is worth more than declared, and no exit code says so.",
        file="core/execution/emergency.py",
        old="        return 6 if self.closeout.dust_value() else 0",
        new="        return 0",
        tests=(f"{EMERGENCY}::test_dust_is_reported_and_exits_six_above_what_is_declared",),
    ),
    Bug(
        name="stop_makes_a_pair_naked",
        costs="One venue is silent; the other leg is closed, and the silent one stands alone in a falling market.",
        file="core/engine/stopping.py",
        old="        run.keep(frozenset() if self.reach else frozenset(self._kept(account)), now)",
        new="        run.keep(frozenset(), now)",
        tests=(f"{MEET}::test_a_flatten_does_not_make_a_pair_naked_while_one_venue_is_silent",),
    ),
    Bug(
        name="short_is_bought_back_below_the_market",
        costs="A stop sells longs at once and bids for shorts where nobody sells: eight slices long nothing is closed.",
        file="core/execution/closing.py",
        old="    if side == BUY:\n        return max(1, math.floor(",
        new="    if side != side:\n        return max(1, math.floor(",
        tests=(f"{CLOSING}::test_each_side_closes_through_the_market_and_inside_its_band",),
    ),
    Bug(
        name="close_is_sized_by_the_wrong_side_of_the_book",
        costs="A slice is a quarter of the side that is deep, sent into the one that is empty.",
        file="core/execution/closing.py",
        old="touch.buy_depth if side == BUY else touch.sell_depth",
        new="touch.sell_depth if side == BUY else touch.buy_depth",
        tests=(f"{CLOSING}::test_a_slice_is_a_quarter_of_the_side_that_it_takes_from",),
    ),
    Bug(
        name="crossed_book_prices_a_close",
        costs="A broken book gives a limit on the wrong side of the market, and the stop waits for its fill.",
        file="core/execution/closing.py",
        old="    if touch is not None and 0 < touch.bid < touch.ask:",
        new="    if touch is not None:",
        tests=(f"{CLOSING}::test_a_crossed_or_half_empty_book_gives_no_price_and_the_close_goes_to_market",),
    ),
    Bug(
        name="old_price_prices_a_close",
        costs="The stream stopped before the stop: closes are priced where the market was then.",
        file="core/execution/closeout.py",
        old="        if touch is not None and now - touch.ts > TOUCH_FRESH_NS:",
        new="        if touch is not None and now < touch.ts:",
        tests=(f"{CLOSING}::test_an_old_price_is_no_price",),
    ),
    Bug(
        name="dust_without_a_price_is_worth_nothing",
        costs="What is left has no price, so it counts as small: the exit code says flat.",
        file="core/execution/closeout.py",
        old="                return 1 << 62",
        new="                continue",
        tests=(f"{CLOSING}::test_dust_without_a_price_is_more_than_any_bound",),
    ),
    Bug(
        name="kept_leg_counts_as_flat",
        costs="A leg is held because its hedge's venue is silent, and the stop ends as FLAT on top of it.",
        file="core/execution/emergency.py",
        old="        if requests or self.closeout.waiting:",
        new="        if requests:",
        tests=(f"{CLOSING}::test_a_leg_that_may_not_be_closed_yet_is_held_and_never_called_flat",),
    ),
    Bug(
        name="second_halt_flattens",
        costs="The key is pressed twice in fear, meant as a halt: every position is closed at the market.",
        file="core/execution/emergency.py",
        old='widened = trigger.verb == "flatten" and self.verb == "halt"',
        new='widened = self.verb == "halt"',
        tests=(f"{CLOSING}::test_a_halt_that_is_halted_again_neither_flattens_nor_reaches_further",),
    ),
    Bug(
        name="second_stop_reaches_for_the_whole_account",
        costs="A repeated halt of ours takes away what belongs to somebody else.",
        file="core/execution/emergency.py",
        old='further = trigger.scope == "account" and self.scope != "account"',
        new='further = self.scope != "account"',
        tests=(f"{CLOSING}::test_a_halt_that_is_halted_again_neither_flattens_nor_reaches_further",),
    ),
    Bug(
        name="wider_scope_does_not_join",
        costs="`panic` for the whole account joins a halt of ours, and leaves everything that is not ours standing.",
        file="core/execution/emergency.py",
        old='        if further:\n            self.scope = "account"',
        new='        if further:\n            self.scope = "ours"',
        tests=(f"{CLOSING}::test_a_stop_that_is_joined_by_one_for_the_whole_account_takes_everything",),
    ),
)
