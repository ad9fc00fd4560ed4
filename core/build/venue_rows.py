"""The rows of the screen Venues & streams: account, allowances, wire, clock, switch and streams of each venue.

Asked twice a second with the picture. Reads only; asks no venue anything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.build.desk import EngineDesk
from core.domain.units import NS_PER_MS, NS_PER_S
from core.domain.venue_picture import StreamRow, VenueRow
from core.engine.crosscheck import CrossCheck
from core.venues.condition import OFFSET_STOP_NS, OFFSET_WARN_NS

if TYPE_CHECKING:
    from core.build.live_market import LiveFeed
    from core.build.protection import Protection
    from core.venues.ccxt.listed import Listed
    from core.venues.ccxt.venue import CcxtVenue

RATE_NS = NS_PER_S  # messages a second are counted over at least this
LATENCY_NS = 60 * NS_PER_S


class WireFigures:
    """What has to be remembered between two looks at one venue: counts of its streams, round trips of a minute."""

    def __init__(self, venue: CcxtVenue) -> None:
        self.venue = venue
        self._seen: dict[str, int] = {}
        self._per_s: dict[str, float] = {}
        self._looked = 0
        self._trips: deque[tuple[int, int]] = deque()  # looked, ns

    def streams(self) -> tuple[StreamRow, ...]:
        """Every subscription, the public ones first."""
        now = self.venue.clock.monotonic()
        self._rates(now)
        limits = self.venue.upkeep.watchdog.limits
        return tuple(
            StreamRow(
                name=stream.name,
                up=stream.up,
                age_ns=max(0, stream.age_ns(now)) if stream.newest_ns else None,
                stale_ns=limits.get(stream.name),
                per_s=self._per_s.get(stream.name),
                redials=stream.restarts,
                refused=stream.refused,
                why="" if stream.up else stream.why,
            )
            for stream in self.venue.streams
        )

    def _rates(self, now: int) -> None:
        elapsed = now - self._looked
        if self._looked and elapsed < RATE_NS:
            return
        for stream in self.venue.streams:
            if stream.name in self._seen:
                self._per_s[stream.name] = (stream.batches - self._seen[stream.name]) * NS_PER_S / elapsed
            self._seen[stream.name] = stream.batches
        self._looked = now

    def latency_ms(self) -> float | None:
        """Mean of the REST round trips of the last minute; None without one."""
        now = self.venue.clock.monotonic()
        for wire in self.venue.instances.wires.values():
            self._trips.extend((now, ns) for _, ns in wire.counters.take_latencies())
        while self._trips and now - self._trips[0][0] > LATENCY_NS:
            self._trips.popleft()
        return sum(ns for _, ns in self._trips) / len(self._trips) / NS_PER_MS if self._trips else None


class VenueRows:
    """One row an account. `live` or `fed` says what stands behind it; without either the venue is simulated."""

    def __init__(self, desk: EngineDesk) -> None:
        self.desk = desk
        self._live: list[WireFigures] = []
        self._protection: Protection | None = None
        self._feed: LiveFeed | None = None
        self._fed: dict[str, WireFigures] = {}

    def live(self, venues: Sequence[CcxtVenue], protection: Protection) -> None:
        """The accounts' own wires, in the engine's order, with what stands in for a dead process."""
        self._live, self._protection = [WireFigures(venue) for venue in venues], protection

    def fed(self, feed: LiveFeed) -> None:
        """Paper on a live feed: the account is simulated, prices come over real wires without keys."""
        self._feed = feed

    def rows(self, now: int) -> tuple[VenueRow, ...]:
        """At core time `now`."""
        used = self.desk.wire.each_used(now)
        checks = self.desk.engine.check.each
        alone = len(checks) == 1
        out = []
        for k, check in enumerate(checks):
            told = self._account(k, check)
            told["orders_used"], told["orders_limit"] = used[min(k, len(used) - 1)]
            if self._live:
                told |= self._wire(self._live[k], now) | self._counts(self._live[k]) | self._switch(k, now)
            elif self._feed is not None:
                told |= self._public(check.posts[0].instrument.venue, now)
            if not self._live and alone:
                told["requests"] = self.desk.requests
            out.append(VenueRow(**told))
        return tuple(out)

    def _account(self, k: int, check: CrossCheck) -> dict[str, Any]:
        read = check.rounds > 0
        return {
            "venue": check.posts[0].instrument.venue,
            "network": check.posts[0].instrument.network,
            "reconciled": check.clean,
            "why": check.why,
            "agreed_ts": check.last_ok or None,
            "foreign_orders": check.foreign_orders if read else None,
            "foreign_positions": check.foreign_positions if read else None,
        }

    def _wire(self, figures: WireFigures, now: int) -> dict[str, Any]:
        condition = figures.venue.condition
        state, offset = condition.state, condition.offset_ns
        grade = "stop" if abs(offset) > OFFSET_STOP_NS else "warn" if abs(offset) > OFFSET_WARN_NS else "ok"
        known = condition.offset_known
        return {
            "condition": state.name,
            "text": state.text,
            "next_step": state.next_step,
            "until": max(now, now + state.until - figures.venue.clock.now()) if state.until else None,
            "clock_offset_ns": offset if known else None,
            "clock_grade": grade if known else "",
            "streams": figures.streams(),
        }

    def _counts(self, figures: WireFigures) -> dict[str, Any]:
        instances = figures.venue.instances
        return {
            "weight_used": round(instances.budget.used(figures.venue.clock.monotonic())),
            "weight_limit": instances.budget.limit,
            "requests": instances.requests,
            "errors": instances.errors,
            "latency_ms": figures.latency_ms(),
            **self._terms(figures.venue.listed),
        }

    def _terms(self, listed: Listed) -> dict[str, Any]:
        why = [*(f"{listed.listings[n].symbol}: {text}" for n, text in listed.closed.items()), listed.watch.why]
        return {"terms_age_ns": listed.watch.age_ns, "terms_why": "; ".join(filter(None, why))}

    def _switch(self, k: int, now: int) -> dict[str, Any]:
        """The words of the protection, and when the venue's own switch would fire."""
        assert self._protection is not None
        switch, mono = self._live[k].venue.deadman, self._live[k].venue.clock.monotonic()
        words = list(self._protection.each(mono).values())
        return {
            "dead_man": words[k],
            "dead_man_until": now + switch.deadline_ns - mono if switch.deadline_ns else None,
            "dead_man_held": switch.held,
        }

    def _public(self, venue: str, now: int) -> dict[str, Any]:
        """The public wire of a paper account's prices; `opening` until it stands."""
        assert self._feed is not None
        routes = {route.traits.name: route for route in self._feed.routes}
        route, opened = routes.get(venue), self._feed.venues.get(venue)
        if route is None:
            return {}
        told: dict[str, Any] = {"feed": route.access.network}
        if opened is None:
            return told | {"condition": "opening", "text": "its feed is not open yet"}
        figures = self._fed.get(venue)
        if figures is None or figures.venue is not opened:
            figures = self._fed[venue] = WireFigures(opened)
        return told | self._wire(figures, now)
