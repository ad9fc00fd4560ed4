"""The emergency engine against a small venue in virtual time. RELIABILITY.md section 5, E3-E8; UC-05."""

from __future__ import annotations

import itertools
import random

import pytest

from core.domain.events import HeldPosition, OpenOrder, Read, ReadReply
from core.domain.order import (
    CANCEL,
    CLOSE_POSITION,
    CREATE,
    EXPIRED,
    FILLED,
    LIMIT,
    MARKET,
    REDUCE_ONLY,
    STOP,
    Report,
    Request,
)  # fmt: skip
from core.domain.units import SELL
from core.execution.closeout import Closeout
from core.execution.closing import Closing, Grid, Touch, next_slice, ours_of
from core.execution.emergency import Emergency
from core.execution.stopping import Actions, StopPlan, Tick, Trigger, Venue, overall

S = 10**9
MS = 10**6
T0 = 1_700_000_000 * S
GRIDS = tuple(Grid(i, min_lots=2, max_lots=10_000, unit=1000) for i in range(10))


class TinyVenue:
    """Orders and positions that obey requests after a delay; it can fail reads and ignore cancels or closes."""

    def __init__(self, orders: int = 0, positions: dict[int, int] | None = None, depth: int = 400) -> None:
        self.orders = {n: OpenOrder(0, 1000 + n, n, 0, 100, 5, 0) for n in range(1, orders + 1)}
        self.pos = dict(positions or {})
        self.depth = depth
        self.fail: list[str] = []
        self.ignore_cancels = 0
        self.ignore_closes = 0
        self.seen: list[Request] = []
        self.on_close: OpenOrder | None = None

    def touch(self, instrument: int, now: int) -> Touch:
        depth = (self.depth, 2 * self.depth, 4 * self.depth)
        return Touch(instrument, now, 9_999, 10_001, depth, depth)

    def take(self, request: Request) -> None:
        self.seen.append(request)
        if request.kind == CANCEL:
            if self.ignore_cancels:
                self.ignore_cancels -= 1
            else:
                self.orders.pop(request.venue_id, None)
            return
        assert request.flags & REDUCE_ONLY
        assert request.flags & STOP
        held = self.pos.get(request.instrument, 0)
        assert held * (1 if request.side else -1) > 0, "a close on the wrong side"
        assert request.qty <= abs(held), "more than is held"
        if self.ignore_closes:
            self.ignore_closes -= 1
            return
        self.pos[request.instrument] = held - (request.qty if held > 0 else -request.qty)
        if self.on_close is not None:
            self.orders[self.on_close.venue_id], self.on_close = self.on_close, None

    def answer(self, read: Read, now: int) -> ReadReply:
        if self.fail:
            return ReadReply(read.what, read.nonce, now, error=self.fail.pop(0))
        held = tuple(HeldPosition(i, lots, 0, 0) for i, lots in self.pos.items())
        return ReadReply(read.what, read.nonce, now, tuple(self.orders.values()), held)


def run(stop: Emergency, venue: TinyVenue, now: int = T0, limit_s: float = 60.0, prices: bool = True) -> int:
    """Drive to the end; returns the time it took, ns."""
    start, delay = now, MS
    due: list[tuple[int, Read]] = []
    actions: Actions = stop.on(Tick(), now)
    while not stop.finished() and now - start < limit_s * S:
        for request in actions.requests:
            venue.take(request)
        due += [(now + delay, read) for read in actions.reads]
        if due:
            now, read = due.pop(0)
            if prices:
                for instrument in venue.pos:
                    stop.on(venue.touch(instrument, now), now)
            actions = stop.on(venue.answer(read, now), now)
        else:
            now = max(now + 1, actions.wake_at)
            actions = stop.on(Tick(), now)
    return now - start


def plan(verb: str = "flatten", **changes: object) -> StopPlan:
    return StopPlan(**({"stop_id": "s1", "verb": verb, "reason": "test", "started": T0, "grids": GRIDS} | changes))


def test_halt_cancels_by_the_venues_list_keeps_positions_and_seals() -> None:
    venue = TinyVenue(6, {0: 50})
    stop = Emergency(plan("halt"))
    run(stop, venue)
    assert (stop.state(), stop.exit_code(), venue.pos[0]) == ("HALTED", 2, 50)
    assert [r.venue_id for r in venue.seen] == [1, 2, 3, 4, 5, 6]
    assert (stop.progress().orders_left, stop.progress().orders_at_start, stop.progress().verified) == (0, 6, "sealed")


def test_a_thousand_orders_and_ten_positions_end_flat_within_two_seconds() -> None:
    venue = TinyVenue(1000, {i: (40 if i % 2 else -40) for i in range(10)})
    stop = Emergency(plan())
    took = run(stop, venue)
    assert (stop.state(), stop.exit_code()) == ("FLAT", 0)
    assert not venue.orders
    assert not any(venue.pos.values())
    assert took < 2 * S


def test_clean_becomes_sealed_only_q_later() -> None:
    stop = Emergency(plan("halt", q_ns=5 * S))
    assert run(stop, TinyVenue(2)) >= 5 * S
    early = Emergency(plan("halt", q_ns=5 * S))
    run(early, TinyVenue(2), limit_s=4)
    assert (early.progress().verified, early.state(), early.exit_code()) == ("clean", "HALTING", 3)


def test_an_order_that_arrives_between_the_two_reads_is_cancelled_too() -> None:
    venue = TinyVenue(1)
    stop = Emergency(plan("halt", q_ns=S))
    run(stop, venue, limit_s=0.5)
    venue.orders[9] = OpenOrder(0, 5000, 9, 0, 100, 5, 0)
    run(stop, venue, now=T0 + S)
    assert stop.state() == "HALTED"
    assert not venue.orders


def test_cancels_are_repeated_until_the_list_is_empty() -> None:
    venue = TinyVenue(3)
    venue.ignore_cancels = 5
    stop = Emergency(plan("halt"))
    run(stop, venue)
    assert stop.finished()
    assert len(venue.seen) == 8


def test_flat_needs_two_zero_reads_a_quarter_second_apart_and_the_orders_again() -> None:
    venue = TinyVenue()
    stop = Emergency(plan())
    assert run(stop, venue) >= 250 * MS
    reads = [line.what for line in stop.evidence]
    assert reads == ["orders", "orders", "positions", "positions", "orders", "done"]


def test_an_order_left_by_an_exit_is_swept_before_flat() -> None:
    venue = TinyVenue(0, {0: 40})
    venue.on_close = OpenOrder(0, 777, 77, 1, 100, 5, 0)
    stop = Emergency(plan())
    run(stop, venue)
    assert stop.state() == "FLAT"
    assert not venue.orders


def test_state_never_goes_back_once_flattening() -> None:
    venue = TinyVenue(0, {0: 40})
    venue.on_close = OpenOrder(0, 777, 77, 1, 100, 5, 0)
    stop, now, states = Emergency(plan()), T0, []
    while not stop.finished():
        actions = stop.on(Tick(), now)
        for read in actions.reads:
            for request in stop.on(venue.answer(read, now), now).requests:
                venue.take(request)
        states.append(stop.state())
        now += 10 * MS
    order = ["HALTING", "FLATTENING", "FLAT"]
    assert [order.index(s) for s in states] == sorted(order.index(s) for s in states)


def test_slices_take_a_quarter_of_the_depth_widen_when_nothing_filled_and_end_at_market() -> None:
    grid, closing = Grid(0, 2, 10_000, 1000), Closing()
    touch = Touch(0, T0, 9_999, 10_001, (400, 800, 1600), (400, 800, 1600))
    rows = [next_slice(1000, grid, touch, closing, n) for n in range(4)]  # never a fill
    assert [(r.qty, r.px, r.type) for r in rows if r] == [
        (100, 9_950, LIMIT), (200, 9_900, LIMIT), (400, 9_800, LIMIT), (1000, 0, MARKET),
    ]  # fmt: skip
    closing, left, sizes = Closing(), 1000, []
    for n in range(20):
        row = next_slice(-left, grid, touch, closing, n)
        assert row is not None
        sizes.append((row.qty, row.type))
        left -= row.qty
        if not left:
            break
    assert sizes == [(100, LIMIT)] * 8 + [(200, MARKET)]  # eight slices, then market


def test_without_prices_a_close_goes_to_market_at_once() -> None:
    row = next_slice(30, Grid(0, 2, 10_000, 1000), None, Closing(), 1)
    assert row is not None
    assert (row.type, row.qty, row.side) == (MARKET, 30, 1)
    venue = TinyVenue(0, {0: 30})
    stop = Emergency(plan())
    run(stop, venue, prices=False)
    assert stop.state() == "FLAT"


def test_an_accepted_close_with_no_fill_is_not_a_close() -> None:
    venue = TinyVenue(0, {0: 30})
    venue.ignore_closes = 2
    stop = Emergency(plan())
    run(stop, venue)
    assert stop.state() == "FLAT"
    assert len(venue.seen) == 3


@pytest.mark.parametrize(("declared", "code"), [(1 * 10_001 * 1000, 0), (1 * 10_001 * 1000 - 1, 6)])
def test_dust_is_reported_and_exits_six_above_what_is_declared(declared: int, code: int) -> None:
    venue = TinyVenue(0, {0: 1})
    stop = Emergency(plan(grids=(Grid(0, 2, 100, 1000, dust_value=declared),)))
    run(stop, venue)
    assert (stop.progress().dust, stop.exit_code()) == (((0, 1),), code)
    assert not venue.seen


def test_dust_is_closed_where_the_venue_can() -> None:
    venue = TinyVenue(0, {0: 1})
    stop = Emergency(plan(grids=(Grid(0, 2, 100, 1000, close_any=True),)))
    run(stop, venue)
    assert venue.seen[0].flags & CLOSE_POSITION
    assert (stop.exit_code(), venue.pos[0]) == (0, 0)


def test_foreign_orders_and_positions_are_counted_and_never_touched() -> None:
    venue = TinyVenue(1, {0: 30, 3: 8, 99: -5})
    venue.orders[50] = OpenOrder(0, 0, 50, 0, 100, 5, 0)
    stop = Emergency(plan(foreign=((0, 10), (3, 8))))
    run(stop, venue)
    assert stop.state() == "FLAT"
    assert (venue.pos, list(venue.orders)) == ({0: 10, 3: 8, 99: -5}, [50])
    assert (stop.progress().foreign_orders, stop.progress().foreign_positions) == (1, 3)


def test_scope_account_takes_everything() -> None:
    venue = TinyVenue(1, {0: 30, 99: -5})
    venue.orders[50] = OpenOrder(0, 0, 50, 0, 100, 5, 0)
    stop = Emergency(plan(scope="account"))
    run(stop, venue)
    assert not any(venue.pos.values())
    assert not venue.orders


def test_ours_of_never_takes_more_than_is_held() -> None:
    assert [ours_of(30, 10), ours_of(-30, -10), ours_of(5, 10), ours_of(5, -10), ours_of(0, 3)] == [20, -20, 0, 5, 0]


def test_protective_stops_stay_on_halt_and_go_on_flatten() -> None:
    stop_order = OpenOrder(0, 5, 7, 1, 90, 5, REDUCE_ONLY | STOP)
    for verb, left in (("halt", 1), ("flatten", 0)):
        venue = TinyVenue(1)
        venue.orders[7] = stop_order
        run(Emergency(plan(verb)), venue)
        assert len(venue.orders) == left


def test_a_venue_that_does_not_answer_is_asked_for_ever_with_growing_delay() -> None:
    venue = TinyVenue(2)
    venue.fail = ["timeout"] * 8
    stop = Emergency(plan("halt"), jitter=(0.0,))
    run(stop, venue)
    failed = [line.ts for line in stop.evidence if line.what == "failed"]
    gaps = [b - a - MS for a, b in itertools.pairwise(failed)]
    assert gaps == [250 * MS, 500 * MS, S, 2 * S, 4 * S, 5 * S, 5 * S]
    assert (stop.state(), stop.progress().venue.status) == ("HALTED", "OK")


def test_silence_counts_as_a_failed_read_and_a_late_answer_of_the_same_question_still_counts() -> None:
    """A venue that is slower than our patience is stopped too; what was asked before a change of phase says nothing."""
    stop = Emergency(plan("halt"), jitter=(0.0,))
    read = stop.on(Tick(), T0).reads[0]
    assert stop.on(Tick(), T0 + 2 * S - 1).reads == ()
    stop.on(Tick(), T0 + 2 * S)
    assert stop.progress().venue.status == "UNVERIFIED"
    again = stop.on(Tick(), T0 + 2 * S + 250 * MS).reads[0]
    assert again.nonce != read.nonce
    stop.settle(T0 - 1, T0 + 3 * S)
    second = stop.on(ReadReply("orders", read.nonce, T0 + 3 * S), T0 + 3 * S).reads[0]
    assert (stop.progress().venue.status, stop.progress().verified) == ("OK", "clean")
    assert stop.on(ReadReply("orders", again.nonce, T0 + 3 * S), T0 + 3 * S).reads == ()  # asked before the first came
    assert stop.progress().verified == "clean"
    stop.on(ReadReply("orders", second.nonce, T0 + 4 * S), T0 + 4 * S)
    assert stop.finished() and stop.progress().verified == "sealed"


def test_an_order_that_may_be_on_its_way_delays_the_seal_until_it_is_known_or_q_has_passed() -> None:
    """R-E4: sealed by a list that was asked after the last of ours was known to be gone, or Q later."""
    for known_at in (0, T0 + S):
        stop = Emergency(plan("halt", q_ns=5 * S))
        stop.settle(0, T0)
        first = stop.on(Tick(), T0).reads[0]
        stop.on(ReadReply("orders", first.nonce, T0), T0)
        assert stop.progress().verified == "clean" and stop.on(Tick(), T0 + S - 1).reads == ()
        if known_at:
            stop.settle(known_at, known_at)
            read = stop.on(Tick(), known_at).reads[0]
        else:
            assert stop.on(Tick(), T0 + 5 * S - 1).reads == ()
            read = stop.on(Tick(), T0 + 5 * S).reads[0]
        again = stop.on(ReadReply("orders", read.nonce, T0 + 6 * S), T0 + 6 * S).reads
        assert (stop.progress().verified, len(again)) == ("clean", 1), "the first may have been behind"
        (read,) = again
        stop.on(ReadReply("orders", read.nonce, T0 + 6 * S), T0 + 6 * S)
        assert stop.progress().verified == "sealed"


def test_nothing_of_ours_is_closed_before_it_is_known_what_is_foreign() -> None:
    """R-E5: only scope account needs no memory."""
    for scope, waits in (("ours", True), ("account", False)):
        stop = Emergency(plan(scope=scope))
        stop.ours_known = False
        actions = stop.on(Tick(), T0)
        for _ in range(2):
            actions = stop.on(ReadReply("orders", actions.reads[0].nonce, T0), T0)
        asked = [one.what for one in actions.reads]
        assert asked == ([] if waits else ["positions"]), scope
        if waits:
            assert stop.state() == "FLATTENING" and stop.on(Tick(), T0 + S).reads == ()
            stop.ours_known = True
            assert [one.what for one in stop.on(Tick(), T0 + 2 * S).reads] == ["positions"]


def test_beside_foreign_lots_a_list_that_lags_closes_nothing_twice() -> None:
    """Reduce-only protects zero, not somebody else's ten lots."""
    stop = Emergency(plan(foreign=((0, 10),)))
    now, sent = T0, []
    actions = stop.on(Tick(), now)
    for pos in (None, None, 20, 20, 20, 10, 10, 10):
        now += 300 * MS
        read = (actions.reads or stop.on(Tick(), now).reads)[0]
        held = () if pos is None else (HeldPosition(0, pos, 0, 0),)
        actions = stop.on(ReadReply(read.what, read.nonce, now, positions=held), now)
        sent += [(request.side, request.qty) for request in actions.requests]
        if read.what == "orders" and stop.finished():
            break
    assert sent == [(SELL, 10)]


def test_a_slice_leaves_nothing_that_no_order_can_close() -> None:
    grid, touch = Grid(0, 10, 10**6, 1), Touch(0, T0, 100, 101, (40, 40, 40), (40, 40, 40))
    for lots, first in ((15, 15), (20, 10), (19, 19), (40, 10)):
        request = next_slice(lots, grid, touch, Closing(), 1)
        assert request is not None and request.qty == first


def test_auth_failure_and_ban_are_states_of_their_own() -> None:
    for error, status, code in (("auth: key revoked", "AUTH_FAILED", 4), (f"banned {T0 + 9 * S}", "BANNED", 3)):
        stop = Emergency(plan("halt"))
        read = stop.on(Tick(), T0).reads[0]
        stop.on(ReadReply("orders", read.nonce, T0, error=error), T0)
        assert (stop.progress().venue.status, stop.exit_code()) == (status, code)
        if status == "BANNED":
            assert stop.on(Tick(), T0 + 9 * S - 1).reads == ()
            assert stop.on(Tick(), T0 + 9 * S).reads != ()


def test_triggers_join_a_flatten_widens_and_flat_only_verifies_again() -> None:
    venue = TinyVenue(2, {0: 40})
    stop = Emergency(plan("halt"))
    run(stop, venue)
    stop.on(Trigger("flatten", "second press"), T0 + S)
    run(stop, venue, now=T0 + S)
    assert (stop.state(), venue.pos[0]) == ("FLAT", 0)
    n = len(venue.seen)
    stop.on(Trigger("halt", "again"), T0 + 2 * S)
    assert not stop.finished()
    run(stop, venue, now=T0 + 2 * S)
    assert (stop.state(), len(venue.seen)) == ("FLAT", n)


def test_a_crash_in_any_step_resumes_from_the_latch() -> None:
    for cut in range(0, 700, 13):
        venue = TinyVenue(5, {0: 400, 1: -60})
        run(Emergency(plan()), venue, limit_s=cut / 1000)
        again = Emergency(plan())
        run(again, venue, now=T0 + S)
        assert again.state() == "FLAT"
        assert not venue.orders
        assert not any(venue.pos.values())


def test_random_faults_never_lead_to_a_false_flat(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(200):
        venue = TinyVenue(rng.randrange(9), {i: rng.randrange(-90, 91) * 2 for i in range(rng.randrange(4))},
                          rng.choice([0, 3, 50, 900]))  # fmt: skip
        venue.fail = rng.choices(["timeout", "502", "auth"], k=rng.randrange(5))
        venue.ignore_cancels, venue.ignore_closes = rng.randrange(6), rng.randrange(6)
        stop = Emergency(plan(), jitter=tuple(rng.random() for _ in range(5)))
        run(stop, venue)
        assert stop.state() == "FLAT"
        assert not venue.orders
        assert not any(venue.pos.values())


def test_a_fill_report_brings_the_next_read_forward() -> None:
    venue = TinyVenue(0, {0: 40})
    stop = Emergency(plan())
    actions, now = stop.on(Tick(), T0), T0
    while not actions.requests:
        actions = stop.on(venue.answer(actions.reads[0], now), now)
    assert stop.on(Tick(), now + 1).reads == ()
    assert stop.on(Report(0, 4, now, actions.requests[0].cl_id), now + 2).reads[0].what == "positions"


def test_closes_have_ids_of_their_own() -> None:
    venue = TinyVenue(0, {0: 400, 1: 400})
    run(Emergency(plan()), venue)
    ids = [r.cl_id for r in venue.seen if r.kind == CREATE]
    assert len(set(ids)) == len(ids)
    assert min(ids) > (T0 // MS + 10**10) * 128


def test_overall_is_the_worst_venue_and_never_flat_while_one_is_not_verified() -> None:
    ok, bad = Venue("OK", "", 0), Venue("UNVERIFIED", "", 0)
    assert overall([("FLAT", ok), ("FLAT", ok)]) == ("FLAT", "OK")
    assert overall([("FLAT", ok), ("FLAT", bad)]) == ("FLATTENING", "UNVERIFIED")
    assert overall([("FLAT", ok), ("HALTING", ok)])[0] == "HALTING"


def test_what_the_caller_knows_never_asks_before_a_back_off_or_a_ban_is_over() -> None:
    stop = Emergency(plan("halt", q_ns=5 * S), jitter=(0.0,))
    stop.settle(0, T0)
    first = stop.on(Tick(), T0).reads[0]
    stop.on(ReadReply("orders", first.nonce, T0), T0)
    stop.settle(T0 + S, T0 + S)
    second = stop.on(Tick(), T0 + S).reads[0]
    stop.on(ReadReply("orders", second.nonce, T0 + S, error=f"banned {T0 + 60 * S}"), T0 + S)
    for k in range(100):
        stop.settle(T0 + S, T0 + S + k * MS)
        assert stop.on(Tick(), T0 + S + k * MS).reads == ()
    assert stop.on(Tick(), T0 + 60 * S).reads != ()


@pytest.mark.parametrize("filled", [0, 6])
def test_beside_foreign_lots_only_a_close_that_did_nothing_is_followed_at_once(filled: int) -> None:
    closeout = Closeout(plan(foreign=((0, 50),)))
    listed = [HeldPosition(0, 60, 0, 0)]
    (first,) = closeout.slices(listed, False, T0, T0)
    if filled:
        closeout.told(Report(0, FILLED, T0, first.cl_id, qty=filled, trade_id=7), T0)
    closeout.told(Report(0, EXPIRED, T0, first.cl_id, qty=first.qty, left=first.qty - filled), T0)
    assert len(closeout.slices(listed, False, T0 + 50 * MS, T0 + 50 * MS)) == (0 if filled else 1)
    if filled:  # a list asked before the lag was over, answered after it
        assert closeout.slices(listed, False, T0 + 50 * MS, T0 + 9 * S) == [] and closeout.waiting
        assert len(closeout.slices(listed, False, T0 + 4 * S, T0 + 9 * S)) == 1
