"""What holds for every market, position and parameter set: no crossing, no tightness, no excess, no odd lots."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.events import W_MID, W_OWN, W_TIMER
from core.domain.units import BUY, FAR, SELL
from tests.unit.strategies.asmm_desk import MakerDesk, ethusdc

TICKS = st.one_of(st.integers(0, 4), st.integers(0, 400))
VOLATILITY = st.floats(0.3, 0.6)
SIGNALS = st.fixed_dictionaries(
    {
        "vol_short": st.one_of(VOLATILITY, st.floats(0, 20)),
        "vol_long": st.one_of(VOLATILITY, st.floats(0, 20)),
        "regime": st.integers(0, 3),
        "momentum": st.one_of(st.floats(-0.0006, 0.0006), st.floats(-0.05, 0.05)),
        "depth_average": st.floats(0, 1), "vpin": st.floats(0, 1),
        "vpin_ok": st.integers(0, 1), "depth_avg_ok": st.integers(0, 1),
    }
)  # fmt: skip
STEP = st.tuples(
    st.sampled_from([W_TIMER, W_TIMER, W_MID, W_OWN, W_MID | W_OWN]),
    st.integers(-300, 300), TICKS, SIGNALS, st.one_of(st.integers(-20, 20), st.integers(-260, 260)), st.integers(0, 3),
    st.sampled_from([FAR, FAR, FAR, FAR, 100, 0]), st.integers(0, 5 * 10**9),
)  # fmt: skip
PARAMS = st.fixed_dictionaries(
    {
        "base_size": st.sampled_from([0.009, 0.03, 0.06]), "risk_aversion": st.floats(0, 50),
        "skew_factor": st.floats(0, 5), "first_layer_bps": st.sampled_from([0.0, 0.5, 3.0, 10.0]),
        "asymmetric_pressure": st.floats(0, 20), "layer_spacing_mode": st.sampled_from(["geometric", "linear"]),
        "arrival_decay": st.sampled_from([0.0, 0.3]), "max_layers": st.integers(1, 24),
    }
)  # fmt: skip
TICK = st.sampled_from([(0.01, 1000), (1.0, 100_000)])


def check(desk: MakerDesk, bid: int, ask: int) -> None:
    s, spec = desk.state, desk.spec.s
    orders, ledger = desk.orders(), desk.ledger.s
    mid = (bid + ask) / 2
    bids, asks = desk.side(BUY), desk.side(SELL)
    for order in orders:
        if order["side"] == BUY:
            assert order["px"] <= ask - 1
        else:
            assert order["px"] >= bid + 1
        assert order["px"] >= 1
        assert order["tol"] >= 0
        assert spec.min_lots <= order["qty"] <= spec.max_lots
        assert order["px"] * order["qty"] * spec.unit >= spec.min_notional
    if bids and asks:
        assert asks[0]["px"] - bids[0]["px"] >= 0.0006 * mid * (1 - 1e-12) - 1e-6
        assert s.spread_bps >= 6.0 - 1e-6
    assert 0 <= s.cap_lots <= 210
    for side, sign in ((BUY, 1), (SELL, -1)):
        wanted = sum(o["qty"] for o in orders if o["side"] == side)
        unknown = sum(ledger.left[k] for k in range(128) if ledger.state[k] == 5 and ledger.side[k] == side)
        if wanted:
            reach = sign * ledger.pos + wanted + unknown
            exit_only = all(o["key"] == 48 for o in orders if o["side"] == side)
            assert reach <= s.cap_lots or (exit_only and wanted <= abs(ledger.pos))
    for side in (bids, asks):
        prices = [o["px"] for o in side]
        assert len(set(prices)) == len(prices)
        assert prices == sorted(prices, reverse=side is bids)
    assert len({o["key"] for o in orders}) == len(orders)
    for order in bids + asks:
        terms = desk.maker.breakdown(order["side"], order["key"] % 24)
        assert sum(t.bps for t in terms) == pytest.approx(desk.distance_bps(order), abs=1e-6 + 1e-9 * terms[0].bps)


@settings(max_examples=150)
@given(PARAMS, TICK, st.lists(STEP, min_size=1, max_size=12), st.integers(0, 200))
def test_targets_never_cross_tighten_exceed_the_cap_or_break_a_filter(params, tick, steps, unknown) -> None:
    """S3-11, S3-13, S3-16, S3-77 (resting and UNKNOWN orders counted)."""
    size, unit = tick
    desk = MakerDesk(instrument=ethusdc(tick=size, unit=unit), **params)
    centre = round(2500 / size)
    desk.ledger.s.state[127], desk.ledger.s.left[127], desk.ledger.s.side[127] = 5 if unknown else 0, unknown, BUY
    before: list[dict[str, int]] = []
    for why, move, spread, signals, position, noise, cap, wait in steps:
        bid = centre + move
        ask = bid + spread
        desk.set_book(bid, ask)
        desk.set_signals(**signals)
        desk.hold_position(position, entry=float(centre))
        desk.desk.noise_level, desk.desk.cap_lots = noise, cap
        decisions = desk.state.n_decisions
        desk.decide(why, after_ns=wait)
        if desk.target.s.hold:
            assert desk.orders() == before
            continue
        check(desk, bid, ask)
        if desk.state.n_decisions == decisions:  # between decisions: nothing nearer, nothing larger, nothing new
            old = {o["key"]: o for o in before if o["key"] < 48}
            for order in desk.side(BUY) + desk.side(SELL):
                was = old[order["key"]]
                sign = 1 - 2 * order["side"]
                assert sign * order["px"] <= sign * was["px"]
                assert order["qty"] <= was["qty"]
        before = desk.orders()


@given(SIGNALS, st.integers(0, 200))
def test_a_long_and_a_short_book_are_mirror_images(signals, position) -> None:
    """Nothing in the rules prefers a side: mirrored inputs give mirrored distances and sizes."""
    seen = []
    for sign in (1, -1):
        desk = MakerDesk(instrument=ethusdc(min_notional=0), base_size=0.05)
        flipped = dict(signals)
        flipped["momentum"] *= sign
        if sign < 0:
            flipped["depth_average"] = 1.0 - flipped["depth_average"]
        desk.set_signals(**flipped)
        desk.hold_position(sign * position)
        desk.decide()
        near, far = (BUY, SELL) if sign > 0 else (SELL, BUY)
        seen.append([[(o["qty"], abs(o["px"] - 250_000)) for o in desk.side(side)] for side in (near, far)])
    for a, b in zip(seen[0], seen[1]):
        assert [q for q, _ in a] == [q for q, _ in b]
        assert all(abs(x - y) <= 1 for (_, x), (_, y) in zip(a, b))
