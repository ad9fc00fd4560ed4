"""When an order that no list shows is held to be gone (RELIABILITY 2.3).

Each read may be L behind, on its own. A list is a word if it could have shown the order. The first list without it
dates its end: a word, or, of a create without any answer, a list from when it can arrive no more. Gone is what two
words lack, the second beside trades that were asked for L after that end: until then it may just have filled.
"""

from __future__ import annotations

from collections.abc import Set

import msgspec

from core.domain.lateness import LAG_NS, LIFETIME_NS, SKEW_NS
from core.domain.order import LIVE, UNKNOWN, Ledger
from core.domain.units import FAR, NS_PER_S

ARRIVES_NS = LIFETIME_NS + 2 * SKEW_NS  # R and a generous skew: nothing that was sent arrives later
RESOLVE_WAIT_NS = ARRIVES_NS + LAG_NS  # after a create or amend: whatever came of it is in every answer
IDLE_NS = 5 * NS_PER_S  # an order younger than this may still be on its way in either direction


class Absence(msgspec.Struct, frozen=True):
    """Lists without an order, ns: when the first was whole; when the first word was asked for, 0: none yet."""

    since: int
    word: int


class Absences:
    """Of the orders of one instrument, by client id."""

    def __init__(self) -> None:
        self._of: dict[int, Absence] = {}

    def shown(self, listed: Set[int]) -> None:
        """Any list at all that shows an order starts its proof over."""
        for cl_id in self._of.keys() & listed:
            del self._of[cl_id]

    def keep(self, held: Set[int]) -> None:
        """Forget the orders that the ledger no longer holds."""
        for cl_id in self._of.keys() - held:
            del self._of[cl_id]

    def proven(self, o: Ledger, i: int, asked: int, now: int, proof: bool) -> bool:
        """Lists and trades asked for at `asked` and whole at `now` lack the order of slot `i`: is it gone? Not
        without `proof` (an overloaded venue, a list cut short)."""
        had = o.ts_ack[i] > 0  # what the venue had it shows within L; anything else once it can arrive no more
        told = asked >= _telling(o, i)
        ended = told if had else asked - o.ts_placed[i] >= ARRIVES_NS
        before = self._of.get(o.cl_id[i])
        if before is None:
            if ended and (proof or had):
                self._of[o.cl_id[i]] = Absence(now, asked if told else 0)
            return False
        if told and not before.word and (proof or had):
            self._of[o.cl_id[i]] = Absence(before.since, asked)
        return proof and told and 0 < before.word < asked and asked - before.since >= LAG_NS

    def due(self, o: Ledger, i: int, asked: int) -> int:
        """When a read can next say something of slot `i` that the newest, of `asked`, could not, ns; FAR: nothing."""
        before = self._of.get(o.cl_id[i])
        if o.state[i] == UNKNOWN:
            if before is None:
                return _telling(o, i) if o.ts_ack[i] > 0 else int(o.ts_placed[i]) + ARRIVES_NS
            return max(before.since + LAG_NS, _telling(o, i), int(o.ts_placed[i]) + RESOLVE_WAIT_NS)
        if o.state[i] != LIVE:
            return FAR
        if before is not None and before.word:
            return max(before.since + LAG_NS, int(max(o.ts_sent[i], o.ts_ack[i])) + IDLE_NS + 1)
        found = o.ts_ack[i] - o.ts_placed[i] > LAG_NS  # only a list has brought it back, which may have been behind
        return _telling(o, i) if found and asked < _telling(o, i) else FAR


def _telling(o: Ledger, i: int) -> int:
    """From when on a list that is asked for could show the order of slot `i`, ns."""
    return int(o.ts_ack[i] + LAG_NS + 1 if o.ts_ack[i] > 0 else o.ts_placed[i] + RESOLVE_WAIT_NS)
