"""`SYMBOL=` as it is typed: what it names is stopped, and what names nothing is no success (S3-55)."""

from __future__ import annotations

import pytest

from core.clock import SystemClock
from core.control.evidence import Evidence
from core.control.naming import meant, several
from core.control.outcome import FLAT_SEALED, UNVERIFIED, worst
from core.control.panic_accounts import PanicAccounts
from tests.unit.control.venue import ListVenue


@pytest.mark.parametrize(
    ("symbols", "text", "found"),
    [
        (("BTC", "ETH"), "btc", (0,)),
        (("BTC/USDC:USDC", "ETH"), "BTC", (0,)),
        (("BTC/USDC:USDC", "ETH"), "btcusdc", (0,)),
        (("ETHUSDC", "BTCUSDT"), "BTC", (1,)),
        (("ETHUSDC", "BTCUSDT"), "BTCUSDC", ()),
        (("BTC", "BTC/USDT:USDT"), "BTC", (0,)),
        (("BTC/USDC:USDC", "BTC/USDT:USDT"), "BTC", (0, 1)),
        (("hyperliquid BTC", "binance_usdm BTCUSDT"), "BTC", (0, 1)),
        (("USDC",), "USDC", (0,)),
        ((), "BTC", ()),
        (("ETH",), "BTCC", ()),
    ],
)
def test_what_a_typed_name_means(symbols: tuple[str, ...], text: str, found: tuple[int, ...]) -> None:
    assert meant(symbols, text) == found
    assert bool(several(symbols, text)) == (len(found) > 1)


def panic(symbol: str, *venues: ListVenue) -> tuple[int, Evidence]:
    evidence = Evidence(SystemClock(), lambda text: None)
    accounts = PanicAccounts("flatten", "account", symbol, True, SystemClock(), evidence)
    accounts.begin(venues)
    accounts.end()
    return worst(evidence.outcomes, "flatten"), evidence


@pytest.mark.parametrize("symbol", ["BTCC", "BTCUSDT", "X"])
def test_a_name_that_no_account_knows_is_not_verified_and_touches_nothing(symbol: str) -> None:
    venue = ListVenue(orders=2, btc=5)
    code, evidence = panic(symbol, venue)
    assert code == UNVERIFIED and venue.held == [0, 5] and len(venue.orders) == 2
    assert "no instrument of this name" in evidence.outcomes[-1].text


def test_the_bare_coin_of_one_listed_symbol_is_that_one() -> None:
    venue = ListVenue(eth=3, btc=5)
    assert panic("BTC", venue)[0] == FLAT_SEALED and venue.held == [3, 0]


def test_a_name_that_one_account_knows_is_enough() -> None:
    """Known, nothing held: done."""
    venue, other = ListVenue(), ListVenue(name="b")
    other.symbols = ("SOLUSDC", "XRPUSDC")  # type: ignore[assignment]
    assert panic("ETHUSDC", venue, other)[0] == FLAT_SEALED


def test_what_the_venue_lists_though_nothing_is_held_there_is_known() -> None:
    venue = ListVenue(eth=3)
    venue.knows = lambda text: text == "SOL"  # type: ignore[attr-defined]
    assert panic("SOL", venue)[0] == FLAT_SEALED and venue.held == [3, 0]
    assert panic("SOLL", venue)[0] == UNVERIFIED


def test_a_coin_that_is_two_instruments_is_left_to_a_person() -> None:
    venue = ListVenue(eth=3, btc=5)
    venue.symbols = ("BTC/USDC:USDC", "BTC/USDT:USDT")  # type: ignore[assignment]
    code, evidence = panic("BTC", venue)
    assert code == UNVERIFIED and venue.held == [3, 5]
    assert "is more than one, none was touched: BTC/USDC:USDC, BTC/USDT:USDT" in evidence.outcomes[0].text
