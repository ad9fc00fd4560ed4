"""The market maker as the engine sees it: binds the kernel to a desk, and explains the last decision.

Holds no rule of its own; every number comes from the kernel's state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from core.domain.errors import Refused
from core.domain.events import W_MID, W_OWN, W_TIMER
from core.domain.instrument import Instrument
from core.domain.snapshot import Term
from core.kernel import Block, Kernels
from core.signals.blocks import REGIME_NAMES, SignalParams
from core.strategies.asmm.blocks import IDLE_NAMES, LAYERS, TERM_NAMES, QuoteParams, QuoteState
from core.strategies.asmm.cap import start_round
from core.strategies.asmm.kernel import decide
from core.strategies.asmm.params import AsmmParams, quote_params
from core.strategies.sdk import Desk, Strategy, Wakes


class Asmm(Strategy):
    """One market maker on one instrument."""

    kind: ClassVar[str] = "asmm"
    schema: ClassVar[type[AsmmParams]] = AsmmParams

    def __init__(self, name: str, instruments: tuple[str, ...], params: AsmmParams) -> None:
        self.name = name
        self.instruments = instruments
        self.state = QuoteState()
        self.quote_params: QuoteParams | None = None
        self._params = params
        self._desk: Desk | None = None
        self._decide: Callable[..., int] | None = None
        self._start_round: Callable[..., int] | None = None
        self._kernels: Kernels | None = None

    @property
    def params(self) -> AsmmParams:
        return self._params

    @property
    def wakes(self) -> Wakes:
        return Wakes(W_TIMER | W_OWN | W_MID, self._params.mid_move_ticks, self._params.quote_interval_ms * 1_000_000)

    def signal_params(self, instrument: int) -> SignalParams:
        return self._params.signal_params()

    def bind(self, kernels: Kernels, desk: Desk) -> None:
        """Raises Refused when the desk has not exactly one instrument, or a size is below one lot of it."""
        if len(desk.instruments) != 1:
            raise Refused(f"Expected one instrument for {self.name}, was {len(desk.instruments)}")
        if self.quote_params is None:
            self.quote_params = quote_params(self._params, desk.instruments[0])
        self._desk, self._kernels = desk, kernels
        view, ledger, spec = desk.views[0], desk.ledgers[0], desk.specs[0]
        self._decide = kernels.bind(
            decide, self.quote_params, self.state, view, desk.signals[0], ledger, spec, desk.targets[0]
        )
        self._start_round = kernels.bind(start_round, self.state, view, ledger, spec)

    def decide(self, now: int, why: int) -> None:
        desk, run = self._desk, self._decide
        if desk is None or run is None:
            raise RuntimeError(f"Expected {self.name} bound to a desk before its first decision")
        run(now, why, desk.noise_level, desk.cap_lots)

    def net_cap(self, instrument: int) -> int:
        return int(self.state.s.cap_lots)

    def configure(self, values: Mapping[str, Any]) -> None:
        """Parameters change in place: the blocks stay bound, the estimators keep what they learnt."""
        params = self._params.replaced(values)
        if self._desk is not None and self.quote_params is not None:
            self.quote_params.load(quote_params(params, self._desk.instruments[0]).image())
            self._desk.signal_params[0].load(params.signal_params().image())
        self._params = params

    def start_round(self) -> None:
        if self._start_round is None:
            raise RuntimeError(f"Expected {self.name} bound to a desk before a round starts")
        self._start_round()

    def blocks(self) -> dict[str, Block]:
        own: dict[str, Block] = {f"{self.name}.state": self.state}
        if self.quote_params is not None:
            own[f"{self.name}.params"] = self.quote_params
        return own

    def breakdown(self, side: int, layer: int, instrument: int = 0) -> list[Term]:
        """Terms of one quote's distance from the mid, bps; their sum is the quoted distance to the tick."""
        key = side * LAYERS + layer
        if not 0 <= layer < LAYERS or side not in (0, 1):
            raise ValueError(f"Expected side 0 or 1 and layer 0 to {LAYERS - 1}, was {side} and {layer}")
        if self.state.s.qty[key] == 0:
            return []
        values = self.state.s.term[key]
        return [Term(name=name, bps=values[k], note=self._note(name)) for k, name in enumerate(TERM_NAMES)]

    def _note(self, name: str) -> str:
        s = self.state.s
        notes = {
            "regime": REGIME_NAMES[s.regime],
            "toxicity": f"{s.toxicity:.2f}" + ("" if s.vpin_known else " VPIN unknown"),
            "inventory pressure": f"{s.pressure:.4f} at {s.used:.0%} of cap",
            "reservation": f"inventory {s.inventory:+.0%}",
        }
        return notes.get(name, "")

    def describe(self) -> dict[str, float | int | str | None]:
        """Figures of the last decision; names follow `Quoter` of the snapshot and the gauges of S3-41..46."""
        s = self.state.s
        made = s.n_decisions > 0 and s.idle == 0
        unit = self._unit()
        lot = unit.lot if unit else None
        return {
            "idle": IDLE_NAMES[s.idle],
            "regime": REGIME_NAMES[s.regime] if made else None,
            "mid": unit.price(s.mid) if unit and made else None,
            "reservation": unit.price(s.reservation) if unit and made else None,
            "skew_bps": s.skew_bps if made else None,
            "pressure": s.pressure if made else None,
            "toxicity": s.toxicity if made else None,
            "spread_bps": s.spread_bps if made and s.spread_bps > 0 else None,
            "net_cap": s.cap_lots * lot if lot else None,
            "net_max": self._params.net_max,
            "layers_placeable": min(s.placeable[0], s.placeable[1]) if made else 0,
            "layers_wanted": s.layers if made else self._params.max_layers,
            "noise_level": s.noise_level,
            "quote_interval_s": s.interval_ns / 1e9 if s.n_decisions else None,
            "best_bid": unit.price(s.best[0]) if unit and s.best[0] else None,
            "best_ask": unit.price(s.best[1]) if unit and s.best[1] else None,
            "decisions": s.n_decisions,
            "held": s.n_held,
            "pulled": s.n_pulled,
            "quotes_generated": s.n_quotes,
            "merged": s.n_merged,
            "below_min": s.n_below_min,
            "over_cap": s.n_over_cap,
            "off_band": s.n_off_band,
        }

    def _unit(self) -> Instrument | None:
        return self._desk.instruments[0] if self._desk else None
