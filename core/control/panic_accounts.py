"""The stops of one panic at all accounts at once: a thread each, none waits for another but a leg for its pair's other.

Knows no latch, lock or core; `core.control.panic` decides what is opened and when.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from core.control.evidence import Evidence, Fill
from core.control.legs import Leg, Legs
from core.control.outcome import UNVERIFIED, Outcome
from core.control.stopping import PanicVenue, VenueStop
from core.domain.errors import PerpError

if TYPE_CHECKING:
    from core.domain.ports import Clock


class PanicAccounts:
    """`hold`: a leg is not closed while its pair's other venue does not answer. `symbol`: only this one, "" = all."""

    def __init__(
        self, verb: str, scope: str, symbol: str, hold: bool, clock: Clock, evidence: Evidence
    ) -> None:  # fmt: skip
        self._verb, self._scope, self._symbol, self._clock, self._evidence = verb, scope, symbol, clock, evidence
        self._legs = Legs() if hold and verb == "flatten" and not symbol else None
        self._gone_on = threading.Event()
        self.opened: list[PanicVenue] = []
        self._threads: list[threading.Thread] = []
        self._stops: list[VenueStop] = []
        self._settled = 0
        self._done: dict[int, Outcome] = {}  # by id: two accounts of one venue may have one name

    def begin(self, found: Sequence[PanicVenue | Outcome]) -> None:
        """Start with these; what could not be opened is an outcome already."""
        stops = []
        for venue in found:
            if isinstance(venue, Outcome):
                self._evidence.outcomes.append(venue)
                if self._legs is not None:
                    self._legs.join(id(venue), [Leg(pair, -1, 0.0) for pair in venue.pairs], None)
                continue
            self.opened.append(venue)
            symbol = _symbol_at(venue, self._symbol, self._evidence)
            stops.append(
                (venue, VenueStop(venue, self._verb, self._clock, self._evidence.note, self._scope, symbol,
                                  self._gone_on, legs=self._legs))
            )  # fmt: skip
        self._stops += [stop for _, stop in stops]
        if self._settled:
            self.settle(self._settled)
        for venue, stop in stops:  # each knows of all legs before the first one runs
            self._threads.append(threading.Thread(target=self._one, args=(venue, stop), daemon=True))
            self._threads[-1].start()

    def settle(self, since: int) -> None:
        """Since then (wall, ns) nothing that was sent before can arrive any more: no list waits for Q."""
        self._settled = since
        for stop in list(self._stops):
            stop.settle(since)

    def over(self) -> list[Outcome] | None:
        """What became of each account, None while one is still under way."""
        done = [self._done.get(id(venue)) for venue in self.opened]
        return None if None in done else [one for one in done if one is not None]

    def _one(self, venue: PanicVenue, stop: VenueStop) -> None:
        self._done[id(venue)] = stop.run()
        fills: Callable[[int], Sequence[Fill]] | None = getattr(venue, "fills", None)
        if fills is None:
            return
        try:
            self._evidence.filled(fills(self._evidence.started))
        except PerpError as error:
            self._evidence.note("fills", f"{venue.name}: not listed: {error}")

    def end(self, interrupted: bool = False) -> None:
        """Until each is over or the operator interrupts (`interrupted`: he has, and it is told); their outcomes are in
        the evidence then."""
        if interrupted:
            self._gone_on.set()
        try:
            for thread in self._threads:
                thread.join(2.0 if interrupted else None)
        except KeyboardInterrupt:
            self._gone_on.set()
            self._evidence.note("stop", "interrupted by the operator; what is not verified is reported as such")
            for thread in self._threads:
                thread.join(2.0)
        for venue in self.opened:
            missing = Outcome(venue.name, UNVERIFIED, "unverified", 0, 0, "no result")
            self._evidence.outcomes.append(self._done.get(id(venue), missing))
        if self._symbol and self._stops and not any(stop.named for stop in self._stops):
            text = f"no instrument of this name: {self._symbol}; nothing was stopped"
            self._evidence.outcomes.append(Outcome("symbol", UNVERIFIED, "unverified", 0, 0, text))
        for venue in self.opened:
            venue.close()


def _symbol_at(venue: PanicVenue, symbol: str, evidence: Evidence) -> str:
    """What the account calls the instrument that a person typed (`SYMBOL=BTC` at a venue that lists BTC/USDC:USDC)."""
    named: Callable[[str], str] | None = getattr(venue, "symbol_of", None)
    if not symbol or named is None:
        return symbol
    own = named(symbol)
    if not own:
        evidence.note("symbol", f"{venue.name}: we trade no {symbol} there; other instruments are left as they are")
    return own or symbol
