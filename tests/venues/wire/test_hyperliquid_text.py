"""Figures on Hyperliquid's wire: exact both ways, its rule of significant figures, its nonces and limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.instruments import find_instrument
from core.venues.wire.hyperliquid.limits import Limits, action_weight, info_weight, rows_weight
from core.venues.wire.hyperliquid.nonces import KEPT, Nonces
from core.venues.wire.hyperliquid.text import Grid, price_fits, text8, tidy

NOW = 1_700_000_000_000
DAY = 86_400_000
GRIDS = [Grid(find_instrument("hyperliquid", coin)) for coin in ("BTC", "SOL", "WLFI")]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.0"), (250_000_000_000, "2500.0"), (1, "0.00000001"), (-123_450_000, "-1.2345"), (10**16, "100000000.0")],
)
def test_money_is_written_with_at_least_one_decimal(value: int, text: str) -> None:
    assert text8(value) == text


@given(st.integers(0, 10**9), st.sampled_from(GRIDS))
def test_ticks_and_lots_come_back_from_their_text(units: int, grid: Grid) -> None:
    assert grid.ticks(grid.px(units)) == units
    assert grid.lots(grid.sz(units)) == units


def test_a_size_or_price_between_two_steps_is_none() -> None:
    btc, sol, _ = GRIDS
    assert btc.lots("0.000015") is None and btc.ticks("110000.5") is None
    assert btc.lots("999999999999999999") is None and btc.ticks("999999999999999999") is None
    assert sol.lots("0.015") is None and sol.lots("0.01") == 1 and sol.decimals == 2 and btc.decimals == 5


@pytest.mark.parametrize(
    ("px", "decimals", "fits"),
    [
        ("110001", 5, True),  # whole prices always
        ("1234567", 0, True),
        ("110001.5", 5, False),  # 7 figures
        ("1234.5", 0, True),
        ("1234.56", 0, False),
        ("0.0012345", 0, False),  # 5 figures, 7 decimals
        ("0.001234", 0, True),
        ("202.55", 2, True),
        ("20.255", 4, False),  # 3 decimals, 6 - 4 allowed
        ("202.500", 2, True),  # trailing zeros do not count
    ],
)
def test_prices_have_five_figures_and_six_decimals_less_those_of_the_size(px: str, decimals: int, fits: bool) -> None:
    assert price_fits(px, decimals) is fits


@pytest.mark.parametrize("text", ["1e3", "-1", "nan", "", ".", "1.", "0x1", "\uff11"])
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Expected"):
        tidy(text)


@pytest.mark.parametrize(("text", "one"), [("100.0", "100"), ("007.50", "7.5"), ("0.0", "0"), ("12", "12")])
def test_a_number_has_one_form_inside_a_signed_action(text: str, one: str) -> None:
    assert tidy(text) == one


def test_a_nonce_is_used_once_and_only_above_the_smallest_of_the_newest_hundred() -> None:
    nonces = Nonces()
    taken = [nonces.take("a", NOW + 2 * k, NOW) for k in range(KEPT)]
    assert taken == [""] * KEPT
    assert "duplicate" in nonces.take("a", NOW + 4, NOW)
    assert nonces.take("a", NOW + 1, NOW) == ""  # late, but above the smallest
    assert "smallest" in nonces.take("a", NOW - 5, NOW)
    assert nonces.take("b", NOW + 4, NOW) == ""  # another signer counts by itself


def test_a_nonce_is_at_most_two_days_old_and_one_day_ahead() -> None:
    nonces = Nonces()
    assert nonces.take("a", NOW - 2 * DAY, NOW) and nonces.take("a", NOW + DAY, NOW)
    assert not nonces.take("a", NOW - 2 * DAY + 1, NOW) and not nonces.take("a", NOW + DAY - 1, NOW)


def test_weight_is_spent_by_the_minute() -> None:
    limits = Limits(100, 0)
    assert all(limits.spend(info_weight("openOrders"), NOW) for _ in range(5)) and not limits.spend(1, NOW)
    assert limits.spend(100, NOW + 60_000)
    assert limits.spend(1_000, NOW + 60_000, owed=True) and not limits.spend(1, NOW + 60_001)
    assert [rows_weight("userFills", 41), rows_weight("candleSnapshot", 60), rows_weight("openOrders", 99)] == [2, 1, 0]
    assert [action_weight(n) for n in (1, 39, 40, 79, 80)] == [1, 1, 2, 2, 3]
    assert (info_weight("l2Book"), info_weight("userRole"), info_weight("meta")) == (2, 60, 20)


def test_an_address_earns_a_request_for_each_usdc_traded_and_may_always_cancel() -> None:
    limits = Limits(0, 10)
    assert limits.count(10, 0, cancels=False) == ""
    assert limits.count(1, 0, cancels=False).startswith("Too many cumulative requests sent (11 > 10)")
    assert limits.count(10, 0, cancels=True) == ""
    assert limits.count(1, 20 * 100_000_000, cancels=False) == ""
