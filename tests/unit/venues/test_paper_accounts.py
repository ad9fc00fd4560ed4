"""Paper over several accounts: one wallet a venue in one file; what survives a crash, old files, changed configs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.control.paper_account import open_accounts
from core.domain.errors import Refused
from core.domain.events import W_OWN, Read
from core.domain.instrument import Instrument
from core.domain.order import CANCEL, CREATE, FILLED, MARKET, Report, Request
from core.domain.units import BUY, FAR, MONEY, SELL
from core.venues import paper_frames
from core.venues.paper import PaperVenue
from core.venues.paper_ledger import PaperLedger
from tests.exchange.desk import BASE, MS, PLAIN, Tape, instrument
from tests.unit.venues import paper_v1

BIDS, ASKS = [(9_999, 10), (9_998, 20)], [(10_001, 10), (10_002, 20)]
LONG, SHORT = instrument(venue="alpha"), instrument(venue="beta", unit=20_000)
PAIR, OWNERS, START = (LONG, SHORT), (0, 1), (1_000 * MONEY, 500 * MONEY)
FILE = "paper.ledger"


def open_venue(
    folder: Path,
    specs: tuple[Instrument, ...] = PAIR,
    equity: int | tuple[int, ...] = START,
    owners: tuple[int, ...] = OWNERS,
    **more: Any,
) -> PaperVenue:
    venue = PaperVenue(folder, specs, equity, 7, PLAIN, owners=owners, **more)
    for i in range(len(specs)):
        tape = Tape().book(0, BIDS, ASKS).trade(1_000, 10_005, 2).trade(9_000, 10_000, 1)
        venue.exchange.attach(i, tape.feed())
        venue.exchange.markets[i].s.wake_mask = W_OWN
    return venue


def send(venue: PaperVenue, at_ms: int, i: int, cl: int, side: int, px: int, qty: int, kind: int = CREATE) -> None:
    type_ = MARKET if px == 0 and kind == CREATE else 0
    assert venue.send(Request(0, i, kind, cl, 0, side, px, qty, type_, 0, 0, 0), at_ms * MS) > 0


def run(venue: PaperVenue, until_ms: float) -> list[Report]:
    seen: list[Report] = []
    while venue.advance(round(until_ms * MS)) > 1:
        for i in range(len(venue.exchange.markets)):
            seen += venue.drain(i)
    return seen


def locked(folder: Path) -> PaperVenue:
    """Long 5 lots at alpha, short 3 at beta, an order resting at each; both accounts count ids from one."""
    venue = open_venue(folder)
    run(venue, 10)
    send(venue, 10, 0, 1, BUY, 0, 5)
    send(venue, 10, 1, 2, SELL, 0, 3)
    send(venue, 11, 0, 3, SELL, 10_010, 2)
    send(venue, 11, 1, 4, BUY, 9_990, 4)
    run(venue, 50)
    return venue


def truth(venue: PaperVenue) -> list[Any]:
    x = venue.exchange
    return [(x.open_orders(k), x.positions(k), x.balance(k), x.equity(k), venue.trades(0, k)) for k in range(2)]


def exact(venue: PaperVenue) -> None:
    for account in venue.exchange.accounts:
        a = account.s
        assert a.wallet == a.start + a.realised - a.fees + a.funding + a.transfers


def test_each_account_begins_with_its_own_balance_and_pays_its_own_fees(state_dir: Path) -> None:
    venue = locked(state_dir)
    fees = [5 * 10_001 * 10_000 * 500 // 1_000_000, 3 * 9_999 * 20_000 * 500 // 1_000_000]
    assert [venue.exchange.balance(k) for k in range(2)] == [START[k] - fees[k] for k in range(2)]
    exact(venue)


def test_reads_answer_for_the_account_that_they_name(state_dir: Path) -> None:
    venue = locked(state_dir)
    for k, pos in enumerate((5, -3)):
        (held,) = venue.read(Read("positions", 1, account=k), 5).positions
        (order,) = venue.read(Read("orders", 2, account=k), 5).orders
        (trade,) = venue.read(Read("trades", 3, account=k), 5).trades
        reply = venue.read(Read("balance", 4, account=k), 5)
        assert (held.instrument, held.pos, order.instrument, trade.instrument) == (k, pos, k, k)
        assert (reply.balance, reply.account) == (venue.exchange.balance(k), k)
        assert (order.venue_id, trade.trade_id) == (2, 1)  # both accounts count from one
    assert "below 2" in venue.read(Read("orders", 5, account=2), 5).error


def test_both_accounts_are_there_again_after_a_clean_stop(state_dir: Path) -> None:
    venue = locked(state_dir)
    before = truth(venue)
    venue.close()
    again = open_venue(state_dir, equity=(1, 1))
    assert truth(again) == before and again.notes == []
    run(again, 10)
    send(again, 10, 1, 4, 0, 0, 0, CANCEL)  # by client id: the order of beta with venue id 2, not the one of alpha
    run(again, 50)
    assert [len(again.exchange.open_orders(k)) for k in range(2)] == [1, 0]


def test_a_crash_between_two_legs_restores_what_each_venue_had_done(state_dir: Path) -> None:
    """The first leg filled, the second still on its way, SIGKILL: the file is cut off nowhere but at frames."""
    venue = open_venue(state_dir)
    run(venue, 10)
    send(venue, 10, 0, 1, BUY, 0, 5)
    run(venue, 20)
    send(venue, 20, 1, 2, SELL, 0, 5)  # arrives 2 ms later: the process is gone by then
    (state_dir / "copy").write_bytes((state_dir / FILE).read_bytes())
    run(venue, 40)
    both = (state_dir / FILE).read_bytes()
    for raw, held in (((state_dir / "copy").read_bytes(), [5]), (both, [5, -5])):
        (state_dir / FILE).write_bytes(raw)
        again = open_venue(state_dir)
        assert [p.pos for k in range(2) for p in again.exchange.positions(k)] == held
        assert [again.exchange.accounts[k].s.start for k in range(2)] == list(START)
        exact(again)
        again.close()


def test_every_length_of_file_holds_both_accounts_of_one_instant(state_dir: Path) -> None:
    venue = locked(state_dir)
    path = state_dir / FILE
    whole = path.read_bytes()
    frames, _ = paper_frames.read(path)
    ends, at = [], len(paper_frames.MAGIC)
    for frame in frames:
        at += len(paper_frames.pack(frame))
        ends.append(at)
    venue.close()
    for cut in range(ends[1], len(whole) + 1):
        path.write_bytes(whole[:cut])
        states = frames[sum(end <= cut for end in ends) - 1]["states"]
        ledger = PaperLedger(state_dir)
        assert [a.s.wallet for a in ledger.accounts] == [state["wallet"] for state in states]
        assert [a.s.pos[0] for a in ledger.accounts] == [state["pos"][0] for state in states]
        ledger.close()


def test_close_offline_empties_both_accounts(state_dir: Path) -> None:
    locked(state_dir).close()
    ledger = PaperLedger(state_dir)
    wallets = [account.s.wallet for account in ledger.accounts]
    fills = ledger.close_offline()
    assert [(f.instrument, f.side, f.px, f.qty, f.trade_id) for f in fills] == [
        (0, SELL, 9_999, 5, 2),
        (1, BUY, 10_001, 3, 2),
    ]
    lost = (5 * 2 * 10_000, 3 * 2 * 20_000)
    assert [a.s.wallet for a in ledger.accounts] == [wallets[k] - lost[k] - fills[k].fee for k in range(2)]
    assert (ledger.open_orders(), ledger.positions()) == ((), ())
    ledger.close()
    assert [row[:2] for row in truth(open_venue(state_dir))] == [((), ())] * 2


def test_panic_without_a_core_cancels_and_closes_at_both_accounts(state_dir: Path) -> None:
    locked(state_dir).close()
    (account,) = open_accounts(state_dir, SystemClock(), "panic")
    with account:
        assert account.symbols == ("alpha TESTUSDC", "beta TESTUSDC")
        alive = account.read(Read("orders", 1)).orders
        requests = [Request(0, o.instrument, CANCEL, 0, o.venue_id, o.side, 0, 0, 0, 0, 0, 0) for o in alive]
        assert len(account.send(requests[:1])) == 1
        assert [o.instrument for o in account.read(Read("orders", 2)).orders] == [1]  # the same venue id at beta stays
        account.send(requests[1:])
        closes = [
            Request(0, p.instrument, CREATE, 9, 0, SELL if p.pos > 0 else BUY, 0, abs(p.pos), MARKET, 0, 0, 0)
            for p in account.read(Read("positions", 3)).positions
        ]
        assert [r.kind for r in account.send(closes)] == [FILLED, FILLED]
        assert account.read(Read("positions", 4)).positions == account.read(Read("orders", 5)).orders == ()


def test_a_file_of_the_one_account_program_opens(state_dir: Path) -> None:
    """Written by the program before it knew of several accounts, left by a kill."""
    (state_dir / FILE).write_bytes(paper_v1.BUSY)
    venue = PaperVenue(state_dir, (BASE,), 1, 7, PLAIN)
    x = venue.exchange
    assert [(o.cl_id, o.venue_id, o.side, o.px, o.left) for o in x.open_orders()] == [
        (2, 2, SELL, 10_010, 3),
        (3, 3, BUY, 9_990, 4),
    ]
    assert [(p.pos, p.cost) for p in x.positions()] == [(5, 500_050_000)]
    assert (x.balance(), x.equity()) == (99_999_749_975, 99_999_699_975)
    assert [(t.trade_id, t.fee) for t in venue.trades()] == [(1, 250_025)]
    assert (state_dir / "paper.ledger.v1").read_bytes() == paper_v1.BUSY
    assert any("migrated from schema 1" in note for note in venue.notes)
    venue.close()
    assert PaperVenue(state_dir, (BASE,), 1, 7, PLAIN).notes == []


def test_one_wallet_of_two_venues_becomes_two_and_no_money_is_lost(state_dir: Path) -> None:
    """The first venue keeps start and transfers, the second begins with its own balance; what each instrument made,
    paid and holds goes with it."""
    (state_dir / FILE).write_bytes(paper_v1.TWO_VENUES)
    other = instrument(venue="other")
    venue = open_venue(state_dir, (BASE, other), equity=(7 * MONEY, 300 * MONEY))
    first, second = (account.s for account in venue.exchange.accounts)
    assert (first.start, second.start) == (1_000 * MONEY, 300 * MONEY)
    assert (first.fees, second.fees) == (250_025, 149_985)
    assert first.wallet + second.wallet == 99_999_599_990 + 300 * MONEY
    assert [p.pos for k in range(2) for p in venue.exchange.positions(k)] == [5, -3]
    assert [o.instrument for o in venue.exchange.open_orders(1)] == [1]
    assert (first.next_trade, second.next_trade) == (2, 2)  # no trade id twice
    assert any("new account at other" in note for note in venue.notes)
    exact(venue)


def test_the_money_of_a_venue_that_is_not_traded_sleeps_until_it_is_back(state_dir: Path) -> None:
    venue = locked(state_dir)
    for i in range(2):
        venue.inject(i, "transfer", 11 * MONEY)
    venue.close()
    ledger = PaperLedger(state_dir)
    ledger.close_offline()
    wallets = [account.s.wallet for account in ledger.accounts]
    ledger.close()
    alone = open_venue(state_dir, (SHORT,), equity=5, owners=(0,))
    assert alone.exchange.balance() == wallets[1]
    assert [note for note in alone.notes if "alpha sleeps" in note]
    alone.close()
    for _ in range(2):  # and once more, without a word
        alone = open_venue(state_dir, (SHORT,), equity=5, owners=(0,))
        assert alone.notes == []
        alone.close()
    swapped = open_venue(state_dir, (SHORT, LONG))
    assert [swapped.exchange.balance(k) for k in range(2)] == wallets[::-1]


def test_a_third_venue_gets_an_account_of_its_own(state_dir: Path) -> None:
    before = truth(locked(state_dir))
    third = instrument(venue="gamma")
    venue = open_venue(state_dir, (*PAIR, third), equity=(*START, 70 * MONEY), owners=(0, 1, 2))
    assert truth(venue) == before
    assert venue.exchange.balance(2) == 70 * MONEY and "new account at gamma" in venue.notes[0]


def test_accounts_that_hold_something_are_not_thrown_together(state_dir: Path) -> None:
    locked(state_dir).close()
    raw = (state_dir / FILE).read_bytes()
    with pytest.raises(Refused, match="beta"):
        open_venue(state_dir, equity=1, owners=(0, 0))
    with pytest.raises(Refused, match="beta TESTUSDC"):
        open_venue(state_dir, (LONG,), equity=1, owners=(0,))
    assert (state_dir / FILE).read_bytes() == raw


def test_start_balances_must_be_one_an_account(state_dir: Path) -> None:
    with pytest.raises(ValueError, match="Expected 2 start balances, was 3"):
        open_venue(state_dir, equity=(1, 2, 3))


def test_two_instruments_of_one_venue_share_its_account(state_dir: Path) -> None:
    more = instrument(venue="alpha", symbol="SECOND")
    venue = open_venue(state_dir, (LONG, SHORT, more), owners=(0, 1, 0))
    run(venue, 10)
    send(venue, 10, 2, 1, BUY, 0, 2)
    send(venue, 10, 1, 2, SELL, 0, 2)
    send(venue, 11, 2, 3, BUY, 9_990, 4)
    run(venue, 50)
    before = truth(venue)
    lots = [list(a.s.open_lots[1]) for a in venue.exchange.accounts]
    venue.close()
    again = open_venue(state_dir, (LONG, SHORT, more), owners=(0, 1, 0))
    assert truth(again) == before and [p.instrument for p in again.exchange.positions(0)] == [2]
    assert [list(a.s.open_lots[1]) for a in again.exchange.accounts] == lots == [[4, 0], [0, 0]]
    again.advance(FAR)
