"""A seat of two legs: the strategy wishes, the saga turns the wish into targets of both legs, planner and gate follow.

The saga runs at every wake, also while the strategy is disabled: what is held stays under its stop, and an interrupted
lock is still taken back. Its state is all in blocks; `image` and `load` carry it over a restart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from core.domain.errors import Refused
from core.domain.events import Note
from core.domain.pair import LONG, SHORT
from core.domain.pair_picture import GateRow, PairRow
from core.domain.units import NS_PER_MS, NS_PER_S
from core.engine.post import Post
from core.engine.seat import Seat
from core.execution.pair_saga.advance import advance
from core.execution.pair_saga.blocks import PairParams, Saga, Wish, grains_of, pair_params
from core.execution.pair_saga.bridge import declare, hand_over
from core.execution.pair_saga.measure import residual_share
from core.execution.pair_saga.words import NO_WISH, REFUSAL_NAMES, STATE_NAMES, STUCK_NAMES
from core.kernel import Block, Kernels
from core.strategies.sdk import PairStrategy

WORK_NS = 100 * NS_PER_MS  # the saga's clocks run in wakes: between two of them while it works
STUCK_NAMED_NS = 2 * NS_PER_S  # a wait is said when it lasts so long
LEAST_DOWN_NS = 2 * NS_PER_S


def params_of(strategy: PairStrategy, posts: Sequence[Post]) -> PairParams:
    """The saga's parameters for these legs. Raises Refused where their lots have no common measure, or where the gate
    would refuse the saga's closes."""
    long, short = (post.instrument for post in posts)
    allowed, wanted = min(post.limits.s.slip for post in posts), strategy.bounds()["exit_slip_max"]
    if wanted > allowed * (1 + 1e-9):
        raise Refused(
            f"{strategy.name}: Expected reduceOnlyMaxSlippagePct of at least exitSlipMaxBp / 10000 = {wanted:g}, "
            f"was {allowed:g}: the gate would refuse to close a leg"
        )
    down = tuple(max(LEAST_DOWN_NS, post.instrument.book_stale_ns) for post in posts)
    try:
        grains = grains_of(f"{long.lot:.12f}", f"{short.lot:.12f}")
        return pair_params(grains, down_ns=(down[LONG], down[SHORT]), **strategy.bounds())
    except ValueError as error:
        raise Refused(f"{strategy.name}: {error}") from error


class PairSeat(Seat):
    """`posts` are the long venue's and the short venue's."""

    strategy: PairStrategy

    def __init__(self, number: int, strategy: PairStrategy, posts: Sequence[Post]) -> None:
        super().__init__(number, strategy, posts)
        self.saga, self.saga_wish, self.saga_params = Saga(), Wish(), params_of(strategy, posts)
        self.status, self.wish = strategy.status, strategy.wish
        self._shown = (0, 0, 0, 0)
        self._asked = 0  # time of the last wake

    def bind(self, kernels: Kernels) -> None:
        super().bind(kernels)
        long, short = self.posts
        self._hand = kernels.bind(hand_over, self.wish, self.saga_wish, self.saga)
        self._declare = kernels.bind(declare, self.status, self.saga)
        self._advance = kernels.bind(
            advance, self.saga, long.ledger, short.ledger, long.view, short.view, long.spec, short.spec,
            long.target, short.target, self.saga_params, self.saga_wish,
        )  # fmt: skip

    def configure(self, values: Mapping[str, float | int | bool]) -> None:
        super().configure(dict(values))
        self.saga_params.load(params_of(self.strategy, self.posts).image())

    def guard(self, now: int, notes: list[Note]) -> bool:
        """Money is limited for both legs together: what one leg loses the other may have made."""
        long, short = self.posts
        for post, peer in ((long, short), (short, long)):
            post.risk.s.peer_net, post.risk.s.peer_unrealised = peer.net_pnl(), peer.unrealised()
        return super().guard(now, notes)

    def ask(self, now: int, wanted: int, notes: list[Note]) -> None:
        """Status, wish, saga: in this order."""
        self._asked = now
        self._tell_margin()
        super().ask(now, wanted, notes)
        if self.disabled:
            self.saga_wish.s.kind = NO_WISH
        else:
            self._hand(self.strategy.planned_lots(LONG), self.strategy.planned_lots(SHORT))
        self._advance(now)
        self._declare()
        self._say(now, notes)

    def withdraw(self) -> None:
        """A disabled pair keeps what protects it: the saga's targets stand."""

    def wake_by(self, now: int) -> int:
        """While orders are at work or one leg stands alone the saga wants to be woken soon."""
        return now + WORK_NS if self.saga.s.busy or self.saga.s.stuck else 0

    def why(self) -> str:
        """The wish that stands and the figures that decided, one line."""
        return str(self.strategy.describe()["why"] or "not decided yet")

    def stuck(self) -> str:
        """What the pair waits for, "" = it moves."""
        return STUCK_NAMES[self.saga.s.stuck]

    def _tell_margin(self) -> None:
        """The venues' liquidation prices; read for a position of that sign, else not known."""
        t = self.status.s
        for leg, post in enumerate(self.posts):
            vitals, pos = post.vitals.s, post.ledger.s.pos
            t.liquidation_ts[leg] = vitals.liquidation_ts
            known = pos == 0 or vitals.liquidation_pos * pos > 0
            t.liquidation_px[leg] = (vitals.liquidation_px if pos else 0) if known else -1

    def _say(self, now: int, notes: list[Note]) -> None:
        """What moved: the cell, a refusal, a wait that lasts."""
        s = self.saga.s
        waits = s.stuck if s.stuck and now - s.stuck_since >= STUCK_NAMED_NS else 0
        shown = (s.state, s.refusal, waits, s.n_shrunk)
        if shown == self._shown:
            return
        cell, refusal, stuck, shrunk = self._shown
        self._shown = shown
        if s.state != cell:
            notes.append(Note("info", "pair_state", f"{self.name} {STATE_NAMES[cell]} -> {STATE_NAMES[s.state]}",
                              self.number, "strategy_adjust"))  # fmt: skip
        if s.refusal and s.refusal != refusal:
            notes.append(Note("info", "pair_refused", f"{self.name}: {REFUSAL_NAMES[s.refusal]}", self.number))
        if waits != stuck:
            level, text = ("warn", STUCK_NAMES[waits]) if waits else ("info", "moves again")
            notes.append(Note(level, "pair_stuck" if waits else "pair_moves", f"{self.name}: {text}", self.number))
        if s.n_shrunk > shrunk:
            notes.append(Note("crit", "pair_shrunk", f"{self.name}: a venue took size of a leg; the other is cut",
                              self.number))  # fmt: skip

    # what outlives the process ---------------------------------------------------------------------------------------

    def own_blocks(self) -> dict[str, Block]:
        """The saga's state and the strategy's, by name."""
        return {"saga": self.saga, "saga_wish": self.saga_wish, **self.strategy.blocks()}

    def picture(self) -> PairRow:
        """The strategy's picture with the saga's words in it."""
        row, s, p = self.strategy.picture(), self.saga.s, self.saga_params.s
        legs = tuple(
            msgspec.structs.replace(
                leg,
                down=bool(s.down[n]),
                stop=s.stop_px * self.posts[n].instrument.tick if s.stop_px and s.stop_leg == n else None,
            )
            for n, leg in enumerate(row.legs)
        )
        return msgspec.structs.replace(
            row, cell=STATE_NAMES[s.state], since=s.since or row.since, refusal=REFUSAL_NAMES[s.refusal],
            stuck=STUCK_NAMES[s.stuck], stuck_since=s.stuck_since, legs=(legs[LONG], legs[SHORT]),
            residual=residual_share(s, p), episodes=s.episode, figures=(*row.figures, self._naked()),
        )  # fmt: skip

    def _naked(self) -> GateRow:
        """How long more than a lot stands unhedged that no state declares, s."""
        since, most = self.saga.s.naked_since, self.saga_params.s.naked_ns
        age = max(0, self._asked - since) if since else 0
        return GateRow("naked seconds", age / NS_PER_S, most / NS_PER_S, age <= most)
