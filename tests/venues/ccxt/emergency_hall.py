"""Two loopback accounts of different dialects as a dead core left them, orders and positions of ours and of others in
both, and one record by which a stop finds them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from core.config.instruments import find_instrument
from core.control.evidence import Evidence
from core.control.venue_record import KeySource, VenueRecord, traded_of, write_venues
from core.domain.order import GTC, IOC, LIMIT
from core.domain.units import BUY, MONEY
from core.venues.ccxt.binanceusdm import BinanceUsdm
from core.venues.ccxt.hyperliquid import Hyperliquid
from core.venues.identity import Identity, text_of
from core.venues.wire.faults import Rule
from tests.venues.ccxt import panic_hall
from tests.venues.ccxt.panic_hall import EPOCH, FREE
from tests.venues.wire import binance_hall, hyperliquid_hall

FORMS = {"binance_usdm": "pc", "hyperliquid": "hex"}
TRAITS = {"binance_usdm": BinanceUsdm, "hyperliquid": Hyperliquid}
PAIR = {"binance_usdm": "BTCUSDT", "hyperliquid": "BTC"}
OTHER = {"binance_usdm": "ETHUSDC", "hyperliquid": "SOL"}
KEYS: dict[str, Mapping[str, str]] = {
    "binance_usdm": {"apiKey": binance_hall.KEY, "secret": binance_hall.SECRET},
    "hyperliquid": panic_hall.KEYS,
}
RICH = 50_000_000 * MONEY
SYMBOLS = {name: (PAIR[name], OTHER[name]) for name in PAIR}


@dataclass
class At:
    """One venue. Instrument 0 is the pair's leg, 1 another one."""

    name: str
    venue: Any

    @property
    def exchange(self) -> Any:
        return self.venue.exchange

    def rest(self, count: int, instrument: int = 0, ours: bool = True, first: int = 1) -> None:
        """Bids far below the market."""
        bid = self.exchange.top(instrument)[0]
        for n in range(count):
            client = self.client(first + n) if ours else self.stranger(first + n)
            made = self.exchange.create(client, instrument, BUY, bid - 1_000 - n, 100, LIMIT, GTC)
            assert made.open, made

    def client(self, number: int, epoch: int = EPOCH) -> str:
        """An id of ours on this wire."""
        return text_of(Identity(epoch, 1, number * 128 + 1), FORMS[self.name])  # type: ignore[arg-type]

    def stranger(self, number: int) -> str:
        return f"web_{number}" if self.name == "binance_usdm" else f"0x{number:032x}"

    def hold(self, lots: int, instrument: int = 0, ours: bool = True) -> None:
        """A position, taken at the market; negative = short. `ours`: by an order with an id of ours."""
        side = BUY if lots > 0 else 1 - BUY
        bid, ask = self.exchange.top(instrument)
        px = ask + 2_000 if lots > 0 else max(1, bid - 2_000)
        before = self.lots(instrument)
        client = self.client(9_000 + instrument) if ours else self.stranger(9_000 + instrument)
        self.exchange.create(client, instrument, side, px, abs(lots), LIMIT, IOC)
        assert self.lots(instrument) - before == lots, (self.lots(instrument), lots)

    def lots(self, instrument: int = 0) -> int:
        return int(self.exchange.position(instrument)[0])

    @property
    def left(self) -> tuple[int, int, int]:
        """(open orders, lots of the leg, lots of the other one) in the venue's own books."""
        return len(self.exchange.books.open_of()), self.lots(0), self.lots(1)

    def fault(self, do: str, at: str = "*", **more: Any) -> None:
        self.venue.server.faults.add(Rule(do, at=at, **more))

    def heal(self) -> None:
        self.venue.server.faults.clear()

    def record(self, *symbols: str, pair: str = "", foreign: int = 0) -> VenueRecord:
        """As a live core writes it; without symbols the leg alone."""
        traits = TRAITS[self.name]()
        found = [find_instrument(self.name, symbol) for symbol in symbols or (PAIR[self.name],)]
        traded = [traded_of(one, traits.symbol(one), pair) for one in found]
        traded[0] = msgspec.structs.replace(traded[0], foreign=foreign)
        return VenueRecord(self.name, "loopback", KeySource(), tuple(traded), EPOCH, url=self.venue.url)


@dataclass
class Both:
    """Both venues and the state dir whose record names them."""

    binance: At
    hyperliquid: At
    state_dir: Path

    @property
    def each(self) -> tuple[At, At]:
        return self.binance, self.hyperliquid

    def recorded(self, **changes: Any) -> None:
        """Both accounts in `venues.json`."""
        write_venues(self.state_dir, [at.record(**changes) for at in self.each])

    def panic(self, **changes: Any) -> tuple[int, Evidence]:
        """`perpconsole panic` in this process; blocks."""
        return panic_hall.panic(self.state_dir, keys_of, **changes)


def keys_of(record: VenueRecord) -> Mapping[str, str]:
    return KEYS[record.name]


@contextlib.asynccontextmanager
async def both(state_dir: Path) -> AsyncIterator[Both]:
    """Two venues with two instruments each."""
    async with (
        binance_hall.venue(symbols=SYMBOLS["binance_usdm"], equity=RICH) as first,
        hyperliquid_hall.venue(rules=FREE, coins=SYMBOLS["hyperliquid"], equity=RICH) as second,
    ):
        yield Both(At("binance_usdm", first), At("hyperliquid", second), state_dir)
