"""Planted bugs of the simulated exchange: each would make paper kinder than live, and a losing strategy look good."""

from __future__ import annotations

from tests.planted.bug import Bug

FILLS, ORDERS = "tests/exchange/test_fills.py", "tests/exchange/test_orders.py"
MADE = "tests/exchange/test_venue_made.py"

PAPER = (
    Bug(
        name="paper_stands_first_in_every_queue",
        costs="Every touch of our price fills us in paper; live there are others ahead.",
        file="core/exchange/matching.py",
        old="        m.o_front[slot] = float(level)",
        new="        m.o_front[slot] = 0.0",
        tests=(f"{FILLS}::test_trades_at_the_price_first_go_to_those_ahead",),
    ),
    Bug(
        name="paper_takes_the_same_depth_twice",
        costs="A large order fills at the best price as often as it is sent.",
        file="core/exchange/taking.py",
        old="            m.took[other][i] += execute(m, a, s, slot, m.px[other][i], room, 0)",
        new="            execute(m, a, s, slot, m.px[other][i], room, 0)",
        tests=(f"{ORDERS}::test_depth_that_we_took_is_not_there_again_before_the_next_book_row",),
    ),
    Bug(
        name="paper_accepts_a_crossing_post_only_order",
        costs="Paper earns the maker's fee where the venue would refuse the order.",
        file="core/exchange/filters.py",
        old="            if crosses(m, side, px):\n                return POST_ONLY_CROSS\n",
        new="",
        tests=(f"{ORDERS}::test_post_only_that_would_take_is_refused",),
    ),
    Bug(
        name="paper_grants_a_cancel_of_a_filled_order",
        costs="Every race between cancel and fill is won in paper.",
        file="core/exchange/orders.py",
        old="        refuse(m, k, CANCEL_REJECTED, m.q_venue[k], UNKNOWN_ORDER_ID)\n",
        new="        refuse(m, k, CANCELED, m.q_venue[k], OK)\n",
        tests=(f"{ORDERS}::test_cancel_of_an_unknown_or_finished_order_is_refused",),
    ),
    Bug(
        name="paper_pays_no_funding",
        costs="A pair that pays away its gain every eight hours looks free to hold.",
        file="core/exchange/venue_made.py",
        old="    book_funding(a, i, amount)\n",
        new="",
        tests=(f"{MADE}::test_a_short_receives_when_the_rate_is_positive_and_the_calendar_repeats",),
    ),
    Bug(
        name="paper_never_liquidates_in_time",
        costs="A position survives in paper that the venue would have taken.",
        file="core/exchange/venue_made.py",
        old="    if a.pos[i] != 0 and pool_equity(a, i) <= pool_maintenance(a, i):",
        new="    if a.pos[i] != 0 and pool_equity(a, i) <= 0:",
        tests=(f"{MADE}::test_liquidation_comes_at_the_tiered_liquidation_price",),
    ),
    Bug(
        name="paper_tells_a_fill_before_it_is_kept",
        costs="The process dies behind the report: after a restart the account does not know the fill that was hedged.",
        file="core/venues/paper.py",
        old="        if changes or held:\n",
        new="        if held:\n",
        tests=("tests/unit/venues/test_paper.py::test_the_file_holds_a_fill_before_its_report_is_visible",),
    ),
    Bug(
        name="fees_are_rounded_for_us",
        costs="A hundred thousand small fills a day, each a little too cheap.",
        file="core/models/fees.py",
        old="    return muldiv_up(notional, rate9, RATE9)",
        new="    return -muldiv_up(-notional, rate9, RATE9)",
        tests=(f"{ORDERS}::test_maker_rebate_and_taker_fee_are_rounded_against_us",),
    ),
)
