"""Blocks of the pair: its parameters, what strategy and engine hand in at each wake, and all of its state.

Leg 0 is A, leg 1 is B. Sizes are lots of the leg's own venue; both legs are compared in grains, a common measure of the
base coin, so that lots and contract units may differ. `grains_of` finds it. Prices ticks, times ns, shares fractions.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm

from core.domain.units import NS_PER_MS, NS_PER_S
from core.execution.pair_saga.words import EVENTS, FLATTEN_ON_FAIL, STATES
from core.kernel import Block, f64, f64s, i64, i64s

MAX_GRAINS = 1 << 20  # of one lot: keeps lots x grains far inside int64


class PairParams(Block):
    """Bounds of the pair. A bound of 0 is a bound that is missing: opening is refused."""

    lot_grains: i64s[2]
    eps: f64  # K-36: sum of both legs before the first send, and each opening child against its own arrival mid
    exit_slip: f64  # a close's first bound against mid; doubled after each try that found nothing
    exit_slip_max: f64
    stop: f64  # share of entry (S1) or of the price at the unlock (S4, S5)
    cap: f64  # net_delta_max_ratio: residual over planned notional, inclusive (K-27)
    passive_ns: i64  # leg 1 rests post-only for so long
    open_ns: i64  # then takes, until here
    naked_ns: i64
    unlock_ns: i64
    alarm_ns: i64  # a close that lasts longer is named
    settle_ns: i64  # a child that ended short waits so long for fills that its end overtook
    retry_ns: i64  # gap after a child that got nothing, doubled up to
    retry_max_ns: i64
    down_ns: i64s[2]  # a book older than this is no book
    max_rejects: i64
    slice_grains: i64  # exits: how far one leg may run ahead of the other; 0 = a quarter
    reprice_ticks: i64  # the passive order follows its touch when further away than this
    on_lock_fail: i64
    has_backup: i64


class Wish(Block):
    """What is handed in at each wake. A wish is acted on or refused once per `id`; repeat it under a new id.

    side, first, lots: of OPEN and PAIR (side of the first leg, which leg is first, lots of it); lots: of CUT.
    """

    id: i64
    kind: i64
    side: i64
    first: i64
    lots: i64
    stop_px: i64  # ticks; a stop nearer than the saga's own, 0 = none
    force: i64  # 1 = close the reachable leg though the other venue is down
    shut: i64s[2]  # 1 = the venue is closed, cancel-only or cut off, whatever its book says
    bound: i64s[2]  # which venue the caller has bound as this leg: 0 primary, 1 backup


class Saga(Block):
    """All state of one pair. `image()` and `load()` persist it; nothing is kept anywhere else."""

    state: i64
    since: i64
    n_wakes: i64
    episode: i64
    # the wish and its answer
    wish_id: i64
    refusal: i64
    budget_bp: f64  # last estimate, both legs, bp of mid; -1 = the books were too thin
    # the episode
    first: i64
    sign: i64s[2]  # +1 long, -1 short, 0 between episodes
    intent: i64s[2]  # lots that this episode may ever open on the leg
    closed: i64s[2]  # 1 = opens no more in this episode
    base_open: i64s[2]  # the ledger's traded lots at its start
    base_close: i64s[2]
    sold_ok: i64s[2]  # closed lots that are accounted for
    goal: i64  # grains to reduce to; FAR = only to match
    slice: i64  # grains by which one leg may run ahead of the other on the way down
    passive_over: i64
    planned: i64  # grains of the first leg as planned
    dust: i64  # grains of residual that no order can remove: declared
    lost: i64
    foreign: i64
    venue: i64s[2]
    # what the strategy asks back
    stage: i64  # 0 .. 5 of S0 .. S5
    busy: i64  # 1 = on the way, or orders alive
    lock_ts: i64  # when this episode was first hedged
    unlock_ts: i64
    unlock_px: i64  # of the kept leg then, ticks
    # the stop of a lone leg
    stop_px: i64
    stop_leg: i64
    # the child at work on each leg
    kid: i64s[2]
    kid_ts: i64s[2]
    style: i64s[2]
    asked: i64s[2]
    asked_traded: i64s[2]
    asked_lots: i64s[2]
    ended: i64s[2]  # when a child ended short of what was asked, 0 = it did not
    pulled: i64s[2]
    arrival: f64s[2]  # mid, ticks, when it was asked
    tries: i64s[2]  # in a row that got nothing
    rejects: i64s[2]  # in a row
    seen_rejected: i64s[2]
    # what the ledgers and books said at this wake
    seen_buy: i64s[2]
    seen_sell: i64s[2]
    pos: i64s[2]
    held: i64s[2]  # in the declared direction
    bought: i64s[2]
    sold: i64s[2]
    entry: f64s[2]
    alive: i64s[2]
    alive_open: i64s[2]
    unknown: i64s[2]
    live_slot: i64s[2]
    unbound: i64s[2]
    down: i64s[2]
    mid: f64s[2]
    px: i64s[2]  # mark, or mid where there is none; 0 = unknown
    min_lots: i64s[2]
    min_open: i64s[2]
    excess: i64s[2]  # lots to close
    net: i64  # signed grains of both legs
    naked_since: i64
    # told to others
    stuck: i64
    stuck_since: i64
    n_shrunk: i64
    n_children: i64s[2]
    visits: i64s[STATES, EVENTS]  # of each cell


def pair_params(lot_grains: tuple[int, int], **values: int | float | tuple[int, int]) -> PairParams:
    """Defaults of the requirements (S1-21..S1-23, K-28, K-36) and ours for the times.

    Raises ValueError for figures that cannot work: no grains, no slippage bound, no times.
    """
    given = {
        "eps": 2e-4, "exit_slip": 1e-3, "exit_slip_max": 5e-3, "stop": 0.01, "cap": 0.10, "passive_ns": 3 * NS_PER_S,
        "open_ns": 10 * NS_PER_S, "naked_ns": 500 * NS_PER_MS, "unlock_ns": 30 * NS_PER_S, "alarm_ns": 10 * NS_PER_S,
        "settle_ns": 60 * NS_PER_MS, "retry_ns": 50 * NS_PER_MS, "retry_max_ns": 15 * NS_PER_S,
        "down_ns": (2 * NS_PER_S, 2 * NS_PER_S),
        "max_rejects": 3, "slice_grains": 0, "reprice_ticks": 0, "on_lock_fail": FLATTEN_ON_FAIL, "has_backup": 0,
    } | values  # fmt: skip
    if not all(0 < grains <= MAX_GRAINS for grains in lot_grains):
        raise ValueError(f"Expected 1 .. {MAX_GRAINS} grains a lot, was {lot_grains}")
    positive = "eps exit_slip exit_slip_max stop cap open_ns naked_ns unlock_ns alarm_ns retry_ns retry_max_ns".split()
    bad = [name for name in positive if not float(given[name]) > 0.0]  # type: ignore[arg-type]
    if bad:
        raise ValueError(f"Expected a bound above 0 for {', '.join(bad)}")
    return PairParams(lot_grains=lot_grains, **given)


def grains_of(lot_a: str, lot_b: str, coins_a: str = "1", coins_b: str = "1") -> tuple[int, int]:
    """Grains in one lot of each leg: their greatest common measure. Decimal text, `coins` = base coins a unit (1000 for
    a kilo contract). Raises ValueError where no measure under MAX_GRAINS exists."""
    one, two = Fraction(lot_a) * Fraction(coins_a), Fraction(lot_b) * Fraction(coins_b)
    if one <= 0 or two <= 0:
        raise ValueError(f"Expected lots above 0, was {lot_a} and {lot_b}")
    whole = lcm(one.denominator, two.denominator)
    a, b = int(one * whole), int(two * whole)
    measure = gcd(a, b)
    a, b = a // measure, b // measure
    if max(a, b) > MAX_GRAINS:
        raise ValueError(f"Expected lots with a common measure, was {lot_a} x {coins_a} and {lot_b} x {coins_b}")
    return a, b
