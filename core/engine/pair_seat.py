"""A seat of two legs: the strategy wishes, the saga turns the wish into targets of both legs, planner and gate follow.

The saga runs at every wake, also while the strategy is disabled: what is held stays under its stop, and an interrupted
lock is still taken back. Its state is all in blocks; `image` and `load` carry it over a restart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from core.domain.events import Note
from core.domain.pair import LONG, SHORT
from core.domain.pair_picture import GateRow, PairRow
from core.domain.units import NS_PER_MS, NS_PER_S
from core.engine.pair_lineup import ASTRAY, BACKUP, Lineup
from core.engine.post import Post
from core.engine.seat import Seat
from core.execution.pair_saga.bridge import declare, hand_over
from core.execution.pair_saga.measure import residual_share
from core.execution.pair_saga.words import EXIT, NO_WISH, REFUSAL_NAMES, S0_FLAT, STATE_NAMES, STUCK_NAMES
from core.kernel import Block, Kernels
from core.strategies.sdk import PairStrategy

WORK_NS = 100 * NS_PER_MS  # the saga's clocks run in wakes: between two of them while it works
STOPS_WISH = -1  # id of a wish that no strategy made
STUCK_NAMED_NS = 2 * NS_PER_S  # a wait is said when it lasts so long


class PairSeat(Seat):
    """`posts` are the long venue's and the short venue's, and the backup's where there is one."""

    strategy: PairStrategy

    def __init__(self, number: int, strategy: PairStrategy, posts: Sequence[Post]) -> None:
        super().__init__(number, strategy, posts)
        self.lineup = Lineup(strategy, posts, number)
        self.saga, self.saga_wish, self.saga_params = self.lineup.saga, self.lineup.wish, self.lineup.params
        self.status, self.wish = strategy.status, strategy.wish
        self._shown = (0, 0, 0, 0)
        self._asked = 0  # time of the last wake

    def bind(self, kernels: Kernels) -> None:
        super().bind(kernels)
        self.lineup.bind(kernels)
        self._hand = kernels.bind(hand_over, self.wish, self.saga_wish, self.saga)
        self._declare = kernels.bind(declare, self.status, self.saga)

    def configure(self, values: Mapping[str, float | int | bool]) -> None:
        super().configure(dict(values))
        self.lineup.configure()

    def guard(self, now: int, notes: list[Note]) -> bool:
        """Money is limited for all legs together: what one loses another may have made."""
        net, unrealised = [post.net_pnl() for post in self.posts], [post.unrealised() for post in self.posts]
        for n, post in enumerate(self.posts):
            risk = post.risk.s
            risk.peer_net, risk.peer_unrealised = sum(net) - net[n], sum(unrealised) - unrealised[n]
        return super().guard(now, notes)

    def ask(self, now: int, wanted: int, notes: list[Note]) -> None:
        """Status, wish, saga: in this order."""
        self._asked = now
        self.lineup.follow()
        self._tell_margin()
        for leg, post in enumerate(self.lineup.playing):
            self.saga_wish.s.shut[leg] = int(post.shut)
        super().ask(now, wanted, notes)
        if self.disabled:
            self.saga_wish.s.kind = NO_WISH
        else:
            self._hand(self.strategy.planned_lots(LONG), self.strategy.planned_lots(SHORT))
        self.lineup.advance(now, notes)
        self._declare()
        self._say(now, notes)

    def lets_in(self) -> bool:
        """Both legs' venues let new exposure in, and nothing of ours is where no leg is."""
        return not self.lineup.astray and not any(post.risk.s.pull_quotes for post in self.lineup.playing)

    def withdraw(self) -> None:
        """A disabled pair keeps what protects it: the saga's targets stand."""

    def legs(self) -> tuple[Post, Post] | None:
        self.lineup.follow()
        return self.lineup.playing

    def after_stop(self, now: int, notes: list[Note]) -> bool:
        """Where a stop left nothing, the saga rests in S0. Nothing is sent: its targets are nobody's until `plan`. A
        lone leg that a halt kept has its stop in force."""
        s, w = self.saga.s, self.saga_wish.s
        self._asked = now
        if not all(map(self.lineup.holds_nothing, self.posts)):
            return self._stop_reached()
        if s.state == S0_FLAT:
            return False
        w.kind = NO_WISH
        self.lineup.advance(now, notes)
        if s.state != S0_FLAT:
            w.kind, w.id = EXIT, STOPS_WISH
            self.lineup.advance(now, notes)
        self._declare()
        self._say(now, notes)
        return False

    def _stop_reached(self) -> bool:
        """The mark of the lone leg's own venue is at its stop, or beyond; an unknown one counts as neither, as the
        engine's limits see to that."""
        s, post = self.saga.s, self.lineup.playing[self.saga.s.stop_leg]
        pos, mark, other = post.ledger.s.pos, post.view.s.mark, self.lineup.playing[1 - s.stop_leg]
        if s.stop_px <= 0 or mark <= 0 or pos == 0 or not self.lineup.holds_nothing(other):
            return False
        return bool((mark - s.stop_px) * (1 if pos > 0 else -1) <= 0)

    def wake_by(self, now: int) -> int:
        """While orders are at work or one leg stands alone the saga wants to be woken soon."""
        return now + WORK_NS if self.saga.s.busy or self.saga.s.stuck or self.lineup.astray else 0

    def why(self) -> str:
        """The wish that stands and the figures that decided, one line."""
        return str(self.strategy.describe()["why"] or "not decided yet")

    def stuck(self) -> str:
        """What the pair waits for, "" = it moves."""
        return STUCK_NAMES[self.saga.s.stuck] or (ASTRAY if self.lineup.astray_since() else "")

    def cell(self) -> str:
        """The saga's state; behind the backup's name while it plays a leg."""
        self.lineup.follow()
        name = STATE_NAMES[self.saga.s.state]
        return name if self.lineup.on_backup < 0 else f"backup {self.posts[BACKUP].instrument.venue}: {name}"

    def _tell_margin(self) -> None:
        """The venues' liquidation prices; read for a position of that sign, else not known."""
        t = self.status.s
        for leg, post in enumerate(self.lineup.playing):
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
        return {"saga": self.saga, "saga_wish": self.saga_wish, **self.lineup.blocks(), **self.strategy.blocks()}

    def picture(self) -> PairRow:
        """The strategy's picture with the saga's words in it."""
        self.lineup.follow()
        net = sum(post.ledger.s.pos * post.instrument.lot for post in self.posts)
        row, s, p = self.strategy.picture(), self.saga.s, self.saga_params.s
        playing = self.lineup.playing
        legs = tuple(
            msgspec.structs.replace(
                leg,
                down=bool(s.down[n]),
                stop=s.stop_px * playing[n].instrument.tick if s.stop_px and s.stop_leg == n else None,
            )
            for n, leg in enumerate(row.legs)
        )
        return msgspec.structs.replace(
            row, cell=self.cell(), since=s.since or row.since, refusal=REFUSAL_NAMES[s.refusal],
            stuck=self.stuck(), stuck_since=s.stuck_since if s.stuck else self.lineup.astray_since(),
            legs=(legs[LONG], legs[SHORT]), net=net, residual=residual_share(s, p), episodes=s.episode,
            figures=(*row.figures, self._naked()),
        )  # fmt: skip

    def _naked(self) -> GateRow:
        """How long more than a lot stands unhedged that no state declares, s."""
        since, most = self.lineup.naked_since(), self.saga_params.s.naked_ns
        age = max(0, self._asked - since) if since else 0
        return GateRow("naked seconds", age / NS_PER_S, most / NS_PER_S, age <= most)
