"""The measures of one pair: its split of the money, its episodes, its times, its funding payments. Part of `Measures`.

A step on which nothing happens costs a few comparisons.
"""

from __future__ import annotations

from core.domain.order import Report
from core.domain.pair import LONG, NO_LEG, SHORT
from core.kpi.attribution import Capture
from core.kpi.books import Books, PairLegs, mark_of, mid2_of, money_of
from core.kpi.episodes import Episode, Episodes
from core.kpi.pair import PairCapture, PairCosts, PairMoney
from core.kpi.pair_times import PairClock
from core.kpi.settlements import Announced, Payments, Upcoming

AHEAD = 3  # settlements shown a venue


class PairMeasures:
    """One pair of a desk; `captures` are those of `Measures`, by ledger."""

    def __init__(self, books: Books, legs: PairLegs, captures: list[Capture]) -> None:
        self.books, self.legs = books, legs
        self.ledgers = (legs.long, legs.short, *([legs.backup] if legs.backup >= 0 else []))
        self._of = range(len(self.ledgers))
        self._blocks = tuple(books.ledger(i).s for i in self.ledgers)
        self._alone = [sum(books.place(k) == books.place(i) for k in range(books.count)) == 1 for i in self.ledgers]
        self.capture = PairCapture([captures[i] for i in self.ledgers], [books.instrument(i) for i in self.ledgers])
        self.episodes = Episodes(self.money, legs.why)
        self.announced = tuple(Announced(books.view(i), books.instrument(i)) for i in self.ledgers)
        self.payments = Payments()
        self.clock = PairClock(legs.eyes)
        self.now = 0  # ns, of the last step
        self.adopted = 0  # positions that came without a fill
        self.on_backup, self.moved = -1, 0  # leg that the backup plays, -1 = none; times that one went there
        self._funding = [block.funding for block in self._blocks]
        self._fills = 0
        self._funded: list[Report] = []
        for leg in self._of:
            self.capture.hold(leg, self._blocks[leg].pos, self.mids2())
        if legs.backup >= 0:
            self._follow()
            self.moved = 0  # where it was before this process

    def mids2(self) -> list[int]:
        return [mid2_of(self.books, i) for i in self.ledgers]

    def playing(self) -> tuple[int, int]:
        """Ledgers that are the long leg and the short one now: of three, the backup's may be one of them."""
        return self.legs.playing() if self.legs.playing is not None else (self.legs.long, self.legs.short)

    def before_fill(self, i: int, px: int, lots: int, decided2: int) -> None:
        """Before `Measures` captures a fill of ledger i: signed lots, the mid at the decision (0 = not known)."""
        self._fills += 1
        self.capture.before_fill(self.ledgers.index(i), px, lots, decided2, self.mids2())

    def funded(self, report: Report) -> None:
        """A funding report of this step, of any instrument."""
        self._funded.append(report)

    def take(self, ts: int) -> None:
        """The end of a step."""
        self.now = ts
        for leg in self._of:
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
        if self.legs.backup >= 0:
            self._follow()
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

    def _follow(self) -> None:
        """Which leg the backup plays now."""
        playing = self.playing()
        leg = playing.index(self.legs.backup) if self.legs.backup in playing else -1
        if leg != self.on_backup:
            self.on_backup = leg
            self.moved += leg >= 0

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
        return self.capture.split([money_of(self.books, i) for i in self.ledgers], self._marks())

    def costs(self) -> PairCosts:
        """Since the start: what lies within trend and execution."""
        return self.capture.costs(self._marks())

    def _marks(self) -> list[int]:
        return [mark_of(self.books, i) for i in self.ledgers]

    def spread(self) -> float | None:
        """Mid of the venue that plays the long leg - mid of that of the short one, quote units (S1-66); None without
        both books."""
        prices = []
        for i in self.playing():
            mid2 = mid2_of(self.books, i)
            if not mid2:
                return None
            prices.append(mid2 * self.books.instrument(i).tick / 2)
        return prices[LONG] - prices[SHORT]

    def upcoming(self, now: int) -> list[Upcoming]:
        """The next settlements of each venue by its own calendar (S1-52)."""
        return [self.announced[leg].ahead(leg, now, AHEAD) for leg in self._of]

    def running(self, now: int) -> Episode | None:
        return self.episodes.so_far(now)
