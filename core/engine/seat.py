"""One strategy at its desk: guards its posts, asks it for targets when it wants to be woken, plans and gates.

The only place where a strategy's code is called, and where its exceptions stop: a strategy that raises is disabled, its
quotes are pulled, the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.errors import PerpError
from core.domain.events import W_TIMER, Note
from core.domain.order import PENDING_AMEND, PENDING_NEW, REDUCE_ONLY, UNKNOWN, Refusal, Request
from core.domain.reasons import OK, name_of
from core.domain.units import FAR, NS_PER_S, sign_of
from core.engine.post import Post
from core.kernel import Kernels
from core.risk.blocks import HALTED_MODE, MODE_NAMES
from core.strategies.sdk import Desk, Strategy

DISABLED = "strategy_disabled"
EXIT_RETRY_NS = 15 * NS_PER_S  # of refused exits while rejects are cooling down (R-O6: at most four a minute)


def flags_at_venue(post: Post, flags: int, side: int, qty: int) -> int:
    """Reduce-only only where it reduces what the venue holds: it nets strategies that we keep apart."""
    ledger = post.ledger.s
    if not flags & REDUCE_ONLY or ledger.other_pos == 0:
        return flags
    room = -sign_of(side) * (ledger.pos + ledger.other_pos)
    return flags if qty <= room else flags & ~REDUCE_ONLY


class Seat:
    """`number` is the strategy's place in the config; `posts` are its instruments in its own order."""

    def __init__(self, number: int, strategy: Strategy, posts: Sequence[Post]) -> None:
        self.number, self.strategy, self.posts = number, strategy, tuple(posts)
        self.desk = Desk(
            instruments=[post.instrument for post in posts],
            specs=[post.spec for post in posts],
            views=[post.view for post in posts],
            signals=[post.signals for post in posts],
            signal_params=[post.signal_params for post in posts],
            ledgers=[post.ledger for post in posts],
            targets=[post.target for post in posts],
        )
        self.timer = f"decide:{number}"
        self.disabled = ""
        self.ts_quoted = 0
        self.quotes = 0  # targets decided since the start
        self._modes = [0] * len(posts)
        self._noise = 0
        self._pulled = [0] * len(posts)
        self._last_tick = 0

    def bind(self, kernels: Kernels) -> None:
        """Bind the posts' and the strategy's kernels in one form."""
        for post in self.posts:
            post.bind(kernels)
        self.strategy.bind(kernels, self.desk)
        self.wakes = self.strategy.wakes

    def configure(self, values: dict[str, float | int | bool]) -> None:
        """New parameter values, already validated and journalled."""
        self.strategy.configure(values)
        self.wakes = self.strategy.wakes

    @property
    def name(self) -> str:
        return self.strategy.name

    def guard(self, now: int, notes: list[Note]) -> bool:
        """Every limit of every post; says what changed. True when a halt or flatten is asked for."""
        stop = False
        for n, post in enumerate(self.posts):
            mode, risk = post.guard(now), post.risk.s
            stop = stop or mode == HALTED_MODE
            if mode != self._modes[n]:
                self._modes[n] = mode
                level = "crit" if mode == HALTED_MODE else "warn" if mode else "info"
                why = name_of(risk.why) if risk.why else ""
                until = f" for {(risk.cooldown_until - now) / NS_PER_S:.0f} s" if mode == 2 else ""
                notes.append(
                    Note(
                        level,
                        f"mode_{MODE_NAMES[mode].lower()}",
                        f"{self.name} {MODE_NAMES[mode]} {why}{until}",
                        self.number,
                    )
                )
            if risk.pull_quotes != self._pulled[n]:
                self._pulled[n] = risk.pull_quotes
                if risk.pull_quotes and not mode and risk.pull_why:
                    notes.append(Note("info", "quotes_pulled", f"{self.name}: {name_of(risk.pull_why)}", self.number))
            if risk.noise_level > self._noise or (risk.noise_level == 0 and self._noise):
                notes.append(
                    Note(
                        "warn" if risk.noise_level else "info",
                        "noise_level",
                        f"{self.name} noise level {risk.noise_level}",
                        self.number,
                    )
                )
            self._noise = risk.noise_level
        return stop

    def decide(self, now: int, why: int, own_timer: bool, notes: list[Note]) -> None:
        """Targets of this instant. `why` are the bits of the moment; the timer bit counts only for our own timer."""
        if own_timer:
            for post in self.posts:
                if self._may_try_again(post, now):
                    post.new_decision()
            why |= W_TIMER
        else:
            why &= ~W_TIMER
        wanted = why & self.wakes.mask
        self.ask(now, wanted, notes)
        if self.disabled:
            self.withdraw()
        for post in self.posts:
            post.reduce()
            n = post.target.s.n
            if n and wanted:
                self.ts_quoted = now
                self.quotes += n

    def ask(self, now: int, wanted: int, notes: list[Note]) -> None:
        """The one call of the strategy, where it wants one; a strategy that raises is disabled."""
        if not wanted or self.disabled:
            return
        desk = self.desk
        desk.noise_level = max(post.risk.s.noise_level for post in self.posts)
        desk.cap_lots = FAR if self.lets_in() else 0
        try:
            self.strategy.decide(now, wanted)
        except Exception as error:
            self._disable(error, notes)

    def lets_in(self) -> bool:
        """Risk lets new exposure in on every instrument."""
        return not any(post.risk.s.pull_quotes for post in self.posts)

    def withdraw(self) -> None:
        """Nothing of a disabled strategy shall stand."""
        for post in self.posts:
            post.target.s.n = 0
            post.target.s.hold = 0

    def legs(self) -> tuple[Post, Post] | None:
        """The two posts that hedge each other, None where none do."""
        return None

    def after_stop(self, now: int, notes: list[Note]) -> bool:
        """A stop has finished beside the strategy: what it tells of its own state follows what is held. True when what
        was kept has reached a stop of its own and must be closed."""
        return False

    def wake_by(self, now: int) -> int:
        """When this seat must be woken at the latest, beside its timer; 0 = its timer will do."""
        return 0

    def _may_try_again(self, post: Post, now: int) -> bool:
        """Refused orders rest until the next decision; in a reject cool-down exits are tried four times a minute."""
        risk = post.risk.s
        if not (risk.cooldown_until > now and risk.cooldown_why == risk.reject_code != OK):
            return True
        if now < post.retry_at:
            return False
        post.retry_at = now + EXIT_RETRY_NS
        return True

    def _disable(self, error: Exception, notes: list[Note]) -> None:
        self.disabled = f"{type(error).__name__}: {error}" if not isinstance(error, PerpError) else str(error)
        notes.append(Note("crit", DISABLED, f"{self.name} disabled, quotes pulled: {self.disabled}", self.number))

    def plan(self, now: int, requests: list[Request], refused: list[Refusal]) -> None:
        """Fewest requests to the targets, each through the gate; approved ones are in flight when this returns."""
        for n, post in enumerate(self.posts):
            if not post.plan(now):
                continue
            post.gate(float(self.strategy.net_cap(n)), now)
            q, risk = post.requests.s, post.risk.s
            for k in range(q.n):
                request = Request(
                    self.number, post.place, q.kind[k], q.cl_id[k], q.venue_id[k], q.side[k], q.px[k], q.qty[k],
                    q.type[k], q.tif[k], flags_at_venue(post, q.flags[k], q.side[k], q.qty[k]), q.key[k],
                )  # fmt: skip
                if q.code[k] == OK:
                    requests.append(request)
                else:
                    refused.append(Refusal(request, q.code[k], risk.value[k], risk.limit[k]))

    def in_flight(self) -> bool:
        """A create or amend of ours may still arrive at the venue."""
        states = (PENDING_NEW, PENDING_AMEND, UNKNOWN)
        return any(state in states for post in self.posts for state in post.ledger.s.state)

    def unknown(self) -> int:
        """Orders whose fate is not known."""
        return sum(post.ledger.s.n_unknown for post in self.posts)

    def open_orders(self) -> int:
        """Orders that may still fill, UNKNOWN and in flight included."""
        return sum(post.ledger.s.n_live for post in self.posts)
