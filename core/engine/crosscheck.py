"""Reconcile at start and every five seconds after it: asks the venue, compares, heals, and halts when it cannot.

Trading starts only after the first clean comparison. A read that is missing is never "flat" (RELIABILITY B1, B4, O4).
The comparison itself is `core.execution.reconcile`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from core.domain.events import Note, Read, ReadReply
from core.domain.lateness import LAG_NS
from core.domain.order import DELEVERAGED, FILLED, FUNDED, LIQUIDATED, UNKNOWN, Report
from core.domain.units import BUY, FAR, NS_PER_S, SELL
from core.engine.orders import OWNER_SHIFT
from core.engine.post import Post
from core.engine.timers import TimerQueue
from core.execution.absence import RESOLVE_WAIT_NS
from core.execution.closeout import is_stop
from core.execution.fills import is_seen
from core.execution.reconcile import Comparison, Reconciler

PERIOD_NS = 5 * NS_PER_S
RETRY_NS = NS_PER_S
TOLD_NS = LAG_NS + NS_PER_S  # after a position that no trade explains its fills are in every answer; a second to read
READS = ("orders", "positions", "trades", "balance")


class CrossCheck:
    """One venue account, one round of reads at a time. `clean` once a whole round agreed; `on_halt(why)` when rounds do
    not converge. `posts` are those of this account."""

    def __init__(
        self, posts: Sequence[Post], timers: TimerQueue, on_halt: Callable[[str], None], account: int = 0
    ) -> None:  # fmt: skip
        self.posts = tuple(posts)
        self.account = account
        self.timer = f"crosscheck:{account}" if account else "crosscheck"
        self.timers = timers
        self.on_halt = on_halt
        self.clean = False
        self.balance: int | None = None
        self.rounds = 0
        self.last_ok = 0
        self.foreign_orders = 0
        self.foreign_positions = 0
        self.why = "not yet reconciled"
        self._reconcilers = [Reconciler(post.place) for post in posts]
        self._nonce = 0
        self._replies: dict[str, ReadReply] = {}
        self._asked = 0  # when the newest round was
        self._otherwise = 0  # when the next round is if the orders that it was hurried for are known by then; 0: then
        self._last_trade = 0
        self.adopted_balance: int | None = None  # wallet at the adoption, 1e-8 quote
        self.adopts = False  # an account that is ours alone (simulated): what it holds at start is ours
        self.doubts = False  # a start believes no single read: two rounds must show the same (a list may lose a page)
        self._shown: object = None  # what the round before showed of ours
        self._halted: dict[int, str] = {}  # ledger: why it asked for a halt, until a round agrees
        self._unexplained: dict[int, tuple[int, int]] = {}  # by ledger: lots, since when a start waits for fills

    def ask(self, now: int, reads: list[Read]) -> None:
        """Start a round; an unfinished one is given up."""
        self._nonce += 1
        self._replies, self._asked, self._otherwise = {}, now, 0
        reads.extend(
            Read(what, self._nonce, self._last_trade if what == "trades" else 0, self.account) for what in READS
        )
        self.timers.at(now + PERIOD_NS, self.timer)

    def soon(self, now: int) -> None:
        """Nobody knows an order's fate from now on: the next round is the first that can say something of it."""
        when = self.timers.when(self.timer)
        if len(self._replies) < len(READS) or when is None:
            return
        proves_at = max(self._replies["orders"].proves_at, self._replies["trades"].proves_at)
        word = max(now + self._patience(), proves_at, self._word() + 1)
        if word < when:
            self._otherwise = self._otherwise or when
            self.timers.at(word, self.timer)

    def due(self, now: int, reads: list[Read]) -> None:
        """The timer fired. A round for orders whose fate the stream has told since is not needed: each costs the weight
        that orders are sent with."""
        later, self._otherwise = self._otherwise, 0
        if later > now and self._word() == FAR:
            self.timers.at(later, self.timer)
        else:
            self.ask(now, reads)

    def _patience(self) -> int:
        """How long a hurried round waits at least, ns: a second; longer where much of the weight of a minute is used,
        so that haste never leaves the account unread."""
        spent = max(reply.spent for reply in self._replies.values())
        return RETRY_NS + round((PERIOD_NS - RETRY_NS) * min(1.0, max(0.0, 2.0 * spent - 1.0)))

    def _word(self) -> int:
        """When a read can say something of an order in doubt, ns; FAR: there is none."""
        pairs = zip(self.posts, self._reconcilers, strict=True)
        return min(reconciler.word_at(post.ledger) for post, reconciler in pairs)

    def answered(self, reply: ReadReply, now: int) -> tuple[list[Note], list[Report]]:
        """A reply; when the round is whole it is compared. Returns notes, and what the venue did to the account unasked
        and no stream has told (funding, liquidation): still to be routed."""
        if reply.nonce != self._nonce or reply.what not in READS:
            return [], []
        self._replies[reply.what] = reply
        if len(self._replies) < len(READS):
            return [], []
        self.rounds += 1
        notes: list[Note] = []
        ok = calm = True
        if self.holds_reports:
            missing = [what for what in READS if self._replies[what].error]
            if missing:  # not answered is not "none": nothing is adopted from half an account (R-B4)
                self.why = f"{missing[0]}: {self._replies[missing[0]].error}"
                self.timers.at(now + self._patience(), self.timer)
                return [Note("warn", "reconcile", f"account not read: {self.why}")], []
            self._adopt()
        for post, reconciler in zip(self.posts, self._reconcilers, strict=True):
            found = self._compare(post, reconciler, now)
            fine = found.ok or (not self.clean and _waits(found))
            ok, calm = ok and fine, calm and _waits(found)
            if not fine:
                self.why = found.why or ", ".join(sorted({d.what for d in found.differences}))
                notes.append(Note("warn", "reconcile", f"{post.instrument.symbol}: {self.why}", post.seat))
            if found.halt and self._halted.get(post.number) != found.why:
                self._halted[post.number] = found.why
                self.on_halt(found.why)
        again = not self._agrees() and ok
        if again:
            ok, self.why = False, "the account was read once"
        self._learn(now, ok)
        if again:
            self.timers.at(now, self.timer)
        elif not ok and (not calm or self._word() == FAR):  # the round that healed it is followed by one that agrees
            self.timers.at(now + self._patience(), self.timer)
        else:
            self.soon(now)
        return notes, self._venue_made()

    def _agrees(self) -> bool:
        """A start takes two rounds in a row that show the same of ours; the second is asked for at once."""
        if self.clean or not self.doubts:
            return True
        replies, places = self._replies, {post.place for post in self.posts}
        trades = (t.trade_id for t in replies["trades"].trades if t.cl_id and t.instrument in places)
        shown = (
            sorted(order.cl_id for order in replies["orders"].orders if order.cl_id),
            sorted((held.instrument, held.pos) for held in replies["positions"].positions if held.instrument in places),
            max(trades, default=self._last_trade),
            any(reply.error for reply in replies.values()),
        )
        before, self._shown = self._shown, shown
        return before == shown

    @property
    def holds_reports(self) -> bool:
        """Before the account is adopted reports wait: a fill must not be counted beside the position that holds it."""
        return self.adopts and self.adopted_balance is None

    def _adopt(self) -> None:
        """The account's position becomes the first ledger's there, with every fill that is already in it."""
        replies = self._replies
        self.adopted_balance = replies["balance"].balance
        taken: set[int] = set()
        for trade in replies["trades"].trades:
            for post in self.posts:
                if post.place == trade.instrument:
                    post.mark_seen(-trade.trade_id if trade.kind == FUNDED else trade.trade_id)
        for post in self.posts:
            for held in replies["positions"].positions:
                if held.instrument == post.place and post.place not in taken:
                    post.adopt_position(held.pos, held.cost)
                    taken.add(post.place)
        self._replies["trades"] = ReadReply("trades", self._nonce, replies["trades"].ts)
        self._last_trade = max((trade.trade_id for trade in replies["trades"].trades), default=0)

    def _compare(self, post: Post, reconciler: Reconciler, now: int) -> Comparison:
        others = sum(other.ledger.s.pos for other in self.posts if other.place == post.place and other is not post)
        orders, trades = self._of(post)
        found = reconciler.compare(
            post.ledger, orders, self._replies["positions"], trades, now, others + post.foreign_lots,
            strict=not self.clean, asked=self._asked,
        )  # fmt: skip
        if not self.clean:
            found = self._taken_over(post, others, found, now)
        if found.reports:
            post.take(list(found.reports), now)
        for cl_id, venue_id, px, left in found.found:
            post.resolve_found(cl_id, venue_id, px, left, now)
        for order in found.adopt:
            post.adopt_order(*order, now)
        for cl_id in found.resolve:
            post.resolve_absent(cl_id, now, RESOLVE_WAIT_NS)
        return found

    def _of(self, post: Post) -> tuple[ReadReply, ReadReply]:
        """Orders and trades less those of the other ledgers of this instrument; nobody's go to the first of them."""
        orders, trades = self._replies["orders"], self._replies["trades"]
        numbers = [other.number for other in self.posts if other.place == post.place]
        if len(numbers) == 1:
            return orders, trades
        first = numbers[0] == post.number

        def mine(cl_id: int) -> bool:
            if is_stop(cl_id):
                return False  # whose it is the engine decides by the positions that it reduces: see `_venue_made`
            owner = cl_id >> OWNER_SHIFT
            return owner == post.number if owner in numbers and cl_id else first

        return (
            msgspec.structs.replace(orders, orders=tuple(o for o in orders.orders if mine(o.cl_id))),
            msgspec.structs.replace(trades, trades=tuple(t for t in trades.trades if mine(t.cl_id))),
        )

    def _venue_made(self) -> list[Report]:
        """Funding, liquidations, deleveraging and a stop's closes on a shared instrument that no ledger there has
        counted."""
        out = []
        for trade in self._replies["trades"].trades:
            mine = [post for post in self.posts if post.place == trade.instrument]
            shared = len(mine) > 1 and trade.kind == FILLED and is_stop(trade.cl_id)
            if trade.trade_id <= 0 or not (shared or trade.kind in (FUNDED, LIQUIDATED, DELEVERAGED)):
                continue
            key = -trade.trade_id if trade.kind == FUNDED else trade.trade_id
            if mine and not any(is_seen(post.ledger.s, key) for post in mine):
                out.append(trade)
        return out

    def _taken_over(self, post: Post, others: int, found: Comparison, now: int) -> Comparison:
        """At start: what the venue holds and no earlier run of ours explains was there before us. Where an order of the
        run before may have brought it, or a stop of it closed ours, not before a list of trades would show that (L);
        waiting is no disagreement."""
        if (found.why and not found.halt) or any(d.what == "missed_fill" for d in found.differences):
            return found
        held = sum(p.pos for p in self._replies["positions"].positions if p.instrument == post.place)
        lots = held - others - post.ledger.s.pos
        ours_closed = lots * post.ledger.s.pos < 0
        if lots and lots != post.foreign_lots and (ours_closed or _may_bring(post, BUY if lots > 0 else SELL)):
            if self._unexplained.get(post.number, (0, 0))[0] != lots:
                self._unexplained[post.number] = lots, now
            if now - self._unexplained[post.number][1] >= TOLD_NS:
                post.foreign_lots = lots
            return msgspec.structs.replace(found, halt=False, why="")
        self._unexplained.pop(post.number, None)
        if not found.why:
            post.foreign_lots = lots
        return found

    def _learn(self, now: int, ok: bool) -> None:
        replies = self._replies
        self.foreign_orders = sum(order.cl_id == 0 for order in replies["orders"].orders)
        self.foreign_positions = sum(post.foreign_lots != 0 for post in self.posts)
        if not replies["balance"].error:
            self.balance = replies["balance"].balance
        if replies["trades"].trades:
            self._last_trade = max(trade.trade_id for trade in replies["trades"].trades)
        if not replies["positions"].error:
            for post in self.posts:
                held = [p for p in replies["positions"].positions if p.instrument == post.place]
                post.vitals.s.liquidation_ts = now
                post.vitals.s.liquidation_px = held[0].liquidation_px if held else 0
                post.vitals.s.liquidation_pos = held[0].pos if held else 0
        if ok:
            self.clean, self.last_ok, self.why = True, now, ""
            self._halted.clear()
            for post in self.posts:
                post.vitals.s.account_ts = now


def _may_bring(post: Post, side: int) -> bool:
    """An order of this side, whose fate nobody knows, could have moved the position."""
    o = post.ledger.s
    return any(
        o.side[i] == side and o.left[i] > 0 for i in map(int, (post.ledger.array("state") == UNKNOWN).nonzero()[0])
    )


def _waits(found: Comparison) -> bool:
    """Nothing stands between us and the venue but orders of the run before that no read shows: a start goes on, they
    count in full and let nothing new be opened until their proof is there."""
    return not found.why and all(d.what in ("unknown_absent", "foreign_order") for d in found.differences)
