"""Episodes of a pair: from leaving S0 until it is back there, with the time in each state, the money and the end.

Fed by `kpi.pairs` once a step; decides nothing and reads no block.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from core.domain.pair import NO_LEG, S0, S2, STATE_NAMES
from core.domain.units import NS_PER_S
from core.kpi.pair import PairMoney

KEPT = 500  # finished episodes, the newest; more are counted
PATH = 24  # states remembered of one episode
LATE_NS = 5 * NS_PER_S  # a fill told so long after the return (a read told the position first) is still the episode's
# how an episode ended, by the state in which it last rested: on the way out of S1 and S3 the saga passes S4 or S5
ENDS = (
    "opened and closed again", "first leg closed", "rolled back", "both legs closed", "long leg closed",
    "short leg closed",
)  # fmt: skip
NOTHING = "nothing was filled"


class Episode(msgspec.Struct):
    """One way from S0 to S0. Times ns. `ended` 0 = it runs; `resumed` = it had begun before this process did."""

    number: int
    started: int
    ended: int = 0
    first: int = NO_LEG  # leg opened first
    path: list[int] = []
    in_state: list[int] = msgspec.field(default_factory=lambda: [0] * len(STATE_NAMES))
    money: PairMoney = PairMoney()
    fills: int = 0
    how: str = ""
    why: str = ""  # the wish that was acted on last
    resumed: bool = False


class Episodes:
    """One pair's. `money` gives the split since the start: read at the ends of an episode, never on a quiet step."""

    def __init__(self, money: Callable[[], PairMoney], why: Callable[[], str]) -> None:
        self._money, self._why = money, why
        self.done: deque[Episode] = deque(maxlen=KEPT)
        self.open: Episode | None = None
        self.count = 0  # begun
        self.ended = 0
        self._base = PairMoney()
        self._state, self._busy, self._since = -1, False, 0
        self._rest = S0  # last state of the open episode with nothing at work, S2 once it locks or rolls back after it
        self._home = 0  # when the open episode was back in S0 with nothing at work

    def see(self, ts: int, state: int, busy: bool, first: int, fills: int) -> None:
        """The pair at the end of a step, and how many fills the step brought."""
        if self._state < 0:
            self._base = self._money()
        elif not fills and state == self._state and busy == self._busy:
            if self._home:
                self._close()
            return
        episode = self.open
        if self._home and episode is not None and len(episode.path) > 1 and (busy or state != S0):
            self._close()  # it was back, and is at work again at once
            episode = None
        if episode is None:
            if state == S0 and not fills:
                self._state, self._busy, self._since = state, busy, ts
                return
            if state == S0 and not busy and self._belated(ts, fills):
                return
            self.count += 1
            episode = self.open = Episode(self.count, ts, path=[S0], resumed=self._state < 0)
            self._state, self._since = max(self._state, S0), ts
        if busy and not self._busy:
            episode.why = self._why()
        if state != self._state:
            self._turn(episode, ts, state)
        episode.fills += fills
        if first != NO_LEG and state != S0:
            episode.first = first
        if state != S0 and (not busy or state == S2):
            self._rest = state
        self._busy = busy
        self._home = 0 if state != S0 or busy else self._home or ts

    def _turn(self, episode: Episode, ts: int, state: int) -> None:
        episode.in_state[self._state] += ts - self._since
        self._state, self._since = state, ts
        episode.path.append(state)
        if len(episode.path) > PATH:
            del episode.path[1]

    def _close(self) -> None:
        """A step after the return: what came with the last fill is in."""
        episode = self.open
        if episode is None:
            return
        now, resumed = self._money(), episode.resumed
        episode.ended, episode.money = self._home, now.minus(self._base)
        episode.how = ENDS[self._rest] if episode.fills or resumed else NOTHING
        self._base, self._home, self._rest, self.open = now, 0, S0, None
        self.done.append(episode)
        self.ended += 1

    def _belated(self, ts: int, fills: int) -> bool:
        """Fills that come just after the return: counted to the episode that they closed."""
        last = self.done[-1] if self.done else None
        if last is None or ts - last.ended > LATE_NS:
            return False
        now = self._money()
        last.fills += fills
        last.money = last.money.plus(now.minus(self._base))
        self._base = now
        return True

    def rest(self) -> None:
        """Once a second: money that moves between episodes (dust) belongs to none."""
        if self.open is None and self._state == S0:
            self._base = self._money()

    def so_far(self, ts: int) -> Episode | None:
        """The running episode with its money and times up to now; None between episodes. Ends one that is back."""
        if self._home:
            self._close()
        if self.open is None:
            return None
        in_state = list(self.open.in_state)
        in_state[self._state] += ts - self._since
        now = self._money().minus(self._base)
        return msgspec.structs.replace(self.open, in_state=in_state, money=now, path=list(self.open.path))
