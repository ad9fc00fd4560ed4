"""Why a strategy does not trade an instrument: the stages of a wake in order, and the first that says no. Plain values.

Times ns of core time; None = not known, drawn `--`.
"""

from __future__ import annotations

import msgspec

# the stages, in the order in which a wake goes through them
STAGES = (
    "run state", "round", "market data", "limits", "strategy", "unknown orders", "planner", "risk gate",
    "message budget", "wire gate", "venue",
)  # fmt: skip
RUN, ROUND, DATA, LIMITS, STRATEGY, UNKNOWN, PLANNER, GATE, BUDGET, WIRE, VENUE = range(len(STAGES))

# what a stage says now
PASSES, NO, PART, NOT_ASKED, NOT_KNOWN = "passes", "NO", "part", "not asked", "--"


class WhyCount(msgspec.Struct, frozen=True, gc=False):
    """How often a stage said no for one reason. None = counted by nobody in that scope."""

    code: str
    round: int | None
    hour: int | None
    newest: int | None = None  # ts
    example: str = ""


class WhyStage(msgspec.Struct, frozen=True, gc=False):
    """`verdict`: passes | NO (nothing new gets by) | part (some is refused) | not asked (an earlier one said no)."""

    name: str
    verdict: str
    text: str
    since: int | None = None
    until: int | None = None
    counts: tuple[WhyCount, ...] = ()  # newest first


class WhyColumn(msgspec.Struct, frozen=True, gc=False):
    """One strategy on one instrument. `stage`: name of the first that says no, "" = none does."""

    strategy: str
    kind: str  # market maker | pair
    venue: str
    symbol: str
    orders: int  # of ours that may fill
    answer: str
    stage: str
    stages: tuple[WhyStage, ...]


class WhyPage(msgspec.Struct, frozen=True):
    """`steady` False: the core moved on while the page was made, every time it was tried."""

    now: int
    columns: tuple[WhyColumn, ...]
    steady: bool = True
