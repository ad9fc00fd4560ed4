"""The demonstration's sentences: figures of the picture and of the decision, `--` for what is not known."""

from __future__ import annotations

import re

import msgspec
import pytest

from core.build.demo_words import Decided, Rules, bps, ended, money, sentence
from core.domain.pair import LOCK, LONG, NO_LEG, OPEN, SHORT, UNLOCK_A, UNLOCK_B
from core.domain.pair_picture import PairRow, PairSplit
from tests.console import fabricated_pair

RULES = Rules(2, 12.0)
BANDS = (2.5, 1.9, -3.0, 2.0)  # spread, z, lower, upper


def without_prices(row: PairRow) -> PairRow:
    blind = {"price": None, "entry": None, "stop": None}
    legs = tuple(msgspec.structs.replace(leg, **blind) for leg in row.legs)
    return msgspec.structs.replace(row, legs=legs, spread=None, z=None, lower=None, upper=None, figures=())


@pytest.mark.parametrize(("leg", "doing"), [(LONG, "buying on binance"), (SHORT, "selling on okx")])
def test_the_gate_is_told_for_the_leg_that_opens(leg: int, doing: str) -> None:
    row = fabricated_pair.pair(1, cell="opening")
    text = sentence(row, Decided(OPEN, "gate open", leg, 2.0, 2.0), 0, RULES)
    trend = row.gates[leg][0].value
    assert trend is not None
    assert f"trend {100 * trend:+.3f}% of 0.080%" in text
    assert doing in text


def test_the_lock_names_gain_venue_price_and_budget() -> None:
    row = fabricated_pair.pair(2)
    row = msgspec.structs.replace(row, legs=(row.legs[0], msgspec.structs.replace(row.legs[1], size=0.0)))
    text = sentence(row, Decided(LOCK, "lock price reached", SHORT, 0.00507, 0.005), 1, RULES)
    assert text.startswith("the long leg gained +0.507% of 0.500%: selling 0.412 BTC on okx")
    assert f"near {row.legs[1].price:,.1f}" in text and "within 12 bp" in text


def test_unlock_says_which_band_or_that_the_time_was_over() -> None:
    """S1-39, S1-40, S1-41."""
    a = sentence(
        fabricated_pair.pair(4), Decided(UNLOCK_A, "spread at the upper band", SHORT, 9.0, 8.0, *BANDS), 3, RULES
    )
    assert "+2.5 bp (z +1.9), over the upper band +2.0: unlock A closed the short leg; the long goes on" in a
    b = sentence(
        fabricated_pair.pair(5), Decided(UNLOCK_B, "spread at the lower band", LONG, 9.0, 8.0, *BANDS), 3, RULES
    )
    assert "under the lower band -3.0: unlock B closed the long leg; the short goes on" in b
    late = sentence(fabricated_pair.pair(4), Decided(UNLOCK_A, "longest lock", SHORT, 9.0, 8.0, *BANDS), 3, RULES)
    assert late.startswith("longest lock: unlock A") and "band" not in late


def test_a_leg_that_left_says_why_and_what_it_made() -> None:
    """S1-42, S1-61."""
    split = PairSplit(spread=-0.2, trend=3.0, carry=0.1, fees=0.9, execution=-0.05, net=1.95)
    row = fabricated_pair.pair(0, split=split)
    text = sentence(row, Decided(6, "rebound", LONG, 0.00152, 0.0015), 4, RULES)
    assert text.startswith("the long leg left, rebound +0.152% of 0.150%")
    assert text.endswith(money(split)) and "fees -0.90" in text and "net +1.95" in text
    unfilled = sentence(row, Decided(OPEN, "gate open", LONG, 2.0, 2.0), 1, RULES)
    assert "found no fill" in unfilled


def test_the_end_names_what_was_not_seen() -> None:
    row = fabricated_pair.pair(0)
    assert "all six states were seen" in ended(row, [], 45.2, True)
    text = ended(row, ["S4 long only", "S5 short only"], 45.2, False)
    assert "not seen: S4 long only, S5 short only" in text
    assert "q leaves" not in text


@pytest.mark.parametrize("state", range(6))
def test_what_is_not_known_is_said_so_and_never_fails(state: int) -> None:
    row = without_prices(fabricated_pair.pair(state))
    for cell in ("opening", "S1 one leg"):
        for last in (None, Decided(OPEN, "gate open", NO_LEG, 2.0, 2.0), Decided(UNLOCK_B, "in a band", 0, 1.0, 1.0)):
            for was in range(-1, 6):
                text = sentence(msgspec.structs.replace(row, cell=cell), last, was, RULES)
                assert text and not re.search(r"\b(None|nan|inf)\b", text)


def test_spread_is_told_in_bp_of_the_middle_of_both_prices() -> None:
    """K-36."""
    row = fabricated_pair.pair(3)
    long, short = (leg.price for leg in row.legs)
    assert long is not None and short is not None
    assert bps(row, long - short) == pytest.approx(1e4 * (long - short) / ((long + short) / 2))
    assert bps(without_prices(row), 1.0) is None
    assert bps(row, None) is None
