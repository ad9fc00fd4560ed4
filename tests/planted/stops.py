"""Planted bugs of the emergency stop: cancel, verify, say how it ended, stay stopped."""

from __future__ import annotations

from tests.planted.bug import Bug

EMERGENCY = "tests/unit/execution/test_emergency.py"
GATE, LATCH = "tests/unit/guard/test_gate.py", "tests/unit/guard/test_latch.py"
PLANTED = "tests/simulation/test_planted_stops.py"
END = "tests/simulation/test_end_verified.py"

STOPS = (
    Bug(
        name="stop_forgets_conditional_orders",
        costs="Stop orders of the second book stay behind and open a position hours after FLAT.",
        file="core/venues/ccxt/account.py",
        old="[self._order(raw, False) for raw in regular] + [self._order(raw, True) for raw in conditional]",
        new="[self._order(raw, False) for raw in regular]",
        tests=("tests/venues/ccxt/test_panic_binance.py::test_panic_leaves_nothing_in_either_book_and_no_position",),
    ),
    Bug(
        name="flatten_keeps_protective_stops",
        costs="After FLAT a reduce-only stop is left; the next position of anybody's is closed by it.",
        file="core/execution/emergency.py",
        old='keeps = self.plan.keep_stops and self.verb == "halt"',
        new="keeps = self.plan.keep_stops",
        tests=(f"{EMERGENCY}::test_protective_stops_stay_on_halt_and_go_on_flatten",),
    ),
    Bug(
        name="halt_keeps_a_stop_that_can_open",
        costs="A stop order that is not reduce-only survives the halt, fires, and opens a position.",
        file="core/execution/emergency.py",
        old="order.flags & STOP and order.flags & REDUCE_ONLY",
        new="order.flags & STOP",
        tests=(
            "tests/unit/execution/test_planted_closing.py::"
            "test_a_halt_keeps_a_stop_only_if_it_is_conditional_and_can_only_reduce",
        ),
    ),
    Bug(
        name="stop_cancels_orders_of_others",
        costs="A halt of ours takes away the orders that the operator placed by hand.",
        file="core/execution/emergency.py",
        old='if self.scope == "account" or order.cl_id != 0]',
        new="if order.venue_id != 0]",
        tests=(f"{EMERGENCY}::test_foreign_orders_and_positions_are_counted_and_never_touched",),
    ),
    Bug(
        name="first_empty_list_is_sealed",
        costs="An order that was still on its way arrives after the stop was called done.",
        file="core/execution/seal.py",
        old="        return now if first or (halts and self._words < ENOUGH) else 0",
        new="        return 0",
        tests=(f"{EMERGENCY}::test_an_order_that_may_be_on_its_way_delays_the_seal_until_it_is_known_or_q_has_passed",),
    ),
    Bug(
        name="second_empty_list_may_come_too_early",
        costs="Two lists within a blink agree that nothing is there; an order that was on its way arrives after both.",
        file="core/execution/seal.py",
        old="asked - self.since >= self.q_ns):",
        new="asked >= self.since):",
        tests=(
            "tests/unit/execution/test_planted_seal.py::"
            "test_a_list_that_was_asked_early_does_not_seal_once_an_order_may_be_on_its_way_again",
        ),
    ),
    Bug(
        name="list_that_is_behind_seals_a_halt",
        costs="A replica that is behind and a list that lost a page seal a halt; the order stands, unattended.",
        file="core/execution/seal.py",
        old="ENOUGH = 2",
        new="ENOUGH = 1",
        tests=(
            "tests/unit/execution/test_seal.py::"
            "test_a_halt_is_not_sealed_by_a_list_that_is_behind_and_one_that_lost_a_page",
        ),
    ),
    Bug(
        name="older_list_sizes_the_next_close",
        costs="A list from before our last close sizes the next one: somebody else's lots are sold.",
        file="core/execution/closeout.py",
        old="abs(pos) <= left)",
        new="pos != self.before)",
        tests=("tests/unit/execution/test_foreign_lots.py::test_a_list_that_is_older_than_the_last_one_sizes_nothing",),
    ),
    Bug(
        name="stop_forgets_the_closes_of_the_one_before",
        costs="A limit latches while a round's flatten closes: the next stop closes as much again, of the others.",
        file="core/engine/stopping.py",
        old="                run.closeout.follow(earlier)",
        new="                pass",
        tests=("tests/simulation/test_stops_foreign.py::test_a_stop_that_takes_over_a_flatten_knows_its_closes",),
    ),
    Bug(
        name="close_that_did_nothing_forgets_the_one_before",
        costs="A refused close lets an older list size the next one: somebody else's lots are sold.",
        file="core/execution/closeout.py",
        old="            sent.gone = max(sent.gone, 0)",
        new="            del self._sent[report.instrument]",
        tests=(
            "tests/unit/execution/test_foreign_lots.py::test_a_close_that_did_nothing_keeps_what_was_known_before_it",
        ),
    ),
    Bug(
        name="flatten_waits_silently_for_an_account_nobody_read",
        costs="The flatten closes nothing, shows OK and never rings: the operator believes that it works.",
        file="core/execution/emergency.py",
        old="            self.standoff.reconciled(known, now)",
        new="            pass",
        tests=(
            "tests/unit/execution/test_not_reconciled.py::"
            "test_it_is_unverified_since_it_began_to_wait_and_a_person_hears_after_a_minute",
        ),
    ),
    Bug(
        name="flat_after_one_zero_read",
        costs="A position list that lags says zero once: FLAT is shown while something is held.",
        file="core/execution/zero.py",
        old="        if now - self.since < ZERO_GAP_NS:",
        new="        if now < self.since:",
        tests=(f"{EMERGENCY}::test_flat_needs_two_zero_reads_a_quarter_second_apart_and_the_orders_again",),
    ),
    Bug(
        name="orders_are_not_read_again_after_the_closes",
        costs="A close that rested instead of filling is left at the venue under the word FLAT.",
        file="core/execution/emergency.py",
        old="""        self.phase, self._wake = CONFIRM, now
        return self._tick(now)""",
        new="""        return self._done(now, "flat")""",
        tests=(f"{EMERGENCY}::test_an_order_left_by_an_exit_is_swept_before_flat",),
    ),
    Bug(
        name="our_ledger_seals_an_account_that_was_never_read",
        costs="A start that halts before it was reconciled believes its empty memory: orders of the run before stay.",
        file="core/engine/stopping.py",
        old="        alive = not self._sure or any(post.ledger.s.n_live for post in mine)",
        new="        alive = any(post.ledger.s.n_live for post in mine)",
        tests=(f"{PLANTED}::test_a_stop_before_the_first_reconcile_does_not_believe_its_own_empty_ledger",),
    ),
    Bug(
        name="unverified_venue_exits_zero",
        costs="The script behind `panic` reads success, while nobody has looked at the venue.",
        file="core/execution/emergency.py",
        old="        if self.phase != DONE or self.venue.status != OK:\n            return 3",
        new="        if self.phase != DONE or self.venue.status != OK:\n            return 0",
        tests=(f"{EMERGENCY}::test_auth_failure_and_ban_are_states_of_their_own",),
    ),
    Bug(
        name="an_end_that_nobody_answered_is_verified",
        costs="The last list never came, and the exit code says that all is gone.",
        file="core/engine/lastlook.py",
        old="if left or listed.error:",
        new="if left:",
        tests=(f"{END}::test_a_last_look_without_an_answer_ends_within_its_time",),
    ),
    Bug(
        name="a_last_look_is_not_asked_again",
        costs="One refusal in the last second, and the exit code sends a person to look for what is gone.",
        file="core/engine/lastlook.py",
        old="if venue.status == AUTH_FAILED or wake > until:",
        new="if wake > now:",
        tests=(f"{END}::test_a_last_look_that_a_limit_refused_is_asked_again_once_that_is_over",),
    ),
    Bug(
        name="closed_gate_lets_creates_out",
        costs="What was decided before the key reaches the venue after it.",
        file="core/venues/lanes.py",
        old="        if self._flag.closed and not (stop and request.flags & REDUCE_ONLY):\n            return HALTED\n",
        new="",
        tests=("tests/unit/venues/test_lanes.py::test_a_gate_closed_between_decision_and_wire_refuses_the_request",),
    ),
    Bug(
        name="halt_is_not_latched",
        costs="A supervisor starts the halted process again, and it trades.",
        file="core/guard/gate.py",
        old="            self._jobs.put(stop)\n            self._written.put(stop)",
        new="            self._written.put(stop)",
        tests=(f"{GATE}::test_close_does_not_wait_for_the_disk",),
    ),
    Bug(
        name="latch_is_not_read_at_the_start",
        costs="The latch is on the disk, and the start does not look: it quotes into whatever made a person halt.",
        file="core/guard/gate.py",
        old="        found = latch.read() if latch is not None else None",
        new="        found = latch.read() if latch is not None and self.closed else None",
        tests=(f"{GATE}::test_start_with_any_latch_on_disk_is_closed",),
    ),
    Bug(
        name="damaged_latch_is_no_latch",
        costs="A crash tore the latch file: the next start takes that for permission.",
        file="core/guard/latch.py",
        old="            return self._damaged(str(error))\n",
        new="            return None\n",
        tests=(f"{LATCH}::test_damaged_latch_is_a_halt",),
    ),
    Bug(
        name="resume_without_a_clean_reconcile",
        costs="Trading goes on against an account that does not agree with our books.",
        file="core/engine/commanding.py",
        old="""    if not engine.check.agreed(now):
        return _no(command, f"Expected a clean reconcile first, was: {engine.check.trouble}")
    wanted =""",
        new="""    wanted =""",
        tests=(f"{PLANTED}::test_nothing_resumes_on_an_agreement_of_long_ago",),
    ),
    Bug(
        name="switch_is_refreshed_while_halting",
        costs="Our cancels do not get through, and we keep the venue from cancelling by itself.",
        file="core/venues/ccxt/deadman.py",
        old="            if not self._hold:\n",
        new="            if self.state:\n",
        tests=("tests/unit/venues/test_planted_deadman.py::test_no_beat_goes_out_while_a_stop_is_under_way",),
    ),
)
