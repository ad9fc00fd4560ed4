"""A loopback venue's exchange for tests: a synthetic market, time that a test moves by hand."""

from __future__ import annotations

from core.clock import VirtualClock
from core.config.instruments import find_instrument
from core.domain.units import MONEY, NS_PER_S
from core.kernel import Kernels
from core.market.synthetic import SyntheticMarket, SyntheticSource
from core.venues.wire.behind import WireExchange

START = 1_700_000_000 * NS_PER_S


def exchange_at(clock: VirtualClock, seed: int = 3, equity: int = 10_000 * MONEY) -> WireExchange:
    """ETHUSDC on a synthetic market around 2,500, plain kernels."""
    instrument = find_instrument("binance_usdm", "ETHUSDC")
    tape = SyntheticSource([SyntheticMarket(instrument, seed, START)])
    return WireExchange(tape, equity, seed, Kernels("plain"), clock)
