"""Runs the emergency engine inside the core: halt, flatten, and the clean end of a round or of the process.

Its requests carry the stop's mark, so both gates let them pass; its events are the journal's. A round's end and a clean
stop use the same engine without the latch. Owns no rule of its own: `core.execution.emergency` decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from core.domain.events import Note, Read, ReadReply
from core.domain.order import CANCEL, Report, Request
from core.domain.units import BUY, NS_PER_S, SELL
from core.engine.post import Post
from core.engine.timers import TimerQueue
from core.execution.closing import BANDS, Grid, Touch
from core.execution.emergency import Emergency
from core.execution.reduce import depth_within
from core.execution.stopping import Actions, Progress, StopPlan, Tick, Trigger, together

HALT, FLATTEN = "halt", "flatten"
LATCHED, ROUND_END, PROCESS_END = "latched", "round_end", "process_end"
Q_NS = 5_500_000_000  # R + skew + L: 2 s + 0.5 s + 3 s, until nothing in flight can arrive (RELIABILITY 5, E4)
END_WAIT_NS = 30 * NS_PER_S  # what a process that ends between two rounds waits for the venue's word, as a round does
NONCE_BASE = 1 << 40  # reads of stops, apart from the cross-check's


class Stopping:
    """At most one stop at a time, at every account at once; later triggers join it. `purpose` says what follows.

    An account that does not answer holds up no other.
    """

    TIMER = "stop"
    q_ns = Q_NS

    def __init__(self, posts: Sequence[Post], timers: TimerQueue) -> None:
        self.posts = tuple(posts)
        self.timers = timers
        self.runs: dict[int, Emergency] = {}  # by account
        self.purpose = ""
        self.plan: StopPlan | None = None
        self._count = 0

    @property
    def active(self) -> bool:
        return any(not run.finished() for run in self.runs.values())

    @property
    def begun(self) -> bool:
        """A stop is under way or stands finished."""
        return bool(self.runs)

    @property
    def latched(self) -> bool:
        return self.begun and self.purpose == LATCHED

    def begin(self, verb: str, purpose: str, stop_id: str, reason: str, scope: str, now: int, q_ns: int = 0) -> None:
        """Start a stop, or let the trigger join the running one; a latched stop takes over a clean one."""
        if self.begun and (self.active or self.latched) and (self.purpose == purpose or self.latched):
            self._pending = Trigger(verb, reason)
            return
        self._count += 1
        self.purpose = purpose
        self.runs = {}
        for account in sorted({post.account for post in self.posts}):
            mine = [post for post in self.posts if post.account == account]
            plan = StopPlan(
                stop_id=stop_id,
                verb=verb,
                reason=reason,
                started=now,
                scope=scope,
                q_ns=q_ns,
                keep_stops=purpose == LATCHED,
                grids=tuple(_grids(mine)),
                foreign=tuple((post.place, post.foreign_lots) for post in mine if post.foreign_lots),
                first_nonce=NONCE_BASE + (self._count << 20) + (account << 56),
                account=account,
            )
            self.plan = self.plan if self.runs else plan
            self.runs[account] = Emergency(plan)
        self._pending = None

    _pending: Trigger | None = None

    def over(self, now: int, notes: list[Note]) -> str:
        """How a stop without a round ended, empty while it goes on: by the venue's lists, or in time without them."""
        if not self.active:
            return "orders cancelled and verified"
        if self.plan is None or now - self.plan.started < END_WAIT_NS:
            return ""
        notes.append(Note("crit", "end_unverified", "no venue said that all of ours is gone: look there"))
        return "not verified"

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
        for account, run in self.runs.items():
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

    def progress(self) -> Progress | None:
        """Of all accounts together: the worst state, sums of what is left; None without a stop."""
        parts = [run.progress() for run in self.runs.values()]
        return parts[0] if len(parts) == 1 else together(parts) if parts else None


def _grids(posts: Sequence[Post]) -> list[Grid]:
    found = {post.place: post.instrument for post in posts}
    return [Grid(place, x.min_lots, x.max_lots, x.unit) for place, x in sorted(found.items())]


def _three(values: Iterable[int]) -> tuple[int, int, int]:
    first, second, third = values
    return first, second, third
