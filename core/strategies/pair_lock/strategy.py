"""The pair as the engine sees it: binds the decision to a desk of two legs, and explains the last decision.

Holds no rule of its own and writes no target: its wish goes to the saga, whose state comes back in `status`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from core.domain.errors import Refused
from core.domain.events import W_MID, W_OWN, W_TIMER
from core.domain.instrument import Instrument
from core.domain.pair import PairStatus, Wish
from core.domain.pair_picture import PairRow
from core.domain.snapshot import Term
from core.domain.units import NS_PER_MS, lots_down
from core.kernel import Block, Kernels
from core.signals.blocks import SignalParams, signal_params
from core.strategies.pair_lock.blocks import PairBlock, PairState, SpreadWindow
from core.strategies.pair_lock.decide import decide
from core.strategies.pair_lock.params import PairParams, pair_block
from core.strategies.pair_lock.picture import picture_of
from core.strategies.pair_lock.why import sentence
from core.strategies.sdk import Desk, PairStrategy, Wakes

TIMER_NS = 500 * NS_PER_MS  # twice a sample, so that no second is lost to a late wake
FLATTEN_ON_FAIL, KEEP_ON_FAIL = 0, 1


class PairLock(PairStrategy):
    """One pair: `instruments` are the long venue's and the short venue's."""

    kind: ClassVar[str] = "pair_lock"
    on_round_end: ClassVar[str] = "carry"  # K-32
    schema: ClassVar[type[PairParams]] = PairParams

    def __init__(self, name: str, instruments: tuple[str, ...], params: PairParams) -> None:
        if len(instruments) != 2:
            raise Refused(f"Expected the two legs of {name}, was {len(instruments)} instrument")
        self.name = name
        self.instruments = instruments
        self.status, self.wish = PairStatus(), Wish()
        self.state, self.window = PairState(), SpreadWindow()
        self.block: PairBlock | None = None
        self._params = params
        self._desk: Desk | None = None
        self._decide: Callable[..., int] | None = None

    @property
    def params(self) -> PairParams:
        return self._params

    @property
    def wakes(self) -> Wakes:
        return Wakes(W_TIMER | W_OWN | W_MID, self._params.mid_move_ticks, TIMER_NS)

    def signal_params(self, instrument: int) -> SignalParams:
        return signal_params()

    def bind(self, kernels: Kernels, desk: Desk) -> None:
        """Raises Refused when the legs are of different coins, or the size is below one lot or minimum of a venue."""
        if self.block is None:
            self.block = pair_block(self._params, *desk.instruments)
        self._desk = desk
        self._decide = kernels.bind(
            decide, self.block, self.state, self.window, self.status, self.wish,
            *desk.views, *desk.signals, *desk.ledgers, *desk.specs,
        )  # fmt: skip

    def decide(self, now: int, why: int) -> None:
        """Write the wish. Nothing new is wished while risk lets nothing in."""
        desk, run = self._desk, self._decide
        if desk is None or run is None:
            raise RuntimeError(f"Expected {self.name} bound to a desk before its first decision")
        run(now, 0 if desk.cap_lots == 0 else 1)

    def planned_lots(self, instrument: int) -> int:
        return lots_down(self._params.base_qty / self._leg(instrument).lot) if self._desk else 0

    def bounds(self) -> Mapping[str, float | int]:
        p = self._params
        return {
            "eps": p.epsilon_bp / 1e4, "exit_slip": p.exit_slip_bp / 1e4, "exit_slip_max": p.exit_slip_max_bp / 1e4,
            "stop": p.stop_loss_first_leg, "cap": p.net_delta_max_ratio, "passive_ns": p.passive_ms * NS_PER_MS,
            "open_ns": p.open_ms * NS_PER_MS, "naked_ns": p.naked_ms * NS_PER_MS,
            "on_lock_fail": KEEP_ON_FAIL if p.on_lock_fail == "keep" else FLATTEN_ON_FAIL,
        }  # fmt: skip

    def net_cap(self, instrument: int) -> int:
        return self.planned_lots(instrument)

    def configure(self, values: Mapping[str, Any]) -> None:
        """Parameters change in place: the blocks stay bound, windows and averages keep what they learnt."""
        params = self._params.replaced(values)
        if self._desk is not None and self.block is not None:
            self.block.load(pair_block(params, *self._desk.instruments).image())
        self._params = params

    def start_round(self) -> None:
        """A pair is carried over rounds: nothing begins anew."""

    def blocks(self) -> dict[str, Block]:
        own: dict[str, Block] = {
            f"{self.name}.state": self.state, f"{self.name}.window": self.window, f"{self.name}.wish": self.wish,
            f"{self.name}.status": self.status,
        }  # fmt: skip
        if self.block is not None:
            own[f"{self.name}.params"] = self.block
        return own

    def breakdown(self, side: int, layer: int, instrument: int = 0) -> list[Term]:
        """A pair quotes nothing."""
        return []

    def describe(self) -> dict[str, float | int | str | None]:
        """The last decision in one line."""
        return {"why": sentence(self.status, self.wish) if self.state.s.n_decisions else None}

    def picture(self) -> PairRow:
        if self._desk is None or self.block is None:
            raise RuntimeError(f"Expected {self.name} bound to a desk before it is drawn")
        return picture_of(
            self.name, self._params, self.block, self.state, self.window, self.status, self.wish, self._desk
        )

    def _leg(self, instrument: int) -> Instrument:
        assert self._desk is not None
        return self._desk.instruments[instrument]
