"""Planted bugs of a core's own stop: what stands though no list shows it, its evidence, dust that is declared."""

from __future__ import annotations

from tests.planted.bug import Bug

HIDDEN = "tests/simulation/test_stop_hidden.py"
EVIDENCE = "tests/simulation/test_stop_evidence.py"
FILES = "tests/unit/build/test_stop_files.py"
DUST = "tests/simulation/test_dust.py"
SAYS_SO = f"{HIDDEN}::test_a_flatten_beside_a_hidden_order_says_so_and_ends_when_the_venue_lets_it"

EVIDENCE_BUGS = (
    Bug(
        name="empty_lists_outweigh_a_refused_cancel",
        costs="The venue refused the cancel and its lists hide the order: HALTED stands beside an order that trades.",
        file="core/engine/stopping.py",
        old="if o.state[i] == LIVE and not (keeps and o.flags[i] & STOP):\n                    yield",
        new="if o.state[i] == LIVE < 0 and not (keeps and o.flags[i] & STOP):\n                    yield",
        tests=(f"{HIDDEN}::test_a_halt_is_not_done_while_the_ledger_knows_of_an_order_that_the_stops_lists_hide",),
    ),
    Bug(
        name="refused_closes_are_sent_for_ever",
        costs="A hidden order makes each close refused: forty creates a second, and nobody looks for the order.",
        file="core/execution/standoff.py",
        old="        if not rows or any(times < REFUSED_MOST for times, _, _ in rows):",
        new="        if rows or not rows:",
        tests=(SAYS_SO,),
    ),
    Bug(
        name="stuck_stop_raises_no_alarm",
        costs="A flatten stands still for an hour, and no alert says so.",
        file="core/engine/stopping.py",
        old="                notes += run.standoff.alarm(now)\n",
        new="",
        tests=(SAYS_SO,),
    ),
    Bug(
        name="full_disk_loses_the_evidence",
        costs="The disk was full for a second: of the stop that followed nothing is left to show.",
        file="core/build/stop_files.py",
        old="            self._due, self._was_finished = stopwatch() + AGAIN_NS, False\n",
        new="            self._written = (done.job.stop, done.job.version)\n",
        tests=(f"{FILES}::test_a_full_disk_costs_an_alarm_and_the_file_comes_when_there_is_room",),
    ),
    Bug(
        name="restart_begins_a_second_report_of_a_stop",
        costs="Two files tell half of one stop each, and both end in `not verified`.",
        file="core/build/stop_files.py",
        old="found = self._earlier(stop_id) if stop_id else None",
        new="found = None",
        tests=(f"{FILES}::test_a_stop_that_a_crash_cut_off_is_completed_in_the_same_file",),
    ),
    Bug(
        name="evidence_forgets_what_was_read",
        costs="The report says FLAT and has no read that shows it.",
        file="core/build/stop_record.py",
        old="            if read.nonce >= NONCE_BASE:\n",
        new="            if read.nonce >= NONCE_BASE and read.what == 'orders':\n",
        tests=(
            f"{EVIDENCE}::test_every_request_and_read_of_a_flatten_stands_in_its_evidence_with_answer_time_and_hash",
        ),
    ),
    Bug(
        name="dust_of_any_value_is_declared",
        costs="One declared dollar lets a position of a thousand pass as flat.",
        file="core/execution/closeout.py",
        old="            if value > self.grids[instrument].dust_value:\n",
        new="            if not self.grids[instrument].dust_value:\n",
        tests=(f"{DUST}::test_dust_within_what_is_declared_is_flat_and_more_is_six",),
    ),
)
