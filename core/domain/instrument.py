"""An instrument: its grid, minima, fees, margin tiers and funding calendar, as the venue publishes them.

`Instrument` is what config files and reports show (Decimal text already turned into ints by the codec);
`Spec` is the same as a block for kernels. Sources of each figure stand beside it in `configs/venues`.
"""

from __future__ import annotations

import msgspec

from core.kernel import Block, i64, i64s

TIERS = 12


class Tier(msgspec.Struct, frozen=True, gc=False):
    """One margin bracket: from `floor` notional (1e-8 quote) on, maintenance rate in ppm and the leverage cap."""

    floor: int
    mmr_ppm: int
    max_leverage: int


class Latency(msgspec.Struct, frozen=True, gc=False):
    """One leg of the wire: `constant` uses p50, `lognormal` both, `recorded` rows of a file. Nanoseconds."""

    model: str = "lognormal"
    p50_ns: int = 0
    p99_ns: int = 0


class Instrument(msgspec.Struct, frozen=True):
    """A perpetual (linear) on one venue. Prices in ticks of `tick` quote units, sizes in lots of `lot` base coins."""

    venue: str
    symbol: str
    base: str
    quote: str
    tick: float
    lot: float
    unit: int  # 1e-8 quote per tick per lot = tick * lot * 1e8, exact
    min_lots: int
    max_lots: int
    min_notional: int  # 1e-8 quote
    band_ppm: int  # limit price may lie this far from mark; 0 = no band
    maker_fee_ppm: int  # negative = rebate
    taker_fee_ppm: int
    referral_ppm: int  # of the fee, given back
    max_leverage: int
    leverage: int
    isolated: bool
    tiers: tuple[Tier, ...]
    funding_interval_ns: int
    funding_offset_ns: int
    funding_rate: int  # 1e-8 per interval where no stream gives one
    funding_cap: int  # 1e-8 per interval
    entry: Latency
    response: Latency
    feed: Latency
    book_stale_ns: int
    orders_per_10s: int
    amend: bool
    network: str = "simulated"  # mainnet | testnet | demo | loopback | simulated
    price_digits: int = 2
    size_digits: int = 3

    def price(self, ticks: float) -> float:
        """Quote units for display."""
        return round(ticks * self.tick, self.price_digits + 4)

    def size(self, lots: float) -> float:
        """Base coins for display."""
        return round(lots * self.lot, self.size_digits + 4)


class Spec(Block):
    """What kernels need of an instrument. Units as in `Instrument`."""

    index: i64  # of the instrument within its venue account, 0 .. 15
    unit: i64
    min_lots: i64
    max_lots: i64
    min_notional: i64
    band_ppm: i64
    maker_fee_ppm: i64
    taker_fee_ppm: i64
    referral_ppm: i64
    leverage: i64
    isolated: i64
    amend: i64
    funding_interval_ns: i64
    funding_offset_ns: i64
    funding_rate: i64
    funding_cap: i64
    n_tiers: i64
    tier_floor: i64s[TIERS]
    tier_mmr_ppm: i64s[TIERS]
    tier_cum: i64s[TIERS]  # maintenance amount, 1e-8 quote (FORMULAS.md 6)


def spec_of(instrument: Instrument, index: int = 0) -> Spec:
    """The block of an instrument; tier amounts from cum_n = cum_{n-1} + floor_n * (mmr_n - mmr_{n-1})."""
    names = (
        "unit min_lots max_lots min_notional band_ppm maker_fee_ppm taker_fee_ppm referral_ppm leverage isolated amend "
        "funding_interval_ns funding_offset_ns funding_rate funding_cap"
    ).split()
    spec = Spec(index=index, n_tiers=len(instrument.tiers), **{n: int(getattr(instrument, n)) for n in names})
    cum, rate = 0, instrument.tiers[0].mmr_ppm
    for n, tier in enumerate(instrument.tiers):
        cum += tier.floor * (tier.mmr_ppm - rate) // 1_000_000
        rate = tier.mmr_ppm
        spec.s.tier_floor[n], spec.s.tier_mmr_ppm[n], spec.s.tier_cum[n] = tier.floor, tier.mmr_ppm, cum
    return spec
