"""What a venue file may hold: one instrument, each group of figures with its source and date.

An unsourced figure takes the worse side for us and its `source` begins with the word `unsourced`.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.config.validate import Section
from core.domain.instrument import TIERS

Source = Annotated[str, Field(min_length=12, max_length=600, pattern=r"\d{4}-\d{2}-\d{2}")]  # with a date YYYY-MM-DD


class Grid(Section):
    """Price and size steps, order minima and the range that this program accepts."""

    tick: float = Field(gt=0, le=1e6)  # quote units a price step
    lot: float = Field(gt=0, le=1e6)  # base coins a size step
    min_qty: float = Field(gt=0, le=1e12)  # base coins
    max_qty: float = Field(gt=0, le=1e12)  # base coins
    min_notional: float = Field(ge=0, le=1e6)  # quote
    price_band_bps: float = Field(ge=0, le=10_000)  # how far from mark a limit price may lie; 0 = no band
    max_price: float = Field(gt=0, le=1e9)  # quote; ours: with max_qty it bounds what one order can be worth
    reference_price: float = Field(gt=0, le=1e9)  # quote; for plausibility of sizes only, never traded on
    source: Source


class Fees(Section):
    """Fees of the lowest tier, basis points of notional; negative = rebate."""

    maker_bps: float = Field(ge=-10, le=100)
    taker_bps: float = Field(ge=0, le=100)
    referral_pct: float = Field(default=0.0, ge=0, le=100)  # of the fee, given back
    source: Source


class TierRow(Section):
    """One margin bracket: from this notional on."""

    floor: float = Field(ge=0, le=1e10)  # quote
    mmr_pct: float = Field(ge=0, lt=100)  # maintenance margin, percent of notional
    max_leverage: int = Field(ge=1, le=200)


class Margin(Section):
    """Margin mode, leverage and the maintenance brackets."""

    mode: Literal["isolated", "cross"]
    max_leverage: int = Field(ge=1, le=200)
    default_leverage: int = Field(ge=1, le=200)
    tiers: tuple[TierRow, ...] = Field(min_length=1, max_length=TIERS)
    source: Source

    @model_validator(mode="after")
    def _tiers_rise(self) -> Margin:
        if self.tiers[0].floor != 0:
            raise ValueError(f"Expected the first tier at floor 0, was {self.tiers[0].floor:g}")
        for low, high in itertools.pairwise(self.tiers):
            if high.floor <= low.floor:
                raise ValueError(f"Expected rising tier floors, was {high.floor:g} after {low.floor:g}")
            if high.mmr_pct < low.mmr_pct:
                raise ValueError(f"Expected rising maintenance rates, was {high.mmr_pct:g} after {low.mmr_pct:g}")
            if high.max_leverage > low.max_leverage:
                raise ValueError(f"Expected falling leverage caps, was {high.max_leverage} after {low.max_leverage}")
        for tier in self.tiers:
            if tier.mmr_pct * tier.max_leverage > 100:
                raise ValueError(
                    f"Expected a maintenance rate below 1 / leverage in the tier at {tier.floor:g}, "
                    f"was {tier.mmr_pct:g} % at {tier.max_leverage}x"
                )
        if not self.default_leverage <= self.max_leverage:
            raise ValueError(f"Expected default_leverage <= {self.max_leverage}, was {self.default_leverage}")
        if self.max_leverage > self.tiers[0].max_leverage:
            raise ValueError(f"Expected max_leverage <= {self.tiers[0].max_leverage}, was {self.max_leverage}")
        return self


class FundingCalendar(Section):
    """When funding is paid and what is assumed where no stream says; bps of notional per interval."""

    interval_h: Literal[1, 2, 4, 8]
    offset_h: int = Field(default=0, ge=0, le=7)  # hours after 00:00 UTC of the first settlement
    rate_assumed_bps: float = Field(ge=-400, le=400)  # positive = longs pay
    cap_bps: float = Field(gt=0, le=400)
    source: Source

    @model_validator(mode="after")
    def _fits(self) -> FundingCalendar:
        if self.offset_h >= self.interval_h:
            raise ValueError(f"Expected offset_h below interval_h {self.interval_h}, was {self.offset_h}")
        if abs(self.rate_assumed_bps) > self.cap_bps:
            raise ValueError(f"Expected a rate within cap_bps {self.cap_bps:g}, was {self.rate_assumed_bps:g}")
        return self


class Leg(Section):
    """One way of the wire, milliseconds."""

    p50_ms: float = Field(gt=0, le=60_000)
    p99_ms: float = Field(gt=0, le=60_000)

    @model_validator(mode="after")
    def _p99_is_higher(self) -> Leg:
        if self.p99_ms < self.p50_ms:
            raise ValueError(f"Expected p99_ms >= p50_ms {self.p50_ms:g}, was {self.p99_ms:g}")
        return self


class LatencyLegs(Section):
    """Order entry, response and market data latency."""

    entry: Leg
    response: Leg
    feed: Leg
    source: Source


class Limits(Section):
    """How fast we may talk to the venue and how long silence is believed."""

    orders_per_10s: int = Field(ge=1, le=100_000)
    amend: bool
    book_stale_ms: int = Field(ge=100, le=600_000)
    source: Source


class VenueFile(Section):
    """A venue file: one instrument of one venue."""

    venue: str = Field(min_length=1, max_length=32, pattern=r"^[a-z0-9_]+$")
    symbol: str = Field(min_length=1, max_length=32, pattern=r"^[A-Z0-9]+$")
    base: str = Field(min_length=1, max_length=16, pattern=r"^[A-Z0-9]+$")
    quote: str = Field(min_length=1, max_length=16, pattern=r"^[A-Z0-9]+$")
    contract: Literal["linear", "spot"]
    network: Literal["simulated", "loopback", "demo", "testnet", "mainnet"] = "simulated"
    grid: Grid
    fees: Fees
    margin: Margin | None = None  # spot has none
    funding: FundingCalendar | None = None  # spot has none
    latency: LatencyLegs
    limits: Limits
    recordings: tuple[str, ...] = ()  # file name patterns of recordings that are this instrument

    @model_validator(mode="after")
    def _a_perpetual_has_margin_and_funding(self) -> VenueFile:
        for name, part in (("margin", self.margin), ("funding", self.funding)):
            if self.contract == "linear" and part is None:
                raise ValueError(f"Expected {name} of a linear contract, found none")
            if self.contract == "spot" and part is not None:
                raise ValueError(f"Expected no {name} of a spot market, was one")
        return self
