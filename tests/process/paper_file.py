"""Makes and reads a paper ledger as a killed core would leave it: resting orders and a position."""

from __future__ import annotations

from pathlib import Path

from core.domain.instrument import Instrument, Latency, Tier
from core.domain.order import ACCEPTED, GTC
from core.domain.units import BUY
from core.exchange.blocks import Account
from core.venues.paper_ledger import PaperLedger

UNIT = 1_000_00  # 0.01 x 0.1 in 1e-8 quote
INSTRUMENT = Instrument(
    venue="paper", symbol="ETHUSDC", base="ETH", quote="USDC", tick=0.01, lot=0.1, unit=UNIT, min_lots=1,
    max_lots=1_000_000, min_notional=0, band_ppm=0, maker_fee_ppm=200, taker_fee_ppm=500, referral_ppm=0,
    max_leverage=10, leverage=5, isolated=True, tiers=(Tier(0, 5_000, 10),), funding_interval_ns=0,
    funding_offset_ns=0, funding_rate=0, funding_cap=0, entry=Latency(), response=Latency(), feed=Latency(),
    book_stale_ns=0, orders_per_10s=100, amend=True,
)  # fmt: skip


def make(state_dir: Path, orders: int = 3, position: int = 5) -> None:
    ledger = PaperLedger(state_dir, [INSTRUMENT], 200 * 10**8)
    account = Account(n=1, wallet=200 * 10**8, start=200 * 10**8, next_trade=1, next_venue=orders + 1)
    account.s.unit[0] = UNIT
    account.s.pos[0] = position
    account.s.cost[0] = position * 250_000 * UNIT
    account.s.mark[0] = 250_000
    changes = [(0, (ACCEPTED, 1, n + 1, n + 1, BUY, 249_000 - n, 1, 1, 0, 0, 0, 0, 0, GTC, 0)) for n in range(orders)]
    ledger.record(1_000, changes, account, [2])
    ledger.close()


def left(state_dir: Path) -> tuple[int, int]:
    """(open orders, position lots)."""
    ledger = PaperLedger(state_dir)
    found = len(ledger.open_orders()), sum(held.pos for held in ledger.positions())
    ledger.close()
    return found
