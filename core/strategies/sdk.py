"""What a strategy is: parameters, blocks, wake conditions, a decision that writes targets, and an account of it.

A strategy sees its `Desk` and nothing else: no clock, no chance, no guard, no execution, no risk, no exchange.
It says what should stand at the venue (`Target`); who sends, refuses or reduces is not its business.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from core.domain.book import View
from core.domain.instrument import Instrument, Spec
from core.domain.order import Ledger, Target
from core.domain.pair import PairStatus, Wish
from core.domain.pair_picture import PairRow
from core.domain.snapshot import Term
from core.domain.units import FAR
from core.kernel import Block, Kernels
from core.signals.blocks import SignalParams, Signals


class StrategyParams(BaseModel):
    """Base of a strategy's parameters: unknown keys, wrong types, NaN and infinities are refused.

    Every field loads under its snake_case name and its camelCase alias.
    """

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        alias_generator=to_camel,
        populate_by_name=True,
        validate_default=True,
    )

    def replaced(self, values: Mapping[str, Any]) -> Self:
        """A validated copy with some fields changed, by either name. Raises pydantic's ValidationError."""
        names = {field.alias: name for name, field in type(self).model_fields.items()}
        changed = {names.get(key, key): value for key, value in values.items()}
        return type(self).model_validate({**self.model_dump(), **changed})


@dataclass(frozen=True)
class Wakes:
    """When a strategy wants to be called: bits W_* of `core.domain.events`, ticks the mid must move, timer period."""

    mask: int
    mid_move_ticks: int
    timer_ns: int


@dataclass
class Desk:
    """Everything a strategy may see, one entry an instrument, in the order of `Strategy.instruments`.

    The engine owns the blocks. `noise_level` (0 .. 3) and `cap_lots` (net cap allowed by risk now, lots; FAR = no
    further bound, 0 = only reduce) are risk's two words to a strategy, set before each `decide`.
    """

    instruments: Sequence[Instrument]
    specs: Sequence[Spec]
    views: Sequence[View]
    signals: Sequence[Signals]
    signal_params: Sequence[SignalParams]
    ledgers: Sequence[Ledger]
    targets: Sequence[Target]
    noise_level: int = 0
    cap_lots: int = FAR

    def __post_init__(self) -> None:
        lengths = {
            len(part)
            for part in (
                self.instruments, self.specs, self.views, self.signals, self.signal_params, self.ledgers, self.targets,
            )
        }  # fmt: skip
        if len(lengths) != 1:
            raise ValueError(f"Expected one entry an instrument in every part of the desk, was {sorted(lengths)}")

    def part(self, which: Sequence[int]) -> Desk:
        """The desk of some of its instruments, in the order of `which`."""
        return Desk(
            instruments=[self.instruments[n] for n in which],
            specs=[self.specs[n] for n in which],
            views=[self.views[n] for n in which],
            signals=[self.signals[n] for n in which],
            signal_params=[self.signal_params[n] for n in which],
            ledgers=[self.ledgers[n] for n in which],
            targets=[self.targets[n] for n in which],
            noise_level=self.noise_level,
            cap_lots=self.cap_lots,
        )


class Strategy(abc.ABC):
    """One strategy on one or several instruments. Life: `bind` once, `start_round`, `decide` at each wake.

    `instruments` are keys of the config (`venue:symbol`); `on_round_end` is the default policy (K-32): what a round's
    end does with the position, `flatten` or `carry`.
    """

    kind: ClassVar[str]
    on_round_end: ClassVar[str] = "flatten"
    name: str
    instruments: tuple[str, ...]

    @property
    @abc.abstractmethod
    def params(self) -> StrategyParams:
        """The parameters in force."""

    @property
    @abc.abstractmethod
    def wakes(self) -> Wakes:
        """When it wants to be called; read again after `configure`."""

    @abc.abstractmethod
    def signal_params(self, instrument: int) -> SignalParams:
        """How the estimators of one of its instruments shall work."""

    @abc.abstractmethod
    def bind(self, kernels: Kernels, desk: Desk) -> None:
        """Take the desk and the form of the kernels; may be called again to switch form between two events."""

    @abc.abstractmethod
    def decide(self, now: int, why: int) -> None:
        """Write every target of the desk (`hold` 1 = no decision this time). now ns, why = bits W_*."""

    @abc.abstractmethod
    def net_cap(self, instrument: int) -> int:
        """Lots of net position that the strategy allows itself now (S3-77); 0 before its first decision."""

    @abc.abstractmethod
    def configure(self, values: Mapping[str, Any]) -> None:
        """New parameter values, already validated by whoever journalled them; state is kept."""

    @abc.abstractmethod
    def start_round(self) -> None:
        """A round begins: loss is counted from here."""

    @abc.abstractmethod
    def blocks(self) -> dict[str, Block]:
        """All state by name, for images and checks."""

    @abc.abstractmethod
    def breakdown(self, side: int, layer: int, instrument: int = 0) -> list[Term]:
        """What each term contributed to one quote, bps of the mid; empty where nothing is quoted."""

    @abc.abstractmethod
    def describe(self) -> dict[str, float | int | str | None]:
        """Figures of the last decision for reports and metrics; None = no value."""


class PairStrategy(Strategy):
    """A strategy of two legs (long venue, short venue) that writes no targets: it wishes, one wish a wake.

    The engine's seat has the saga carry the wish out and tells `status` before each `decide`. A third instrument is the
    backup venue of either leg; which two are the legs now is told by `play`.
    """

    wish: Wish
    status: PairStatus

    @abc.abstractmethod
    def play(self, legs: tuple[int, int], fresh: bool) -> None:
        """From now on these of its instruments are the long leg and the short one. `fresh` false: chosen again after a
        restart, what the blocks know of them stands."""

    @abc.abstractmethod
    def planned_lots(self, leg: int) -> int:
        """Lots of a whole leg, LONG or SHORT, as they play now; 0 before `bind`."""

    @abc.abstractmethod
    def bounds(self) -> Mapping[str, float | int]:
        """Bounds of the execution by the field names of the saga's parameters; ns, fractions."""

    @abc.abstractmethod
    def picture(self) -> PairRow:
        """The decision's side of what a console draws; the seat fills in legs' orders and the saga's words."""
