"""The part of the go-live checklist that asks the venue: clock, filters, marks, funding calendar, dead-man's switch.

Trades nothing and changes nothing; a dead-man's switch is tried on play money alone, and disarmed again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.build.assemble import Place
from core.build.checklist.account import Account
from core.build.checklist.here import Reach
from core.build.checklist.items import FAIL, NOTE, OK, Checklist
from core.build.checklist.pair import Leg, cost_of
from core.build.checklist.rights import rights
from core.build.checklist.streams import Listening
from core.clock import SteadyClock, iso
from core.domain.units import NS_PER_MS
from core.engine.inbox import Inbox
from core.models.funding import next_settlement
from core.risk.params import RiskParams
from core.venues.ccxt.markets import Listing
from core.venues.ccxt.venue import CcxtVenue

CLOCK_LIMIT_MS = 250.0
HOUR_NS, HALF_MINUTE_NS = 3_600_000_000_000, 30_000_000_000
HOURLY = ("hyperliquid",)  # sends no time of settlement: each full hour, by its rules
PLAY = ("testnet", "loopback")  # where a dead-man's switch may be armed for a look
SYNC = "let chrony or systemd-timesyncd set the clock; orders carry a lifetime of 2 s by this clock"


class VenueChecks:
    """One venue account. `alone`: no core of ours runs here, so its switch may be tried. `legs`: places of a pair."""

    def __init__(
        self,
        reach: Reach,
        places: Sequence[Place],
        risks: Sequence[Any],
        alone: bool,
        items: Checklist,
        ours: dict[int, int],
        epochs: frozenset[int],
        legs: Mapping[int, Leg] | None = None,
    ) -> None:
        self.clock = SteadyClock()
        numbered = [(n, place.instrument) for n, place in enumerate(places)]
        self.venue = CcxtVenue(
            reach.traits, reach.access, numbered, Inbox(len(numbered)), self.clock, epoch=0, public_only=True
        )
        self.risks, self.alone, self.items = risks, alone, items
        self.held = Account(self.venue, items, ours, epochs, frozenset(legs or {}))
        self.legs = legs or {}
        self.costs: dict[str, float] = {}  # of each leg here, by key; where its book was told
        self._rates: dict[int, Any] = {}

    async def ask(self, listen_s: float) -> None:
        """Every item, whatever fails on the way; closes what it opened."""
        venue, items = self.venue, self.items
        try:
            step = "look at the network, the venue's status page and `venues:` of the config"
            if not await items.ask("venue answers", self._open(), step, ("S1-50",)):
                return
            await items.ask("clock", self._clock(), SYNC, ("S0-22",))
            for listing in venue.listings.values():
                self._filters(listing)
            await rights(venue, items)
            await items.ask("account", self.held.read())
            await items.ask("position mode", self.held.position_mode(), rows=("S1-55",))
            for listing in venue.listings.values():
                await items.ask(f"margin {listing.instrument.symbol}", self.held.margin(listing), rows=("S1-55",))
                await items.ask(f"funding {listing.instrument.symbol}", self._funding(listing), rows=("S1-52",))
            await items.ask("balance", self._money(), rows=("S1-55",))
            await items.ask("slippage", self._slippage(), rows=("S1-56",))
            self._price_source()
            await Listening(venue).hear(listen_s, items)
            await items.ask("another core", self.held.others(), rows=("R-W5",))
            await self._dead_man()
            self._panes()
        finally:
            await venue.close()

    async def _open(self) -> None:
        await self.venue.instances.open()
        self.items.add(
            "venue answers", OK, f"markets listed: {len(self.venue.instances.data.markets)}", rows=("S1-50",)
        )

    async def _clock(self) -> None:
        await self.venue.upkeep.measure_clock(3)
        offset_ms = self.venue.condition.offset_ns / NS_PER_MS
        self.items.judge(
            "clock",
            abs(offset_ms) < CLOCK_LIMIT_MS,
            f"the venue is {offset_ms:+.0f} ms from us, limit {CLOCK_LIMIT_MS:.0f} ms",
            SYNC,
            ("S0-22",),
        )

    def _filters(self, listing: Listing) -> None:
        name, market = f"filters {listing.instrument.symbol}", self.venue.instances.data.markets.get(listing.symbol)
        x = listing.instrument
        where = f"correct the venue file of {x.venue} {x.symbol}"
        if market is None:
            self.items.judge(name, False, "the venue does not list it", where, ("R-N5",))
            return
        listing.adopt(market)
        wrong = listing.differences(market)
        found = "; ".join(wrong) or f"tick {x.tick:g}, lot {x.lot:g}, minima as the venue says"
        closed = market.get("active") is False
        self.items.judge(name, not wrong, found, "wait until the venue opens it" if closed else where, ("R-N5",))

    async def _slippage(self) -> None:
        """S1-56: what the legs of a pair would cost here; judged once both venues were asked."""
        for number, leg in self.legs.items():
            x = self.venue.listings[number].instrument
            cost = await cost_of(self.venue.instances.data, self.venue.listings[number], leg)
            self.costs[f"{x.venue}:{x.symbol}"] = cost

    # prices and funding ----------------------------------------------------------------------------------------------

    async def _funding(self, listing: Listing) -> None:
        """S1-52: the next settlement and its interval, as the venue says."""
        x, name = listing.instrument, f"funding {listing.instrument.symbol}"
        ours = x.funding_interval_ns / HOUR_NS
        rate = await self.venue.instances.data.fetch_funding_rate(listing.symbol)
        self._rates[listing.number] = rate
        told_ms = rate.get("fundingTimestamp") or rate.get("nextFundingTimestamp")
        if self.venue.traits.name in HOURLY:
            told_ms = None  # ccxt makes one up from our own clock
        calendar = next_settlement(self.clock.now(), x.funding_interval_ns, x.funding_offset_ns)
        at, by = (int(told_ms) * NS_PER_MS, "the venue") if told_ms else (calendar, "the venue file")
        hours = await self._interval(listing, rate)
        found = f"next {iso(at + HALF_MINUTE_NS)[:16]} UTC by {by}, every {hours if hours is not None else ours:g} h"
        if hours is None:
            self.items.add(
                name,
                NOTE,
                f"{found} by the venue file; the venue does not tell its interval",
                "look at the venue's page",
                ("S1-52",),
            )
            return
        self.items.judge(
            name,
            abs(hours - ours) < 1e-9,
            f"{found}; ours {ours:g} h",
            "correct funding.interval_h of the venue file: costs of a round would be booked wrongly",
            ("S1-52",),
        )

    async def _interval(self, listing: Listing, rate: Any) -> float | None:
        import ccxt

        told = rate.get("interval")
        if not told:
            try:
                told = (await self.venue.instances.data.fetch_funding_interval(listing.symbol)).get("interval")
            except (ccxt.NotSupported, ccxt.NullResponse):
                return None
        return float(str(told)[:-1]) if str(told).endswith("h") else None

    def _mark(self, listing: Listing) -> float:
        """The venue's mark, 0 where it has not told one."""
        return float((self._rates.get(listing.number) or {}).get("markPrice") or 0.0)

    async def _money(self) -> None:
        margins = []
        for listing, risk in zip(self.venue.listings.values(), self.risks, strict=True):
            mark = self._mark(listing)
            if not mark > 0 or not isinstance(risk, RiskParams):
                self.items.judge(
                    f"liquidation {listing.instrument.symbol}",
                    False,
                    "no mark price of the venue",
                    "ask again",
                    ("S1-55",),
                )
                continue
            margins.append(self.held.liquidation(listing, risk, mark))
        await self.held.money(margins)

    def _price_source(self) -> None:
        """S1-51. There is one policy and no key to change it: the engine knows no other."""
        prices = []
        for listing in self.venue.listings.values():
            rate = self._rates.get(listing.number) or {}
            mark, index = rate.get("markPrice"), rate.get("indexPrice")
            prices.append(f"{listing.instrument.symbol} mark {mark or '--'}, index {index or '--'}")
        known = all(self._mark(listing) > 0 for listing in self.venue.listings.values())
        self.items.judge(
            "price source",
            known,
            f"the venue's mark for PnL, limits and liquidation; the book's mid for "
            f"quotes, and for all of it until the first mark; index is recorded, decides nothing. {'; '.join(prices)}",
            "without a mark the venue's liquidation cannot be foreseen: ask again",
            ("S1-51",),
        )

    # protection and panes --------------------------------------------------------------------------------------------

    async def _dead_man(self) -> None:
        switch, name, rows = self.venue.deadman, "dead-man's switch", ("R-O1",)
        if self.venue.traits.dead_man is None:
            self.items.add(
                name,
                NOTE,
                "this venue has none: a live start runs a watchdog process beside the core",
                "leave the watchdog alive; it cancels ours 15 s after the core's last heartbeat",
                rows,
            )
            return
        seconds = self.venue.traits.dead_man.window_ms // 1_000
        if self.venue.access.network not in PLAY or not self.alone:
            why = "a core runs here, its switch is left alone" if not self.alone else "not tried on this network"
            self.items.add(
                name,
                NOTE,
                f"the venue has one, {seconds} s; {why}",
                "a live start arms it before the first order and says on screen whether it was granted",
                rows,
            )
            return
        granted = await switch.arm()
        why = switch.why
        await switch.disarm()
        if not granted:
            self.items.add(
                name,
                NOTE,
                f"refused: {why}; a live start runs a watchdog process instead",
                "leave the watchdog alive",
                rows,
            )
        elif switch.why:
            self.items.add(
                name,
                FAIL,
                f"granted, but it could not be disarmed: {switch.why}",
                f"place no order for {seconds} s: it fires then",
                rows,
            )
        else:
            self.items.add(
                name, OK, f"granted, {seconds} s, refreshed every {seconds // 4} s; disarmed again", rows=rows
            )

    def _panes(self) -> None:
        """S1-57, with what this check itself measured."""
        instances = self.venue.instances
        took = self.median_ms()
        middle = f"{took:.0f} ms" if took > 0 else "--"
        self.items.judge(
            "panes",
            took > 0,
            f"latency, failure rate, net delta and alerts: Overview, and /metrics; this check: {instances.requests} "
            f"requests, {instances.errors} failed, median {middle}",
            "ask again",
            ("S1-57",),
        )

    def median_ms(self) -> float:
        """Of its answers to this check; 0 where there was none."""
        took = sorted(ns for wire in self.venue.instances.wires.values() for _, ns in wire.counters.latencies)
        return took[len(took) // 2] / NS_PER_MS if took else 0.0
