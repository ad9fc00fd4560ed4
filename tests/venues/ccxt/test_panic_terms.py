"""`panic` without a core after an instrument's terms changed: lot, contract size, against what record and file say.

The record has the grid of the day the core opened, a kept list of markets that of its hour; only the venue has today's.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.clock import SystemClock
from core.control.market_cache import fill_markets, save_markets
from core.control.outcome import DUST, FLAT_SEALED
from core.control.venue_record import read_venues, write_venues
from core.domain.order import GTC, IOC, LIMIT, REDUCE_ONLY
from core.domain.units import BUY
from tests.venues.ccxt import panic_hall, test_panic_binance
from tests.venues.wire import binance_hall, hyperliquid_hall
from tests.venues.wire.binance_hall import client

DIALECTS = {
    "binance_usdm": (binance_hall.venue, test_panic_binance.record, test_panic_binance.KEYS, "ETHUSDC"),
    "hyperliquid": (hyperliquid_hall.venue, panic_hall.record, panic_hall.KEYS, "BTC"),
}
BOTH = pytest.mark.parametrize("dialect", list(DIALECTS))
LISTS = ("GET /fapi/v1/exchangeInfo", "POST /info:metaAndAssetCtxs")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second empty read after 0.3 s instead of Q."""
    for name in ("LIFETIME_NS", "SKEW_NS", "LAG_NS"):
        monkeypatch.setattr(f"core.control.live_account.{name}", 100_000_000)


def terms(at: Any, text: str) -> None:
    from core.venues.wire.faults import Rule

    at.server._venue_fault(Rule("terms", text=f"{at.exchange.instruments[0].symbol} {text}"))


def buy(at: Any, lots: int) -> None:
    ask = at.exchange.top(0)[1]
    at.exchange.create(f"{'0x' + '1' * 32 if at.exchange.instruments[0].symbol == 'BTC' else 'ours-1'}", 0, BUY,
                       ask + 500, lots, LIMIT, IOC)  # fmt: skip
    assert at.exchange.position(0)[0] == lots


def rest(at: Any, name: str) -> None:
    assert at.exchange.create(name, 0, BUY, at.exchange.top(0)[0] - 1_000, 100, LIMIT, GTC).open


def closes(at: Any) -> list[Any]:
    return [order for order in at.exchange.books.orders if order.flags & REDUCE_ONLY]


async def run(dialect: str, state_dir: Path, **words: Any) -> tuple[int, Any]:
    keys = DIALECTS[dialect][2]
    return await asyncio.to_thread(panic_hall.panic, state_dir, lambda _: keys, **words)


@BOTH
@pytest.mark.row("R-N5", "R-E7")
async def test_panic_after_a_lot_change_closes_whole_new_lots_and_names_the_dust(dialect: str, state_dir: Path) -> None:
    """503 of the recorded lots where the venue now trades by ten: 500 go, 3 are dust; no close is refused."""
    venue, record, _, _ = DIALECTS[dialect]
    async with venue() as at:
        buy(at, 503)
        record(at, state_dir)
        terms(at, "lot=10")
        code, evidence = await run(dialect, state_dir)
        assert (code, at.exchange.position(0)[0]) == (DUST, 3), evidence.body()
        assert [order.qty % 10 for order in closes(at)] == [0] * len(closes(at))
        assert "rejected" not in {order.status for order in closes(at)}
        assert "dust 3 lots" in evidence.markdown() or "3 lots" in evidence.markdown()


@BOTH
@pytest.mark.row("R-N5")
async def test_panic_with_a_kept_list_of_before_the_change_asks_the_venue_and_closes_on_its_new_grid(
    dialect: str, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue, record, _, _ = DIALECTS[dialect]
    async with venue() as at:
        file = await kept_list(dialect, at, state_dir, monkeypatch)
        buy(at, 503)
        record(at, state_dir)
        terms(at, "lot=10")
        before = len(at.places())
        code, evidence = await run(dialect, state_dir)
        assert (code, at.exchange.position(0)[0]) == (DUST, 3), evidence.body()
        assert "rejected" not in {order.status for order in closes(at)}, "asked before the first close"
        assert [place for place in at.places()[before:] if place in LISTS] and file.exists()


@BOTH
@pytest.mark.row("R-N5")
async def test_a_close_that_is_refused_for_its_size_has_the_terms_asked_anew(
    dialect: str, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lot changes between the list and the close, and the first question of the stop gets no answer."""
    venue, record, _, _ = DIALECTS[dialect]
    async with venue() as at:
        await kept_list(dialect, at, state_dir, monkeypatch)
        buy(at, 503)
        record(at, state_dir)
        terms(at, "lot=10")
        place = LISTS[0] if dialect == "binance_usdm" else LISTS[1]
        at.server.faults.add(
            msgspec.convert({"do": "status", "at": place, "status": 500, "times": 1}, type=rule_type())
        )
        code, evidence = await run(dialect, state_dir)
        assert (code, at.exchange.position(0)[0]) == (DUST, 3), evidence.body()


@pytest.mark.row("R-N5", "R-E6")
@pytest.mark.parametrize("scope", ["account", "ours"])
async def test_panic_after_a_contract_size_change_closes_exactly_what_is_meant(state_dir: Path, scope: str) -> None:
    """Sizes on the wire are tens of coins now: 600 lots are 0.06 contracts, 100 of them somebody else's."""
    async with binance_hall.venue() as at:
        buy(at, 600)
        test_panic_binance.record(at, state_dir)
        (known,) = read_venues(state_dir)
        foreign = msgspec.structs.replace(known.traded[0], foreign=100)
        write_venues(state_dir, [msgspec.structs.replace(known, traded=(foreign,))])
        terms(at, "contract=10")
        code, evidence = await run("binance_usdm", state_dir, scope=scope)
        assert code == FLAT_SEALED, evidence.body()
        assert at.exchange.position(0)[0] == (100 if scope == "ours" else 0)


@BOTH
@pytest.mark.row("R-N5")
async def test_panic_closes_what_came_in_parts_of_a_finer_lot_to_the_last_of_them(
    dialect: str, state_dir: Path
) -> None:
    """The recorded lot is ten of the venue's: what is held is counted in the finer one, foreign lots too."""
    venue, record, _, _ = DIALECTS[dialect]
    async with venue() as at:
        buy(at, 503)
        record(at, state_dir)
        (known,) = read_venues(state_dir)
        one = known.traded[0]
        coarse = msgspec.structs.replace(one, lot=one.lot * 10, unit=one.unit * 10, foreign=20)
        write_venues(state_dir, [msgspec.structs.replace(known, traded=(coarse,))])
        code, evidence = await run(dialect, state_dir, scope="ours")
        assert code == FLAT_SEALED, evidence.body()
        assert at.exchange.position(0)[0] == 200


def rule_type() -> Any:
    from core.venues.wire.faults import Rule

    return Rule


async def kept_list(dialect: str, at: Any, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list of the venue's markets in a file, fresh by its age; the accounts of the stop are given it."""
    file = state_dir / "markets-kept.json"
    hall: Any = client(at) if dialect == "binance_usdm" else hyperliquid_hall.client(at)
    async with hall as exchange:
        await exchange.load_markets()
        save_markets(file, exchange.markets, SystemClock().now())

    async def fill(exchange: Any, _path: Path | None, clock: Any) -> str:
        return await fill_markets(exchange, file, clock)

    monkeypatch.setattr("core.control.accounts.fill_markets", fill)
    return file
