"""A Hyperliquid loopback with an account as a dead core left it: our orders, another epoch's, somebody else's, a
position; and the record by which a stop finds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from core.clock import SystemClock
from core.config.instruments import find_instrument
from core.control.accounts import open_live
from core.control.evidence import Evidence
from core.control.panic import Panic, run_panic
from core.control.venue_record import KeySource, VenueRecord, traded_of, write_venues
from core.domain.order import GTC, IOC, LIMIT
from core.domain.units import BUY
from core.venues.ccxt.hyperliquid import Hyperliquid
from core.venues.identity import Identity, text_of
from core.venues.wire.hyperliquid.dialect import Rules
from tests.venues.wire.hyperliquid_hall import KEY, USER, Venue

FREE = Rules(dead_man_volume=0, book_ms=50, weight_per_minute=0, free_requests=10**9)
EPOCH, OTHER_EPOCH = 77, 78
KEYS = {"walletAddress": USER, "privateKey": KEY}
LOT = 100


def client_id(number: int, epoch: int = EPOCH) -> str:
    """A client id of ours on this venue's wire."""
    return text_of(Identity(epoch, 1, number * 128 + 1), "hex")


def rest(at: Venue, *clients: str, instrument: int = 0) -> None:
    """Resting bids far below the market, one a client id ("" = none)."""
    bid = at.exchange.top(instrument)[0]
    for n, client in enumerate(clients):
        order = at.exchange.create(client, instrument, BUY, bid - 1_000 - 10 * n, LOT, LIMIT, GTC)
        assert order.open, order


def ours(at: Venue, count: int, epoch: int = EPOCH, instrument: int = 0) -> None:
    """Resting bids of ours."""
    rest(at, *(client_id(1_000 * epoch + n, epoch) for n in range(count)), instrument=instrument)


def long(at: Venue, lots: int = 500, instrument: int = 0) -> None:
    """A position, bought at the touch."""
    ask = at.exchange.top(instrument)[1]
    at.exchange.create(client_id(9_999 + instrument), instrument, BUY, ask + 500, lots, LIMIT, IOC)
    assert at.exchange.position(instrument)[0] > 0


def left(at: Venue) -> tuple[int, list[int]]:
    """(open orders, position of each instrument) in the venue's own books."""
    return len(at.exchange.books.open_of()), [at.exchange.position(i)[0] for i in range(len(at.exchange.instruments))]


def record_of(at: Venue, *symbols: str, keys: KeySource | None = None) -> VenueRecord:
    """The account as a live core records it."""
    traits = Hyperliquid()
    found = [find_instrument("hyperliquid", symbol) for symbol in symbols or ("BTC",)]
    traded = tuple(traded_of(one, traits.symbol(one)) for one in found)
    return VenueRecord("hyperliquid", "loopback", keys or KeySource(), traded, EPOCH, url=at.url)


def record(at: Venue, state_dir: Path, *symbols: str) -> VenueRecord:
    """Written to the state dir."""
    made = record_of(at, *symbols)
    write_venues(state_dir, [made])
    return made


def panic(
    state_dir: Path,
    keys_of: Callable[[VenueRecord], Mapping[str, str]] = lambda _: KEYS,
    **changes: object,
) -> tuple[int, Evidence]:
    """`perpconsole panic` in this process; blocks."""
    clock = SystemClock()
    evidence = Evidence(clock, lambda text: None)
    options = Panic(**{"state_dir": state_dir, "reports": state_dir / "reports", **changes})  # type: ignore[arg-type]
    scope = options.scope

    def live() -> list[object]:
        return list(
            open_live(state_dir, keys_of, clock, evidence.note, scope=scope, answers=evidence.answered)
        )  # fmt: skip

    return run_panic(options, clock, evidence, list, live), evidence  # type: ignore[arg-type]


def environment() -> dict[str, str]:
    """Of a child process that has the keys."""
    return {"HYPERLIQUID_PRIVATE_KEY": KEY, "HYPERLIQUID_WALLET_ADDRESS": USER}
