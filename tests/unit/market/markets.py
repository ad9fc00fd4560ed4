"""Instruments of the recorded markets with their grids, for tests; fees and tiers are plausible, not the venue's."""

from __future__ import annotations

from core.domain.instrument import Instrument, Latency, Tier
from tools import calibrate


def instrument(venue: str, symbol: str, tick: float, lot: float, stale_s: float = 2.0) -> Instrument:
    """A linear perpetual on the given grid."""
    return Instrument(
        venue=venue,
        symbol=symbol,
        base=symbol[:3],
        quote="USDT",
        tick=tick,
        lot=lot,
        unit=round(tick * lot * 1e8),
        min_lots=1,
        max_lots=10**9,
        min_notional=0,
        band_ppm=0,
        maker_fee_ppm=200,
        taker_fee_ppm=500,
        referral_ppm=0,
        max_leverage=20,
        leverage=5,
        isolated=False,
        tiers=(Tier(0, 5000, 20),),
        funding_interval_ns=8 * 3600 * 10**9,
        funding_offset_ns=0,
        funding_rate=0,
        funding_cap=2_000_000,
        entry=Latency("lognormal", 20_000_000, 80_000_000),
        response=Latency("lognormal", 20_000_000, 80_000_000),
        feed=Latency("lognormal", 50_000_000, 200_000_000),
        book_stale_ns=int(stale_s * 1e9),
        orders_per_10s=300,
        amend=True,
    )


STANDX = instrument("standx", "BTC-USD", 0.01, 0.0001, 30.0)
HL = {
    "btc": instrument("hyperliquid", "BTC", 1.0, 0.00001),
    "sol": instrument("hyperliquid", "SOL", 0.01, 0.01),
    "wlfi": instrument("hyperliquid", "WLFI", 0.00001, 1.0),
}
ASTER_ETH = instrument("aster", "ETHUSDT", 0.01, 0.001)
ASTER_BTC = instrument("aster", "BTCUSDT", 0.1, 0.001)
USDM = instrument("binance_usdm", "BTCUSDT", 0.1, 0.001)
SPOT = instrument("binance", "BTCUSDT", 0.01, 0.00001)
ETHUSDC = instrument("binance_usdm", "ETHUSDC", 0.01, 0.001)

INSTRUMENTS = {
    "standx_btc": STANDX,
    **{f"hyperliquid_{coin}": HL[coin] for coin in HL},
    "aster_eth": ASTER_ETH,
    "aster_btc": ASTER_BTC,
    "binance_usdm_2023": USDM,
    "binance_usdm_2024": USDM,
    "binance_spot_2023": SPOT,
    "binance_spot_2024": SPOT,
}
FILES = {name: (INSTRUMENTS[name], files) for name, (_, _, files) in calibrate.FILES.items()}
