"""Funding, liquidation, auto-deleveraging and every injectable fault."""

from __future__ import annotations

import pytest

from core.domain import reasons
from core.domain.events import W_OWN
from core.domain.instrument import Tier
from core.domain.order import (
    ACCEPTED,
    AMEND_REJECTED,
    CANCEL_REJECTED,
    CANCELED,
    CREATE,
    DELEVERAGED,
    FILLED,
    FUNDED,
    LIQUIDATED,
    MARKET,
    REDUCE_ONLY,
    REJECTED,
    TRANSFERRED,
    Request,
)
from core.domain.units import BUY, FAR, MONEY, SELL
from core.exchange.exchange import SimExchange
from core.models.margin import Brackets, tiered_liquidation
from tests.exchange.desk import HOUR, MS, PLAIN, Desk, Tape, identity, instrument

BIDS = [(9_999, 1_000), (9_998, 1_000)]
ASKS = [(10_001, 1_000), (10_002, 1_000)]
TIERS = (Tier(0, 4_000, 50), Tier(50 * MONEY, 10_000, 20), Tier(200 * MONEY, 25_000, 10))


def held(side: int, qty: int, t: Tape, at: float = 10, **options: object) -> Desk:
    """A position of `qty` lots taken at `at` ms."""
    equity = int(str(options.pop("equity", 1_000 * MONEY)))
    d = Desk(Tape().book(0, BIDS, ASKS).mark(1, 10_000) if not t.rows else t, instrument(**options), equity)
    d.market(at, side, qty)
    return d


def marked(*marks: tuple[float, int], end: float = 9_000) -> Tape:
    t = Tape().book(0, BIDS, ASKS).mark(1, 10_000)
    for at, mark in marks:
        t.mark(at, mark)
    return t.trade(end, 10_000, 1)


# --- funding


@pytest.mark.parametrize(("arrives", "pays"), [(99.9, True), (100, False), (100.1, False)])
def test_only_a_position_open_at_the_instant_of_settlement_pays(arrives: float, pays: bool) -> None:
    d = held(BUY, 10, marked(), at=arrives - 2, funding_interval_ns=100 * MS, funding_rate=10_000)
    d.run(150)
    paid = [r for r in d.log if r.kind == FUNDED]
    assert [(r.ts, r.amount, r.qty, r.px) for r in paid] == ([(100 * MS, -100_000, 10, 10_000)] if pays else [])
    identity(d.x)


def test_a_short_receives_when_the_rate_is_positive_and_the_calendar_repeats() -> None:
    d = held(SELL, 10, marked(), funding_interval_ns=100 * MS, funding_offset_ns=30 * MS, funding_rate=10_000)
    d.run(350)
    paid = [(r.ts // MS, r.amount) for r in d.log if r.kind == FUNDED]
    assert paid == [(at, 100_000) for at in (30, 130, 230, 330)]
    assert d.a.funding == 400_000


def test_the_stream_gives_rate_and_settlement_and_the_cap_holds() -> None:
    t = Tape().book(0, BIDS, ASKS).mark(1, 10_000, 900_000, 50).mark(49, 10_000, -20_000).mark(51, 10_000, 7, 50)
    d = held(BUY, 10, t.trade(9_000, 10_000, 1), funding_interval_ns=8 * HOUR, funding_cap=300_000)
    d.run(200)
    assert [(r.ts // MS, r.amount) for r in d.log if r.kind == FUNDED] == [(50, 200_000)]
    capped = Tape().book(0, BIDS, ASKS).mark(1, 10_000, 900_000, 50).trade(9_000, 10_000, 1)
    e = held(BUY, 10, capped, funding_interval_ns=8 * HOUR, funding_cap=300_000)
    e.run(200)
    assert [r.amount for r in e.log if r.kind == FUNDED] == [-3_000_000]


def test_a_closed_position_pays_nothing() -> None:
    d = held(BUY, 10, marked(), funding_interval_ns=100 * MS)
    d.market(50, SELL, 10)
    d.run(350)
    assert [r for r in d.log if r.kind == FUNDED] == []


# --- liquidation


def first_liquidating_mark(side: int, isolated: bool, leverage: int, equity: int, qty: int) -> tuple[int, int]:
    """(the venue's liquidation price before the fact, the first mark that in fact liquidates)."""
    step = -1 if side == BUY else 1
    marks = [(100 + n, 10_000 + step * n) for n in range(1, 3_000)]
    d = held(side, qty, marked(*marks, end=9_500), isolated=isolated, leverage=leverage, equity=equity, tiers=TIERS)
    d.run(50)
    price = d.x.positions()[0].liquidation_px
    d.run()
    hit = [r for r in d.log if r.kind == LIQUIDATED]
    assert len(hit) == 1
    assert d.a.pos[0] == 0
    identity(d.x)
    return price, 10_000 + step * (hit[0].ts // MS - 100)


MARGINS = [(True, 10, 30), (True, 10, 100), (True, 5, 300), (False, 10, 100)]


@pytest.mark.parametrize(("isolated", "leverage", "qty"), MARGINS)
@pytest.mark.parametrize("side", [BUY, SELL])
def test_liquidation_comes_at_the_tiered_liquidation_price(side: int, isolated: bool, leverage: int, qty: int) -> None:
    """S0-19: the price that the console shows is the tick at which it happens, or the tick before, never after."""
    price, mark = first_liquidating_mark(side, isolated, leverage, 15 * MONEY if not isolated else 1_000 * MONEY, qty)
    assert (price - mark) * (1 if side == BUY else -1) in (0, 1)
    assert abs(price - 10_000) > 100


def test_liquidation_price_uses_the_published_formula() -> None:
    d = held(BUY, 100, marked(), isolated=True, leverage=10, tiers=TIERS)
    d.run(50)
    entry = 10_001 / 100
    iso = 100 * 0.01 * entry / 10
    table = Brackets([0, 50, 200], [0.004, 0.01, 0.025])
    exact = tiered_liquidation(iso, 1, 1.0, entry, table)
    assert exact is not None
    assert d.x.positions()[0].liquidation_px - 1 < exact * 100 <= d.x.positions()[0].liquidation_px


def test_an_isolated_position_loses_its_own_margin_and_no_more() -> None:
    d = held(BUY, 100, marked((100, 8_000)), isolated=True, leverage=10)
    d.run(50)
    iso, wallet = d.a.iso[0], d.a.wallet
    d.run()
    assert d.a.wallet == wallet - iso
    assert d.a.iso[0] == 0


def test_a_cross_liquidation_takes_all_and_never_more_than_all() -> None:
    d = held(SELL, 500, marked((100, 20_000)), equity=60 * MONEY)
    d.run()
    assert d.a.wallet == 0
    assert d.x.equity() == 0


def test_the_last_trade_never_liquidates_only_the_mark_does() -> None:
    spike = marked(end=100).trade(110, 2_000, 500, -1).trade(9_000, 10_000, 1)
    d = held(BUY, 500, spike, equity=60 * MONEY)
    d.run()
    assert [r for r in d.log if r.kind == LIQUIDATED] == []
    assert d.a.pos[0] == 500


def test_liquidation_cancels_the_resting_orders_first() -> None:
    d = held(BUY, 500, marked((100, 8_000)), equity=60 * MONEY)
    cl = d.create(20, BUY, 9_900, 5)
    tp = d.create(21, SELL, 10_500, 5, flags=REDUCE_ONLY)
    d.run()
    assert d.kinds(cl) == [ACCEPTED, CANCELED]
    assert d.kinds(tp) == [ACCEPTED, CANCELED]
    assert d.code(cl) == reasons.VENUE_ACTION
    assert d.log[-1].kind == LIQUIDATED


def crash(hedged: bool) -> SimExchange:
    """Long 500 lots of A on 60 quote units, the mark falls by 15%; hedged: short as much of B, which falls too."""
    x = SimExchange([instrument(symbol="A"), instrument(symbol="B")], 60 * MONEY, 1, PLAIN)
    for i in range(2):
        x.attach(i, marked((100 + 1 - i, 8_500)).feed())
        x.markets[i].s.wake_mask = W_OWN
    for i, side in enumerate((BUY, SELL)[: 1 + hedged]):
        x.send(Request(0, i, CREATE, 1 + i, 0, side, 0, 250 if hedged else 500, MARKET, 0, 0, 0), 5 * MS)
    while x.advance(FAR) > 1:
        for i in range(2):
            x.drain(i)
    identity(x)
    return x


def test_cross_margin_is_shared_the_profit_of_one_instrument_carries_the_other() -> None:
    alone, hedged = crash(hedged=False), crash(hedged=True)
    assert (alone.markets[0].s.n_liquidations, alone.equity()) == (1, 0)
    assert [p.pos for p in hedged.positions()] == [250, -250]


# --- faults


def test_adl_takes_part_of_the_position_without_an_order_of_ours() -> None:
    d = held(SELL, 10, marked())
    tp = d.create(20, BUY, 9_000, 10, flags=REDUCE_ONLY)
    d.run(50)
    assert d.x.inject(0, "adl", 4, 9_950, now=50 * MS)
    d.run(60)
    report = d.log[-1]
    assert (report.kind, report.side, report.qty, report.px, report.fee) == (DELEVERAGED, BUY, 4, 9_950, 0)
    assert d.a.pos[0] == -6
    assert d.x.inject(0, "adl", now=70 * MS)
    d.run(90)
    assert (d.a.pos[0], d.kinds(tp)[-1]) == (0, 8)
    assert not d.x.inject(0, "adl")
    identity(d.x)


def test_forced_liquidation_and_venue_cancel_are_reported() -> None:
    d = held(BUY, 10, marked())
    a, b = d.create(20, BUY, 9_900, 5), d.create(21, BUY, 9_901, 5)
    d.run(50)
    venue = d.x.open_orders()[0].venue_id
    assert d.x.inject(0, "cancel_order", venue, now=50 * MS)
    assert not d.x.inject(0, "cancel_order", 999)
    d.run(60)
    assert (d.kinds(a), d.code(a)) == ([ACCEPTED, CANCELED], reasons.VENUE_ACTION)
    assert d.x.inject(0, "liquidate")
    d.run(80)
    assert d.kinds(b) == [ACCEPTED, CANCELED]
    assert (d.log[-1].kind, d.a.pos[0]) == (LIQUIDATED, 0)
    identity(d.x)


def test_transfers_change_the_wallet_and_are_reported_once() -> None:
    d = held(BUY, 10, marked())
    d.run(50)
    before = d.a.wallet
    d.x.inject(0, "transfer", 5 * MONEY)
    d.x.inject(0, "transfer", -2 * MONEY)
    d.run(60)
    assert [(r.kind, r.amount) for r in d.log[-2:]] == [(TRANSFERRED, 5 * MONEY), (TRANSFERRED, -2 * MONEY)]
    assert d.a.wallet == before + 3 * MONEY
    identity(d.x)


def test_cancel_only_mode_takes_cancels_and_nothing_else() -> None:
    d = Desk(marked())
    cl = d.create(10, BUY, 9_900, 5)
    d.run(30)
    d.x.inject(0, "cancel_only", 1)
    new, reduce = d.create(40, BUY, 9_900, 5), d.create(40, SELL, 10_100, 5, flags=REDUCE_ONLY)
    d.amend(41, cl, 9_901, 5)
    d.cancel(42, cl)
    d.run(60)
    d.x.inject(0, "cancel_only", 0)
    later = d.create(70, BUY, 9_900, 5)
    d.run(90)
    assert (d.kinds(new), d.kinds(reduce)) == ([REJECTED], [REJECTED])
    assert d.code(new) == reasons.VENUE_CLOSED
    assert d.kinds(cl) == [ACCEPTED, AMEND_REJECTED, CANCELED]
    assert d.kinds(later) == [ACCEPTED]


def test_reject_all_answers_with_its_code() -> None:
    d = Desk(marked())
    d.run(5)
    d.x.inject(0, "reject_all", reasons.RATE_LIMIT)
    cl = d.create(10, BUY, 9_900, 5)
    d.cancel(11, 99)
    d.run(30)
    assert (d.kinds(cl), d.code(cl)) == ([REJECTED], reasons.RATE_LIMIT)
    assert d.kinds(99) == [CANCEL_REJECTED]


def test_a_changed_filter_holds_for_the_next_order() -> None:
    d = Desk(marked())
    resting = d.create(10, BUY, 9_903, 3)
    d.run(30)
    d.x.inject(0, "filters", 5, 2, 90 * MONEY)
    d.x.inject(0, "min_lots", 4)
    off_tick = d.create(40, BUY, 9_903, 100)
    off_lot = d.create(41, BUY, 9_905, 101)
    small = d.create(42, BUY, 9_905, 2)
    cheap = d.create(43, BUY, 9_905, 90)
    fits = d.create(44, BUY, 9_905, 92)
    d.run(90)
    assert [d.code(cl) for cl in (off_tick, off_lot, small, cheap, fits)] == [
        reasons.FILTER_STEP, reasons.FILTER_STEP, reasons.FILTER_MIN_QTY, reasons.FILTER_MIN_NOTIONAL, reasons.OK,
    ]  # fmt: skip
    assert d.kinds(resting) == [ACCEPTED]


def test_a_lost_report_is_lost_on_the_wire_only() -> None:
    d = Desk(marked())
    d.run(5)
    d.x.inject(0, "lose", 2)
    cl = d.market(10, BUY, 5)
    after = d.create(11, BUY, 9_900, 5)
    d.run(50)
    assert (d.kinds(cl), d.kinds(after)) == ([], [ACCEPTED])
    assert d.a.pos[0] == 5
    assert [(t.kind, t.qty, t.trade_id) for t in d.x.trades()] == [(FILLED, 5, 1)]


def test_a_doubled_report_carries_the_same_trade_id() -> None:
    d = Desk(marked())
    d.run(5)
    d.x.inject(0, "double", 2)
    cl = d.market(10, BUY, 5)
    d.run(50)
    assert d.kinds(cl) == [ACCEPTED, ACCEPTED, FILLED, FILLED]
    assert [r.trade_id for r in d.log] == [0, 0, 1, 1]
    assert (d.a.pos[0], len(d.x.trades())) == (5, 1)


def test_a_delayed_report_is_overtaken_by_later_ones() -> None:
    d = Desk(marked())
    d.run(5)
    d.x.inject(0, "delay", 1, 20 * MS)
    late = d.create(10, BUY, 9_900, 5)
    soon = d.create(11, BUY, 9_901, 5)
    d.run(100)
    assert [(r.cl_id, r.ts // MS) for r in d.log] == [(soon, 13), (late, 12)]


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(KeyError):
        Desk(marked()).x.inject(0, "earthquake")
