"""Parameters of the market maker with the names, units and defaults of S3; turned into kernel units in one place.

Sizes in base coin, prices as fractions (`Pct`, `Spread`, `Threshold`) or bps by name, times in ms or s by name.
Limits that risk owns (dailyMax, drawdown bands ...) are not here; netMax and singleMax are shared with it.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from core.domain.errors import Refused
from core.domain.instrument import Instrument
from core.domain.units import MONEY, NS_PER_MS
from core.signals.blocks import VPIN_BUCKETS, SignalParams, signal_params
from core.strategies.asmm.blocks import LAYERS, QuoteParams
from core.strategies.sdk import StrategyParams

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Four = tuple[float, float, float, float]


class AsmmParams(StrategyParams):
    """The market maker's parameters. docs/strategies/asmm.md says what each does."""

    layer_spacing_mode: Literal["geometric", "linear"] = "geometric"
    first_layer_bps: float = Field(0.0, ge=0.0, le=500.0, description="0 = half of minSpread")
    spacing_ratio: float = Field(1.20, ge=1.0, le=3.0)
    layer_size_decay: float = Field(0.90, gt=0.0, le=1.0)
    max_layers: int = Field(24, ge=1, le=LAYERS)
    base_size: float = Field(0.009, gt=0.0, le=1e9)
    single_max: float = Field(0.06, gt=0.0, le=1e9)
    net_max: float = Field(0.21, gt=0.0, le=1e9)
    min_spread: float = Field(0.0006, gt=0.0, le=0.1)
    fee_buffer: float = Field(0.0002, ge=0.0, le=0.1)
    quote_interval_ms: int = Field(500, ge=50, le=60_000)
    mid_move_ticks: int = Field(25, ge=1, le=1_000_000_000)
    take_profit_pct: float = Field(0.0025, ge=0.0, le=1.0, description="0 = off")
    take_profit_fraction: float = Field(0.5, gt=0.0, le=1.0)
    cancel_tolerance: Share = 0.15

    momentum_threshold: float = Field(0.0006, ge=0.0, le=1.0)
    momentum_alpha: float = Field(0.08, gt=0.0, le=1.0)
    inventory_pressure_threshold: float = Field(0.4, ge=0.0, lt=1.0)
    inventory_pressure_strength: float = Field(0.5, ge=0.0, le=100.0)
    inventory_pressure_exponent: float = Field(2.5, gt=0.0, le=10.0)
    skew_factor: float = Field(0.5, ge=0.0, le=100.0)
    risk_aversion: float = Field(0.5, ge=0.0, le=1000.0, description="1/bps at full inventory")
    reservation_horizon_s: float = Field(30.0, gt=0.0, le=86_400.0)
    max_skew_bps: float = Field(30.0, ge=0.0, le=1000.0)
    asymmetric_pressure: float = Field(0.5, ge=0.0, le=100.0)
    arrival_decay: float = Field(0.0, ge=0.0, le=1000.0, description="1/bps; 0 = off")

    vpin_buckets: int = Field(20, ge=1, le=VPIN_BUCKETS)
    vpin_bucket_s: float = Field(30.0, gt=0.0, le=86_400.0)
    vpin_low: Share = 0.5
    vpin_high: Share = 0.9
    imbalance_levels: int = Field(5, ge=1, le=20)
    imbalance_low: Share = 0.4
    imbalance_high: Share = 0.9
    imbalance_weight: Share = 0.3
    toxicity_unknown: Share = 0.5
    toxic_spread: float = Field(1.0, ge=0.0, le=100.0)
    toxic_spacing: float = Field(0.10, ge=0.0, le=2.0)
    toxic_layer_cut: Share = 0.5

    volatility_short_s: float = Field(60.0, gt=0.0, le=86_400.0)
    volatility_long_s: float = Field(1800.0, gt=0.0, le=864_000.0)
    volatility_min_samples: int = Field(20, ge=2, le=1_000_000)
    regime_spread: Four = Field((1.0, 1.0, 1.5, 2.5), strict=False)
    regime_layers: Four = Field((1.0, 1.0, 0.75, 0.5), strict=False)
    noise_layers: Four = Field((1.0, 0.75, 0.5, 0.25), strict=False)
    noise_interval: Four = Field((1.0, 2.0, 3.0, 4.0), strict=False)

    cap_volatility_slope: float = Field(0.5, ge=0.0, le=100.0)
    cap_volatility_bps: float = Field(0.0, ge=0.0, le=10_000.0, description="0 = the long volatility")
    cap_loss: float = Field(60.0, gt=0.0, le=1e12)
    cap_floor: Share = 0.1

    book_stale_ms: int = Field(10_000, ge=100, le=3_600_000)
    book_grace_ms: int = Field(1000, ge=0, le=600_000)

    @model_validator(mode="after")
    def _together(self) -> Self:
        for low, high in (("vpin_low", "vpin_high"), ("imbalance_low", "imbalance_high")):
            if getattr(self, low) >= getattr(self, high):
                raise ValueError(f"Expected {low} < {high}, was {getattr(self, low)} and {getattr(self, high)}")
        if self.fee_buffer > self.min_spread:
            raise ValueError(f"Expected feeBuffer within minSpread {self.min_spread}, was {self.fee_buffer}")
        for small, big in (("base_size", "single_max"), ("single_max", "net_max")):
            if getattr(self, small) > getattr(self, big):
                raise ValueError(f"Expected {small} <= {big}, was {getattr(self, small)} and {getattr(self, big)}")
        for name in ("regime_spread", "noise_interval"):
            if min(getattr(self, name)) < 1.0 or list(getattr(self, name)) != sorted(getattr(self, name)):
                raise ValueError(f"Expected {name} of 1 or more and never falling, was {getattr(self, name)}")
        for name in ("regime_layers", "noise_layers"):
            values = list(getattr(self, name))
            if not all(0.0 < v <= 1.0 for v in values) or values != sorted(values, reverse=True):
                raise ValueError(f"Expected {name} in (0, 1] and never rising, was {getattr(self, name)}")
        return self

    @property
    def first_bps(self) -> float:
        """Distance of the innermost layer from the centre: as given, or half of minSpread."""
        return self.first_layer_bps or self.min_spread * 1e4 / 2

    def signal_params(self) -> SignalParams:
        """How the estimators shall work for this strategy."""
        return signal_params(
            vol_short_tau_s=self.volatility_short_s,
            vol_long_tau_s=self.volatility_long_s,
            vol_min_samples=self.volatility_min_samples,
            momentum_alpha=self.momentum_alpha,
            momentum_sample_ns=self.quote_interval_ms * NS_PER_MS,
            imbalance_levels=self.imbalance_levels,
            vpin_buckets=self.vpin_buckets,
            vpin_bucket_s=self.vpin_bucket_s,
        )


def lots_of(size: float, instrument: Instrument) -> int:
    """Base coins to whole lots, downwards (0.009 at a lot of 0.001 is 9)."""
    return int(size / instrument.lot + 1e-9)


def quote_params(params: AsmmParams, instrument: Instrument) -> QuoteParams:
    """The kernel's block. Raises Refused when a size is below one lot of the instrument."""
    sizes = {name: lots_of(getattr(params, name), instrument) for name in ("base_size", "single_max", "net_max")}
    for name, lots in sizes.items():
        if lots < 1:
            raise Refused(f"Expected {name} of at least one lot ({instrument.lot} {instrument.base}), "
                          f"was {getattr(params, name)}")  # fmt: skip
    same = set(QuoteParams.fields) & set(AsmmParams.model_fields)
    return QuoteParams(
        **{name: getattr(params, name) for name in same},
        geometric=int(params.layer_spacing_mode == "geometric"),
        first_bps=params.first_bps,
        half_min_bps=params.min_spread * 1e4 / 2,
        base_lots=params.base_size / instrument.lot,
        single_max_lots=sizes["single_max"],
        net_max_lots=sizes["net_max"],
        interval_ns=params.quote_interval_ms * NS_PER_MS,
        cap_loss_money=params.cap_loss * MONEY,
        book_stale_ns=params.book_stale_ms * NS_PER_MS,
        book_grace_ns=params.book_grace_ms * NS_PER_MS,
    )
