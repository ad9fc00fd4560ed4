"""Margin, funding and liquidation of two paper accounts: what one venue does to us leaves the other's money alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain import reasons
from core.domain.events import W_OWN, Read
from core.domain.instrument import Instrument
from core.domain.order import CANCELED, FUNDED, LIQUIDATED, REJECTED, Report
from core.domain.units import BUY, MONEY, SELL
from core.venues.paper import PaperVenue
from tests.exchange.desk import MS, PLAIN, Tape, instrument
from tests.unit.venues.test_paper_accounts import exact, run, send

BIDS, ASKS = [(9_999, 1_000), (9_998, 1_000)], [(10_001, 1_000), (10_002, 1_000)]
QUIET = {"funding_interval_ns": 0}
RICH, POOR = 1_000 * MONEY, 15 * MONEY


def tape(*marks: tuple[float, int]) -> Tape:
    found = Tape().book(0, BIDS, ASKS).mark(1, 10_000)
    for at, mark in marks:
        found.mark(at, mark)
    return found.trade(9_000, 10_000, 1)


def opened(
    folder: Path, pair: tuple[Instrument, Instrument], tapes: tuple[Tape, Tape], equity: tuple[int, int] = (RICH, RICH)
) -> PaperVenue:
    venue = PaperVenue(folder, pair, equity, 7, PLAIN, owners=(0, 1))
    for i, one in enumerate(tapes):
        venue.exchange.attach(i, one.feed())
        venue.exchange.markets[i].s.wake_mask = W_OWN
    return venue


def kinds(reports: list[Report], kind: int) -> list[tuple[int, int]]:
    return [(r.instrument, r.amount) for r in reports if r.kind == kind]


def test_each_venue_settles_by_its_own_calendar_and_rate_on_its_own_account(state_dir: Path) -> None:
    """Long pays 1 bp of 10 quote units every 100 ms, short receives 4 bps of 12 every 50 ms; kept by the file."""
    long = instrument(venue="alpha", funding_interval_ns=100 * MS, funding_rate=10_000)
    short = instrument(venue="beta", unit=20_000, funding_interval_ns=50 * MS, funding_rate=40_000)
    venue = opened(state_dir, (long, short), (tape(), tape()))
    run(venue, 10)
    send(venue, 10, 0, 1, BUY, 0, 10)
    send(venue, 10, 1, 2, SELL, 0, 6)
    seen = run(venue, 240)
    paid, got = -10 * 10_000 * 10_000 // 10_000, 6 * 10_000 * 20_000 * 4 // 10_000
    assert sorted(kinds(seen, FUNDED)) == [(0, paid)] * 2 + [(1, got)] * 4
    funding = [account.s.funding for account in venue.exchange.accounts]
    assert funding == [2 * paid, 4 * got]
    exact(venue)
    rows = [[t.amount for t in venue.trades(0, k) if t.kind == FUNDED] for k in range(2)]
    balances = [venue.exchange.balance(k) for k in range(2)]
    venue.close()
    again = opened(state_dir, (long, short), (tape(), tape()), (1, 1))
    assert [[t.amount for t in again.trades(0, k) if t.kind == FUNDED] for k in range(2)] == rows
    assert [again.exchange.balance(k) for k in range(2)] == balances
    assert [account.s.funding for account in again.exchange.accounts] == funding


def test_margin_of_one_account_is_not_margin_of_the_other(state_dir: Path) -> None:
    """What the rich account could carry is refused on the poor one: no wallet stands in for another."""
    pair = (instrument(venue="alpha", **QUIET), instrument(venue="beta", **QUIET))
    venue = opened(state_dir, pair, (tape(), tape()), (RICH, POOR))
    run(venue, 10)
    send(venue, 10, 0, 1, BUY, 0, 500)  # 500 quote units at leverage 10: margin 50
    send(venue, 10, 1, 2, SELL, 0, 500)
    send(venue, 11, 1, 3, SELL, 0, 100)
    seen = run(venue, 100)
    refused = [(r.instrument, r.cl_id, r.code) for r in seen if r.kind == REJECTED]
    assert refused == [(1, 2, reasons.MARGIN)]
    assert [venue.exchange.positions(k)[0].pos for k in range(2)] == [500, -100]
    exact(venue)


@pytest.mark.parametrize("isolated", [False, True])
def test_a_liquidated_leg_costs_its_own_account_and_the_other_trades_on(state_dir: Path, isolated: bool) -> None:
    """The short is closed by its venue at a mark that both venues show; the long keeps position and orders."""
    pair = (
        instrument(venue="alpha", isolated=isolated, **QUIET),
        instrument(venue="beta", isolated=isolated, **QUIET),
    )
    tapes = (tape((100, 12_000)), tape((100, 12_000)))
    venue = opened(state_dir, pair, tapes, (RICH, POOR))
    run(venue, 10)
    send(venue, 10, 0, 1, BUY, 0, 100)
    send(venue, 10, 1, 2, SELL, 0, 100)
    send(venue, 11, 0, 3, SELL, 10_100, 50)
    send(venue, 11, 1, 4, BUY, 9_900, 50)
    run(venue, 50)
    before = venue.exchange.balance(0)
    seen = run(venue, 200)
    assert [(r.instrument, r.qty, r.side) for r in seen if r.kind == LIQUIDATED] == [(1, 100, BUY)]
    assert [(r.instrument, r.cl_id) for r in seen if r.kind == CANCELED] == [(1, 4)]
    assert (venue.exchange.positions(1), venue.exchange.open_orders(1)) == ((), ())
    assert [p.pos for p in venue.exchange.positions(0)] == [100]
    assert [o.cl_id for o in venue.exchange.open_orders(0)] == [3]
    assert venue.exchange.balance(0) == before and 0 <= venue.exchange.balance(1) < POOR
    exact(venue)
    kept = [venue.exchange.balance(k) for k in range(2)]
    (state_dir / "copy").write_bytes((state_dir / "paper.ledger").read_bytes())  # as SIGKILL leaves it
    venue.close()
    (state_dir / "paper.ledger").write_bytes((state_dir / "copy").read_bytes())
    again = opened(state_dir, pair, (tape(), tape()), (1, 1))
    assert [again.exchange.balance(k) for k in range(2)] == kept
    assert again.exchange.positions(1) == () and [o.cl_id for o in again.exchange.open_orders(0)] == [3]
    assert [t.kind for t in again.trades(0, 1)][-1] == LIQUIDATED


def test_an_adl_of_one_leg_and_money_sent_in_stay_on_their_account(state_dir: Path) -> None:
    """The file holds a venue-made close and a transfer before the engine hears of them."""
    pair = (instrument(venue="alpha", **QUIET), instrument(venue="beta", **QUIET))
    venue = opened(state_dir, pair, (tape(), tape()))
    run(venue, 10)
    send(venue, 10, 0, 1, BUY, 0, 10)
    send(venue, 10, 1, 2, SELL, 0, 10)
    run(venue, 50)
    first = venue.exchange.balance(0)
    assert venue.inject(1, "adl", 4, now=50 * MS)
    assert venue.inject(1, "transfer", 3 * MONEY, now=50 * MS)
    assert [venue.exchange.positions(k)[0].pos for k in range(2)] == [10, -6]
    assert venue.exchange.balance(0) == first
    balance = venue.read(Read("balance", 1, account=1), 60 * MS).balance
    raw = (state_dir / "paper.ledger").read_bytes()
    venue.close()
    (state_dir / "paper.ledger").write_bytes(raw)
    again = opened(state_dir, pair, (tape(), tape()))
    assert [again.exchange.balance(k) for k in range(2)] == [first, balance]
    assert [again.exchange.positions(k)[0].pos for k in range(2)] == [10, -6]
    exact(again)
