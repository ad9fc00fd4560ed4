"""The loop that drives the emergency table at a venue without an engine: done means that the venue said so (S3-55)."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SystemClock
from core.control.evidence import cell
from core.control.outcome import (
    AUTH_FAILED,
    DUST,
    FLAT_SEALED,
    GRAVITY,
    ORDERS_ZERO,
    UNVERIFIED,
    Outcome,
    worst,
)
from core.control.stopping import VenueStop
from core.domain.errors import Unavailable
from core.domain.events import OpenOrder
from core.execution.closing import Grid
from tests.unit.control.venue import ListVenue


def stop(venue: ListVenue, verb: str = "flatten", scope: str = "account", symbol: str = "") -> Outcome:
    return VenueStop(venue, verb, SystemClock(), lambda *_: None, scope, symbol).run()


@pytest.mark.row("S3-55")
def test_flatten_leaves_no_order_and_no_position_and_reads_orders_last() -> None:
    venue = ListVenue(orders=5, eth=12, btc=-3)
    outcome = stop(venue)
    assert (outcome.code, outcome.verified) == (FLAT_SEALED, "sealed")
    assert (outcome.orders_left, outcome.positions_left) == (0, 0)
    assert (venue.orders, venue.held) == ([], [0, 0])
    assert venue.calls.index("cancel") < venue.calls.index("close")
    assert venue.calls[-1] == "orders"


def test_halt_keeps_positions_and_never_asks_to_close() -> None:
    venue = ListVenue(orders=3, eth=12)
    outcome = stop(venue, "halt")
    assert (outcome.code, outcome.verified) == (ORDERS_ZERO, "sealed")
    assert venue.held == [12, 0]
    assert "close" not in venue.calls


def test_requests_without_effect_are_repeated_until_the_venue_shows_the_effect() -> None:
    venue = ListVenue(orders=2, eth=7)
    venue.stubborn = 3
    assert stop(venue).code == FLAT_SEALED
    assert (venue.orders, venue.held) == ([], [0, 0])


def test_order_that_appears_after_the_first_empty_read_is_cancelled_before_sealed() -> None:
    venue = ListVenue(q_ns=10_000_000)
    venue.late = [OpenOrder(0, 9, 9, 0, 100, 1, 0)]
    assert stop(venue, "halt").code == ORDERS_ZERO
    assert venue.orders == []
    assert venue.late == []


def test_partial_closes_are_repeated_until_the_venue_says_zero() -> None:
    venue = ListVenue(eth=-10)
    venue.slice = 3
    assert stop(venue).code == FLAT_SEALED
    assert venue.calls.count("close") == 4


def test_dust_is_reported_not_hidden() -> None:
    venue = ListVenue(eth=10, btc=1, min_lots=2)
    outcome = stop(venue)
    assert outcome.code == DUST
    assert "dust BTCUSDC 1 lots" in outcome.text


def test_venue_that_comes_back_is_stopped() -> None:
    venue = ListVenue(orders=1)
    venue.patience_s = 30.0
    venue.raises = [Unavailable("no route")]
    venue.errors = ["timeout"]
    assert stop(venue).code == FLAT_SEALED


def test_venue_that_does_not_come_back_is_never_called_flat() -> None:
    venue = ListVenue(orders=1)
    venue.errors = ["timeout"] * 100
    outcome = stop(venue)
    assert (outcome.code, outcome.verified) == (UNVERIFIED, "unverified")
    assert venue.orders != []


def test_refused_key_ends_at_once_with_the_next_step() -> None:
    venue = ListVenue(orders=1)
    venue.patience_s = None
    venue.errors = ["auth: key refused"]
    outcome = stop(venue)
    assert outcome.code == AUTH_FAILED
    assert "by hand" in outcome.text


def test_operator_who_gives_up_on_a_silent_venue_gets_unverified() -> None:
    venue = ListVenue(orders=1)
    venue.patience_s = None
    venue.errors = ["timeout"] * 100
    give_up = threading.Event()
    give_up.set()
    result = VenueStop(venue, "flatten", SystemClock(), lambda *_: None, give_up=give_up).run()
    assert result.code == UNVERIFIED


def test_scope_ours_leaves_foreign_orders() -> None:
    venue = ListVenue(orders=4)
    assert stop(venue, "halt", scope="ours").code == ORDERS_ZERO
    assert [order.cl_id for order in venue.orders] == [0, 0]


@pytest.mark.parametrize("symbol", ["ETHUSDC", "eth/usdc:usdc", "ETH-USDC"])
def test_symbol_narrows_the_stop_to_one_instrument(symbol: str) -> None:
    """S3-55: SYMBOL=ETHUSDC."""
    venue = ListVenue(orders=2, eth=5, btc=7)
    assert stop(venue, symbol=symbol).code == FLAT_SEALED
    assert venue.held == [0, 7]


def test_exit_code_is_that_of_the_worst_venue() -> None:
    for n, code in enumerate(GRAVITY):
        outcomes = [Outcome("v", each, "unverified", 0, 0, "") for each in GRAVITY[: n + 1]]
        assert worst(outcomes, "flatten") == code
    assert worst([], "flatten") == FLAT_SEALED
    assert worst([], "halt") == ORDERS_ZERO


@given(text=st.text(max_size=80))
def test_evidence_cells_carry_no_markup_and_no_control_characters(text: str) -> None:
    """X5."""
    shown = cell(text)
    assert all(c.isprintable() for c in shown)
    bare = shown
    for mark in "\\`*_[]<>|#!~":
        bare = bare.replace("\\" + mark, "")
    assert not set(bare) & set("`*_[]<>|#!~")


@pytest.mark.parametrize(("declared", "code"), [(0, DUST), (100, DUST), (101, FLAT_SEALED)])
def test_declared_dust_is_flat_with_a_note_and_one_cent_more_is_not(declared: int, code: int) -> None:
    """E7: 1 lot at an ask of 101."""
    venue = ListVenue(btc=1, min_lots=2)
    venue.grids = tuple(Grid(n, 2, 1_000_000, 1, dust_value=declared) for n in range(2))
    outcome = stop(venue)
    assert outcome.code == code and "dust BTCUSDC 1 lots, value" in outcome.text
