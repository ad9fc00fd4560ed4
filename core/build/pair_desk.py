"""The pairs of an engine as the measures read them: the port `core.kpi.books.PairEyes` over live blocks. Reads only."""

from __future__ import annotations

import math

from core.domain.pair import LONG, SHORT, WISH_NAMES
from core.engine.engine import Engine
from core.engine.pair_lineup import BACKUP
from core.engine.pair_seat import PairSeat
from core.kpi.books import GateSeen, PairLegs
from core.strategies.pair_lock.blocks import CONDITION_NAMES, GATE_OPEN, REASON_NAMES
from core.strategies.pair_lock.gate import passes
from core.strategies.pair_lock.strategy import PairLock


class SeatEyes:
    """One seat's saga and decision."""

    def __init__(self, seat: PairSeat) -> None:
        self.seat = seat
        self._params, self._wish = seat.saga_params.s, seat.wish.s

    def naked_since(self) -> int:
        return self.seat.lineup.naked_since()

    def naked_limit_ns(self) -> int:
        return self._params.naked_ns

    def wish(self) -> tuple[str, str]:
        kind, reason = self._wish.kind, self._wish.reason
        return WISH_NAMES[kind], REASON_NAMES[reason] if 0 <= reason < len(REASON_NAMES) else str(reason)

    def gate(self) -> tuple[GateSeen, GateSeen] | None:
        strategy = self.seat.strategy
        if not isinstance(strategy, PairLock) or strategy.block is None or not strategy.state.s.n_decisions:
            return None
        p, s = strategy.block.s, strategy.state.s
        long, short = (
            GateSeen(
                barred="" if s.barred[leg] == GATE_OPEN else REASON_NAMES[s.barred[leg]],
                holds=tuple(name for bit, name in enumerate(CONDITION_NAMES) if s.conditions[leg] >> bit & 1),
                opens=bool(passes(p, s, leg)),
            )
            for leg in (LONG, SHORT)
        )
        return long, short

    def bands(self) -> tuple[float, float, float] | None:
        strategy = self.seat.strategy
        if not isinstance(strategy, PairLock):
            return None
        s, w = strategy.state.s, strategy.window.s
        known = s.spread_ok and w.ok and all(math.isfinite(x) for x in (s.spread, w.lb, w.ub))
        return (s.spread, w.lb, w.ub) if known else None


def pairs_of_engine(engine: Engine) -> tuple[PairLegs, ...]:
    """The pairs in config order, each with its ledgers (`Post.number`): the legs' own, and the backup's."""
    return tuple(
        PairLegs(
            seat.name, seat.posts[LONG].number, seat.posts[SHORT].number, seat.status, seat.why, seat.stuck,
            SeatEyes(seat), seat.posts[BACKUP].number if len(seat.posts) > BACKUP else -1, seat.lineup.numbers,
        )
        for seat in engine.seats
        if isinstance(seat, PairSeat)
    )  # fmt: skip
