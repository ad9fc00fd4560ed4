"""The terms of one venue account's instruments while it is open: asked, applied to clients and listings, and obeyed.

What a change means is `core.venues.ccxt.terms`, when it is asked for `termswatch`. Here: what ccxt and our readers must
know so that cancels, lists and the closes of a stop go on in the venue's new units, and what may not be sent meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.codec.reasons import OFF_GRID, Hostile
from core.domain.errors import Refused, Unavailable
from core.domain.events import Relisted
from core.domain.order import AMEND_REJECTED, CREATE, REDUCE_ONLY, REJECTED, STOP, Report, Request
from core.domain.ports import Clock
from core.domain.reasons import (
    BAD_REQUEST,
    FILTER_MAX_QTY,
    FILTER_MIN_NOTIONAL,
    FILTER_MIN_QTY,
    FILTER_STEP,
    MAX_VALUE,
    OK,
    PRICE_BAND,
    VENUE_CLOSED,
)
from core.venues.budget import QUERY
from core.venues.ccxt.instances import Instances
from core.venues.ccxt.markets import Listing
from core.venues.ccxt.public import PublicFeed
from core.venues.ccxt.terms import Terms
from core.venues.ccxt.termswatch import Answer, Say, TermsWatch
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.verdicts import Verdict, clean_text, judge
from core.venues.ccxt.wiring import LANE, UNREADABLE

HINTS = (
    FILTER_STEP, FILTER_MIN_QTY, FILTER_MAX_QTY, FILTER_MIN_NOTIONAL, PRICE_BAND, MAX_VALUE, BAD_REQUEST, VENUE_CLOSED,
)  # fmt: skip
RENEWED = ("precision", "limits", "contractSize", "active", "info")


class Listed:
    """`tell` hears changes, `on_venue` what a failed question says of the venue."""

    def __init__(
        self, traits: Traits, instances: Instances, listings: Mapping[int, Listing],
        feeds: Mapping[int, PublicFeed], tell: Callable[[Relisted], None], on_venue: Callable[[Verdict], None],
        note: Say, clock: Clock, every_s: float, seed: int,
    ) -> None:  # fmt: skip
        self.traits, self.instances, self.listings, self.feeds = traits, instances, listings, feeds
        self._tell, self.on_venue = tell, on_venue
        self.closed: dict[int, str] = {}  # why nothing new may be sent, by place
        self._refused = 0
        self._markets: dict[int, Any] = {}  # as the newest answer has them
        instruments = {number: listing.instrument for number, listing in listings.items()}
        self.watch = TermsWatch(
            traits.name, instruments, self.ask, self._changed, note, clock,
            hints=self._hints, every_s=every_s, seed=seed,
        )  # fmt: skip

    def begin(self) -> None:
        """The terms of the opening, as the clients were given them. Raises Refused where they are none."""
        opening: dict[int, Terms] = {}
        for number, listing in self.listings.items():
            try:
                opening[number] = self.traits.terms(self.instances.data.markets[listing.symbol])
            except (Hostile, *UNREADABLE) as error:
                why = f"{listing.symbol}: its terms cannot be read: {clean_text(error)}"
                raise Refused(f"{self.traits.name} {why}") from None
        self.watch.begin(opening)

    async def ask(self) -> Answer:
        """All instruments in one question. Raises Unavailable."""
        import ccxt

        LANE.set(QUERY)
        by_symbol = {listing.symbol: number for number, listing in self.listings.items()}
        try:
            found = await self.traits.markets_now(self.instances.data, list(by_symbol))
        except ccxt.BaseError as error:
            verdict = judge(error)
            self.on_venue(verdict)
            raise Unavailable(verdict.text) from None
        except UNREADABLE as error:
            raise Unavailable(f"the venue's list could not be read: {clean_text(error)}") from None
        self._markets = {by_symbol[symbol]: market for symbol, market in found.items()}
        return {number: self._terms(number, market) for number, market in self._markets.items()}

    def _terms(self, number: int, market: Any) -> Terms | str:
        known = self.instances.data.markets[self.listings[number].symbol]["id"]
        if market.get("id") != known:
            return f"it is {clean_text(ValueError(market.get('id')))} now, was {known}"
        try:
            return self.traits.terms(market)
        except (Hostile, *UNREADABLE) as error:
            return clean_text(error)

    def _changed(self, event: Relisted) -> None:
        """First our own readers and clients, so that what the engine does about it is in the new units."""
        listing, market = self.listings[event.instrument], self._markets.get(event.instrument)
        if event.closed or event.halt:
            self.closed[event.instrument] = event.closed or event.halt
        else:
            self.closed.pop(event.instrument, None)
        if market is not None and event.instrument not in self.watch.doubts:
            listing.adopt(market)
            listing.relisted = bool(event.halt)
            exchanges = (self.instances.data, self.instances.trade, self.instances.emergency)
            renew(exchanges, listing.symbol, market)
        self._tell(event)

    # what others ask -------------------------------------------------------------------------------------------------

    def heard(self, report: Report) -> None:
        """A refusal may say that what we know is old."""
        if report.kind in (REJECTED, AMEND_REJECTED) and report.code in HINTS:
            self._refused += 1

    def bars(self, request: Request) -> int:
        """Reason why a request may not be sent, OK = it may. A way out of a risk always may: the venue has the word."""
        if request.kind != CREATE or request.flags & (STOP | REDUCE_ONLY) or request.instrument not in self.closed:
            return OK
        return VENUE_CLOSED

    def _hints(self) -> int:
        """Refusals by step or size, and public figures that are not on our grid."""
        return self._refused + sum(feed.dropped.get(OFF_GRID, 0) for feed in self.feeds.values())


def renew(exchanges: Iterable[Any], symbol: str, market: Any) -> None:
    """What ccxt cuts sizes and prices to, and counts contracts by: of one symbol alone, without a reload of all."""
    for exchange in exchanges:
        fresh = {name: market[name] for name in RENEWED if name in market}
        exchange.markets[symbol].update(fresh)
        for known in exchange.markets_by_id.get(market["id"]) or ():
            if known["symbol"] == symbol:
                known.update(fresh)
