"""What a journal says behind the record of our holdings: whatever may stand at the venue counts, fills are told once
(R-B1, R-O1, 6.6 iii)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.build.holdings import Holding, Holdings, LeftOpen, sign_of, write_holdings
from core.build.left_open import Tail, tail_of
from core.build.remembered import JOURNALS, Remembered
from core.domain.events import Moment, OpenOrder, ReadReply, RequestRefused
from core.domain.order import (
    ACCEPTED,
    AMEND,
    AMENDED,
    CANCELED,
    CREATE,
    FILLED,
    REJECTED,
    SLOTS,
    STOP,
    Report,
    Request,
)
from core.engine.journal import Frame, Journal
from core.execution.closeout import STOP_SEQ

OLD = LeftOpen(1000 * SLOTS + 3, 77, 0, 100, 10, 10, 0, 5)
KEY = "binance_usdm:ETHUSDC"
ROW = Holding(KEY, 0, 4, 400, (9,), (OLD,))
SIGN = sign_of("main", "binance_usdm", "testnet", "")


def ask(kind: int, cl_id: int, qty: int, flags: int = 0) -> Request:
    return Request(0, 0, kind, cl_id, 0, 1, 101, qty, 0, 1, flags, 0)


def frame(
    *, ts: int = 50, reports: tuple[Report, ...] = (), requests: tuple[Request, ...] = (), inputs: tuple[Any, ...] = ()
) -> Frame:
    return Frame(1, Moment(ts, 0, (), reports, inputs), requests, (), ())


def told(kind: int, cl_id: int = OLD.cl_id, **rest: int) -> Report:
    return Report(0, kind, rest.pop("ts", 60), cl_id, **rest)


def after(*frames: Frame) -> Tail:
    return tail_of([ROW], frames)


def lefts(tail: Tail) -> dict[int, int]:
    return {order.cl_id: order.left for order in tail.rows[0].orders}


def test_a_create_that_may_have_left_counts_and_one_that_never_left_does_not() -> None:
    new, held = 2000 * SLOTS + 4, 2000 * SLOTS + 5
    tail = after(
        frame(requests=(ask(CREATE, new, 7), ask(CREATE, held, 8))),
        frame(inputs=(RequestRefused(held, 0, CREATE, 1),)),
    )
    assert lefts(tail) == {OLD.cl_id: 10, new: 7}
    assert tail.rows[0].orders[1].ts_sent == 50


def test_an_order_that_was_refused_or_cancelled_is_gone() -> None:
    for kind in (REJECTED, CANCELED):
        assert lefts(after(frame(reports=(told(kind, qty=10, left=10),)))) == {}


def test_a_fill_is_told_again_and_takes_nothing_off_the_order_here() -> None:
    """The ledger that goes on takes it off, once: 9 is in the record already."""
    fill = told(FILLED, qty=4, trade_id=10, px=100)
    tail = after(
        frame(reports=(fill, told(FILLED, qty=4, trade_id=9, px=100))),
        frame(inputs=(ReadReply("trades", 1, 70, trades=(fill,)),)),
    )
    assert [(number, report.trade_id) for number, report in tail.fills] == [(0, 10)]
    assert lefts(tail) == {OLD.cl_id: 10} and tail.rows[0].pos == 4


def test_an_order_that_ended_with_fills_that_nobody_told_counts_for_those() -> None:
    """10, of which 4 were told and 2 more were not."""
    fill = told(FILLED, qty=4, trade_id=10, px=100)
    tail = after(frame(reports=(fill, told(CANCELED, qty=10, left=4))))
    assert lefts(tail) == {OLD.cl_id: 6}, "4 come off it with the fill that is told again"


def test_an_amend_counts_at_the_larger_size_until_its_own_word() -> None:
    more = frame(ts=50, requests=(ask(AMEND, OLD.cl_id, 20),))
    assert lefts(after(more)) == {OLD.cl_id: 20}
    assert lefts(after(more, frame(reports=(told(AMENDED, qty=10, ts=49),)))) == {OLD.cl_id: 20}, "of an earlier change"
    assert lefts(after(more, frame(reports=(told(AMENDED, qty=12, ts=51),)))) == {OLD.cl_id: 12}
    assert lefts(after(frame(requests=(ask(AMEND, OLD.cl_id, 3),)))) == {OLD.cl_id: 10}


def test_a_slot_that_was_used_again_ended_what_was_in_it() -> None:
    again = 2000 * SLOTS + 3
    assert lefts(after(frame(requests=(ask(CREATE, again, 5),)))) == {again: 5}


def test_an_order_of_a_run_before_that_a_list_showed_is_kept_and_a_stops_close_is_not_an_order_of_a_ledger() -> None:
    found = OpenOrder(0, 1500 * SLOTS + 9, 88, 1, 103, 6, 0)
    close = ask(CREATE, STOP_SEQ * SLOTS, 3, STOP)
    tail = after(frame(inputs=(ReadReply("orders", 1, 70, orders=(found,)),), requests=(close,)))
    assert lefts(tail) == {OLD.cl_id: 10, found.cl_id: 6}
    assert lefts(after(frame(reports=(told(ACCEPTED, venue_id=5),)))) == {OLD.cl_id: 10}


def test_a_start_reads_the_journal_from_the_record_on(state_dir: Path) -> None:
    """What stood in the journal before the record was written is in the record; a torn tail ends it."""
    folder = state_dir / JOURNALS
    folder.mkdir(mode=0o700)
    journal, before, new = Journal(folder / "live-1.perpj"), 1900 * SLOTS + 6, 2000 * SLOTS + 4
    journal.append(frame(requests=(ask(CREATE, before, 7),)))
    write_holdings(state_dir, [Holdings(SIGN, 17, (ROW,), journal="live-1.perpj", journal_at=journal.mark())])
    journal.append(frame(requests=(ask(CREATE, new, 7),)))
    journal.close_block()
    with open(folder / "live-1.perpj", "ab") as file:
        file.write(b"\x40\x00\x00\x00torn")
    remembered = Remembered(state_dir, [SIGN])
    assert [order.cl_id for order in remembered.rows[0].orders] == [OLD.cl_id, new] and remembered.said == []


def test_a_journal_that_is_gone_is_said_and_the_record_stands(state_dir: Path) -> None:
    write_holdings(state_dir, [Holdings(SIGN, 17, (ROW,), journal="live-1.perpj", journal_at=99)])
    remembered = Remembered(state_dir, [SIGN])
    assert remembered.rows == (ROW,) and "journal of the last run was not read" in remembered.said[0]
