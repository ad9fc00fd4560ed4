"""Which posts of a pair are its legs now: its own two, or the backup venue in place of one of them (S1-54, K-28).

The truth is `bound` of the saga's wish, a block that outlives the process; what is bound here follows it. The saga asks
for the backup, this says when it may have it, and closes what still comes on a venue that plays no leg.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm

from core.domain.errors import Refused
from core.domain.events import Note
from core.domain.pair import LONG, SHORT
from core.domain.units import BUY, NS_PER_S, SELL
from core.engine.post import Post
from core.execution.pair_saga.advance import advance
from core.execution.pair_saga.backup import CLOSING, NOT_OURS, Stray, close_stray, give_up, take_over
from core.execution.pair_saga.blocks import PairParams, Saga, Wish, pair_params
from core.execution.pair_saga.words import S0_FLAT, S2_LOCKING
from core.kernel import Kernels
from core.strategies.sdk import PairStrategy

LEAST_DOWN_NS = 2 * NS_PER_S
BACKUP = 2  # place of the third post
ASTRAY = "closing what came on a venue that plays no leg"
OWN = (LONG, SHORT)
ORDERS = (OWN, (BACKUP, SHORT), (LONG, BACKUP))  # posts of the long leg and of the short one
LEG_NAMES = ("long", "short")
TRIES = 2  # orders of a second leg that may find nothing where a backup waits


def down_ns(post: Post) -> int:
    """A book older than this is none."""
    return max(LEAST_DOWN_NS, post.instrument.book_stale_ns)


def grains_of_all(lots: Sequence[float]) -> tuple[int, ...]:
    """Grains in one lot of each venue: their greatest common measure in base coins, so that no switch changes it."""
    sizes = [Fraction(f"{lot:.12f}") for lot in lots]
    whole = lcm(*(size.denominator for size in sizes))
    counts = [int(size * whole) for size in sizes]
    return tuple(n // gcd(*counts) for n in counts)


def params_of(strategy: PairStrategy, posts: Sequence[Post], order: tuple[int, int] = OWN) -> PairParams:
    """The saga's parameters while these posts are the legs. Raises Refused where the lots have no common measure, or
    where the gate would refuse the saga's closes."""
    allowed, wanted = min(post.limits.s.slip for post in posts), strategy.bounds()["exit_slip_max"]
    if wanted > allowed * (1 + 1e-9):
        raise Refused(
            f"{strategy.name}: Expected reduceOnlyMaxSlippagePct of at least exitSlipMaxBp / 10000 = {wanted:g}, "
            f"was {allowed:g}: the gate would refuse to close a leg"
        )
    grains, (long, short) = grains_of_all([post.instrument.lot for post in posts]), order
    try:
        return pair_params(
            (grains[long], grains[short]), down_ns=(down_ns(posts[long]), down_ns(posts[short])), **strategy.bounds()
        )
    except ValueError as error:
        raise Refused(f"{strategy.name}: {error}") from error


class Lineup:
    """`posts`: the long venue's, the short venue's and, where one is configured, the backup's."""

    def __init__(self, strategy: PairStrategy, posts: Sequence[Post], number: int) -> None:
        self.strategy, self.posts, self.number = strategy, tuple(posts), number
        self.saga, self.wish, self.params = Saga(), Wish(), params_of(strategy, posts)
        for order in ORDERS[1:] if len(posts) > BACKUP else ():
            params_of(strategy, posts, order)  # raises Refused now, not in the middle of a lock
        self._max_rejects = self.params.s.max_rejects
        self.strays = [Stray() for _ in posts] if len(posts) > BACKUP else []
        self.order = OWN  # as bound here
        self.astray = False  # something of ours is where no leg is
        self._naked_from = 0  # when the nakedness began whose clock the saga set anew for the backup
        self._told = [0] * len(posts)

    def bind(self, kernels: Kernels) -> None:
        """Bind each order in which the posts can be legs, so that a switch costs nothing."""
        orders = ORDERS if self.strays else ORDERS[:1]
        self._advances = {}
        for order in orders:
            long, short = (self.posts[n] for n in order)
            self._advances[order] = kernels.bind(
                advance, self.saga, long.ledger, short.ledger, long.view, short.view, long.spec, short.spec,
                long.target, short.target, self.params, self.wish,
            )  # fmt: skip
        self._give_up = kernels.bind(give_up, self.saga)
        self._take_over = [kernels.bind(take_over, self.saga, self.wish, post.ledger) for post in self.posts]
        self._close = [
            kernels.bind(close_stray, stray, post.ledger, post.view, post.spec, post.target, self.params)
            for stray, post in zip(self.strays, self.posts, strict=False)
        ]

    def configure(self) -> None:
        """The strategy has new parameters."""
        self.params.load(params_of(self.strategy, self.posts, self.order).image())

    @property
    def playing(self) -> tuple[Post, Post]:
        """The posts that are the long leg and the short one."""
        long, short = self.order
        return self.posts[long], self.posts[short]

    def numbers(self) -> tuple[int, int]:
        """Ledgers of the long leg and of the short one."""
        self.follow()
        long, short = self.playing
        return long.number, short.number

    @property
    def on_backup(self) -> int:
        """The leg that the backup plays, -1 = none."""
        return next((leg for leg in OWN if self.order[leg] == BACKUP), -1)

    def follow(self) -> None:
        """After a restart: what is bound follows the blocks that were loaded."""
        bound = self.wish.s.bound
        order = (BACKUP if bound[LONG] else LONG, BACKUP if bound[SHORT] else SHORT)
        if order != self.order:
            self._play(order, fresh=False)

    def advance(self, now: int, notes: list[Note]) -> None:
        """One wake of the saga, and a second one where it asks for the backup venue and may have it."""
        s = self.saga.s
        if not self.strays:
            self._advances[OWN](now)
            return
        naked, p = s.naked_since, self.params.s
        p.has_backup = int(self.on_backup < 0 and self._ready(now))
        p.max_rejects = self._max_rejects
        if p.has_backup and s.state == S2_LOCKING:
            p.max_rejects = 1  # each one more costs a round trip
            self._give_up(TRIES)
        self._advances[self.order](now)
        if self._changed(now, notes):
            self._advances[self.order](now)
            self._naked_from = self._naked_from or naked
        if not s.naked_since:
            self._naked_from = 0
        self._close_strays(now, notes)

    def naked_since(self) -> int:
        """Since when more than a lot stands unhedged that no state declares, ns; 0 = it does not."""
        since: int = self.saga.s.naked_since
        return min(since, self._naked_from) if since and self._naked_from else since

    def _ready(self, now: int) -> bool:
        """The backup can be acted on and nothing of ours is there."""
        post = self.posts[BACKUP]
        view, ledger = post.view.s, post.ledger.s
        book = view.book_ok and 0 < view.px[BUY][0] < view.px[SELL][0] and now - view.ts_recv <= down_ns(post)
        return bool(book and ledger.pos == 0 and ledger.n_live == 0 and not post.risk.s.pull_quotes)

    def _changed(self, now: int, notes: list[Note]) -> bool:
        """Whether legs were bound anew: to the backup at the saga's asking, home once it rests in S0."""
        s, w = self.saga.s, self.wish.s
        for leg in OWN:
            own = self.posts[leg].ledger.s
            if s.venue[leg] == 1 and w.bound[leg] == 0:
                if s.state == S2_LOCKING and (own.pos or own.n_live):
                    return False
                self._say(notes, "warn", "pair_backup", leg, LEG_NAMES[leg] + " leg failed there with nothing filled; "
                          f"it goes to the backup {self.posts[BACKUP].instrument.venue}")  # fmt: skip
                self._move(leg, 1)
                return True
            over = w.bound[leg] == 1 and s.state == S0_FLAT and not s.busy
            if over and self.holds_nothing(self.posts[BACKUP]) and self.holds_nothing(self.posts[leg]):
                self._say(notes, "info", "pair_primary", leg, f"{LEG_NAMES[leg]} leg is here again")
                self._move(leg, 0)
                return True
        return False

    @staticmethod
    def holds_nothing(post: Post) -> bool:
        """No order of ours, and nothing that an order could close."""
        return post.ledger.s.n_live == 0 and abs(post.ledger.s.pos) < max(1, post.spec.s.min_lots)

    def _move(self, leg: int, venue: int) -> None:
        """`leg` goes to the backup (1) or home (0); what it leaves behind is ours to close."""
        old, new = (leg, BACKUP) if venue else (BACKUP, leg)
        self.posts[old].target.s.n = self.posts[old].target.s.hold = 0
        self.strays[old].s.ours = 1
        self._take_over[new](leg, venue)
        self._play((new, self.order[SHORT]) if leg == LONG else (self.order[LONG], new), fresh=True)

    def _play(self, order: tuple[int, int], fresh: bool) -> None:
        self.order = order
        self.params.load(params_of(self.strategy, self.posts, order).image())
        self.strategy.play(order, fresh)

    def _close_strays(self, now: int, notes: list[Note]) -> None:
        """Of every post that is no leg; says what it finds there."""
        self.astray = False
        for n, post in enumerate(self.posts):
            if n in self.order:
                self._told[n] = 0
                continue
            found = self._close[n](down_ns(post), now)
            self.astray = self.astray or found == CLOSING or post.ledger.s.n_live > 0
            if found != self._told[n]:
                self._told[n] = found
                lots = f"{post.ledger.s.pos * post.instrument.lot:+g} {post.instrument.base}"
                if found == CLOSING:
                    self._say(notes, "crit", "pair_stray", n, f"{lots} where no leg of the pair is: closed reduce-only")
                elif found == NOT_OURS:
                    self._say(notes, "warn", "pair_stray", n, f"{lots} that this pair never opened: not touched")

    def _say(self, notes: list[Note], level: str, code: str, n: int, text: str) -> None:
        venue = self.posts[n].instrument.venue
        notes.append(Note(level, code, f"{self.strategy.name} on {venue}: {text}", self.number))

    def astray_since(self) -> int:
        """Since when something of ours is where no leg is, ns; 0 = nothing is, or only an order that ends."""
        return min((stray.s.since for stray in self.strays if stray.s.since), default=0) if self.astray else 0

    def blocks(self) -> Mapping[str, Stray]:
        """What outlives the process beside saga and wish."""
        return {f"stray{n}": stray for n, stray in enumerate(self.strays)}
