"""Risk limits as the operator writes them, checked against each other, and the block made from them.

camelCase names of Round7 and snake_case load alike. Units (K-18): sizes in base coin, money in the quote currency,
`Pct` names are fractions, durations in seconds.
"""

from __future__ import annotations

import itertools
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from core.domain.instrument import Instrument
from core.domain.units import FAR, MAX_NOTIONAL, MONEY, NS_PER_MS, NS_PER_S, lots_down
from core.risk.blocks import BANDS, Limits


class RiskParams(BaseModel):
    """Round7 names and defaults first, then ours. Raises pydantic ValidationError: `Expected X, was Y`."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, alias_generator=to_camel, populate_by_name=True
    )

    net_max: float = Field(0.21, gt=0)
    single_max: float = Field(0.06, gt=0)
    daily_max: float = Field(50.0, gt=0)
    latency_ms: float = Field(150.0, gt=0)
    pnl_min: float = Field(-15.0, lt=0)
    pnl_max: float = Field(100.0, gt=0)
    stop_loss: float = Field(-60.0, lt=0)
    halt_seconds: float = Field(300.0, gt=0)
    reduce_only_threshold: float = Field(25.0, gt=0)
    reduce_only_max_slippage_pct: float = Field(0.0003, gt=0, lt=0.05)
    reduce_only_market_trigger_pct: float = Field(0.15, gt=0, le=1)
    drawdown_bands: tuple[float, ...] = (5.0, 8.0, 12.0)
    reduce_fractions: tuple[float, ...] = (0.15, 0.25, 0.40)
    reduce_mode: Literal["maker_first_then_taker", "taker"] = "maker_first_then_taker"
    reduce_cooldown_seconds: float = Field(120.0, ge=0)
    shock_pct: float = Field(0.10, gt=0, lt=1)

    max_order_value: float = Field(1_000.0, gt=0)
    account_net_max: float | None = Field(None, gt=0)
    price_collar_pct: float = Field(0.05, gt=0, lt=1)
    hysteresis_pct: float = Field(0.10, gt=0, lt=1)
    maker_timeout_seconds: float = Field(15.0, ge=0)
    shock_seconds: float = Field(60.0, ge=1, le=62)
    cooldowns_to_halt: int = Field(3, ge=2, le=8)
    cooldown_window_seconds: float = Field(3_600.0, gt=0)
    unknown_halt_seconds: float = Field(60.0, gt=0)
    silence_seconds: float = Field(300.0, gt=0)
    buffer_redline_pct: float = Field(0.05, gt=0, lt=1)
    buffer_flatten_pct: float = Field(0.02, gt=0, lt=1)
    liquidation_stale_seconds: float = Field(60.0, gt=0)
    health_stale_seconds: float = Field(10.0, gt=0)
    noise_error_pct: tuple[float, float, float] = (0.05, 0.10, 0.20)
    noise_latency_factor: tuple[float, float, float] = (1.0, 2.0, 4.0)
    noise_hold_seconds: float = Field(30.0, ge=0)
    budget_pct: float = Field(0.80, gt=0, le=1)
    max_fills_per_minute: int = Field(600, ge=1)
    reject_limit: int = Field(3, ge=2)
    reject_cooldown_seconds: float = Field(60.0, gt=0)

    @model_validator(mode="after")
    def _one_ladder(self) -> Self:
        """Limits that contradict each other are refused."""
        bands, fractions = self.drawdown_bands, self.reduce_fractions
        _expect(0 < len(bands) <= BANDS, f"1 to {BANDS} drawdownBands", len(bands))
        _expect(len(fractions) == len(bands), f"{len(bands)} reduceFractions, one a band", len(fractions))
        _expect(bands[0] > 0 and _rising(bands), "drawdownBands above 0 and rising", bands)
        _expect(fractions[0] > 0 and fractions[-1] <= 1, "reduceFractions within 0 .. 1", fractions)
        _expect(all(b >= a for a, b in itertools.pairwise(fractions)), "reduceFractions not falling", fractions)
        _expect(
            bands[-1] < self.reduce_only_threshold,
            f"reduceOnlyThreshold above the last band {bands[-1]}",
            self.reduce_only_threshold,
        )
        _expect(
            self.reduce_only_threshold < -self.stop_loss,
            "reduceOnlyThreshold below the stop loss",
            self.reduce_only_threshold,
        )
        _expect(self.stop_loss < self.pnl_min, f"stopLoss below pnlMin {self.pnl_min}", self.stop_loss)
        _expect(self.single_max <= self.net_max, f"singleMax at most netMax {self.net_max}", self.single_max)
        _expect(
            self.buffer_flatten_pct < self.buffer_redline_pct,
            f"bufferFlattenPct below bufferRedlinePct {self.buffer_redline_pct}",
            self.buffer_flatten_pct,
        )
        _expect(
            self.reduce_only_max_slippage_pct < self.price_collar_pct,
            f"reduceOnlyMaxSlippagePct below priceCollarPct {self.price_collar_pct}",
            self.reduce_only_max_slippage_pct,
        )
        _expect(
            self.noise_error_pct[0] > 0 and _rising(self.noise_error_pct),
            "noiseErrorPct above 0 and rising",
            self.noise_error_pct,
        )
        _expect(
            self.noise_latency_factor[0] > 0 and _rising(self.noise_latency_factor),
            "noiseLatencyFactor above 0 and rising",
            self.noise_latency_factor,
        )
        if self.account_net_max is not None:
            _expect(
                self.net_max <= self.account_net_max,
                f"accountNetMax at least netMax {self.net_max}",
                self.account_net_max,
            )
        return self


def _rising(values: tuple[float, ...]) -> bool:
    return all(b > a for a, b in itertools.pairwise(values))


def _expect(ok: bool, expected: str, was: Any) -> None:
    if not ok:
        raise ValueError(f"Expected {expected}, was {was}")


def _money(value: float) -> int:
    return round(value * MONEY)


def _ns(seconds: float) -> int:
    return round(seconds * NS_PER_S)


def limits_of(p: RiskParams, instrument: Instrument) -> Limits:
    """The block of `p` on one instrument. Sizes are floored to lots.

    Raises ValueError when a size is below one lot or the net cap above what int64 money can hold.
    """
    lots = {name: lots_down(getattr(p, name) / instrument.lot) for name in ("net_max", "single_max")}
    for name, value in lots.items():
        _expect(value >= 1, f"{to_camel(name)} of at least one lot {instrument.lot}", getattr(p, name))
    _expect(
        _money(p.max_order_value) <= MAX_NOTIONAL,
        f"maxOrderValue at most {MAX_NOTIONAL / MONEY:.0f}",
        p.max_order_value,
    )
    account = FAR if p.account_net_max is None else lots_down(p.account_net_max / instrument.lot)
    latency = round(p.latency_ms * NS_PER_MS)
    limits = Limits(
        net_max=lots["net_max"],
        account_max=account,
        single_max=lots["single_max"],
        max_value=_money(p.max_order_value),
        collar=p.price_collar_pct,
        slip=p.reduce_only_max_slippage_pct,
        daily_max=_money(p.daily_max),
        pnl_min=_money(p.pnl_min),
        pnl_max=_money(p.pnl_max),
        stop_loss=_money(p.stop_loss),
        cooldown_ns=_ns(p.halt_seconds),
        cooldowns_to_halt=p.cooldowns_to_halt,
        cooldown_window_ns=_ns(p.cooldown_window_seconds),
        reduce_only_loss=_money(p.reduce_only_threshold),
        market_share=p.reduce_only_market_trigger_pct,
        n_bands=len(p.drawdown_bands),
        hysteresis=p.hysteresis_pct,
        reduce_cooldown_ns=_ns(p.reduce_cooldown_seconds),
        maker_first=int(p.reduce_mode != "taker"),
        maker_timeout_ns=_ns(p.maker_timeout_seconds),
        shock=p.shock_pct,
        shock_ns=_ns(p.shock_seconds),
        latency_ns=latency,
        unknown_halt_ns=_ns(p.unknown_halt_seconds),
        book_stale_ns=instrument.book_stale_ns,
        silence_ns=_ns(p.silence_seconds),
        buffer_redline=p.buffer_redline_pct,
        buffer_flatten=p.buffer_flatten_pct,
        liquidation_stale_ns=_ns(p.liquidation_stale_seconds),
        vitals_stale_ns=_ns(p.health_stale_seconds),
        noise_errors=p.noise_error_pct,
        noise_latency_ns=[round(latency * f) for f in p.noise_latency_factor],
        noise_hold_ns=_ns(p.noise_hold_seconds),
        budget=int(instrument.orders_per_10s * p.budget_pct),
        max_fills=p.max_fills_per_minute,
        reject_limit=p.reject_limit,
        reject_cooldown_ns=_ns(p.reject_cooldown_seconds),
    )
    for n, (band, fraction) in enumerate(zip(p.drawdown_bands, p.reduce_fractions)):
        limits.s.band[n], limits.s.fraction[n] = _money(band), fraction
    return limits
