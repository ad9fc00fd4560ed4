"""One test a row: what the market maker quotes on ETHUSDC at 2500 with the Round7 defaults, in hand numbers."""

from __future__ import annotations

from itertools import pairwise

import pytest

from core.domain.events import W_MID, W_OWN, W_TIMER
from core.domain.order import KEY_TAKE_PROFIT, POST_ONLY, REDUCE_ONLY
from core.domain.units import BUY, FAR, SELL
from core.signals.blocks import EXTREME, HIGH, NORMAL
from core.strategies.asmm.blocks import T_BASE, T_MIN_SPREAD, T_MOMENTUM, T_PRESSURE, T_RESERVATION, T_SKEW, TERMS
from tests.unit.strategies.asmm_desk import MakerDesk, ethusdc

BIG = {"base_size": 1.0, "single_max": 10.0, "net_max": 100.0}  # every layer above the minima


def base_offsets(desk: MakerDesk, side: int) -> list[float]:
    return [desk.state.term[side * 24 + i][T_BASE] for i in range(desk.state.layers)]


def test_offsets_are_geometric_from_the_centre() -> None:
    """S3-06: 3, 3.6, 4.32 .. 198.7 bps at layer 24; gaps between layers also x1.2."""
    desk = MakerDesk(**BIG)
    desk.decide()
    for side in (BUY, SELL):
        offsets = base_offsets(desk, side)
        assert len(offsets) == 24
        assert offsets[:3] == pytest.approx([3.0, 3.6, 4.32])
        assert offsets[23] == pytest.approx(3 * 1.2**23)
        assert round(offsets[23], 1) == 198.7
        gaps = [b - a for a, b in pairwise(offsets)]
        assert [b / a for a, b in pairwise(gaps)] == pytest.approx([1.2] * 22)
        quoted = [desk.distance_bps(order) for order in desk.side(side)]
        assert quoted == pytest.approx(offsets, abs=0.04 + 1e-9)  # a tick is 0.04 bps, rounding is outward
        assert all(q >= o - 1e-9 for q, o in zip(quoted, offsets))
    assert [o["px"] for o in desk.side(BUY)[:3]] == [249_925, 249_910, 249_892]
    assert [o["px"] for o in desk.side(SELL)[:3]] == [250_075, 250_090, 250_108]


@pytest.mark.parametrize("first", [0.1, 0.5, 2.9])
def test_first_layer_below_half_of_min_spread_never_quotes_tighter_than_min_spread(first: float) -> None:
    """S3-11: 0.0006 of 2500.00 is 150 ticks, however near the first layer is asked for."""
    desk = MakerDesk(first_layer_bps=first, **BIG)
    desk.decide()
    assert desk.side(SELL)[0]["px"] - desk.side(BUY)[0]["px"] == 150
    assert desk.state.term[0][T_MIN_SPREAD] == pytest.approx(3.0 - first)


def test_linear_mode_adds_equal_gaps() -> None:
    desk = MakerDesk(layer_spacing_mode="linear", max_layers=4, **BIG)
    desk.decide()
    assert base_offsets(desk, BUY) == pytest.approx([3, 6, 9, 12])


def test_sizes_decay_and_round_down_to_lots() -> None:
    """S3-07: 0.009, 0.0081 -> 0.008 ... ; S3-12."""
    desk = MakerDesk()
    desk.decide()
    assert [o["qty"] for o in desk.side(SELL)] == [9, 8, 7, 6, 5, 5, 4, 4]
    assert [o["qty"] for o in desk.side(SELL)] == [int(9 * 0.9**i + 1e-9) for i in range(8)]


@pytest.mark.parametrize(("price", "bids", "asks"), [(250_000, 6, 8), (251_000, 8, 8), (350_000, 11, 11)])
def test_layers_under_the_venue_minima_are_dropped_and_counted(price: int, bids: int, asks: int) -> None:
    """S3-08, K-17: 8 of 24 layers at 2500, 11 at 3500 with stepSize 0.001 and minNotional 10.

    At exactly 2500 a bid of 0.004 below the mid is worth less than 10: the venue would refuse layers 7 and 8.
    """
    desk = MakerDesk()
    desk.set_book(price - 1, price + 1)
    desk.decide()
    assert (len(desk.side(BUY)), len(desk.side(SELL))) == (bids, asks)
    figures = desk.maker.describe()
    assert (figures["layers_placeable"], figures["layers_wanted"]) == (bids, 24)
    assert desk.state.n_below_min == 48 - len(desk.side(BUY)) - len(desk.side(SELL))


def test_momentum_at_the_threshold_changes_nothing_above_it_widens_the_chasing_side() -> None:
    """S3-09."""
    desk = MakerDesk(**BIG)
    flat = desk.decide()
    desk.set_signals(momentum=0.0006)
    assert desk.decide() == flat
    desk.set_signals(momentum=0.0008)  # 2 bps beyond: buying would chase
    rising = desk.decide()
    assert desk.side(SELL) == [o for o in flat if o["side"] == SELL]
    assert all(desk.state.term[i][T_MOMENTUM] == pytest.approx(2.0) for i in range(24))
    assert [b["px"] - a["px"] for a, b in zip(flat[:24], rising[:24])] == [-50] * 24
    desk.set_signals(momentum=-0.0008)
    desk.decide()
    assert desk.side(BUY) == [o for o in flat if o["side"] == BUY]
    assert all(desk.state.term[24 + i][T_MOMENTUM] == pytest.approx(2.0) for i in range(24))


@pytest.mark.parametrize(("lots", "pressure"), [(84, 0.0), (147, 0.0884), (210, 0.5), (-147, 0.0884)])
def test_inventory_pressure_widens_the_heavy_side(lots: int, pressure: float) -> None:
    """S3-10: 40 %, 70 % and all of the cap of 210 lots."""
    desk = MakerDesk()
    desk.hold_position(lots)
    desk.decide()
    assert desk.state.pressure == pytest.approx(pressure, abs=5e-5)
    heavy, light = (0, 24) if lots > 0 else (24, 0)
    assert desk.state.term[heavy][T_PRESSURE] == pytest.approx(3.0 * pressure, abs=2e-4)
    assert desk.state.term[light][T_PRESSURE] == 0.0


def test_flat_and_calm_quotes_are_symmetric() -> None:
    """S3-15."""
    desk = MakerDesk(**BIG)
    desk.decide()
    assert [desk.distance_bps(o) for o in desk.side(BUY)] == pytest.approx(
        [desk.distance_bps(o) for o in desk.side(SELL)]
    )
    assert [o["qty"] for o in desk.side(BUY)] == [o["qty"] for o in desk.side(SELL)]
    assert desk.state.skew_bps == 0.0


def test_long_position_moves_the_centre_down_and_widens_bids_more_than_asks() -> None:
    """S3-15, S3-64."""
    desk = MakerDesk(**BIG)
    desk.decide()
    flat = {side: desk.distance_bps(desk.side(side)[0]) for side in (BUY, SELL)}
    desk.hold_position(50_000)
    desk.decide()
    s = desk.state
    assert s.reservation < desk.signals.s.mid
    width = {side: desk.distance_bps(desk.side(side)[0]) for side in (BUY, SELL)}
    assert width[BUY] - flat[BUY] > 0 > width[SELL] - flat[SELL]
    from_centre = {BUY: width[BUY] + s.skew_bps, SELL: width[SELL] - s.skew_bps}
    assert from_centre[BUY] - flat[BUY] > max(0.0, from_centre[SELL] - flat[SELL]) + 0.5
    assert s.term[0][T_SKEW] == pytest.approx(3.0 * (1 + s.pressure) * 0.5 * 0.5)
    assert s.term[24][T_SKEW] == 0.0


def test_reservation_follows_inventory_times_short_variance_and_book_pressure() -> None:
    """S3-64: -x * 0.5 * sigma^2 * 30 bps; doubling the volatility quadruples it; heavy bids pull up."""
    desk = MakerDesk(**BIG)
    desk.hold_position(20_000)
    desk.decide()
    assert desk.state.skew_bps == pytest.approx(-0.2 * 0.5 * 0.25 * 30)
    desk.set_signals(vol_short=1.0, vol_long=1.0)
    desk.decide()
    assert desk.state.skew_bps == pytest.approx(-0.2 * 0.5 * 1.0 * 30)
    assert desk.state.term[0][T_RESERVATION] == pytest.approx(3.0)
    assert desk.state.term[24][T_RESERVATION] == pytest.approx(-3.0)
    desk.hold_position(0)
    desk.set_signals(vol_short=1.0, vol_long=1.0, depth_average=0.6)
    desk.decide()
    assert desk.state.skew_bps == pytest.approx(0.5 * 0.2 * 1.0)
    desk.hold_position(100_000)
    desk.set_signals(vol_short=9.0, vol_long=9.0, depth_average=0.9)
    desk.decide()
    assert abs(desk.state.reservation_bps) + abs(desk.state.book_bps) == pytest.approx(30.0)


def test_regime_change_changes_layers_and_spread() -> None:
    """S3-61."""
    desk = MakerDesk(**BIG)
    seen = {}
    for regime in (NORMAL, HIGH, EXTREME):
        desk.set_signals(regime=regime)
        desk.decide()
        seen[regime] = (desk.state.layers, round(desk.state.spread_bps, 2))
    assert seen == {NORMAL: (24, 6.0), HIGH: (18, 9.04), EXTREME: (12, 15.04)}


def test_toxic_flow_widens_and_thins_the_ladder() -> None:
    """S3-63: VPIN tunes maxLayers and spacingRatio, and widens."""
    desk = MakerDesk(**BIG)
    desk.decide()
    calm = [desk.distance_bps(o) for o in desk.side(BUY)]
    desk.set_signals(vpin=0.95)
    desk.decide()
    toxic = [desk.distance_bps(o) for o in desk.side(BUY)]
    assert desk.state.toxicity == 1.0
    assert (len(calm), len(toxic)) == (24, 12)
    assert desk.state.spacing == pytest.approx(1.30)
    assert toxic[0] == pytest.approx(6.0, abs=0.05)
    assert toxic[5] == pytest.approx(6.0 * 1.3**5, abs=0.05)


def test_lopsided_book_counts_as_toxic_and_unknown_vpin_is_not_calm() -> None:
    """S3-63."""
    desk = MakerDesk(**BIG)
    desk.set_signals(depth_average=0.95)
    desk.decide()
    assert desk.state.toxicity == pytest.approx(0.3)
    desk.set_signals(vpin_ok=0, vpin=0.0)
    desk.decide()
    assert desk.state.toxicity == pytest.approx(0.5)
    assert "VPIN unknown" in {t.name: t.note for t in desk.maker.breakdown(BUY, 0)}["toxicity"]


def test_noise_levels_thin_and_slow_the_quotes() -> None:
    """S3-66, the strategy's half."""
    desk = MakerDesk(**BIG)
    seen = []
    for level in range(4):
        desk.desk.noise_level = level
        desk.state.next_decision = 0
        desk.decide()
        seen.append((desk.state.layers, desk.state.interval_ns // 1_000_000))
    assert seen == [(24, 500), (18, 1000), (12, 1500), (6, 2000)]


def test_slow_quotes_hold_between_their_decisions() -> None:
    desk = MakerDesk(**BIG)
    desk.desk.noise_level = 1
    desk.decide()
    desk.decide(W_TIMER)
    assert desk.target.s.hold == 1
    desk.decide(W_TIMER)
    assert desk.target.s.hold == 0
    assert desk.state.n_decisions == 2


def test_adaptive_cap_falls_with_volatility_and_loss_and_bounds_the_side() -> None:
    """S3-77: volatility x2 lowers it; netMax 0.21 is never exceeded."""
    desk = MakerDesk(base_size=0.05)
    desk.decide()
    assert desk.state.cap_lots == 210
    assert sum(o["qty"] for o in desk.side(BUY)) == 210
    desk.set_signals(vol_short=1.0)
    desk.decide()
    assert desk.state.cap_lots == 140
    assert sum(o["qty"] for o in desk.side(BUY)) <= 140
    desk.set_signals()
    desk.ledger.s.fees = 30 * 100_000_000  # 30 USDC lost
    desk.decide()
    assert desk.state.cap_lots == 105
    desk.maker.start_round()
    desk.decide()
    assert desk.state.cap_lots == 210
    desk.desk.cap_lots = 50
    desk.decide()
    assert desk.state.cap_lots == 50


def test_cap_without_volatility_or_mark_is_the_floor() -> None:
    """S3-77 fails closed."""
    desk = MakerDesk()
    desk.set_signals(vol_ok=0)
    assert desk.decide() == []
    assert desk.state.cap_lots == 21
    desk.set_signals()
    desk.hold_position(10)
    desk.view.s.mark = 0
    desk.decide()
    assert desk.state.cap_lots == 21


def test_risk_cap_of_zero_leaves_only_reduce_only_exits() -> None:
    desk = MakerDesk()
    desk.hold_position(100)
    desk.desk.cap_lots = 0
    orders = desk.decide()
    assert orders
    assert {o["side"] for o in orders} == {SELL}
    assert all(o["flags"] == REDUCE_ONLY for o in orders)
    assert sum(o["qty"] for o in orders) <= 100


def test_position_beyond_a_fallen_cap_stops_the_heavy_side() -> None:
    desk = MakerDesk()
    desk.hold_position(200)
    desk.set_signals(vol_short=2.0)
    desk.decide()
    assert desk.state.cap_lots < 200
    assert desk.side(BUY) == []
    assert desk.side(SELL)


def test_take_profit_is_a_reduce_only_post_only_exit_at_its_price() -> None:
    """S3-14: 0.25 % above an entry of 2500 is 2506.25; half of the position."""
    desk = MakerDesk()
    desk.hold_position(100)
    (tp,) = [o for o in desk.decide() if o["key"] == KEY_TAKE_PROFIT]
    assert (tp["side"], tp["px"], tp["qty"], tp["flags"], tp["tif"]) == (SELL, 250_625, 50, REDUCE_ONLY, POST_ONLY)
    desk.hold_position(-100)
    (tp,) = [o for o in desk.decide() if o["key"] == KEY_TAKE_PROFIT]
    assert (tp["side"], tp["px"], tp["qty"]) == (BUY, 249_375, 50)


def test_take_profit_past_its_price_stands_at_the_first_post_only_price() -> None:
    """S3-14."""
    desk = MakerDesk()
    desk.hold_position(100, entry=240_000.0)
    (tp,) = [o for o in desk.decide() if o["key"] == KEY_TAKE_PROFIT]
    assert tp["px"] == desk.signals.s.bid + 1


def test_take_profit_under_the_minima_takes_more_of_the_position_or_none() -> None:
    desk = MakerDesk()
    desk.hold_position(5)
    (tp,) = [o for o in desk.decide() if o["key"] == KEY_TAKE_PROFIT]
    assert tp["qty"] == 4  # half would be 2 lots = 5 USDC
    desk.hold_position(3)
    assert [o for o in desk.decide() if o["key"] == KEY_TAKE_PROFIT] == []


@pytest.mark.parametrize(("bid", "ask"), [(250_000, 250_000), (249_999, 250_000), (249_990, 250_010)])
def test_quotes_stay_post_only_even_when_the_centre_is_far_away(bid: int, ask: int) -> None:
    """Short inventory pulls the centre above the ask; in a locked book quotes stand strictly inside their side."""
    desk = MakerDesk(risk_aversion=100.0)
    desk.set_book(bid, ask)
    desk.hold_position(-150)
    desk.decide()
    bids = desk.side(BUY)
    assert desk.state.skew_bps > 10
    assert bids[0]["px"] == ask - 1
    gaps = [a["px"] - b["px"] for a, b in pairwise(bids)]
    assert all(gap > 0 for gap in gaps)  # the side moved as a whole
    assert desk.side(SELL)[0]["px"] > bid


def test_equal_prices_after_rounding_merge_into_one_order() -> None:
    desk = MakerDesk(instrument=ethusdc(tick=1.0, unit=100_000), max_layers=4)
    desk.set_book(2499, 2501)
    desk.decide()
    assert [(o["key"], o["px"], o["qty"]) for o in desk.side(BUY)] == [(0, 2499, 17), (2, 2498, 13)]
    assert desk.state.placeable[BUY] == 4


def test_levels_outside_the_price_band_are_dropped_and_counted() -> None:
    desk = MakerDesk(instrument=ethusdc(band_ppm=1000), **BIG)
    desk.decide()
    assert all(abs(o["px"] - 250_000) <= 250 for o in desk.orders())
    assert desk.state.n_off_band == 48 - len(desk.orders()) > 0


def test_breakdown_names_every_term_and_sums_to_the_quoted_distance() -> None:
    """S3-02."""
    desk = MakerDesk(**BIG)
    desk.hold_position(60_000)
    desk.set_signals(momentum=0.001, vpin=0.8, depth_average=0.2, regime=HIGH, vol_short=0.9)
    desk.decide()
    assert len(desk.orders()) > 10
    for side in (BUY, SELL):
        for order in desk.side(side):
            terms = desk.maker.breakdown(side, order["key"] % 24)
            assert len(terms) == TERMS
            assert sum(t.bps for t in terms) == pytest.approx(desk.distance_bps(order), abs=1e-6)
    assert desk.maker.breakdown(BUY, 23) == []


def test_stale_missing_and_crossed_books_pull_quotes_after_their_grace() -> None:
    desk = MakerDesk()
    assert desk.decide()
    desk.signals.s.priced, desk.signals.s.ts_unpriced = 0, desk.now
    desk.decide()
    assert desk.target.s.hold == 1  # 0.5 s without a book: leave them
    desk.decide(after_ns=600_000_000)
    assert (desk.target.s.hold, desk.target.s.n) == (0, 0)
    assert desk.maker.describe()["idle"] == "no book"
    desk.set_book(249_999, 250_001)
    assert desk.decide()
    desk.signals.s.ts_priced = desk.now
    desk.maker.decide(desk.now + 10_500_000_000, W_TIMER)
    assert desk.target.s.n == 0
    assert desk.maker.describe()["idle"] == "stale book"


def test_nan_signal_quotes_nothing() -> None:
    desk = MakerDesk()
    for name in ("vol_short", "momentum", "mid"):
        desk.set_book(249_999, 250_001)
        desk.set_signals(**{name: float("nan")})
        desk.state.next_decision = 0
        assert desk.decide() == []
        assert desk.target.s.hold == 0


def test_between_decisions_a_falling_market_pulls_bids_away_and_leaves_asks() -> None:
    """S3-13: MID_MOVE may pull away, never tighten."""
    desk = MakerDesk(**BIG)
    before = desk.decide()
    desk.set_book(249_899, 249_901)
    desk.decide(W_MID, after_ns=100_000_000)
    assert desk.target.s.hold == 0
    assert len(desk.side(BUY)) == 24
    assert all(97 <= o["px"] - b["px"] <= 100 for b, o in zip(desk.side(BUY), before[:24]))
    assert [o["px"] for o in desk.side(SELL)] == [o["px"] for o in before[24:]]
    for order in desk.side(SELL):
        terms = desk.maker.breakdown(SELL, order["key"] % 24)
        assert sum(t.bps for t in terms) == pytest.approx(desk.distance_bps(order), abs=1e-6)
    desk.set_book(249_999, 250_001)
    low = [o["px"] for o in desk.side(BUY)]
    desk.decide(W_MID, after_ns=100_000_000)
    assert [o["px"] for o in desk.side(BUY)] == low  # back up: wait for the next decision
    desk.decide(W_TIMER, after_ns=300_000_000)
    assert desk.orders() == before


def test_filled_layer_is_wanted_again_between_decisions_but_room_counts_the_fill() -> None:
    """S3-13."""
    desk = MakerDesk()
    before = desk.decide()
    desk.rest()
    desk.hold_position(9)
    desk.ledger.s.state[0] = 0
    desk.decide(W_OWN, after_ns=1_000_000)
    assert [o["key"] for o in desk.side(BUY)] == [o["key"] for o in before if o["side"] == BUY]
    assert all(b["px"] <= a["px"] and b["qty"] <= a["qty"] for b, a in zip(desk.side(BUY), before))
    desk.desk.cap_lots = 20
    desk.decide(W_OWN, after_ns=1_000_000)
    assert 9 + sum(o["qty"] for o in desk.side(BUY)) <= 20


def test_other_wakes_hold() -> None:
    desk = MakerDesk()
    desk.decide()
    for why in (8, 32, 64, 256):
        desk.decide(why, after_ns=1_000_000)
        assert desk.target.s.hold == 1


def test_cancel_suppression_tolerance_saves_cancels_on_a_jittering_mid() -> None:
    """S3-46: an order within tolerance on the passive side stays; without tolerance it would be moved."""

    def moved(tolerance: float) -> int:
        desk = MakerDesk(cancel_tolerance=tolerance, **BIG)
        resting = {o["key"]: o["px"] for o in desk.decide()}
        count = 0
        for step in range(40):
            shift = (step * 7) % 11 - 5
            desk.set_book(249_999 + shift, 250_001 + shift)
            for o in desk.decide():
                passive = (1 - 2 * o["side"]) * (o["px"] - resting[o["key"]])
                if not 0 <= passive <= o["tol"]:
                    count += 1
                    resting[o["key"]] = o["px"]
        return count

    assert moved(0.15) < moved(0.0) / 2


def test_unknown_orders_take_their_room_from_the_ladder() -> None:
    desk = MakerDesk(base_size=0.05)
    desk.ledger.s.state[3], desk.ledger.s.side[3], desk.ledger.s.left[3], desk.ledger.s.key[3] = 5, BUY, 100, 2
    desk.decide()
    assert sum(o["qty"] for o in desk.side(BUY)) <= 110
    assert sum(o["qty"] for o in desk.side(SELL)) == 210
    assert desk.desk.cap_lots == FAR


def test_pressure_moves_the_centre_further_too() -> None:
    """S3-64: at 90 % of the cap the shift is (1 + pressure) times the plain one."""
    desk = MakerDesk(**BIG)
    desk.hold_position(90_000)
    desk.decide()
    plain = -0.9 * 0.5 * 0.25 * 30
    assert desk.state.pressure > 0.2
    assert desk.state.reservation_bps == pytest.approx(plain * (1 + desk.state.pressure))


def test_momentum_without_a_value_quotes_nothing() -> None:
    desk = MakerDesk()
    desk.set_signals(momentum_ok=0)
    assert desk.decide() == []
    assert desk.maker.describe()["idle"] == "no volatility yet"


def test_take_profit_rounds_away_from_the_mid() -> None:
    """S3-14: entry 2500.01 gives 2506.260025 and 2493.759975: the ask up, the bid down."""
    desk = MakerDesk()
    for lots, px in ((100, 250_627), (-100, 249_375)):
        desk.hold_position(lots, entry=250_001.0)
        (tp,) = [o for o in desk.decide() if o["key"] == KEY_TAKE_PROFIT]
        assert tp["px"] == px


def test_take_profit_comes_no_nearer_between_decisions() -> None:
    """S3-13, S3-14: a lower entry after more buying moves it only at the next decision."""
    desk = MakerDesk()
    desk.hold_position(100)
    desk.decide()
    desk.hold_position(120, entry=249_800.0)
    (tp,) = [o for o in desk.decide(W_OWN, after_ns=1_000_000) if o["key"] == KEY_TAKE_PROFIT]
    assert (tp["px"], tp["qty"]) == (250_625, 60)
    (tp,) = [o for o in desk.decide(W_TIMER) if o["key"] == KEY_TAKE_PROFIT]
    assert tp["px"] == 250_425
