"""What a changed listing means, in pure figures: differences, their effect, and the same in our lots and ticks."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest

from core.codec.reasons import Hostile
from core.config.instruments import find_instrument
from core.venues.ccxt.terms import FOLLOW, HALT, NOTE, STATE, Terms, band_of, differences, relisted, terms_of

BTC = msgspec.structs.replace(find_instrument("binance_usdm", "BTCUSDT"), tick=0.1, lot=0.001)
OPENING = Terms(
    contract=Fraction(1), lot=Fraction("0.001"), tick=Fraction("0.1"), least=Fraction("0.001"), most=Fraction(1000),
    notional=Fraction(100), band_ppm=50_000, leverage=125,
)  # fmt: skip


def changed(**fields: Any) -> Terms:
    return msgspec.structs.replace(OPENING, **fields)


def effects(new: Terms) -> list[tuple[str, str]]:
    return [(one.what, one.effect) for one in differences(OPENING, new, BTC)]


def market(**more: Any) -> dict[str, Any]:
    """As ccxt parses one."""
    return {
        "contractSize": 1.0, "active": True, "precision": {"amount": 0.001, "price": 0.1},
        "limits": {"amount": {"min": 0.001, "max": 1000.0}, "cost": {"min": 100.0}, "leverage": {"max": None}}, **more,
    }  # fmt: skip


def test_the_same_terms_are_no_difference() -> None:
    assert differences(OPENING, OPENING, BTC) == ()
    assert differences(OPENING, changed(lot=None, least=None, band_ppm=None, leverage=None), BTC) == (), "not told"


@pytest.mark.row("R-N5")
@pytest.mark.parametrize(
    ("field", "value", "what", "effect"),
    [
        ("contract", Fraction(10), "contract size", HALT),
        ("lot", Fraction("0.01"), "lot", HALT),
        ("lot", Fraction("0.0001"), "lot", HALT),
        ("tick", Fraction("0.5"), "tick", HALT),
        ("tick", Fraction("0.01"), "tick", HALT),
        ("least", Fraction("0.005"), "smallest size", FOLLOW),
        ("most", Fraction(10), "largest size", FOLLOW),
        ("notional", Fraction(5), "smallest notional", FOLLOW),
        ("band_ppm", 20_000, "price band", FOLLOW),
        ("leverage", 50, "largest leverage", HALT),
        ("leverage", 150, "largest leverage", NOTE),
        ("state", "SETTLING", "state", STATE),
    ],
)
def test_each_field_that_changes_has_the_effect_that_money_decides(
    field: str, value: Any, what: str, effect: str
) -> None:
    assert effects(changed(**{field: value})) == [(what, effect)]


def test_a_difference_says_what_was_and_what_is() -> None:
    (one,) = differences(OPENING, changed(lot=Fraction("0.01")), BTC)
    assert str(one) == "lot was 0.001, is 0.01"
    assert str(differences(OPENING, changed(state="BREAK"), BTC)[0]) == "state was trading, is BREAK"


@pytest.mark.parametrize(
    ("lot", "tick", "steps"),
    [("0.01", "0.1", (10, 1)), ("0.0025", "0.1", (5, 1)), ("0.0001", "0.5", (1, 5)), ("0.001", "0.25", (1, 5))],
)
def test_steps_are_the_fewest_of_ours_that_are_whole_new_ones(lot: str, tick: str, steps: tuple[int, int]) -> None:
    """0.0025 is two and a half lots of 0.001: five of ours are two of theirs."""
    now = changed(lot=Fraction(lot), tick=Fraction(tick))
    event = relisted(3, BTC, OPENING, now, differences(OPENING, now, BTC))
    assert (event.instrument, event.lot_step, event.tick_step) == (3, *steps)
    assert event.halt


def test_sizes_in_contracts_are_told_in_lots_of_coins() -> None:
    """Ten coins a contract, traded by a thousandth of one: the lot is ten of ours, the smallest order a hundred."""
    now = changed(contract=Fraction(10), lot=Fraction("0.001"), least=Fraction("0.01"), most=Fraction(100))
    event = relisted(0, BTC, OPENING, now, ())
    assert (event.lot_step, event.min_lots, event.max_lots) == (10, 100, 1_000_000)


def test_terms_that_come_back_to_the_opening_lift_the_halt() -> None:
    coarse = changed(lot=Fraction("0.01"))
    assert relisted(0, BTC, OPENING, coarse, ()).halt == "lot was 0.001, is 0.01"
    assert relisted(0, BTC, OPENING, OPENING, differences(coarse, OPENING, BTC)).halt == ""


def test_bounds_are_rounded_to_the_tighter_side() -> None:
    now = changed(least=Fraction("0.0011"), most=Fraction("0.0099"), notional=Fraction("100.000000001"))
    event = relisted(0, BTC, OPENING, now, ())
    assert (event.min_lots, event.max_lots, event.min_notional) == (2, 9, 10_000_000_001)


@pytest.mark.row("R-N3")
@pytest.mark.parametrize("figure", [0, 0.0, "0", -0.001, float("nan"), float("inf"), "abc", 1e300, True, [], "1e13"])
def test_a_step_that_no_market_can_have_is_not_read(figure: Any) -> None:
    for wrong in (
        market(precision={"amount": figure, "price": 0.1}),
        market(contractSize=figure),
    ):
        with pytest.raises(Hostile):
            terms_of(wrong, 0.1, None, "")
    with pytest.raises(Hostile):
        terms_of(market(), figure, None, "")


def test_a_smallest_order_above_the_largest_is_not_read() -> None:
    with pytest.raises(Hostile):
        terms_of(market(limits={"amount": {"min": 2.0, "max": 1.0}}), 0.1, None, "")


def test_what_ccxt_parsed_is_read_exactly_and_a_closed_market_has_a_state() -> None:
    found = terms_of(market(), 0.1, 50_000, "")
    assert found == changed(leverage=None)
    assert terms_of(market(active=False), 0.1, None, "").state == "not active"
    assert terms_of(market(active=False), 0.1, None, "SETTLING").state == "SETTLING"


def test_a_band_is_the_narrower_of_its_two_sides() -> None:
    assert band_of("1.0500", "0.9500") == 50_000
    assert band_of("1.1000", "0.9800") == 20_000
    assert band_of("3", "0") == 1_000_000
