"""Comparison with the venue's lists. RELIABILITY.md R-O1, R-O4, R-O5, B1, B4."""

# ruff: noqa: C408
from __future__ import annotations

from core.domain.events import HeldPosition, OpenOrder, ReadReply
from core.domain.order import ACCEPTED, FILLED, FREE, LIVE, LOST, SLOTS, UNKNOWN, Report
from core.execution.reconcile import Comparison, Reconciler
from core.execution.recovery import adopt_order, resolve_absent, resolve_found
from core.execution.slots import place
from tests.unit.execution.desk import MID, Desk

S = 10**9


def live(desk: Desk, slot: int = 3, kind: int = ACCEPTED) -> int:
    cl = place(desk.ledger.s, slot, 0, 0, MID - 100, 10, 0, 1, 0, desk.now)
    desk.report(dict(kind=kind, cl_id=cl, venue_id=50 + slot))
    return cl


def listed(desk: Desk) -> tuple[OpenOrder, ...]:
    o = desk.ledger.s
    return tuple(OpenOrder(0, o.cl_id[i], o.venue_id[i], o.side[i], o.px[i], o.left[i], 0)
                 for i in range(SLOTS) if o.state[i] == LIVE)  # fmt: skip


def compare(rec: Reconciler, desk: Desk, orders: tuple[OpenOrder, ...], pos: int | None = None,
            trades: tuple[Report, ...] = (), foreign: int = 0, proof: bool = True) -> Comparison:  # fmt: skip
    desk.now += 6 * S
    held = desk.ledger.s.pos if pos is None else pos
    return rec.compare(
        desk.ledger,
        ReadReply("orders", 1, desk.now, orders=orders, proof=proof),
        ReadReply("positions", 2, desk.now, positions=(HeldPosition(0, held, 0, 0), HeldPosition(7, 99, 0, 0))),
        ReadReply("trades", 3, desk.now, trades=trades),
        desk.now,
        foreign,
    )


def heal(desk: Desk, result: Comparison) -> None:
    """What the engine does with a comparison."""
    desk.report(*({n: getattr(r, n) for n in ("kind", "ts", "cl_id", "side", "px", "qty", "trade_id", "fee")}
                  for r in result.reports))  # fmt: skip
    for row in result.found:
        resolve_found(desk.ledger.plain, *row, desk.now)
    for order in result.adopt:
        adopt_order(desk.ledger.plain, *order, desk.now)
    for cl in result.resolve:
        resolve_absent(desk.ledger.plain, cl, desk.now, 6 * S)


def test_agreement_is_ok_and_foreign_orders_are_listed_and_nothing_more() -> None:
    desk = Desk()
    live(desk)
    result = compare(Reconciler(0), desk, (*listed(desk), OpenOrder(0, 0, 900, 1, MID, 3, 0)))
    assert result.ok
    assert [(d.what, d.heal) for d in result.differences] == [("foreign_order", "none")]


def test_a_missing_report_is_not_flat() -> None:
    """B4"""
    desk = Desk()
    desk.hold(20)
    rec = Reconciler(0)
    good = ReadReply("orders", 1, desk.now)
    for trio in ((None, good, good), (good, None, good), (good, good, None),
                 (good, ReadReply("positions", 2, desk.now, error="timeout"), good)):  # fmt: skip
        result = rec.compare(desk.ledger, *trio, desk.now)
        assert not result.ok
        assert not result.differences
        assert not result.reports
    assert rec.rounds_open == 0


def test_a_fill_that_never_came_is_found_and_healed_once() -> None:
    """R-O4: by trade id, also when it is listed twice and again in the next round."""
    desk = Desk()
    cl = live(desk)
    fill = Report(0, FILLED, desk.now, cl, 53, 0, MID - 100, 10, 0, 41)
    rec = Reconciler(0)
    result = compare(rec, desk, (), 10, (fill, fill))
    assert len(result.reports) == 1
    heal(desk, result)
    assert (desk.ledger.s.pos, desk.ledger.s.state[3]) == (10, FREE)
    assert compare(rec, desk, (), 10, (fill, fill)).ok


def test_an_unknown_order_that_is_listed_lives() -> None:
    desk = Desk()
    cl = live(desk, kind=LOST)
    rec = Reconciler(0)
    heal(desk, compare(rec, desk, (OpenOrder(0, cl, 77, 0, MID - 100, 10, 0),)))
    assert (desk.ledger.s.state[3], desk.ledger.s.n_unknown) == (LIVE, 0)
    assert compare(rec, desk, listed(desk)).ok


def test_an_unknown_order_is_freed_after_two_reads_and_not_after_one() -> None:
    desk = Desk()
    live(desk, kind=LOST)
    rec = Reconciler(0)
    first = compare(rec, desk, ())
    heal(desk, first)
    assert first.resolve == ()
    assert desk.ledger.s.state[3] == UNKNOWN
    heal(desk, compare(rec, desk, ()))
    assert desk.ledger.s.state[3] == FREE
    assert compare(rec, desk, ()).ok


def test_absence_at_an_overloaded_venue_proves_nothing() -> None:
    """RELIABILITY 2.3: it may still apply what it has taken in; and waiting for the proof is no lost convergence."""
    desk = Desk()
    live(desk, kind=LOST)
    rec = Reconciler(0)
    for _ in range(6):
        result = compare(rec, desk, (), proof=False)
        heal(desk, result)
        assert result.resolve == () and not result.halt and not result.ok
    assert desk.ledger.s.state[3] == UNKNOWN
    heal(desk, compare(rec, desk, ()))
    heal(desk, compare(rec, desk, ()))
    assert desk.ledger.s.state[3] == FREE


def test_a_live_order_that_the_venue_does_not_list_is_closed_after_two_reads() -> None:
    desk = Desk()
    live(desk)
    rec = Reconciler(0)
    for state in (LIVE, FREE):
        heal(desk, compare(rec, desk, ()))
        assert desk.ledger.s.state[3] == state
    assert compare(rec, desk, ()).ok


def test_a_young_order_is_not_questioned() -> None:
    """R-O5: only what was idle for more than 5 s."""
    desk = Desk()
    live(desk)
    desk.now -= 2 * S  # the read comes 4 s after the order
    assert compare(Reconciler(0), desk, ()).ok


def test_an_order_of_ours_from_an_earlier_run_is_adopted() -> None:
    """B1"""
    desk = Desk()
    rec = Reconciler(0)
    order = OpenOrder(0, 77 * SLOTS + 5, 12, 1, MID + 90, 8, 0)
    heal(desk, compare(rec, desk, (order,)))
    assert (desk.ledger.s.state[5], desk.ledger.s.open_lots[1]) == (LIVE, 8)
    assert compare(rec, desk, (order,)).ok


def test_a_position_that_nobody_explains_halts_after_three_rounds() -> None:
    desk = Desk()
    rec = Reconciler(0)
    assert [compare(rec, desk, (), 5).halt for _ in range(3)] == [False, False, True]
    assert compare(rec, desk, (), 5, foreign=5).ok
    assert rec.rounds_open == 0


def test_while_trading_a_difference_counts_from_the_second_round_that_shows_it() -> None:
    """R-O5: a report that overtook the read is no difference; a position nobody explains still halts in three."""
    desk = Desk()
    rec = Reconciler(0)
    orders, trades = ReadReply("orders", 1, desk.now), ReadReply("trades", 3, desk.now)

    def loose(pos: int) -> Comparison:
        held = ReadReply("positions", 2, desk.now, positions=(HeldPosition(0, pos, 0, 0),))
        desk.now += S
        return rec.compare(desk.ledger, orders, held, trades, desk.now, strict=False)

    assert [loose(pos).ok for pos in (5, 0, 3, 4, 0)] == [True] * 5
    assert [(found.ok, found.halt) for found in (loose(5), loose(5), loose(5))] == [
        (True, False), (False, False), (False, False),
    ]  # fmt: skip
    assert [loose(5).halt, loose(5).halt] == [False, True]  # longer than the venue's reads may lag


def test_three_rounds_within_the_lag_of_a_replica_are_one_word_and_no_halt() -> None:
    """R-O5: a read may be three seconds behind; rounds a second apart then show the same old position."""
    desk, rec, halts = Desk(), Reconciler(0), []
    for _ in range(5):
        halts.append(compare(rec, desk, (), 5).halt)
        desk.now -= 5 * S  # `compare` comes 6 s after the last one
    assert halts == [False, False, False, False, True]


def test_while_trading_an_order_is_adopted_only_when_it_is_listed_twice() -> None:
    desk = Desk()
    rec = Reconciler(0)
    order = OpenOrder(0, 77 * SLOTS + 5, 12, 1, MID + 90, 8, 0)
    empty = [ReadReply(what, 1, desk.now) for what in ("positions", "trades")]
    listing = ReadReply("orders", 1, desk.now, orders=(order,))
    assert rec.compare(desk.ledger, listing, *empty, desk.now, strict=False).adopt == ()
    assert len(rec.compare(desk.ledger, listing, *empty, desk.now, strict=False).adopt) == 1
