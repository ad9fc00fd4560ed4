"""The pair as the engine sees it: binds the decision to a desk of two legs, and explains the last decision.

Holds no rule of its own and writes no target: its wish goes to the saga, whose state comes back in `status`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from core.domain.errors import Refused
from core.domain.events import W_MID, W_OWN, W_TIMER
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
OWN, BACKUP = (0, 1), 2  # instruments: the legs' own, the third
BACKUP_ORDERS = {"backup_long": (BACKUP, 1), "backup_short": (0, BACKUP)}
ORDERS = (OWN, *BACKUP_ORDERS.values())


def legs_of(state: PairState) -> list[str]:
    """Fields that hold one figure a leg."""
    return [name for name, field in state.fields.items() if field.shape == (2,)]


def move_leg(source: PairState, to: PairState, leg: int) -> None:
    """What one knows of a leg becomes what the other knows of it."""
    for name in legs_of(source):
        to.array(name)[leg] = source.array(name)[leg]


def clear_leg(state: PairState, leg: int) -> None:
    """Nothing is known of the leg."""
    for name in legs_of(state):
        state.array(name)[leg] = 0


class PairLock(PairStrategy):
    """One pair: `instruments` are the long venue's and the short venue's, and the backup's where there is one.

    Spreads of two venues are never mixed: each pair of venues has a window of its own. What is known of a leg's own
    venue is set aside while the backup plays the leg.
    """

    kind: ClassVar[str] = "pair_lock"
    on_round_end: ClassVar[str] = "carry"  # K-32
    schema: ClassVar[type[PairParams]] = PairParams

    def __init__(self, name: str, instruments: tuple[str, ...], params: PairParams) -> None:
        if len(instruments) not in (2, 3):
            raise Refused(f"Expected two legs of {name} and at most one backup, was {len(instruments)} instrument")
        self.name = name
        self.instruments = instruments
        self.status, self.wish = PairStatus(), Wish()
        self.state, self.aside = PairState(), PairState()
        self.legs = OWN
        self.windows = {legs: SpreadWindow() for legs in (ORDERS if len(instruments) > BACKUP else ORDERS[:1])}
        self.block: PairBlock | None = None
        self._params = params
        self._desk: Desk | None = None
        self._decides: dict[tuple[int, int], Callable[..., int]] = {}

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
        made = {legs: self._block(self._params, desk, legs) for legs in self.windows}
        if self.block is None:
            self.block = made[OWN]
        self.block.load(made[self.legs].image())
        self._desk = desk
        for legs, window in self.windows.items():
            part = desk.part(legs)
            self._decides[legs] = kernels.bind(
                decide, self.block, self.state, window, self.status, self.wish,
                *part.views, *part.signals, *part.ledgers, *part.specs,
            )  # fmt: skip

    def play(self, legs: tuple[int, int], fresh: bool) -> None:
        """A leg that goes to the backup begins without price, trend and rate; one that comes home has its own again."""
        for leg, (was, now) in enumerate(zip(self.legs, legs, strict=True)):
            if was == now or not fresh:
                continue
            if now == BACKUP:
                move_leg(self.state, self.aside, leg)
                clear_leg(self.state, leg)
            else:
                move_leg(self.aside, self.state, leg)
        self.legs = legs
        if self._desk is not None and self.block is not None:
            self.block.load(self._block(self._params, self._desk, legs).image())
        if fresh:
            self.window.s.ok = 0  # its bands are of another time: the next sample sets them

    @property
    def window(self) -> SpreadWindow:
        """Past spreads of the two venues that play."""
        return self.windows[self.legs]

    def decide(self, now: int, why: int) -> None:
        """Write the wish. Nothing new is wished while risk lets nothing in."""
        desk, run = self._desk, self._decides.get(self.legs)
        if desk is None or run is None:
            raise RuntimeError(f"Expected {self.name} bound to a desk before its first decision")
        run(now, 0 if desk.cap_lots == 0 else 1)

    def planned_lots(self, leg: int) -> int:
        return self.net_cap(self.legs[leg])

    def bounds(self) -> Mapping[str, float | int]:
        p = self._params
        return {
            "eps": p.epsilon_bp / 1e4, "exit_slip": p.exit_slip_bp / 1e4, "exit_slip_max": p.exit_slip_max_bp / 1e4,
            "stop": p.stop_loss_first_leg, "cap": p.net_delta_max_ratio, "passive_ns": p.passive_ms * NS_PER_MS,
            "open_ns": p.open_ms * NS_PER_MS, "naked_ns": p.naked_ms * NS_PER_MS,
            "on_lock_fail": KEEP_ON_FAIL if p.on_lock_fail == "keep" else FLATTEN_ON_FAIL,
        }  # fmt: skip

    def net_cap(self, instrument: int) -> int:
        return lots_down(self._params.base_qty / self._desk.instruments[instrument].lot) if self._desk else 0

    def configure(self, values: Mapping[str, Any]) -> None:
        """Parameters change in place: the blocks stay bound, windows and averages keep what they learnt."""
        params = self._params.replaced(values)
        if self._desk is not None and self.block is not None:
            made = {legs: self._block(params, self._desk, legs) for legs in self.windows}
            self.block.load(made[self.legs].image())
        self._params = params

    def start_round(self) -> None:
        """A pair is carried over rounds: nothing begins anew."""

    def blocks(self) -> dict[str, Block]:
        own: dict[str, Block] = {
            f"{self.name}.state": self.state, f"{self.name}.window": self.windows[OWN],
            f"{self.name}.wish": self.wish, f"{self.name}.status": self.status,
        }  # fmt: skip
        if len(self.windows) > 1:
            own[f"{self.name}.aside"] = self.aside
            own |= {f"{self.name}.window.{name}": self.windows[legs] for name, legs in BACKUP_ORDERS.items()}
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
            self.name, self._params, self.block, self.state, self.window, self.status, self.wish,
            self._desk.part(self.legs),
        )  # fmt: skip

    @staticmethod
    def _block(params: PairParams, desk: Desk, legs: tuple[int, int]) -> PairBlock:
        long, short = legs
        return pair_block(params, desk.instruments[long], desk.instruments[short])
