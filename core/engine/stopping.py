"""Runs the emergency engine inside the core: halt, flatten, and the clean end of a round or of the process.

Its requests carry the stop's mark, so both gates let them pass; its events are the journal's. A round's end and a clean
stop use the same engine without the latch. Owns no rule of its own: `core.execution.emergency` decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from core.domain.events import Note, OpenOrder, Read, ReadReply
from core.domain.lateness import Q_NS, UNBOUNDED_NS
from core.domain.order import CANCEL, KEY_FLATTEN, LIVE, STOP, Report, Request
from core.domain.units import BUY, MONEY, NS_PER_S, SELL
from core.engine.post import Post
from core.engine.timers import TimerQueue
from core.execution.closeout import Closeout
from core.execution.closing import BANDS, Grid, Touch
from core.execution.emergency import Emergency
from core.execution.reduce import depth_within
from core.execution.stopping import CLOSE, CONFIRM, DONE, OK, Actions, Progress, StopPlan, Tick, Trigger, together

HALT, FLATTEN = "halt", "flatten"
LATCHED, ROUND_END, PROCESS_END = "latched", "round_end", "process_end"
UNBOUNDED = frozenset({"grvt", "lighter"})  # no expiry (`Traits.expires`); named here: a replay has no adapter to ask
END_WAIT_NS = 30 * NS_PER_S  # what a process that ends between two rounds waits for the venue's word, as a round does
NONCE_BASE = 1 << 40  # reads of stops, apart from the cross-check's


Pairs = Sequence[tuple[Post, Post]]


class Stopping:
    """At most one stop at a time, at every account at once; later triggers join it. `purpose` says what follows.

    An account that does not answer holds up no other.
    """

    TIMER = "stop"

    def __init__(
        self, posts: Sequence[Post], timers: TimerQueue, known: Callable[[int], bool], pairs: Callable[[], Pairs]
    ) -> None:
        self.posts = tuple(posts)
        self.timers = timers
        self.known, self.pairs = known, pairs
        self.runs: dict[int, Emergency] = {}  # by account
        self.purpose = ""
        self.plan: StopPlan | None = None
        self._count = 0
        self._pending: Trigger | None = None
        self._sure = self._swept = self.reach = False
        self._settled: dict[int, int] = {}
        self._closeouts: dict[int, Closeout] = {}  # by account, of the newest stop; its closes outlive it

    @property
    def active(self) -> bool:
        return self._pending is not None or any(not run.finished() for run in self.runs.values())

    @property
    def begun(self) -> bool:
        """A stop is under way or stands finished."""
        return bool(self.runs)

    @property
    def latched(self) -> bool:
        return self.begun and self.purpose == LATCHED

    @property
    def verb(self) -> str:
        """What is asked for by now, "" without a stop: a flatten that joined a halt is a flatten."""
        asked = {run.verb for run in self.runs.values()} | ({self._pending.verb} if self._pending else set())
        return FLATTEN if FLATTEN in asked else HALT if asked else ""

    @property
    def scope(self) -> str:
        """The widest that was asked for."""
        asked = [run.scope for run in self.runs.values()] + ([self._pending.scope] if self._pending else [])
        return "account" if "account" in asked else "ours"

    def begin(
        self, verb: str, purpose: str, stop_id: str, reason: str, scope: str, now: int, sure: bool, reach: bool = False
    ) -> None:
        """Start a stop, or let the trigger join the running one; a latched stop takes over a clean one.

        sure: we know which orders of ours can be alive (the account was reconciled), so an empty list may be believed
        before Q has passed. reach: close what can be reached, though the other venue of a pair does not answer.
        """
        self.reach = reach or (self.reach and self.active)
        if self.begun and (self.active or self.latched) and (self.purpose == purpose or self.latched):
            trigger = Trigger(verb, reason, scope)
            self._pending = trigger if self._pending is None else self._pending.joined(trigger)
            self._wake_at(now + 1)
            return
        self._count += 1
        self.purpose = purpose
        self.runs, self._settled, self._sure, self._swept = {}, {}, sure, False
        for account in sorted({post.account for post in self.posts}):
            mine = [post for post in self.posts if post.account == account]
            plan = StopPlan(
                stop_id=stop_id,
                verb=verb,
                reason=reason,
                started=now,
                scope=scope,
                q_ns=max(UNBOUNDED_NS if post.instrument.venue in UNBOUNDED else Q_NS for post in mine),
                keep_stops=purpose == LATCHED,
                grids=tuple(_grids(mine)),
                first_nonce=NONCE_BASE + (self._count << 20) + (account << 56),
                account=account,
            )
            self.plan = self.plan if self.runs else plan
            run = self.runs[account] = Emergency(plan)
            run.seal.blind = False
            if (earlier := self._closeouts.get(account)) is not None:
                run.closeout.follow(earlier)
            self._closeouts[account] = run.closeout
        self._pending = None

    def over(self, now: int) -> bool:
        """A stop without a round has ended: by the venue's lists (not `active` any more), or in time without them."""
        return not self.active or self.late(now)

    def late(self, now: int) -> bool:
        """It has waited for the venue's word for as long as an end may."""
        return self.plan is not None and now - self.plan.started >= END_WAIT_NS

    def clear(self) -> None:
        """The stop is over and done with (round went on, or re-armed)."""
        self.runs, self.purpose, self.plan, self._pending = {}, "", None, None
        self.timers.cancel(self.TIMER)

    def step(
        self, now: int, replies: Sequence[ReadReply], reports: Sequence[Report], requests: list[Request],
        reads: list[Read], notes: list[Note],
    ) -> None:  # fmt: skip
        """Deliver what happened at this instant; collect what the stop wants sent, read and said."""
        trigger, self._pending = self._pending, None
        accounts = {post.place: post.account for post in self.posts}
        touches = self._touches(now) if self.runs else []
        if not self._swept:
            self._swept = True
            self._cancel_known(now, requests)
        for account, run in self.runs.items():
            self._tell(account, run, now)
            for touch in touches:
                if accounts[touch.instrument] == account:
                    run.on(touch, now)
            events: list[Trigger | ReadReply | Report | Tick] = [r for r in replies if r.account == account]
            events += [r for r in reports if accounts.get(r.instrument, 0) == account]
            if trigger is not None:
                events.insert(0, trigger)
            for event in events or [Tick()]:
                self._carry_out(account, run.on(event, now), now, requests, reads, notes)
            if not run.finished():
                self._carry_out(account, run.on(Tick(), now), now, requests, reads, notes)
                notes += run.standoff.alarm(now)

    def _cancel_known(self, now: int, requests: list[Request]) -> None:
        """Orders that we know to stand are cancelled before any list has come; what the lists show, after it."""
        for post in self.posts:
            o = post.ledger.s
            for i in range(len(o.state)):
                if o.state[i] == LIVE and not (self.purpose == LATCHED and o.flags[i] & STOP):
                    post.cancel_sent(o.cl_id[i], now)
                    requests.append(
                        Request(
                            -1, post.place, CANCEL, o.cl_id[i], o.venue_id[i], o.side[i], o.px[i], o.left[i],
                            o.type[i], o.tif[i], STOP, KEY_FLATTEN,
                        )
                    )  # fmt: skip

    def _tell(self, account: int, run: Emergency, now: int) -> None:
        """What this account's run cannot see: what is foreign, which orders can be alive, whose peer is silent."""
        mine = [post for post in self.posts if post.account == account]
        run.closeout.foreign = {post.place: post.foreign_lots for post in mine if post.foreign_lots}
        run.ours_known = self.known(account)
        alive = not self._sure or any(post.ledger.s.n_live for post in mine)
        self._settled[account] = 0 if alive else (self._settled.get(account) or now)
        run.settle(self._settled[account], now)
        run.stand(tuple(self._standing(account, run.verb)), now)
        run.hold(_holds(mine), now)
        run.keep(frozenset() if self.reach else frozenset(self._kept(account)), now)

    def _standing(self, account: int, verb: str) -> Iterator[OpenOrder]:
        """Orders that the venue took and has not said to be gone: a cancel that it refused leaves them so."""
        keeps = self.purpose == LATCHED and verb == HALT
        for post in self.posts:
            o = post.ledger.s
            if post.account != account or not o.n_live:
                continue
            for i in range(len(o.state)):
                if o.state[i] == LIVE and not (keeps and o.flags[i] & STOP):
                    yield OpenOrder(post.place, o.cl_id[i], o.venue_id[i], o.side[i], o.px[i], o.left[i], o.flags[i])

    def _kept(self, account: int) -> Iterator[int]:
        """Legs of pairs that wait for the other one: its venue does not answer, or it has more left to close (E6)."""
        for pair in self.pairs():
            for leg, peer in (pair, pair[::-1]):
                run = self.runs.get(peer.account)
                if leg.account != account or peer.account == account or run is None or not _left(peer):
                    continue
                answers = run.heard and run.venue.status == OK and run.phase in (CLOSE, CONFIRM, DONE)
                coarse = max(leg.instrument.lot, peer.instrument.lot)
                if not answers or (run.phase == CLOSE and _left(leg) < _left(peer) - coarse):
                    yield leg.place

    def _carry_out(
        self, account: int, actions: Actions, now: int, requests: list[Request], reads: list[Read], notes: list[Note]
    ) -> None:
        for request in actions.requests:
            if request.kind == CANCEL:
                for post in self.posts:
                    if post.place == request.instrument:
                        post.cancel_sent(request.cl_id, now)
            requests.append(request)
        reads.extend(msgspec.structs.replace(read, account=account) if account else read for read in actions.reads)
        calm = self.purpose != LATCHED and self.runs[account].finished()
        notes.extend(Note("info", n.code, n.text, n.strategy, n.tag) if calm else n for n in actions.notes)
        if actions.wake_at:
            self._wake_at(max(actions.wake_at, now + 1))

    def _wake_at(self, ts: int) -> None:
        """The earliest wish of all accounts."""
        known = self.timers.when(self.TIMER)
        self.timers.at(ts if known is None or len(self.runs) == 1 else min(ts, known), self.TIMER)

    def _touches(self, now: int) -> list[Touch]:
        out = []
        for place, view in {post.place: post.view for post in self.posts}.items():
            v = view.s
            bid, ask = v.px[BUY][0], v.px[SELL][0]
            if not v.book_ok or not 0 < bid < ask:
                continue
            mid = (bid + ask) / 2
            out.append(
                Touch(
                    place, now, bid, ask,
                    _three(depth_within(v, BUY, int(mid * (1 + band))) for band in BANDS),
                    _three(depth_within(v, SELL, int(mid * (1 - band)) + 1) for band in BANDS),
                )
            )  # fmt: skip
        return out

    def exit_code(self) -> int | None:
        """Of all accounts together, the gravest; None without a stop that is over (RELIABILITY 5)."""
        codes = [run.exit_code() for run in self.runs.values()]
        return None if self.active or not codes else max(codes, key=(0, 2, 6, 3, 4).index)

    def dust(self) -> str:
        """`DUST size value` of E7, "" without any: what a flatten that is over could not close."""
        told = []
        for account, run in self.runs.items() if not self.active else ():
            for place, lots in run.closeout.dust.items():
                x = next((p.instrument for p in self.posts if (p.account, p.place) == (account, place)), None)
                value = run.closeout.value_of(place)
                size = f"{x.symbol} {x.size(lots):g}" if x is not None else f"{lots} lots"
                told.append(f"{size}, value {f'{value / MONEY:.2f}' if value is not None else 'not known'}")
        return "DUST " + "; ".join(told) if told else ""

    def progress(self) -> Progress | None:
        """Of all accounts together: the worst state, sums of what is left; None without a stop."""
        parts = [run.progress() for run in self.runs.values()]
        return parts[0] if len(parts) == 1 else together(parts) if parts else None


def _holds(posts: Sequence[Post]) -> bool:
    """The ledgers of an account hold, of some instrument, what an order could close."""
    lots = {post.place: 0 for post in posts}
    for post in posts:
        lots[post.place] += post.ledger.s.pos
    return any(abs(lots[post.place]) >= post.grid.least for post in posts)


def _left(post: Post) -> float:
    """What an order could still close there, base coins."""
    lots = abs(post.ledger.s.pos)
    return lots * post.instrument.lot if lots >= post.grid.least else 0.0


def _grids(posts: Sequence[Post]) -> list[Grid]:
    found = {post.place: post.grid for post in posts}
    return [grid for _, grid in sorted(found.items())]


def _three(values: Iterable[int]) -> tuple[int, int, int]:
    first, second, third = values
    return first, second, third
