"""S3-69: every planned order against the venue's minima before anything starts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.instruments import find_instrument
from core.config.selfcheck import (
    ABOVE_SINGLE,
    BELOW_MIN_NOTIONAL,
    BELOW_STEP,
    OUTSIDE_BAND,
    Limits,
    Planned,
    SelfCheck,
    ladder,
    self_check,
)
from core.config.selfcheck_text import ranges, text
from core.domain.units import BUY, SELL

ETH = find_instrument("binance_usdm", "ETHUSDC")
ROUND7 = Limits(
    net_max=0.21,
    single_max=0.06,
    daily_max=50,
    pnl_min=-15,
    stop_loss=-60,
    reduce_only_threshold=25,
    reduce_only_market_trigger_pct=0.15,
    drawdown_bands=(5, 8, 12),
)


def checked(price: float, base: float = 0.009, layers: int = 24, equity: float = 200, **changed: object) -> SelfCheck:
    limits = Limits(**{key: changed.get(key, getattr(ROUND7, key)) for key in Limits.__struct_fields__})
    return self_check(ETH, price, ladder(price, base, 0.9, 3.0, 1.2, layers), equity, limits)


@pytest.mark.parametrize(("price", "placeable"), [(2500, 8), (3500, 11)])
def test_round7_defaults_leave_this_many_layers(price: float, placeable: int) -> None:
    """S3-08, S3-69, K-17."""
    got = checked(price)
    assert (got.placeable, got.wanted) == (placeable, 24)
    assert got.unplaceable == tuple(range(placeable + 1, 25))
    assert not got.ok


def test_every_lost_layer_says_why_and_what_base_size_would_do() -> None:
    """S3-69."""
    got = checked(2500)
    rows = {row.layer: row for row in got.rows if row.side == SELL}
    assert rows[9].reasons == (BELOW_MIN_NOTIONAL,) and rows[9].size == pytest.approx(0.003)
    assert rows[24].reasons == (BELOW_STEP,) and rows[24].size == 0
    for layer in got.unplaceable:
        size = rows[layer].base_size
        assert size is not None
        again = {row.layer: row for row in checked(2500, base=size, single_max=None).rows if row.side == SELL}
        assert again[layer].reasons == ()
        less = {row.layer: row for row in checked(2500, base=size - 0.001, single_max=None).rows if row.side == SELL}
        assert less[layer].reasons != ()


def test_layers_that_only_one_side_can_place_are_named_apart() -> None:
    """0.004 ETH is 10 USDC at 2,500 but 9.99 at the bid of layers 7 and 8: the venue would refuse it there."""
    got = checked(2500)
    assert got.one_sided == (7, 8)
    assert [row.layer for row in got.rows if row.side == BUY and not row.reasons] == [1, 2, 3, 4, 5, 6]
    assert [side.orders for side in got.sides] == [6, 8]


def test_the_base_size_that_it_names_makes_all_layers_placeable() -> None:
    got = checked(2500)
    assert got.base_size == pytest.approx(0.057)
    better = checked(2500, base=got.base_size)
    assert better.unplaceable == () and better.one_sided == ()
    assert better.sides[0].size == pytest.approx(got.base_size_side)
    assert "WARN" in text(better, ETH) and "netMax 0.21" in text(better, ETH)


def test_the_ladder_of_the_source() -> None:
    """S3-06, S3-07."""
    orders = [order for order in ladder(2000.0, 0.009, 0.9, 3.0, 1.2, 24) if order.side == BUY]
    offsets = [(1 - order.price / 2000) * 1e4 for order in orders]
    assert offsets[:3] == pytest.approx([3, 3.6, 4.32]) and offsets[23] == pytest.approx(198.7, abs=0.05)
    assert [order.size for order in orders[:2]] == pytest.approx([0.009, 0.0081])
    linear = ladder(2000.0, 0.009, 0.9, 3.0, 1.2, 3, geometric=False)
    assert [(1 - o.price / 2000) * 1e4 for o in linear if o.side == BUY] == pytest.approx([3, 6, 9])


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"single_max": 0.005}, "base_single"),
        ({"net_max": 0.05}, "single_net"),
        ({"net_max": 20.0}, "margin"),
        ({"stop_loss": -300.0}, "stop_equity"),
        ({"stop_loss": -10.0}, "pnl_stop"),
        ({"daily_max": 500.0}, "daily"),
        ({"reduce_only_threshold": 35.0}, "loss_ladder"),
        ({"net_max": 0.04, "single_max": 0.03}, "ladder_net_max"),
    ],
)
def test_limits_that_contradict_each_other_are_named(changed: dict[str, object], rule: str) -> None:
    """K-18."""
    good = {finding.rule for finding in checked(2500).findings if finding.level != "ok"}
    bad = {finding.rule for finding in checked(2500, **changed).findings if finding.level != "ok"}
    assert rule not in good and rule in bad


def test_leverage_above_the_venues_is_refused() -> None:
    got = self_check(ETH, 2500, ladder(2500, 0.009, 0.9, 3, 1.2, 8), 200, ROUND7, leverage=200)
    assert "leverage" in {finding.rule for finding in got.findings if finding.level == "fail"}


def test_orders_outside_the_band_and_above_single_max_are_refused() -> None:
    far = [Planned(1, BUY, 2300.0, 0.01), Planned(2, SELL, 2501.0, 0.07), Planned(3, BUY, 2499.0, 0.07)]
    got = self_check(ETH, 2500, far, 200, ROUND7)
    assert [row.reasons for row in got.rows] == [(OUTSIDE_BAND,), (ABOVE_SINGLE,), (ABOVE_SINGLE,)]
    assert got.base_size is None and "no base size makes all layers placeable" in text(got, ETH)


@pytest.mark.parametrize(("price", "equity"), [(0, 200), (-1, 200), (math.nan, 200), (math.inf, 200), (2500, 0)])
def test_a_price_or_equity_that_is_none_is_refused(price: float, equity: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        checked(price, equity=equity)


def test_the_text_is_short_lines_that_name_the_layers() -> None:
    said = text(checked(2500), ETH)
    assert "8 of 24 placeable" in said and "not placeable: layers 9-24" in said
    assert "below min notional 10 USDC; needs baseSize 0.012" in said and "below one step 0.001 ETH" in said
    assert max(map(len, said.splitlines())) <= 110
    assert ranges((1, 3, 4, 5, 9)) == "1, 3-5, 9" and ranges(()) == ""


@given(st.floats(50, 10_000), st.floats(0.0001, 1.0), st.floats(0.5, 1.0), st.integers(1, 24))
def test_a_placeable_row_meets_every_minimum(price: float, base: float, decay: float, layers: int) -> None:
    """The counterpart of what the venue would do: what is called placeable is below no filter."""
    got = self_check(ETH, price, ladder(price, base, decay, 3.0, 1.2, layers), 1e6)
    for row in got.rows:
        fits = (
            row.size >= ETH.min_lots * ETH.lot - 1e-12
            and row.notional * 1e8 >= ETH.min_notional - 0.5
            and abs(row.price - price) <= price * 0.05 + ETH.tick
        )
        assert fits or row.reasons
        assert row.size <= row.wanted + 1e-9
    assert got.placeable + len(got.unplaceable) == layers


def test_a_leverage_that_starts_below_the_redline_fails() -> None:
    """S0-40: 20x leaves 4.6 % at entry, and every position would be cut at once."""
    instrument = find_instrument("binance_usdm", "ETHUSDC")
    planned = ladder(2500.0, 0.009, 0.9, 3.0, 1.2, 3)
    levels = {}
    for leverage in (10, 20):
        found = self_check(instrument, 2500.0, planned, 200.0, Limits(buffer_redline_pct=0.05), leverage)
        levels[leverage] = next(f.level for f in found.findings if f.rule == "entry_buffer")
    assert levels == {10: "ok", 20: "fail"}
