"""Planted bugs towards the world: a venue's limits, locks, files, secrets, the terminal, the word for a round's end."""

from __future__ import annotations

from tests.planted.bug import Bug

BANS = "tests/unit/venues/test_planted_bans.py"
LOCK = "tests/unit/guard/test_lock.py"

VENUES = (
    Bug(
        name="timeout_is_taken_for_a_refusal",
        costs="The answer was lost, the order was not: the strategy quotes a second one beside it.",
        file="core/venues/ccxt/verdicts.py",
        old="        return verdict(UNKNOWN, 0, OVERLOADED if _is_5xx(error, code) else FINE)",
        new="        return verdict(REFUSED, BAD_REQUEST, OVERLOADED if _is_5xx(error, code) else FINE)",
        tests=("tests/venues/ccxt/test_verdicts.py::test_every_network_error_without_proof_leaves_the_order_unknown",),
    ),
    Bug(
        name="retry_after_is_ignored",
        costs="Requests inside the window turn a ban of seconds into one of days; nothing can be cancelled meanwhile.",
        file="core/venues/budget.py",
        old="        if now < self.banned_until:\n            return self.banned_until - now\n",
        new="",
        tests=("tests/venues/test_budget.py::test_nothing_goes_inside_a_retry_after_window_and_a_longer_ban_stays",),
    ),
    Bug(
        name="a_ban_is_tried_again_by_the_stop",
        costs="418 means silence: an emergency client that goes on asking is banned for days.",
        file="core/venues/ccxt/account.py",
        old="        if code in (418, 429):\n            wait =",
        new="        if code == 429:\n            wait =",
        tests=(f"{BANS}::test_a_ban_silences_the_client_of_a_stop_until_it_is_over",),
    ),
    Bug(
        name="a_ban_is_tried_again_by_the_core",
        costs="418 means silence: a core that goes on sending is banned for days, with its orders in the market.",
        file="core/venues/ccxt/wiring.py",
        old=" is not None and code in (418, 429):",
        new=" is not None and code == 429:",
        tests=(f"{BANS}::test_a_ban_silences_every_lane_of_the_core_until_it_is_over",),
    ),
    Bug(
        name="every_mark_is_taken_for_ours",
        costs="Somebody else's order that looks like ours is cancelled and counted in our limits.",
        file="core/venues/identity.py",
        old=" or number & ((1 << CHECK_BITS) - 1) != _check(body):",
        new=":",
        tests=("tests/venues/test_identity.py::test_one_flipped_bit_is_not_ours",),
    ),
    Bug(
        name="second_writer_is_not_noticed",
        costs="Two cores quote on one account, each hedging the other's fills.",
        file="core/build/second_writer.py",
        old="            if fresh:\n",
        new="            if len(fresh) > len(ids.others):\n",
        tests=(
            "tests/unit/build/test_second_writer.py::test_each_account_is_looked_at_from_its_own_first_clean_reconcile_on",
        ),
    ),
    Bug(
        name="lock_file_is_not_exclusive",
        costs="Two starts of one state dir trade side by side.",
        file="core/guard/lock.py",
        old="fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        new="fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        tests=("tests/process/test_lock.py::test_leaked_holder_is_listed_from_proc",),
    ),
    Bug(
        name="lock_name_is_not_taken",
        costs="A bind mount or a copied file lets a second core start beside the first.",
        file="core/guard/lock.py",
        old='                own.bind("\\0" + self.socket_name)\n',
        new="",
        tests=("tests/process/test_lock.py::test_second_start_is_refused_while_the_lock_file_is_deleted",),
    ),
    Bug(
        name="lost_lock_is_still_held",
        costs="The lock file was replaced, a second core holds the new one, and both trade.",
        file="core/guard/lock.py",
        old="    return (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino)",
        new="    return held.st_dev == named.st_dev",
        tests=(f"{LOCK}::test_deleted_or_replaced_lock_file_is_noticed_by_the_holder",),
    ),
    Bug(
        name="unreadable_record_means_flat",
        costs="The record of what is ours is damaged: our own position counts as somebody else's and is never closed.",
        file="core/build/holdings.py",
        old="    if not records or any(record.schema != SCHEMA for record in records):",
        new="    if any(record.schema != SCHEMA for record in records):",
        tests=("tests/unit/build/test_holdings.py::test_a_file_that_cannot_be_read_is_refused_and_not_taken_for_flat",),
    ),
    Bug(
        name="damaged_journal_ends_quietly",
        costs="Half of the journal is missing: a restart believes that it never sent what stands in the lost part.",
        file="core/engine/journal.py",
        old="            if len(packed) < length or (zlib.crc32(packed) != crc and last):",
        new="            if len(packed) < length or zlib.crc32(packed) != crc or (last and not packed):",
        tests=("tests/unit/engine/test_journal.py::test_damage_before_the_end_is_refused_and_names_the_file",),
    ),
    Bug(
        name="secret_is_hidden_in_one_form_only",
        costs="The key stands in a log in base64 or in a URL; whoever reads the log can trade the account.",
        file="core/guard/redact.py",
        old="            found |= {form for form in _forms(part) if len(form) >= SHORTEST}",
        new="            found |= {part}",
        tests=("tests/unit/guard/test_redact.py::test_no_form_of_a_random_secret_stays",),
    ),
    Bug(
        name="escapes_of_a_venue_reach_the_terminal",
        costs="A symbol name moves the cursor, writes the clipboard, or paints a balance that is not there.",
        file="core/codec/text.py",
        old="    return text[: cap * 8].translate(_TABLE)[:cap]",
        new="    return text[: cap * 8][:cap]",
        tests=("tests/unit/codec/test_text.py::test_control_bidi_and_zero_width_characters_are_stripped",),
    ),
    Bug(
        name="held_key_flattens",
        costs="The emergency key is held a moment too long: key repeat closes every position at the market.",
        file="app/keyhook.py",
        old="        if last is not None and t - last < QUIET_NS:",
        new="        if last is not None and t < last:",
        tests=("tests/console/test_planted_held_key.py::test_repeats_of_a_key_that_is_held_are_one_press",),
    ),
    Bug(
        name="enter_confirms_a_dialog",
        costs="Enter, pressed for something else, flattens or resumes with real money.",
        file="screens/modals/base.py",
        old="            if self.word and self.typed == self.word:",
        new="            if self.word:\n                self.typed = self.word",
        tests=("tests/console/test_every_key.py::test_a_dialog_opens_on_cancel_and_enter_alone_does_nothing",),
    ),
    Bug(
        name="round_that_was_cut_off_is_called_flat",
        costs="The process died with a position; its report says flat, and nobody looks.",
        file="core/rounds/scheduler.py",
        old='        verdict="cut off", verified=False,',
        new='        verdict="flat", verified=False,',
        tests=("tests/unit/rounds/test_scheduler.py::test_a_round_cut_off_keeps_its_number_and_is_never_called_flat",),
    ),
    Bug(
        name="end_without_a_word_of_the_venue_is_called_flat",
        costs="The venue did not answer at the round's end; the report says flat, and the next round starts on top.",
        file="core/rounds/scheduler.py",
        old='        verdict = "not verified" if not verified else "flat" if self.positions == 0 else "carried"',
        new='        verdict, verified = "flat" if self.positions == 0 else "carried", True',
        tests=("tests/unit/rounds/test_scheduler.py::test_an_end_that_the_venue_does_not_confirm_pauses",),
    ),
)
