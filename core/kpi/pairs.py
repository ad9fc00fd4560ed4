"""The measures of one pair: its split of the money, its episodes, its times, its funding payments. Part of `Measures`.

A step on which nothing happens costs a few comparisons.
"""

from __future__ import annotations

from core.domain.order import Report
from core.domain.pair import LONG, NO_LEG, SHORT
from core.kpi.attribution import Capture
from core.kpi.books import Books, PairLegs, mark_of, mid2_of, money_of
from core.kpi.episodes import Episode, Episodes
from core.kpi.pair import LEGS, PairCapture, PairCosts, PairMoney
from core.kpi.pair_times import PairClock
from core.kpi.settlements import Announced, Payments, Upcoming

AHEAD = 3  # settlements shown a venue


class PairMeasures:
    """One pair of a desk; `captures` are those of `Measures`, by ledger."""

    def __init__(self, books: Books, legs: PairLegs, captures: list[Capture]) -> None:
        self.books, self.legs = books, legs
        self.ledgers = (legs.long, legs.short)
        self._blocks = tuple(books.ledger(i).s for i in self.ledgers)
        self._alone = [sum(books.place(k) == books.place(i) for k in range(books.count)) == 1 for i in self.ledgers]
        long, short = (books.instrument(i) for i in self.ledgers)
        self.capture = PairCapture((captures[legs.long], captures[legs.short]), long, short)
        self.episodes = Episodes(self.money, legs.why)
        self.announced = tuple(Announced(books.view(i), books.instrument(i)) for i in self.ledgers)
        self.payments = Payments()
        self.clock = PairClock(legs.eyes)
        self.now = 0  # ns, of the last step
        self.adopted = 0  # positions that came without a fill
        self._funding = [block.funding for block in self._blocks]
        self._fills = 0
        self._funded: list[Report] = []
        for leg in LEGS:
            self.capture.hold(leg, self._blocks[leg].pos, self.mids2())

    def mids2(self) -> tuple[int, int]:
        return mid2_of(self.books, self.ledgers[LONG]), mid2_of(self.books, self.ledgers[SHORT])

    def before_fill(self, i: int, px: int, lots: int, decided2: int) -> None:
        """Before `Measures` captures a fill of ledger i: signed lots, the mid at the decision (0 = not known)."""
        self._fills += 1
        self.capture.before_fill(LONG if i == self.legs.long else SHORT, px, lots, decided2, self.mids2())

    def funded(self, report: Report) -> None:
        """A funding report of this step, of any instrument."""
        self._funded.append(report)

    def take(self, ts: int) -> None:
        """The end of a step."""
        self.now = ts
        for leg in LEGS:
            block = self._blocks[leg]
            if block.pos != self.capture.captures[leg].pos:
                self.capture.hold(leg, block.pos, self.mids2())
                self.adopted += 1
            if block.funding != self._funding[leg]:
                self._booked(leg, ts, block.funding - self._funding[leg])
                self._funding[leg] = block.funding
            self.announced[leg].look()
        if self._funded:
            self._funded = []
        status = self.legs.status
        if status is not None:
            s, eyes = status.s, self.legs.eyes
            state, busy = s.state, bool(s.busy)
            bare_since = eyes.naked_since() if eyes is not None else 0
            if (bare_since > 0) != self.capture.bare:
                self.capture.undress(bare_since > 0, self.mids2())
            self.episodes.see(ts, state, busy, s.first if state else NO_LEG, self._fills)
            self.clock.see(ts, state, busy, bare_since)
        self._fills = 0

    def _booked(self, leg: int, ts: int, amount: int) -> None:
        place = self.books.place(self.ledgers[leg])
        reports = [r for r in self._funded if r.instrument == place]
        self.payments.booked(leg, ts, amount, self._blocks[leg].pos, self.announced[leg], reports, self._alone[leg])

    def second(self) -> None:
        """Once a second: a position is counted from the first mid there is."""
        self.capture.move(self.mids2())
        self.episodes.rest()
        self.clock.second(self.capture.residual())

    def money(self) -> PairMoney:
        """Since the start, at the marks."""
        long, short = self.ledgers
        return self.capture.split((money_of(self.books, long), money_of(self.books, short)), self._marks())

    def costs(self) -> PairCosts:
        """Since the start: what lies within trend and execution."""
        return self.capture.costs(self._marks())

    def _marks(self) -> tuple[int, int]:
        return mark_of(self.books, self.ledgers[LONG]), mark_of(self.books, self.ledgers[SHORT])

    def spread(self) -> float | None:
        """Mid of the long venue - mid of the short venue, quote units (S1-66); None without both books."""
        mids, out = self.mids2(), []
        for leg in LEGS:
            if not mids[leg]:
                return None
            out.append(mids[leg] * self.books.instrument(self.ledgers[leg]).tick / 2)
        return out[LONG] - out[SHORT]

    def upcoming(self, now: int) -> list[Upcoming]:
        """The next settlements of both venues, each by its own calendar (S1-52)."""
        return [self.announced[leg].ahead(leg, now, AHEAD) for leg in LEGS]

    def running(self, now: int) -> Episode | None:
        return self.episodes.so_far(now)
