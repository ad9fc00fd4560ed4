"""Mirror symmetry (K-13, S1-66): the other world's wish is the mirrored wish, for any market and state.

Two mirrors: prices reflected at the entry with venues and rates swapped (gate, lock, stops, exits), and venues swapped
alone with rates negated (bands and time-out of S3, where the spread changes its sign and A becomes B).
"""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.domain.pair import LONG, SHORT, UNLOCK_A, UNLOCK_B
from core.strategies.pair_lock.blocks import LOWER_BAND, UPPER_BAND
from tests.unit.strategies.pair_lock.desk import NOON, T0, PairDesk, S

CENTRE = 50_000.0
OFFSETS = st.sampled_from([-800.0, -500.0, -250.0, -249.9, 0.0, 249.9, 250.0, 300.0, 500.0, 700.0])
RATES = st.sampled_from([-9e-4, -2e-4, -1e-4, -1e-4, 0.0, 0.0, 1e-4, 1e-4, 2e-4, 9e-4])
GAPS = st.sampled_from([-0.001, -0.0008, -0.0003, 0.0, 0.0004, 0.0008, 0.0012])
KINDS = {UNLOCK_A: UNLOCK_B, UNLOCK_B: UNLOCK_A}


def mirrored(wish: Any) -> tuple[int, int, int, int, float]:
    leg = wish.leg if wish.leg < 0 else 1 - wish.leg
    side = wish.side if wish.side < 0 else 1 - wish.side
    return KINDS.get(wish.kind, wish.kind), wish.reason, leg, side, wish.share


def plainly(wish: Any) -> tuple[int, int, int, int, float]:
    return wish.kind, wish.reason, wish.leg, wish.side, wish.share


@settings(max_examples=300, deadline=None)
@given(
    state=st.sampled_from([0, 0, 1, 1, 2, 4, 5]), first=st.sampled_from([LONG, SHORT]),
    busy=st.sampled_from([0, 0, 0, 1]),
    offsets=st.tuples(OFFSETS, OFFSETS), rates=st.tuples(RATES, RATES), gaps=st.tuples(GAPS, GAPS),
    minutes=st.integers(0, 479), fresh=st.tuples(st.booleans(), st.just(True)), wanted=st.integers(1, 3),
)  # fmt: skip
def test_reflected_prices_and_swapped_venues_give_the_mirrored_wish(
    state: int, first: int, busy: int, offsets: tuple[float, float], rates: tuple[float, float],
    gaps: tuple[float, float], minutes: int, fresh: tuple[bool, bool], wanted: int,
) -> None:  # fmt: skip
    assume(abs(gaps[0] + gaps[1]) > 1e-9)  # a perfect tie goes to the long side, the source's own order
    if state == 0:
        offsets = (0.0, 0.0)  # theta1 is relative to the price: reflection keeps it at the centre only
    wishes = []
    for flip in (False, True):
        desk = PairDesk(min_conditions=wanted)
        desk.now = T0 + minutes * 60 * S
        states = {4: 5, 5: 4}.get(state, state) if flip else state
        desk.declare(states, first=1 - first if flip else first, busy=busy, unlock_px=CENTRE, unlock_ts=desk.now - S)
        for leg in (LONG, SHORT):
            twin = 1 - leg if flip else leg
            sign = -1 if flip else 1
            desk.price(leg, CENTRE + sign * offsets[twin])
            desk.funding(leg, sign * rates[twin])
            desk.warm(leg, CENTRE * (1 + sign * gaps[twin]), CENTRE)
            desk.fresh[leg] = fresh[twin]
            if not fresh[twin]:
                desk.signals[leg].s.ts_priced = desk.now - 5 * S
        wishes.append(desk.decide())
    assert plainly(wishes[1]) == mirrored(wishes[0])


@settings(max_examples=300, deadline=None)
@given(
    spread=st.integers(-90, 90).map(float), first=st.sampled_from([LONG, SHORT]), rates=st.tuples(RATES, RATES),
    seconds=st.sampled_from([0, 14_399, 14_400, 20_000]), action=st.sampled_from(["reduce", "cut_leg"]),
    banded=st.booleans(),
)  # fmt: skip
def test_swapped_venues_turn_unlock_a_into_b(
    spread: float, first: int, rates: tuple[float, float], seconds: int, action: str, banded: bool
) -> None:
    wishes = []
    for flip in (False, True):
        desk = PairDesk(guard_action=action)
        desk.declare(3, first=1 - first if flip else first, lock_ts=NOON)
        desk.now = NOON + seconds * S
        if banded:
            desk.bands(*((-60.0, 40.0) if flip else (-40.0, 60.0)))
        for leg in (LONG, SHORT):
            twin = 1 - leg if flip else leg
            desk.price(leg, CENTRE + (spread if twin == LONG else 0.0))
            desk.funding(leg, (-1 if flip else 1) * rates[twin])
        wishes.append(desk.decide())
    kind, reason, *rest = mirrored(wishes[0])
    reason = {UPPER_BAND: LOWER_BAND, LOWER_BAND: UPPER_BAND}.get(reason, reason)
    assert plainly(wishes[1]) == (kind, reason, *rest)
