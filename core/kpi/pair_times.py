"""How a pair spent its time: states, moves between rests and what asked for them, nakedness, gate, hedge, bands.

Fed by `kpi.pairs`: states and nakedness each step, the rest once a second. Decides nothing and reads no block.
"""

from __future__ import annotations

from collections import deque

import msgspec

from core.domain.pair import S0, S3, STATE_NAMES
from core.kpi.books import PairEyes
from core.kpi.latency import nearest_rank

KEPT = 2_000  # naked spells, the newest
LEG_NAMES = ("long first", "short first")
OWN = "the saga's own"  # moved without a wish: stop, a venue that took size, a failed lock
CUT = "cut"  # the one wish that is made while orders are at work


class PairTimes(msgspec.Struct):
    """Counts of one span. Times ns; `looks` are seconds at which something was looked at."""

    in_state: list[int] = msgspec.field(default_factory=lambda: [0] * len(STATE_NAMES))
    moves: dict[str, int] = {}  # "S3 to S4: spread at the upper band"; a rest to itself was tried and taken back
    spells: int = 0  # naked: unhedged beyond one lot where no state declares it, a lock at work included
    naked_ns: int = 0
    naked_p50_ns: int | None = None
    naked_p99_ns: int | None = None  # nearest rank: below 100 spells the longest
    naked_longest_ns: int = 0
    naked_over: int = 0  # longer than the limit
    naked_limit_ns: int = 0
    gate_looks: int = 0  # in S0 with nothing at work
    gate_open: int = 0  # a first leg passed
    gate_barred: dict[str, int] = {}  # "long first: no fresh price": the filter that barred
    gate_held: dict[str, int] = {}  # "long first: trend": the condition that held
    hedge_looks: int = 0  # in S3 with nothing at work
    hedge_sum: float = 0.0
    hedge_least: float | None = None
    band_looks: int = 0  # with spread and bands known
    band_out: int = 0  # at or beyond a band
    lock_band_looks: int = 0  # of these in S3
    lock_band_out: int = 0

    @property
    def hedge_mean(self) -> float | None:
        """Smaller leg over the larger one while locked, mean of the looks."""
        return self.hedge_sum / self.hedge_looks if self.hedge_looks else None


class Span:
    """A span being counted: its `PairTimes` and the naked spells for its quantiles."""

    def __init__(self) -> None:
        self.counts = PairTimes()
        self.spells: deque[int] = deque(maxlen=KEPT)

    def spell(self, ns: int, limit: int) -> None:
        counts = self.counts
        counts.spells += 1
        counts.naked_ns += ns
        counts.naked_longest_ns = max(counts.naked_longest_ns, ns)
        counts.naked_over += ns > limit > 0
        self.spells.append(ns)

    def read(self) -> PairTimes:
        """A copy, with the quantiles of the spells."""
        ranks = [nearest_rank(self.spells, p) for p in (0.5, 0.99)]
        p50, p99 = (None if rank is None else round(rank) for rank in ranks)
        copy = msgspec.convert(msgspec.to_builtins(self.counts), PairTimes)
        return msgspec.structs.replace(copy, naked_p50_ns=p50, naked_p99_ns=p99)


def count(table: dict[str, int], key: str) -> None:
    table[key] = table.get(key, 0) + 1


class PairClock:
    """One pair's, since the start and in the round. Without eyes no reasons, gate, bands and nakedness."""

    def __init__(self, eyes: PairEyes | None) -> None:
        self.eyes = eyes
        self.total, self.round = Span(), Span()
        self._state, self._busy, self._since = -1, False, 0
        self._rest = S0
        self._word = ""
        self.bare_since = 0
        self._worst = 0  # longest spell ended since it was last asked for

    @property
    def _spans(self) -> tuple[Span, Span]:
        return self.total, self.round

    def see(self, ts: int, state: int, busy: bool, bare_since: int) -> None:
        """The pair at the end of a step. bare_since: since when it is naked, 0 = it is not."""
        if bare_since != self.bare_since:
            self._spell(ts)
            self.bare_since = bare_since
        if state == self._state and busy == self._busy and not busy:
            return
        if self._state < 0:
            self._state, self._since, self._rest = state, ts, state
        if state != self._state:
            self._pass(ts)
            self._state = state
        if busy:
            self._listen()
        elif self._busy or state != self._rest:
            self._arrive(state)
        self._busy = busy

    def _listen(self) -> None:
        """Who asked for what is at work: the wish that stood when it began, and a cut that came on top."""
        kind, reason = self.eyes.wish() if self.eyes is not None else ("", "")
        if not self._busy or kind == CUT:
            self._word = OWN if kind == "none" else reason

    def _arrive(self, state: int) -> None:
        word = self._word or OWN if self.eyes is not None else ""
        for span in self._spans:
            count(span.counts.moves, f"S{self._rest} to S{state}" + (f": {word}" if word else ""))
        self._rest, self._word = state, ""

    def _pass(self, ts: int) -> None:
        """Book the time in the present state up to now."""
        ts = max(ts, self._since)
        for span in self._spans:
            span.counts.in_state[self._state] += ts - self._since
        self._since = ts

    def _spell(self, ts: int) -> None:
        if self.bare_since:
            ns, limit = max(0, ts - self.bare_since), self.limit_ns()
            self._worst = max(self._worst, ns)
            for span in self._spans:
                span.spell(ns, limit)

    def limit_ns(self) -> int:
        """Longest time that the pair may be naked; 0 = not known."""
        return self.eyes.naked_limit_ns() if self.eyes is not None else 0

    def naked_ns(self, now: int) -> int:
        """How long it has been naked by now."""
        return max(0, now - self.bare_since) if self.bare_since else 0

    def take_worst(self, now: int) -> int:
        """The longest spell that ran since the last call, the running one included."""
        worst, self._worst = max(self._worst, self.naked_ns(now)), 0
        return worst

    def second(self, residual: float) -> None:
        """Once a second: gate, hedge and bands as they are now. residual: net over the larger leg."""
        if self.eyes is None or self._state < 0:
            return
        bands = self.eyes.bands()
        gates = self.eyes.gate() if self._state == S0 and not self._busy else None
        for span in self._spans:
            counts = span.counts
            if bands is not None:
                spread, lower, upper = bands
                out = not lower < spread < upper
                counts.band_looks += 1
                counts.band_out += out
                if self._state == S3:
                    counts.lock_band_looks += 1
                    counts.lock_band_out += out
            if self._state == S3 and not self._busy:
                ratio = max(0.0, 1.0 - residual)
                counts.hedge_looks += 1
                counts.hedge_sum += ratio
                counts.hedge_least = ratio if counts.hedge_least is None else min(counts.hedge_least, ratio)
            if gates is not None:
                counts.gate_looks += 1
                counts.gate_open += any(gate.opens for gate in gates)
                for name, gate in zip(LEG_NAMES, gates, strict=True):
                    if gate.barred:
                        count(counts.gate_barred, f"{name}: {gate.barred}")
                    for held in gate.holds:
                        count(counts.gate_held, f"{name}: {held}")

    def new_round(self, now: int) -> None:
        """What ran before `now` belongs to the round that ends; a naked spell to the one in which it ends."""
        if self._state >= 0:
            self._pass(now)
        self.round = Span()

    def in_round(self, now: int) -> PairTimes:
        """The round up to now."""
        return self._read(self.round, now)

    def since_start(self, now: int) -> PairTimes:
        """The same since the start."""
        return self._read(self.total, now)

    def _read(self, span: Span, now: int) -> PairTimes:
        if self._state >= 0:
            self._pass(now)
        return msgspec.structs.replace(span.read(), naked_limit_ns=self.limit_ns())
