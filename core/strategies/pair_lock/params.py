"""Parameters of the pair with the names, units and defaults of S1; turned into kernel units in one place.

Sizes in base coin, `_pct` and returns as fractions, `_bps` / `_bp` in basis points, times by name. The source's
groups (`risk`, `fees`, `vol_band` ...) and flat keys load alike, snake_case or camelCase.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from core.domain.errors import Refused
from core.domain.instrument import Instrument
from core.domain.units import NS_PER_MS, NS_PER_S
from core.models.fees import RATE9, fee_rate9
from core.strategies.pair_lock.blocks import CUT_LEG, INDEX, MARK, MID, QUANTILE, REDUCE, SAMPLES, SIGMA, PairBlock
from core.strategies.sdk import StrategyParams

GROUPS = frozenset(
    "risk fees vol_band volBand bands band trend gate entry lock exits exit funding execution margin".split()
)
SOURCES = {"mid": MID, "mark": MARK, "index": INDEX}
FIRST_LEGS = {"long": 1, "short": 2, "both": 3}
NS_PER_MIN = 60 * NS_PER_S


def flattened(given: Mapping[str, Any]) -> dict[str, Any]:
    """The source's groups opened: `{"risk": {"stop_loss_first_leg": 0.01}}` is the flat key. Doubled keys are refused.

    A `vol_band` may also be a pair [vmin, vmax], or null = filter off.
    """
    flat: dict[str, Any] = {}
    for key, value in given.items():
        parts: Mapping[str, Any] = {key: value}
        if key in GROUPS:
            if key in ("vol_band", "volBand") and isinstance(value, list | tuple) and len(value) == 2:
                parts = {"vmin": value[0], "vmax": value[1]}
            elif value is None:
                parts = {}
            elif isinstance(value, Mapping):
                parts = value
        for name, part in parts.items():
            if name in flat:
                raise ValueError(f"Expected {name} once, was given twice")
            flat[name] = part
    return flat


class PairParams(StrategyParams):
    """The pair's parameters. docs/strategies/pair_lock.md says what each does."""

    symbol: str = "BTCUSDT"
    base_qty: float = Field(0.01, gt=0.0, le=1e9)
    leverage: int = Field(10, ge=1, le=125)
    isolated_margin: bool = True
    price_source: Literal["mid", "mark", "index"] = "mid"
    price_stale_ms: int = Field(0, ge=0, le=3_600_000, description="0 = the venue's own bound")
    sample_sec: int = Field(1, ge=1, le=60)
    first_leg: Literal["both", "long", "short"] = "both"

    min_conditions: int = Field(2, ge=1, le=3)
    ema_fast: int = Field(21, ge=1, le=10_000)
    ema_slow: int = Field(55, ge=2, le=10_000)
    min_diff: float = Field(0.0008, ge=0.0, le=1.0)
    min_target_return: float = Field(0.0035, ge=-1.0, le=1.0)
    funding_spread_bps: float = Field(1.0, ge=0.0, le=10_000.0)
    funding_sign: Literal["carry", "literal"] = "carry"
    funding_basis_hours: float = Field(1.0, gt=0.0, le=24.0)
    funding_assumed: bool = False
    funding_horizon_sec: int = Field(14_400, ge=0, le=864_000)
    settlement_bar_min: float = Field(10.0, ge=0.0, le=1440.0)
    vmin: float | None = Field(None, ge=0.0, le=1000.0)
    vmax: float | None = Field(None, ge=0.0, le=1000.0)
    vol_tau_sec: float = Field(1800.0, gt=0.0, le=864_000.0)
    vol_min_samples: int = Field(300, ge=2, le=1_000_000)

    g_pct: float = Field(0.005, gt=0.0, le=1.0)
    band_mode: Literal["sigma", "quantile"] = "sigma"
    band_sigma: float = Field(0.8, gt=0.0, le=100.0)
    lb: float = Field(0.2, gt=0.0, lt=1.0)
    ub: float = Field(0.8, gt=0.0, lt=1.0)
    band_window_sec: int = Field(14_400, ge=60, le=864_000)
    band_min_samples: int = Field(600, ge=2, le=SAMPLES)
    t_max_sec: int = Field(14_400, ge=1, le=8_640_000)

    epsilon_bp: float = Field(2.0, gt=0.0, le=1000.0)
    on_lock_fail: Literal["flatten", "keep"] = "flatten"
    passive_ms: int = Field(3000, ge=0, le=600_000, description="0 = the first leg takes at once")
    open_ms: int = Field(10_000, ge=1, le=3_600_000)
    naked_ms: int = Field(500, ge=1, le=60_000)
    exit_slip_bp: float = Field(10.0, gt=0.0, le=500.0)
    exit_slip_max_bp: float = Field(50.0, gt=0.0, le=500.0)
    mid_move_ticks: int = Field(100, ge=1, le=1_000_000)
    taker_bps: float | None = Field(None, ge=0.0, le=1000.0)
    maker_rebate_bps: float | None = Field(None, ge=-100.0, le=1000.0, description="< 0 = received")
    referral_rebate_bps: float | None = Field(None, ge=-100.0, le=0.0)
    first_leg_maker: bool = False
    count_exit_fees: bool = False

    stop_loss_first_leg: float = Field(0.01, gt=0.0, lt=1.0)
    net_delta_max_ratio: float = Field(0.10, gt=0.0, le=1.0)
    funding_guard_apr: float = Field(0.30, ge=0.0, le=100.0)
    guard_action: Literal["reduce", "cut_leg"] = "reduce"
    liquidation_redline: float = Field(0.05, ge=0.0, lt=1.0)
    liquidation_slice: float = Field(0.25, gt=0.0, le=1.0)
    liquidation_stale_sec: float = Field(60.0, gt=0.0, le=3600.0)
    limit_blind_ms: int = Field(10_000, ge=0, le=600_000)
    wish_repeat_ms: int = Field(1000, ge=1, le=3_600_000)
    exit_rebound_pct: float = Field(0.005, gt=0.0, le=1.0)
    exit_max_sec: int = Field(3600, ge=1, le=8_640_000)
    exit_take_pct: float = Field(0.01, gt=0.0, le=1.0)

    @model_validator(mode="before")
    @classmethod
    def _open_groups(cls, given: Any) -> Any:
        return flattened(given) if isinstance(given, Mapping) else given

    @model_validator(mode="after")
    def _together(self) -> Self:
        for low, high in (("ema_fast", "ema_slow"), ("lb", "ub"), ("passive_ms", "open_ms")):
            if getattr(self, low) >= getattr(self, high):
                raise ValueError(f"Expected {low} < {high}, was {getattr(self, low)} and {getattr(self, high)}")
        if (self.vmin is None) != (self.vmax is None):
            raise ValueError(f"Expected vmin and vmax together or neither, was {self.vmin} and {self.vmax}")
        if self.vmin is not None and self.vmax is not None and self.vmin > self.vmax:
            raise ValueError(f"Expected vmin <= vmax, was {self.vmin} and {self.vmax}")
        if self.exit_slip_bp > self.exit_slip_max_bp:
            most = self.exit_slip_max_bp
            raise ValueError(f"Expected exitSlipBp <= exitSlipMaxBp {most}, was {self.exit_slip_bp}")
        if not self.band_min_samples <= self.band_span <= SAMPLES:
            raise ValueError(f"Expected bandWindowSec / sampleSec of {self.band_min_samples} (bandMinSamples) to "
                             f"{SAMPLES} samples, was {self.band_span}")  # fmt: skip
        return self

    @property
    def band_span(self) -> int:
        """Samples that the window may hold."""
        return self.band_window_sec // self.sample_sec


def fees_of(params: PairParams, instrument: Instrument) -> tuple[float, float]:
    """Taker and maker fee of one leg, fractions, referral given back where there is a fee (never on a rebate).

    The config's figures where it gives them, else the venue file's (K-31: a venue without fees has 0).
    """
    taker = fee_rate9(instrument.taker_fee_ppm, instrument.referral_ppm) / RATE9
    maker = fee_rate9(instrument.maker_fee_ppm, instrument.referral_ppm) / RATE9
    back = (params.referral_rebate_bps or 0.0) / 1e4
    if params.taker_bps is not None:
        taker = max(0.0, params.taker_bps / 1e4 + back)
    if params.maker_rebate_bps is not None:
        maker = params.maker_rebate_bps / 1e4
        maker = max(0.0, maker + back) if maker > 0.0 else maker
    return taker, maker


def pair_block(params: PairParams, long: Instrument, short: Instrument) -> PairBlock:
    """The kernel's block for a pair: `long` is the venue whose leg is bought, `short` the one whose leg is sold.

    Raises Refused when the legs are of different coins, or baseQty is below one lot or one minimum of a venue.
    """
    legs = (long, short)
    if long.base != short.base:
        raise Refused(f"Expected both legs of one coin, was {long.base} and {short.base}")
    for leg in legs:
        least = max(1, leg.min_lots) * leg.lot
        if params.base_qty < least * (1 - 1e-9):
            raise Refused(f"Expected baseQty of at least {least:g} {leg.base} on {leg.venue}, was {params.base_qty:g}")
    fees = [fees_of(params, leg) for leg in legs]
    same = set(PairBlock.fields) & set(PairParams.model_fields)
    words = {"price_source", "band_mode", "guard_action", "vmin", "vmax"}
    return PairBlock(
        **{name: _number(getattr(params, name)) for name in same - words},
        tick=[leg.tick for leg in legs],
        lot=[leg.lot for leg in legs],
        stale_ns=[params.price_stale_ms * NS_PER_MS or leg.book_stale_ns for leg in legs],
        taker_fee=[taker for taker, _ in fees],
        maker_fee=[maker for _, maker in fees],
        price_source=SOURCES[params.price_source],
        first_legs=FIRST_LEGS[params.first_leg],
        sample_ns=params.sample_sec * NS_PER_S,
        funding_literal=int(params.funding_sign == "literal"),
        funding_horizon_ns=params.funding_horizon_sec * NS_PER_S,
        settlement_bar_ns=round(params.settlement_bar_min * NS_PER_MIN),
        vol_on=int(params.vmin is not None),
        vmin=params.vmin or 0.0,
        vmax=params.vmax or 0.0,
        vol_tau_s=params.vol_tau_sec,
        band_mode=QUANTILE if params.band_mode == "quantile" else SIGMA,
        band_span=params.band_span,
        t_max_ns=params.t_max_sec * NS_PER_S,
        guard_action=CUT_LEG if params.guard_action == "cut_leg" else REDUCE,
        exit_max_ns=params.exit_max_sec * NS_PER_S,
        liquidation_stale_ns=round(params.liquidation_stale_sec * NS_PER_S),
        limit_blind_ns=params.limit_blind_ms * NS_PER_MS,
        wish_repeat_ns=params.wish_repeat_ms * NS_PER_MS,
    )


def _number(value: bool | float) -> float | int:
    return int(value) if isinstance(value, bool) else value
