"""The live feed of a paper core: which venues it goes to, and that it does not give up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.build import live_market
from core.build.assemble import load_config
from core.build.live_market import LiveFeed, Route, route_of, routes_of
from core.clock import SteadyClock
from core.config.instruments import find_instrument
from core.domain.book import F_TRADE
from core.domain.errors import Refused
from core.domain.events import Health
from core.domain.units import NS_PER_MS
from core.market.live import LiveSource

BTC, SOL = find_instrument("hyperliquid", "BTC"), find_instrument("hyperliquid", "SOL")
ETH = find_instrument("binance_usdm", "ETHUSDC")
URL = "http://127.0.0.1:8765"


def test_each_venue_is_reached_once_as_the_config_says_and_else_on_mainnet() -> None:
    flags = {"venues.hyperliquid.network": "loopback", "venues.hyperliquid.url": URL}
    routes = routes_of(load_config("configs/round7_btc.yml", flags), [BTC, ETH, SOL])
    assert [(r.traits.name, r.access.network, [n for n, _ in r.instruments]) for r in routes] == [
        ("hyperliquid", "loopback", [0, 2]),
        ("binance_usdm", "mainnet", [1]),
    ]
    assert routes[0].access.urls == {"public": URL, "private": URL, "ws": {"public": "ws://127.0.0.1:8765/ws"}}
    assert all(not route.access.keys for route in routes)


def test_a_network_that_a_venue_does_not_have_is_refused() -> None:
    route = route_of("hyperliquid", "demo", "", [(0, BTC)])
    with pytest.raises(Refused, match="network that hyperliquid has, was demo"):
        route.venue(LiveSource((BTC,), 0, 0, ()), SteadyClock(), lambda level, code, text: None)


class Moody:
    """A venue that cannot be had a few times."""

    def __init__(self, refusals: int, offset_ns: int) -> None:
        self.refusals, self.offset_ns = refusals, offset_ns
        self.opened = self.closed = 0

    def venue(self, *_: Any) -> Moody:
        return self

    async def open(self) -> None:
        self.refusals -= 1
        if self.refusals >= 0:
            raise Refused("hyperliquid: no answer")
        self.opened += 1

    async def close(self) -> None:
        self.closed += 1

    def health(self) -> Health:
        return Health(requests=9, request_errors=9, clock_offset_ns=self.offset_ns, links_down=1)


async def test_a_venue_that_cannot_be_opened_is_asked_again_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_market, "RETRY_S", 0.001)
    moody, steady = Moody(3, -40 * NS_PER_MS), Moody(0, 5 * NS_PER_MS)
    routes = [Route(_named(name), None, ()) for name in ("a", "b")]  # type: ignore[arg-type]
    for route, venue in zip(routes, (moody, steady), strict=True):
        object.__setattr__(route, "venue", venue.venue)
    feed = LiveFeed(LiveSource((BTC,), 0, 0, ()), routes, SteadyClock())
    told: list[str] = []
    feed.note = lambda level, code, text: told.append(text)
    assert feed.health().links_down == 2
    feed.start()
    async with asyncio.timeout(5):
        while not moody.opened:
            await asyncio.sleep(0.001)
    assert [text.partition(";")[0] for text in told] == ["hyperliquid: no answer"] * 3
    # the worst clock of all, no request counts: orders never use these connections
    assert feed.health() == Health(clock_offset_ns=-40 * NS_PER_MS, links_down=2)
    await feed.close()
    assert (moody.closed, steady.closed) == (1, 1) and feed.health().links_down == 2


def test_rows_that_are_left_out_are_told_once() -> None:
    source = LiveSource((BTC,), 0, 0, ())
    feed = LiveFeed(source, (), SteadyClock())
    told: list[tuple[str, str]] = []
    feed.note = lambda level, code, text: told.append((level, text))
    source.small(0, -1, 5, F_TRADE, (100, 1, 1, 1))
    source.lost[0] = 7
    feed.health()
    feed.health()
    assert [(level, text.split()[0]) for level, text in told] == [("crit", "7"), ("info", "1")]


def _named(name: str) -> Any:
    return type("Named", (), {"name": name})()
