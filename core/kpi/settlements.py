"""Funding payments of the two legs of a pair, with the rate and the position that made them, and the next ones.

A payment is what the ledger booked, however it was told; this only finds out when, at what rate, on what position.
"""

from __future__ import annotations

from collections import deque

import msgspec

from core.domain.book import View
from core.domain.instrument import Instrument
from core.domain.order import Report
from core.domain.units import FAR, NS_PER_S, RATE, sign_of
from core.models.funding import settlements_ahead

KEPT = 2_000  # payments, the newest
NEAR_NS = 60 * NS_PER_S  # a payment this near to an announced settlement is that one


class Settlement(msgspec.Struct, frozen=True, gc=False):
    """One payment. ts ns (the venue's where it tells), `amount` 1e-8 quote received, `pos` lots, `mark` quote units."""

    leg: int
    ts: int
    amount: int
    pos: int
    rate: float | None  # fraction per interval
    assumed: bool  # no feed gave a rate: the config's figure
    mark: float | None = None


class Upcoming(msgspec.Struct, frozen=True):
    """The calendar of one leg's venue: `times` ns, at the present rate."""

    leg: int
    times: list[int]
    interval_ns: int
    rate: float | None
    assumed: bool


class Announced:
    """What a leg's feed says of its next settlement: the last rate told for each of the last two stamps."""

    def __init__(self, view: View, instrument: Instrument) -> None:
        self.view, self.instrument = view.s, instrument
        self._stamp = self._last_stamp = 0
        self._rate = self._last_rate = FAR

    def look(self) -> None:
        stamp = self.view.next_funding
        if stamp != self._stamp:
            self._last_stamp, self._last_rate, self._stamp = self._stamp, self._rate, stamp
        self._rate = self.view.funding_rate

    def rate_of(self, ts: int) -> tuple[float | None, bool]:
        """Rate of the settlement at `ts` and whether it is assumed."""
        last = self._last_stamp and abs(ts - self._last_stamp) <= NEAR_NS
        return self._known(self._last_rate if last else self._rate)

    def _known(self, rate: int) -> tuple[float | None, bool]:
        return (self.instrument.funding_rate / RATE, True) if rate == FAR else (rate / RATE, False)

    def ahead(self, leg: int, now: int, n: int) -> Upcoming:
        x = self.instrument
        times = settlements_ahead(now, self.view.next_funding, x.funding_interval_ns, x.funding_offset_ns, n)
        rate, assumed = self._known(self.view.funding_rate)
        return Upcoming(leg, times, x.funding_interval_ns, rate, assumed)


class Payments:
    """The payments of both legs in the order in which they came. `count` never falls."""

    def __init__(self) -> None:
        self.kept: deque[Settlement] = deque(maxlen=KEPT)
        self.count = 0

    def booked(
        self, leg: int, ts: int, amount: int, pos: int, announced: Announced, reports: list[Report], alone: bool
    ) -> None:
        """The ledger of `leg` booked `amount` in a step. `reports`: its FUNDED reports; `alone`: nobody else's too."""
        if not alone or sum(r.amount for r in reports) != amount:  # a share of them, or told by a read
            when = reports[-1].ts if reports else ts
            self._add(leg, when, amount, pos, announced, None)
            return
        for report in reports:
            held = sign_of(report.side) * report.qty if report.qty else pos
            mark = announced.instrument.price(report.px) if report.px else None
            self._add(leg, report.ts or ts, report.amount, held, announced, mark)

    def _add(self, leg: int, ts: int, amount: int, pos: int, announced: Announced, mark: float | None) -> None:
        rate, assumed = announced.rate_of(ts)
        self.kept.append(Settlement(leg, ts, amount, pos, rate, assumed, mark))
        self.count += 1

    def since(self, count: int) -> list[Settlement]:
        """Those after the first `count`, as far as they are kept."""
        n = min(self.count - count, len(self.kept))
        return list(self.kept)[len(self.kept) - n :]
