"""The stop of a caller whose reads leave together and who waits a Retry-After out before it sends: fewer rounds, the
same proofs (R-E4, R-E6, R-E8), and no close twice (R-O1)."""

from __future__ import annotations

import pytest

from core.domain.events import HeldPosition, OpenOrder, ReadReply
from core.domain.order import ACCEPTED, CANCEL, CREATE, LOST, REJECTED, Report, Request
from core.domain.reasons import RATE_LIMIT, VENUE_CLOSED
from core.execution.closeout import LIST_YOUNG_NS
from core.execution.closing import Grid
from core.execution.emergency import Emergency
from core.execution.stopping import Actions, StopPlan, Tick
from core.execution.zero import ZERO_GAP_NS
from tests.unit.execution.test_emergency import MS, T0, TinyVenue, plan


class Rounds:
    """A stop and its venue, one round of reads at a time; `asked` is what each round asked for."""

    def __init__(self, venue: TinyVenue, made: StopPlan | None = None) -> None:
        self.venue, self.now = venue, T0
        self.stop = Emergency(made or plan())
        self.stop.together = True
        self.asked: list[tuple[str, ...]] = []
        self.actions = self.stop.on(Tick(), self.now)

    def next(self) -> Actions:
        """Carry out what is wanted and answer it, or let time pass."""
        for request in self.actions.requests:
            self.venue.take(request)
        reads = self.actions.reads
        if reads:
            self.asked.append(tuple(read.what for read in reads))
            self.now += MS
            replies = [self.venue.answer(read, self.now) for read in reads]
            done = [self.stop.on(reply, self.now) for reply in replies]
            requests = tuple(request for one in done for request in one.requests)
            self.actions = Actions(requests, done[-1].reads, (), done[-1].wake_at)
        else:
            self.now = max(self.now + 1, self.actions.wake_at)
            self.actions = self.stop.on(Tick(), self.now)
        return self.actions

    def end(self) -> None:
        for _ in range(200):
            if self.stop.finished():
                return
            self.next()
        raise AssertionError(f"no end: {self.stop.progress()}")


def test_what_the_next_step_needs_is_asked_for_beside_the_last_proof_of_this_one() -> None:
    """Five rounds instead of seven; each list that proves something is still a list of its own."""
    rounds = Rounds(TinyVenue(orders=20, positions={0: 5, 1: -5}))
    rounds.end()
    assert rounds.asked == [
        ("orders",), ("orders",), ("positions", "orders"), ("positions",), ("orders", "positions"),
    ]  # fmt: skip
    assert (rounds.stop.state(), rounds.stop.verified, rounds.venue.pos) == ("FLAT", "sealed", {0: 0, 1: 0})


def test_positions_that_came_with_a_list_that_is_not_empty_close_nothing() -> None:
    venue = TinyVenue(orders=1, positions={0: 5})
    rounds = Rounds(venue)
    while rounds.asked.count(("positions", "orders")) < 1:
        if rounds.stop.verified == "clean":  # arrived after the first empty list
            venue.orders[77] = OpenOrder(0, 1077, 77, 0, 100, 5, 0)
        rounds.next()
    assert [request.kind for request in rounds.actions.requests] == [CANCEL]
    rounds.end()
    assert rounds.asked.count(("positions", "orders")) == 2, "asked for anew"
    assert rounds.stop.state() == "FLAT"


def test_before_q_is_over_nothing_of_the_next_step_is_asked_for() -> None:
    rounds = Rounds(TinyVenue(positions={0: 5}), plan(q_ns=500 * MS))
    rounds.next()
    assert rounds.stop.verified == "clean"
    while not rounds.stop.closeout.positions:
        rounds.next()
    assert rounds.now - T0 >= 500 * MS
    assert rounds.asked == [("orders",), ("positions", "orders")]


def test_zero_counts_twice_a_quarter_second_apart_and_the_orders_beside_the_second_one() -> None:
    venue = TinyVenue(positions={0: 5})
    rounds = Rounds(venue)
    zeros = []
    while not rounds.stop.finished():
        rounds.next()
        if rounds.asked[-1] == ("positions",) and not zeros:
            zeros.append(rounds.now)
            venue.orders[88] = OpenOrder(0, 1088, 88, 0, 100, 5, 0)  # an exit left it
    assert venue.orders == {}, "swept before FLAT"
    assert rounds.now - zeros[0] >= ZERO_GAP_NS


def test_a_failed_answer_beside_the_wanted_one_is_asked_for_again() -> None:
    venue = TinyVenue(positions={0: 5})
    rounds = Rounds(venue)
    rounds.next()
    venue.fail = ["unavailable"]  # the first of the pair: positions
    rounds.next()
    assert rounds.stop.verified == "sealed" and rounds.actions.reads[0].what == "positions"
    rounds.end()


def test_a_failed_list_does_not_let_the_answer_beside_it_be_used() -> None:
    rounds = Rounds(TinyVenue(positions={0: 5}))
    rounds.next()
    reads = rounds.actions.reads
    held = ReadReply("positions", reads[0].nonce, rounds.now, positions=(HeldPosition(0, 5, 0, 0),))
    rounds.stop.on(held, rounds.now)
    failed = rounds.stop.on(ReadReply("orders", reads[1].nonce, rounds.now, error="no"), rounds.now)
    assert failed.requests == () and rounds.stop.verified == "clean"
    rounds.actions = failed
    rounds.end()
    assert rounds.asked.count(("positions", "orders")) == 1, "both anew"


def closes(rounds: Rounds) -> list[Request]:
    while not rounds.actions.requests:
        rounds.next()
    return list(rounds.actions.requests)


def told(rounds: Rounds, request: Request, kind: int, code: int = 0) -> Actions:
    report = Report(request.instrument, kind, rounds.now, request.cl_id, 0, request.side, 0, request.qty, request.qty,
                    code=code)  # fmt: skip
    return rounds.stop.on(report, rounds.now)


def test_what_a_limit_refused_goes_again_under_a_new_id_once_every_close_was_answered() -> None:
    rounds = Rounds(TinyVenue(positions={0: 5, 1: 7}))
    first = closes(rounds)
    one = told(rounds, first[0], REJECTED, RATE_LIMIT)
    assert (one.requests, one.reads) == ((), ()), "the other one is still on its way"
    again = told(rounds, first[1], REJECTED, RATE_LIMIT).requests
    assert [(r.kind, r.instrument, r.side, r.qty, r.flags) for r in again] == [
        (r.kind, r.instrument, r.side, r.qty, r.flags) for r in first
    ]
    assert not {r.cl_id for r in again} & {r.cl_id for r in first}
    third = told(rounds, again[0], ACCEPTED)
    assert third.requests == ()
    assert [r.instrument for r in told(rounds, again[1], REJECTED, RATE_LIMIT).requests] == [1]


@pytest.mark.parametrize(("kind", "code"), [(LOST, 0), (REJECTED, VENUE_CLOSED), (ACCEPTED, 0)])
def test_a_close_whose_fate_is_not_proven_by_a_limit_waits_for_a_list(kind: int, code: int) -> None:
    """503 is UNKNOWN until a read proves it."""
    rounds = Rounds(TinyVenue(positions={0: 5}))
    (first,) = closes(rounds)
    after = told(rounds, first, kind, code)
    assert after.requests == () and [read.what for read in after.reads] == ["positions"]


def test_a_list_that_is_not_young_any_more_is_asked_for_anew() -> None:
    rounds = Rounds(TinyVenue(positions={0: 5}))
    (first,) = closes(rounds)
    rounds.now += LIST_YOUNG_NS + 2 * MS
    after = told(rounds, first, REJECTED, RATE_LIMIT)
    assert after.requests == () and [read.what for read in after.reads] == ["positions"]


def test_beside_foreign_lots_a_refused_close_waits_for_a_list() -> None:
    """There reduce-only does not bound it by what is ours."""
    made = plan(scope="ours", foreign=((0, 3),), grids=(Grid(0, 1, 10_000, 1_000),))
    rounds = Rounds(TinyVenue(positions={0: 5}), made)
    (first,) = closes(rounds)
    assert (first.kind, first.qty) == (CREATE, 2)
    after = told(rounds, first, REJECTED, RATE_LIMIT)
    assert after.requests == () and [read.what for read in after.reads] == ["positions"]
