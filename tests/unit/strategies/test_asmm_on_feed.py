"""From feed rows to quotes: the estimators and the market maker together, nothing set by hand."""

from __future__ import annotations

import pytest

from core.domain.book import View
from core.domain.order import LIVE
from core.domain.units import BUY, SELL
from core.kernel import Kernels
from core.rng import stream
from core.signals.blocks import CALM, new_view
from core.signals.observe import observe
from tests.unit.signals.feeds import T0, S, Tape
from tests.unit.strategies.asmm_desk import MakerDesk

BIG = {"base_size": 1.0, "single_max": 10.0, "net_max": 100.0, "vpin_buckets": 5}


def blind_desk(own_in_book: bool = False, **params: object) -> MakerDesk:
    desk = MakerDesk(**{**BIG, **params})
    desk.signals.a[:] = 0
    desk.view.load(new_view(own_in_book).image())
    return desk


def market(seconds: int, toxic_from: int) -> Tape:
    """A mid that jitters round 2500; trades on both sides, from `toxic_from` on only buys."""
    draw, tape = stream(11, "planted flow"), Tape()
    for k in range(seconds * 2):
        t = k / 2
        mid = 250_000 + int(draw.integers(-3, 4))
        tape.book(t, [(mid - 2, 500), (mid - 3, 500)], [(mid + 2, 500), (mid + 3, 500)])
        tape.trade(t, mid, 40, 1 if t >= toxic_from or k % 2 else -1)
    return tape


def run(desk: MakerDesk, tape: Tape, first_s: float, last_s: float) -> None:
    """Every half second: what became visible, then a timer wake."""
    feed = tape.feed()
    see = Kernels("plain").bind(observe, desk.view, desk.signals, desk.signal_params, feed)
    row = int(feed.ts_recv.searchsorted(T0 + int(first_s * S), "left"))
    for k in range(int(first_s * 2), int(last_s * 2)):
        now = T0 + k * S // 2
        last = int(feed.ts_recv.searchsorted(now, "right"))
        see(row, last, now)
        row = last
        desk.maker.decide(now, 2)


def test_nothing_is_quoted_before_the_estimators_have_values() -> None:
    desk, tape = blind_desk(), market(60, 60)
    run(desk, tape, 0, 5)
    assert desk.target.s.n == 0
    assert desk.maker.describe()["idle"] == "no volatility yet"
    run(desk, tape, 5, 20)
    assert desk.target.s.n > 0
    assert isinstance(desk.view, View)


def test_planted_toxic_flow_widens_and_thins_the_quotes() -> None:
    """S3-63."""
    desk, tape = blind_desk(), market(600, 400)
    run(desk, tape, 0, 390)
    assert desk.signals.s.vpin_ok == 1
    calm = (desk.state.spread_bps, len(desk.side(BUY)), desk.state.spacing)
    run(desk, tape, 390, 600)
    toxic = (desk.state.spread_bps, len(desk.side(BUY)), desk.state.spacing)
    assert desk.signals.s.vpin > 0.9
    assert toxic[0] > 1.5 * calm[0]
    assert toxic[1] < calm[1]
    assert toxic[2] > calm[2]


def test_sudden_volatility_widens_quotes_and_lowers_the_cap() -> None:
    """S3-61, S3-77, S3-44."""
    desk = blind_desk(net_max=10.0)
    tape, draw = Tape(), stream(3, "jump in volatility")
    for k in range(1400):
        size = 4 if k < 1200 else 60
        tape.mid(k / 2, 250_000 + int(draw.integers(-size, size + 1)))
    run(desk, tape, 0, 600)
    calm = (desk.state.cap_lots, desk.state.spread_bps, desk.state.layers, desk.state.regime)
    run(desk, tape, 600, 700)
    wild = (desk.state.cap_lots, desk.state.spread_bps, desk.state.layers, desk.state.regime)
    assert wild[0] < calm[0]
    assert wild[1] > calm[1]
    assert wild[2] < calm[2]
    assert wild[3] > calm[3] >= CALM


def test_own_quotes_in_the_feed_do_not_feed_back_into_prices() -> None:
    """Issue 2 item 6: the same market with and without our orders in its book gives the same quotes."""
    clean, mixed = blind_desk(), blind_desk(own_in_book=True)
    ledger = mixed.ledger.s
    for slot, (side, px) in enumerate([(BUY, 249_999), (SELL, 250_001)]):
        ledger.state[slot], ledger.side[slot], ledger.px[slot], ledger.left[slot] = LIVE, side, px, 7
        ledger.key[slot] = side * 24
    plain, shown = Tape(), Tape()
    for k in range(80):
        mid = 250_000 + 3 * (k % 2)
        bids, asks = [(mid - 30, 50), (mid - 31, 90)], [(mid + 30, 50), (mid + 31, 10)]
        plain.book(k / 2, bids, asks)
        shown.book(k / 2, [(249_999, 7), *bids], [(250_001, 7), *asks])
    run(clean, plain, 0, 40)
    run(mixed, shown, 0, 40)
    assert len(clean.orders()) > 10
    assert mixed.orders() == clean.orders()
    assert mixed.signals.s.depth_average == pytest.approx(clean.signals.s.depth_average, rel=1e-3)
