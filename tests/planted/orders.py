"""Planted bugs of our own books of orders: what is sent, what may still fill, what was filled, what it cost."""

from __future__ import annotations

from tests.planted.bug import Bug

NET_CAP = "tests/property/test_net_cap.py::test_the_net_cap_is_never_exceeded_on_a_thousand_random_sequences"
LIVE = "tests/simulation/test_live_driver.py"
LEDGER = "tests/unit/execution/test_ledger.py"
CONDITION = "tests/venues/test_condition.py"
COMPARED = "tests/unit/execution/test_planted_reconcile.py"
ABSENCE = "tests/unit/execution/test_absence.py"
RECOVERY = "tests/unit/execution/test_planted_recovery.py"
SOON = "tests/unit/engine/test_crosscheck_soon.py"
RECONCILE = "tests/unit/execution/test_reconcile.py"

ORDERS = (
    Bug(
        name="create_is_sent_again",
        costs="The answer timed out, the order was filled: the second one fills too, twice what was meant.",
        file="core/venues/ccxt/requests.py",
        old="""            answer = await exchange.create_order(
                listing.symbol, kind, SIDES[request.side], listing.size_of(request.qty), price, params
            )
""",
        new="""            order = (listing.symbol, kind, SIDES[request.side], listing.size_of(request.qty), price)
            try:
                answer = await exchange.create_order(*order, params)
            except Exception:
                answer = await exchange.create_order(*order, params)
""",
        tests=("tests/unit/venues/test_planted_requests.py::test_a_create_without_an_answer_is_sent_once_and_is_lost",),
    ),
    Bug(
        name="client_id_goes_out_twice",
        costs="Venues keep an id unique among open orders only: after a fill the same id buys a second time.",
        file="core/venues/ccxt/requests.py",
        old="return DUPLICATE_ID if request.cl_id in self._sent else OK",
        new="return OK",
        tests=("tests/unit/venues/test_planted_requests.py::test_an_id_that_went_out_never_goes_out_again",),
    ),
    Bug(
        name="client_id_is_used_for_a_second_order",
        costs="Two orders under one id: a cancel or a fill of one is booked on the other.",
        file="core/execution/slots.py",
        old="    o.next_seq += 1\n",
        new="",
        tests=(f"{LEDGER}::test_late_fills_of_a_reused_slot_reach_the_position_and_not_the_new_order", NET_CAP),
    ),
    Bug(
        name="ids_of_a_restart_begin_again",
        costs="New orders carry ids of old ones: late fills of the old run are booked as fills of the new.",
        file="core/execution/ledger.py",
        old="return start_ns // NS_PER_MS",
        new="return 1",
        tests=(f"{LEDGER}::test_ids_of_a_later_process_never_meet_those_of_an_earlier_one",),
    ),
    Bug(
        name="unknown_order_counts_as_nothing",
        costs="Nobody knows whether an order stands, and its room is given away: both fill, the cap is broken.",
        file="core/execution/slots.py",
        old="""    if state in (FREE, RESTING_REJECT):
        return 0
    if state == PENDING_AMEND:""",
        new="""    if state in (FREE, RESTING_REJECT, UNKNOWN):
        return 0
    if state == PENDING_AMEND:""",
        tests=("tests/unit/risk/test_gate.py::test_net_cap_counts_the_position_resting_orders_and_unknown_ones",),
    ),
    Bug(
        name="cancel_sent_counts_as_cancelled",
        costs="A cancel that loses the race against a fill leaves more position than any limit allowed.",
        file="core/execution/slots.py",
        old="    move(o, i, PENDING_CANCEL, left)",
        new="    move(o, i, PENDING_CANCEL, 0)",
        tests=(NET_CAP,),
    ),
    Bug(
        name="lost_create_is_taken_for_refused",
        costs="The order stood at the venue all the time: it fills, and nobody hedges or closes what it bought.",
        file="core/execution/ledger.py",
        old="""    if state in (PENDING_NEW, PENDING_CANCEL, PENDING_AMEND):
        move(o, i, UNKNOWN, o.left[i])""",
        new="""    if state in (PENDING_NEW, PENDING_CANCEL, PENDING_AMEND):
        move(o, i, RESTING_REJECT if state == PENDING_NEW else UNKNOWN, o.left[i])""",
        tests=(f"{LEDGER}::test_only_legal_transitions_happen_and_illegal_ones_are_named",),
    ),
    Bug(
        name="not_found_on_cancel_is_taken_for_gone",
        costs="It was not found because it had just filled: what hedges it waits for a fill that comes too late.",
        file="core/execution/ledger.py",
        old="""    if code == UNKNOWN_ORDER_ID:
        move(o, i, UNKNOWN, o.left[i])""",
        new="""    if code == UNKNOWN_ORDER_ID:
        move(o, i, FREE, 0)""",
        tests=(f"{LEDGER}::test_not_found_on_cancel_is_a_question_and_a_fill_may_answer_it",),
    ),
    Bug(
        name="unknown_order_is_freed_at_once",
        costs="A request that was only slow arrives after its room was given away.",
        file="core/execution/recovery.py",
        old="    if now < o.ts_placed[i] + wait_ns:",
        new="    if now < o.ts_placed[i]:",
        tests=(f"{LEDGER}::test_unknown_is_freed_only_by_proof_and_taken_back_when_it_shows_up",),
    ),
    Bug(
        name="absence_frees_a_living_order",
        costs="A list that misses a page frees an order that stands: its room is given away, and both fill.",
        file="core/execution/recovery.py",
        old="    if i < 0 or o.state[i] != UNKNOWN or wait_ns < 0:",
        new="    if i < 0 or wait_ns < 0:",
        tests=(f"{RECOVERY}::test_absence_frees_an_unknown_order_and_no_other",),
    ),
    Bug(
        name="unsent_create_forgets_a_living_order",
        costs="A refusal of the wire gate that is told late removes an order which the venue has.",
        file="core/execution/recovery.py",
        old="    if kind == CREATE and state == PENDING_NEW:",
        new="    if kind == CREATE:",
        tests=(f"{RECOVERY}::test_a_request_that_never_left_takes_back_only_what_is_in_flight",),
    ),
    Bug(
        name="adopted_position_overwrites_ours",
        costs="A second adoption replaces a position and its cost: profit and loss of the round are invented.",
        file="core/execution/recovery.py",
        old="    if o.pos != 0 or o.n_fills[0] + o.n_fills[1] > 0:\n        return 0\n",
        new="",
        tests=(f"{RECOVERY}::test_a_position_is_adopted_into_an_empty_ledger_alone",),
    ),
    Bug(
        name="one_list_without_it_is_proof",
        costs="A list that lags behind by a second makes a living order disappear from our books.",
        file="core/execution/absence.py",
        old="            return False\n",
        new="            return proof and told\n",
        tests=(f"{RECONCILE}::test_an_unknown_order_is_freed_after_two_reads_and_not_after_one",),
    ),
    Bug(
        name="amend_outlives_its_order",
        costs="An order ends amid an amend, a fill untold: the open lots go below zero, the cap lets more through.",
        file="core/execution/ledger.py",
        old="        move(o, i, LIVE, o.left[i])  # an amend",
        new="        pass  # an amend",
        tests=(f"{LEDGER}::test_an_order_that_ended_amid_an_amend_counts_what_is_untold_and_no_larger_size", NET_CAP),
    ),
    Bug(
        name="list_of_too_early_dates_the_end",
        costs="A list from before the order dates its end: it fills, and is called gone before its trades can show it.",
        file="core/execution/absence.py",
        old="ended = told if had else",
        new="ended = True if had else",
        tests=(f"{ABSENCE}::test_a_list_of_too_early_dates_no_end",),
    ),
    Bug(
        name="untold_fills_of_an_amend_are_cut_to_its_old_size",
        costs="The amend arrived, 15 filled, the books keep room for 10: the cap lets five more through.",
        file="core/execution/ledger.py",
        old="max(o.left[i], worst_open(o, i))",
        new="o.left[i]",
        tests=(f"{LEDGER}::test_an_amend_that_arrived_before_its_order_ended_is_counted_with_all_that_filled",),
    ),
    Bug(
        name="first_fill_forgets_the_end",
        costs="A second, poorer word that the order ended frees lots that filled and that nobody has told yet.",
        file="core/execution/ledger.py",
        old="    if ended and left > 0:",
        new="    if ended and left < 0:",
        tests=(f"{LEDGER}::test_a_poorer_second_word_on_an_end_forgets_no_fill_that_is_still_untold",),
    ),
    Bug(
        name="absence_needs_no_time_for_its_fills",
        costs="The order has just filled, the trades are behind: it is gone, and FLAT is said with lots.",
        file="core/execution/absence.py",
        old=" and asked - before.since >= LAG_NS",
        new="",
        tests=(f"{ABSENCE}::test_two_lists_at_once_are_no_proof_of_an_order_that_may_just_have_filled",),
    ),
    Bug(
        name="not_found_asks_nobody",
        costs="A cancel finds no order; whether it filled nobody asks for a whole period.",
        file="core/engine/engine.py",
        old=" or report.code == UNKNOWN_ORDER_ID",
        new="",
        tests=(f"{SOON}::test_a_refused_cancel_of_an_order_that_is_not_found_is_such_a_doubt",),
    ),
    Bug(
        name="an_unread_account_is_asked_each_second",
        costs="A minute's weight is used up by haste: for the rest of it the account is not read, and quotes go.",
        file="core/engine/crosscheck.py",
        old="min(1.0, max(0.0, 2.0 * spent - 1.0))",
        new="min(0.0, 2.0 * spent)",
        tests=(f"{SOON}::test_a_round_that_did_not_agree_is_followed_the_later_the_more_of_the_weight_is_used",),
    ),
    Bug(
        name="list_of_too_early_is_a_word",
        costs="A replica that is behind and a list that lost a page say together that a standing order is gone.",
        file="core/execution/absence.py",
        old="told = asked >= _telling(o, i)",
        new="told = True",
        tests=(f"{COMPARED}::test_a_list_of_too_early_is_no_first_word_beside_one_that_lost_a_page",),
    ),
    Bug(
        name="old_list_is_proof",
        costs="A list from before the order was sent does not show it: the order is called absent, and sent anew.",
        file="core/execution/reconcile.py",
        old="if cl_id in listed or told_at <= o.ts_sent[i]:",
        new="if cl_id in listed:",
        tests=(f"{COMPARED}::test_a_list_from_before_the_order_was_sent_says_nothing_of_it",),
    ),
    Bug(
        name="unsound_trades_are_proof",
        costs="The venue is overloaded and its trades are late: an order that filled is called absent.",
        file="core/execution/reconcile.py",
        old="orders.proof and trades.proof",
        new="orders.proof",
        tests=(f"{COMPARED}::test_trades_that_prove_nothing_free_no_order_even_if_the_list_of_orders_is_sound",),
    ),
    Bug(
        name="overload_is_forgotten_with_the_next_answer",
        costs="A 503, then a ban: a list that was asked for before it proves an order absent that is yet applied.",
        file="core/venues/condition.py",
        old="return self._overloaded_until if asked < self._overloaded_until else 0",
        new='return self.state.until if self.state.name == "overloaded" else 0',
        tests=(f"{CONDITION}::test_what_was_asked_of_an_overloaded_venue_proves_no_absence_whatever_came_since",),
    ),
    Bug(
        name="order_of_another_instrument_is_adopted",
        costs="An order of one coin counts as one of the other: both caps are wrong, and the wrong order is cancelled.",
        file="core/execution/reconcile.py",
        old="""            if order.instrument != self.instrument:
                continue
            if order.cl_id == 0:""",
        new="            if order.cl_id == 0:",
        tests=(f"{COMPARED}::test_an_order_on_another_instrument_is_none_of_this_ledger",),
    ),
    Bug(
        name="order_that_stands_after_all_is_ignored",
        costs="We were told that it was cancelled, and it stands: its fill comes as a surprise to every limit.",
        file="core/execution/reconcile.py",
        old="o.state[i] in (FREE, RESTING_REJECT) and o.left[i] == 0):",
        new="o.state[i] == RESTING_REJECT and o.left[i] == 0):",
        tests=(f"{COMPARED}::test_an_order_that_we_closed_and_the_venue_still_lists_counts_again",),
    ),
    Bug(
        name="pending_create_is_closed_by_absence",
        costs="A create that is only slow is called gone; it arrives, fills, and nobody counted it.",
        file="core/execution/reconcile.py",
        old="np.flatnonzero((states == UNKNOWN) | (states == LIVE) | (states == PENDING_CANCEL))",
        new="np.flatnonzero((states != FREE) & (states != RESTING_REJECT))",
        tests=(f"{COMPARED}::test_a_create_without_an_answer_is_not_closed_by_lists_that_do_not_show_it",),
    ),
    Bug(
        name="open_size_is_never_compared",
        costs="An order stands at the venue with a larger size than in our books, and no limit knows.",
        file="core/execution/reconcile.py",
        old="            elif o.state[i] == LIVE and o.left[i] != order.left:",
        new="            elif o.state[i] == LIVE and o.left[i] < 0:",
        tests=(f"{COMPARED}::test_an_open_size_that_differs_is_the_venues_once_the_order_is_idle",),
    ),
    Bug(
        name="missed_sell_counts_as_a_buy",
        costs="A sale that was missed contradicts the venue: the core halts over its own arithmetic.",
        file="core/execution/reconcile.py",
        old="sum(f.qty if f.side == 0 else -f.qty for f in missed)",
        new="sum(f.qty for f in missed)",
        tests=(f"{COMPARED}::test_a_missed_fill_explains_the_position_on_either_side",),
    ),
    Bug(
        name="position_not_told_is_taken_for_flat",
        costs="The venue answered with an error; the core believes that it holds nothing and opens once more.",
        file="core/execution/reconcile.py",
        old="            if reply is None or reply.error\n",
        new="            if reply is None\n",
        tests=(f"{RECONCILE}::test_a_missing_report_is_not_flat",),
    ),
    Bug(
        name="reconciler_never_gives_up",
        costs="Our books and the venue's disagree for hours, and the core goes on trading on its own.",
        file="core/execution/reconcile.py",
        old="halt = self.rounds_open >= ROUNDS_TO_HALT",
        new="halt = self.rounds_open < 0",
        tests=(f"{RECONCILE}::test_a_position_that_nobody_explains_halts_after_three_rounds",),
    ),
    Bug(
        name="fill_counts_twice",
        costs="A venue tells each fill twice (stream and list): the position is wrong, and what hedges it doubles.",
        file="core/execution/ledger.py",
        old="    if first_time(o, key) == 0:\n",
        new="    if first_time(o, key) == 0 and r.kind[k] != FILLED:\n",
        tests=(f"{LEDGER}::test_a_fill_before_its_ack_makes_the_order_live_and_is_counted_once",),
    ),
    Bug(
        name="fill_of_a_forgotten_order_is_dropped",
        costs="An order fills after its slot was used again: a position that nobody knows of stays open.",
        file="core/execution/ledger.py",
        old="    book_fill(o, side, px, qty, unit)\n",
        new="    if find(o, cl_id) >= 0 or r.kind[k] != FILLED:\n        book_fill(o, side, px, qty, unit)\n",
        tests=(f"{LEDGER}::test_late_fills_of_a_reused_slot_reach_the_position_and_not_the_new_order",),
    ),
    Bug(
        name="fee_has_the_wrong_sign",
        costs="Every fee counts as income: a strategy that loses looks like one that earns, and no loss limit fires.",
        file="core/execution/ledger.py",
        old="    o.fees += r.fee[k]",
        new="    o.fees -= r.fee[k]",
        tests=(f"{LEDGER}::test_venue_made_changes_move_the_position_once_with_or_without_an_id",),
    ),
    Bug(
        name="funding_has_the_wrong_sign",
        costs="Funding that was paid is booked as received: the carry of a pair is the opposite of what is shown.",
        file="core/execution/ledger.py",
        old="    o.funding += r.amount[k]",
        new="    o.funding -= r.amount[k]",
        tests=(f"{LEDGER}::test_funding_is_booked_once_per_settlement_and_transfers_are_no_result",),
    ),
    Bug(
        name="create_leaves_before_the_journal_has_it",
        costs="The process dies behind the send: the order stands at the venue, and no record says that it is ours.",
        file="core/engine/outgoing.py",
        old="                self._held.append((request, decided))\n",
        new="                self._start(request, decided)\n",
        tests=(f"{LIVE}::test_creates_that_wait_when_the_gate_closes_are_dropped_and_never_existed",),
    ),
    Bug(
        name="journal_error_is_swallowed",
        costs="The disk is full, and orders go on leaving without a trace of them.",
        file="core/engine/outgoing.py",
        old="""                    self._fail(f"journal: {type(error).__name__}: {error}".rstrip(": "), batch)
                    return
""",
        new="""                    _ = error
""",
        tests=(f"{LIVE}::test_a_journal_that_fails_halts_and_cancels_go_out_without_the_disk",),
    ),
    Bug(
        name="request_that_broke_is_never_told",
        costs="The adapter raised while an order was on its way: it stays pending for ever, and nobody asks the venue.",
        file="core/engine/outgoing.py",
        old="            self.lost(Report(",
        new="            id(Report(",
        tests=(
            "tests/simulation/test_planted_stops.py::"
            "test_a_request_whose_adapter_broke_is_told_as_lost_and_its_order_is_not_pending_for_ever",
        ),
    ),
)
