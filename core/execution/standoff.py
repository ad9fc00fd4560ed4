"""What keeps a stop from its end though the venue answers: orders that stand after their cancel, closes it refuses, an
account that was never reconciled.

Says how long to wait before the same thing is asked again, since when it has been so, and when a person must hear of it
(RELIABILITY 5: never FLAT while anything may stand). Sends and reads nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from core.domain.events import Note, OpenOrder
from core.domain.order import FILLED, REJECTED, Report
from core.domain.reasons import RATE_LIMIT, VENUE_BUSY, VENUE_CLOSED, name_of
from core.domain.units import NS_PER_MS, NS_PER_S
from core.execution.stopping import OK, UNVERIFIED, Venue

Orders = tuple[OpenOrder, ...]
ALARM_NS = 60 * NS_PER_S
REFUSED_MOST = 6  # closes of one instrument in a row: one a band, then some to market
NOT_RECONCILED = "not reconciled: nobody knows what is ours"
PASSING = (RATE_LIMIT, VENUE_BUSY, VENUE_CLOSED)  # the venue's own state, not its word on the order


class Patience:
    """The first `at_once` tries of one thing wait `first_ns` each, later ones twice as long as the last, to
    `most_ns`."""

    def __init__(self, at_once: int, first_ns: int, most_ns: int) -> None:
        self.at_once, self._first_ns, self._most_ns = at_once, first_ns, most_ns
        self._key: Hashable = None
        self.tries = 0

    def next(self, key: Hashable) -> int:
        """ns to wait after one more try of `key`; another key starts anew."""
        self.tries = self.tries + 1 if key == self._key else 1
        self._key = key
        return min(self._most_ns, self._first_ns << min(max(0, self.tries - self.at_once), 20))


class Standoff:
    """`why` "" = nothing stands in the way. `standing`: orders that the venue took and never said to be gone; they
    stand, whatever a list shows, until it says so."""

    def __init__(self) -> None:
        self.why = ""
        self.since = 0
        self.standing: Orders = ()
        self._listed = Patience(8, 50 * NS_PER_MS, 5 * NS_PER_S)
        self._hidden = Patience(2, 250 * NS_PER_MS, 12 * NS_PER_S)  # at last longer than a proof of absence takes
        self._closes = Patience(1, 250 * NS_PER_MS, 5 * NS_PER_S)
        self._alarm_at = 0
        self._refused: dict[int, tuple[int, int, int]] = {}  # by instrument: how often in a row, last id, last code

    def again(self, listed: Orders, now: int) -> tuple[Orders, int]:
        """The orders to cancel now, those that only we know included, and ns to wait before the next list."""
        shown = {(order.instrument, order.cl_id) for order in listed}
        hidden = tuple(order for order in self.standing if (order.instrument, order.cl_id) not in shown)
        ids = frozenset((order.instrument, order.venue_id) for order in listed or hidden)
        if not listed:
            self._on(f"{len(hidden)} orders of ours are in no list, and the venue did not say that they are gone", now)
            return hidden, self._hidden.next(ids)
        wait = self._listed.next(ids)
        if self._listed.tries > self._listed.at_once:
            self._on(f"{len(ids)} orders of ours stand though they were cancelled", now)
        return (*listed, *hidden), wait

    def told(self, report: Report) -> None:
        """An answer to a close."""
        times, last, _ = self._refused.get(report.instrument, (0, 0, 0))
        if report.kind == FILLED:
            self._refused.pop(report.instrument, None)
        elif report.kind == REJECTED and report.cl_id != last and report.code not in PASSING:
            self._refused[report.instrument] = (times + 1, report.cl_id, report.code)

    def refuses(self, instruments: Iterable[int], now: int) -> int:
        """ns to wait where every close of each instrument was refused time and again, else 0. Each may then be tried
        once more."""
        rows = [self._refused.get(instrument, (0, 0, 0)) for instrument in instruments]
        if not rows or any(times < REFUSED_MOST for times, _, _ in rows):
            return 0
        self._refused = {k: (REFUSED_MOST - 1, last, code) for k, (_, last, code) in self._refused.items()}
        self._on("closes are refused: " + ", ".join(sorted({name_of(code) for _, _, code in rows})), now)
        return self._closes.next("closes")

    def reconciled(self, known: bool, now: int) -> None:
        """Whether it is known what is ours: before that nothing is closed."""
        if not known:
            self._on(NOT_RECONCILED, now)
        elif self.why == NOT_RECONCILED:
            self.moved()

    def _on(self, why: str, now: int) -> None:
        if not self.why:
            self.since, self._alarm_at = now, now + ALARM_NS
        self.why = why

    def moved(self) -> None:
        """Something went forward."""
        self.why = ""

    def venue(self, venue: Venue) -> Venue:
        """What is shown of a venue that answers but does not let the stop end."""
        return Venue(UNVERIFIED, self.why, self.since) if self.why and venue.status == OK else venue

    def alarm(self, now: int) -> tuple[Note, ...]:
        """Once a minute for as long as it lasts."""
        if not self.why or now < self._alarm_at:
            return ()
        seconds, self._alarm_at = (now - self.since) // NS_PER_S, now + ALARM_NS
        return (Note("crit", "stop_stuck", f"{UNVERIFIED} for {seconds} s: {self.why}", tag="emergency"),)
