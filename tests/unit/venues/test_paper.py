"""The paper venue and its ledger file: what survives, what is refused, what is closed without a console."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.domain.errors import Refused
from core.domain.events import W_OWN, Read
from core.domain.instrument import Instrument
from core.domain.order import CANCEL, CREATE, FILLED, MARKET, Report, Request
from core.domain.units import BUY, FAR, MONEY, SELL
from core.venues import paper_frames
from core.venues.paper import PaperVenue
from core.venues.paper_ledger import PaperLedger
from tests.exchange.desk import BASE, MS, PLAIN, Tape, instrument

BIDS, ASKS = [(9_999, 10), (9_998, 20)], [(10_001, 10), (10_002, 20)]


def tape() -> Tape:
    return Tape().book(0, BIDS, ASKS).trade(1_000, 10_005, 2).trade(2_000, 10_000, 1).trade(9_000, 10_000, 1)


def open_venue(folder: Path, specs: tuple[Instrument, ...] = (BASE,), **more: Any) -> PaperVenue:
    venue = PaperVenue(folder, specs, 1_000 * MONEY, 7, PLAIN, **more)
    for i in range(len(specs)):
        venue.exchange.attach(i, tape().feed())
        venue.exchange.markets[i].s.wake_mask = W_OWN
    return venue


def send(venue: PaperVenue, at_ms: int, cl: int, side: int, px: int, qty: int, *, kind: int = CREATE) -> None:
    type_ = MARKET if px == 0 and kind == CREATE else 0
    assert venue.send(Request(0, 0, kind, cl, 0, side, px, qty, type_, 0, 0, 0), at_ms * MS) > 0


def run(venue: PaperVenue, until_ms: float | None = None) -> list[Report]:
    seen: list[Report] = []
    while venue.advance(FAR if until_ms is None else round(until_ms * MS)) > 1:
        for i in range(len(venue.exchange.markets)):
            seen += venue.drain(i)
    return seen


def busy(folder: Path) -> PaperVenue:
    """Long 5 lots at 10,001, two resting orders, one cancelled."""
    venue = open_venue(folder)
    run(venue, 10)
    send(venue, 10, 1, BUY, 0, 5)
    send(venue, 10, 2, SELL, 10_010, 3)
    send(venue, 10, 3, BUY, 9_990, 4)
    send(venue, 11, 4, BUY, 9_980, 4)
    run(venue, 30)
    send(venue, 30, 4, 0, 0, 0, kind=CANCEL)
    run(venue, 50)
    return venue


def truth(venue: PaperVenue) -> tuple[Any, ...]:
    x = venue.exchange
    return x.open_orders(), x.positions(), x.balance(), x.equity(), venue.trades()


def test_orders_positions_balance_and_trades_are_there_again_after_a_clean_stop(state_dir: Path) -> None:
    venue = busy(state_dir)
    before = truth(venue)
    venue.close()
    again = open_venue(state_dir)
    assert truth(again) == before
    assert [o.cl_id for o in before[0]] == [2, 3]
    assert before[1][0].pos == 5


def test_the_file_holds_a_fill_before_its_report_is_visible(state_dir: Path) -> None:
    venue = busy(state_dir)
    venue.advance(1_002 * MS)  # the exchange half has sent nothing yet that we could see
    send(venue, 1_002, 9, SELL, 0, 2)
    venue.exchange.markets[0].s.wake_mask = W_OWN
    why = venue.advance(FAR)
    assert why & W_OWN
    frames, _ = paper_frames.read(state_dir / "paper.ledger")
    fills = [c for f in frames for _, c in f.get("changes", ()) if c[0] == FILLED and c[2] == 9]
    assert len(fills) == 1
    assert [r.cl_id for r in venue.drain(0) if r.kind == FILLED] == [9]


def test_every_length_of_file_that_sigkill_can_leave_opens_at_a_whole_frame(state_dir: Path) -> None:
    venue = busy(state_dir)
    path = state_dir / "paper.ledger"
    whole = path.read_bytes()
    frames, _ = paper_frames.read(path)
    venue.close()
    starts = [0]
    at = len(paper_frames.MAGIC)
    for frame in frames:
        at += len(paper_frames.pack(frame))
        starts.append(at)
    wallets = {n: f["states"][0]["wallet"] for n, f in enumerate(frames) if "states" in f}
    for cut in range(starts[2], len(whole) + 1):
        path.write_bytes(whole[:cut])
        ledger = PaperLedger(state_dir)
        last = max(n for n in range(len(starts)) if starts[n] <= cut) - 1
        assert ledger.account.s.wallet == wallets[last]
        assert (len(ledger.notes) == 1) == (cut not in starts)
        ledger.close()


def test_a_restored_order_fills_again_and_ids_go_on(state_dir: Path) -> None:
    busy(state_dir).close()
    venue = open_venue(state_dir)
    seen = run(venue)
    assert [(r.cl_id, r.px, r.qty) for r in seen if r.kind == FILLED] == []  # 10,005 does not reach 10,010
    tall = Tape().book(0, BIDS, ASKS).trade(1_000, 10_020, 1).trade(3_000, 10_000, 1)
    venue.exchange.attach(0, tall.feed())
    fills = [r for r in run(venue) if r.kind == FILLED]
    assert [(r.cl_id, r.px, r.qty, r.trade_id) for r in fills] == [(2, 10_010, 3, 2)]
    assert venue.trades(1) == tuple(fills)


def test_a_client_id_of_an_earlier_process_is_not_accepted_again(state_dir: Path) -> None:
    busy(state_dir).close()
    venue = open_venue(state_dir)
    run(venue, 10)
    send(venue, 10, 4, BUY, 9_980, 4)
    assert [r.code for r in run(venue, 50)] == [36]


def test_reduce_only_and_margin_of_restored_orders_count(state_dir: Path) -> None:
    venue = busy(state_dir)
    lots = list(venue.exchange.account.s.open_lots[0])
    venue.close()
    assert list(open_venue(state_dir).exchange.account.s.open_lots[0]) == lots == [4, 3]


def test_fresh_starts_a_new_account_and_says_so(state_dir: Path) -> None:
    busy(state_dir).close()
    venue = open_venue(state_dir, fresh=True)
    assert (venue.exchange.positions(), venue.exchange.balance()) == ((), 1_000 * MONEY)
    assert len(venue.notes) == 1
    assert (state_dir / "paper.ledger.old").exists()


def test_a_newer_schema_is_refused_and_the_file_is_left_alone(state_dir: Path) -> None:
    path = state_dir / "paper.ledger"
    path.write_bytes(paper_frames.MAGIC + paper_frames.pack({"t": "header", "schema": 99, "instruments": []}))
    raw = path.read_bytes()
    with pytest.raises(Refused, match="99"):
        open_venue(state_dir)
    assert path.read_bytes() == raw


def test_a_foreign_file_is_refused(state_dir: Path) -> None:
    (state_dir / "paper.ledger").write_bytes(b"SQLite format 3\0")
    with pytest.raises(Refused):
        open_venue(state_dir)


def test_an_older_schema_is_migrated_after_a_copy(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = busy(state_dir)
    before = truth(venue)
    venue.close()
    path = state_dir / "paper.ledger"
    frames, _ = paper_frames.read(path)
    frames[0]["schema"] = 0
    for frame in frames[1:]:
        frame["state"] = frame.pop("states")[0]
        frame["state"]["purse"] = frame["state"].pop("wallet")
    raw = paper_frames.MAGIC + b"".join(paper_frames.pack(f) for f in frames)
    path.write_bytes(raw)
    with pytest.raises(Refused, match="schema 0"):
        open_venue(state_dir)

    def rename(frame: dict[str, Any]) -> dict[str, Any]:
        if "state" in frame:
            frame["state"]["wallet"] = frame["state"].pop("purse")
        return frame

    monkeypatch.setitem(paper_frames.MIGRATIONS, 0, rename)
    again = open_venue(state_dir)
    assert truth(again) == before
    assert (state_dir / "paper.ledger.v0").read_bytes() == raw


def test_instruments_that_hold_something_must_be_configured_unchanged(state_dir: Path) -> None:
    busy(state_dir).close()
    other = instrument(symbol="OTHERUSDC")
    with pytest.raises(Refused, match="TESTUSDC"):
        open_venue(state_dir, (other,))
    with pytest.raises(Refused, match="TESTUSDC"):
        open_venue(state_dir, (instrument(unit=20_000),))
    venue = open_venue(state_dir, (other, BASE))
    assert [(p.instrument, p.pos) for p in venue.exchange.positions()] == [(1, 5)]
    assert {o.instrument for o in venue.exchange.open_orders()} == {1}


def test_close_offline_cancels_and_closes_at_mark_minus_half_spread_and_taker_fee(state_dir: Path) -> None:
    busy(state_dir).close()
    ledger = PaperLedger(state_dir)
    assert len(ledger.open_orders()) == 2
    assert ledger.account.s.mark[0] == 10_000
    before = ledger.account.s.wallet
    (fill,) = ledger.close_offline()
    assert (fill.side, fill.px, fill.qty, fill.trade_id) == (SELL, 9_999, 5, 2)
    assert fill.fee == 5 * 9_999 * 10_000 * 500 // 1_000_000
    assert ledger.account.s.wallet - before == -5 * 2 * 10_000 - fill.fee
    assert (ledger.open_orders(), ledger.positions(), ledger.equity()) == ((), (), ledger.account.s.wallet)
    ledger.close()
    assert truth(open_venue(state_dir))[:2] == ((), ())


def test_cancel_offline_leaves_positions(state_dir: Path) -> None:
    busy(state_dir).close()
    ledger = PaperLedger(state_dir)
    assert ledger.cancel_offline() == 2
    assert ledger.positions()[0].pos == 5
    ledger.close()
    assert PaperLedger(state_dir).open_orders() == ()


def test_no_account_to_open_offline_is_refused(state_dir: Path) -> None:
    with pytest.raises(Refused, match="paper account"):
        PaperLedger(state_dir)
    assert not PaperLedger.exists(state_dir)


def test_reads_answer_from_the_venue(state_dir: Path) -> None:
    venue = busy(state_dir)
    assert [o.cl_id for o in venue.read(Read("orders", 1), 5).orders] == [2, 3]
    assert venue.read(Read("positions", 2), 5).positions[0].pos == 5
    assert len(venue.read(Read("trades", 3, 0), 5).trades) == 1
    assert venue.read(Read("trades", 4, 1), 5).trades == ()
    assert venue.read(Read("balance", 5), 5).balance == venue.exchange.balance()
    assert venue.read(Read("weather", 6), 5).error


def test_a_disk_that_takes_only_part_of_a_frame_is_an_error(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = busy(state_dir)
    monkeypatch.setattr("core.venues.paper_frames.os.write", lambda fd, raw: len(raw) - 1)
    with pytest.raises(OSError, match=r"paper\.ledger"):
        venue.inject(0, "transfer", 5)
