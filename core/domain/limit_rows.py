"""What consoles draw of the risk limits: plain values, no behaviour. Part of the `Snapshot`; None is unknown."""

from __future__ import annotations

import msgspec

ROUND_STOP, DAY_LOSS = "round stop loss", "day loss"  # names of limits that screens look for
# what happens when a limit is hit that stops nothing
ORDER_REFUSED, EXIT_REFUSED, NOTICE, TO_MARKET = "order refused", "exit refused", "notice", "reduces may go to market"
REFUSALS = (ORDER_REFUSED, EXIT_REFUSED)  # to be at such a bound is allowed, to go beyond it is refused
MILD = (*REFUSALS, NOTICE, TO_MARKET)


class LimitRow(msgspec.Struct, frozen=True, gc=False):
    """One risk limit: now, its bound, the used share; `fired` counts since the start of the core."""

    name: str
    now: float | None
    bound: float | None  # None = missing: refuses; below 0 it is hit when `now` is at or below it
    unit: str
    used: float | None  # share of the bound, 1 = hit
    fired: int = 0
    owner: str = ""  # the strategy
    reason: str = ""
    venue: str = ""
    symbol: str = ""
    per_order: bool = False  # measured on each order: between orders there is no figure
    slope: int = 0  # what 1 quote of profit on all positions of the owner adds to `now`: +1, -1, 0 = nothing
    floor: bool = False  # hit when `now` is below the bound
    does: str = ""  # what happens when it is hit
    tightened: bool = False  # by an operator, below the configuration


class BandRow(msgspec.Struct, frozen=True, gc=False):
    """A drawdown band: at `loss` quote of unrealised loss the position is reduced by `fraction`, once."""

    loss: float
    fraction: float
    done: bool
    owner: str = ""
    now: float | None = None  # unrealised loss of all positions of the owner, quote; below 0 = a profit
