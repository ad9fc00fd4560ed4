"""What the fence lets through and what it does not: no packet, no DNS question, and the host is named (R: UC-10).

Nothing here can reach a network, whatever the fence does: the loop's own connect and DNS are replaced by ones that
note what was wanted and go to the loopback alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import ccxt
import pytest
from aiohttp import web

from core.clock import SteadyClock, SystemClock
from core.config.instruments import find_instrument
from core.domain.errors import Refused
from core.engine.inbox import Inbox
from core.venues.ccxt.hyperliquid import Hyperliquid
from core.venues.ccxt.instances import Access
from core.venues.ccxt.venue import CcxtVenue
from core.venues.wire.certificates import server_context
from core.venues.wire.fence import HOSTS, Fence, Fenced, fenced_session
from tests.venues.wire.hyperliquid_hall import KEY, USER, class_of
from tests.venues.wire.tls_hall import HYPERLIQUID, over_tls

NAME = "api.hyperliquid.xyz"
FOREIGN = "203.0.113.7"  # TEST-NET-3: nobody's
KEYS = {"walletAddress": USER, "privateKey": KEY}


class Wall:
    """Every address that a socket was told to connect to, and every name that DNS was asked for."""

    def __init__(self) -> None:
        self.connects: list[Any] = []
        self.lookups: list[str] = []

    @property
    def abroad(self) -> list[Any]:
        return [address for address in self.connects if address[0] != "127.0.0.1"] + self.lookups


@pytest.fixture
async def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    loop, seen = asyncio.get_running_loop(), Wall()
    connect = loop.sock_connect

    async def sock_connect(sock: socket.socket, address: Any) -> None:
        seen.connects.append(address)
        if address[0] != "127.0.0.1":
            raise OSError(101, "the wall of this test")
        await connect(sock, address)

    async def getaddrinfo(host: str, *_: Any, **__: Any) -> Any:
        seen.lookups.append(host)
        raise socket.gaierror(-2, "the wall of this test")

    monkeypatch.setattr(loop, "sock_connect", sock_connect)
    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    return seen


@contextlib.asynccontextmanager
async def answering(target: str = "") -> AsyncIterator[tuple[int, list[str]]]:
    """A plain server: the Host headers that it heard; with `target` it sends everybody there."""
    heard: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(request.host)
        return web.Response(status=307, headers={"Location": target}) if target else web.Response(text="here")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield int(runner.addresses[0][1]), heard
    finally:
        await runner.cleanup()


async def test_a_named_host_leads_to_the_venue_whatever_its_port_and_keeps_its_name(wall: Wall) -> None:
    async with answering() as (port, heard), fenced_session(port, [NAME, "fapi.binance.com"], None)() as session:
        for url in (f"http://{NAME}/info", f"http://{NAME.upper()}:9443/x", "http://fapi.binance.com/"):
            async with session.get(url) as answer:
                assert await answer.text() == "here"
        assert heard == [NAME, f"{NAME}:9443", "fapi.binance.com"]
    assert set(wall.connects) == {("127.0.0.1", port)} and wall.lookups == []


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://fapi.binance.com/x", "fapi.binance.com"),
        ("https://api.hyperliquid-testnet.xyz/info", "api.hyperliquid-testnet.xyz"),
        ("wss://stream.example.org/ws", "stream.example.org"),
        (f"https://{NAME}.example.org/", f"{NAME}.example.org"),
        (f"https://x{NAME}/", f"x{NAME}"),
        ("https://hyperliquid.xyz/", "hyperliquid.xyz"),
        (f"https://{NAME}./", f"{NAME}."),
        (f"https://{NAME}@example.org/", "example.org"),
        ("https://localhost/", "localhost"),
        (f"https://{FOREIGN}/", FOREIGN),
        (f"wss://{FOREIGN}:9443/ws", FOREIGN),
        ("https://0.0.0.0/", "0.0.0.0"),
        ("https://127.0.0.2/", "127.0.0.2"),
        ("https://127.0.0.1:1/", "127.0.0.1:1"),
        ("https://[2001:db8::1]/", "2001:db8::1"),
        ("https://[::1]/", "::1"),
        ("https://[::ffff:203.0.113.7]/", "::ffff:cb00:7107"),
    ],
)
async def test_every_other_host_and_literal_address_is_refused_named_and_counted(
    wall: Wall, url: str, named: str
) -> None:
    fence = Fence(9, [NAME], None)
    async with fence.session() as session:
        for attempt in (1, 2):
            with pytest.raises(aiohttp.ClientConnectorError) as refused:
                await (session.ws_connect(url) if url.startswith("wss") else session.get(url))
            assert isinstance(refused.value.os_error, Fenced) and "fence" in str(refused.value)
            assert fence.refused == {named: attempt}
    assert wall.connects == [] and wall.lookups == []


async def test_attempts_at_the_same_time_are_counted_each(wall: Wall) -> None:
    """aiohttp would ask once for all of them."""
    fence = Fence(9, [NAME], None)
    async with fence.session() as session:
        asked = await asyncio.gather(*(session.get("http://example.org/") for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in asked] == [aiohttp.ClientConnectorDNSError] * 3
    assert fence.refused == {"example.org": 3} and wall.lookups == []


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f000001", "3405803783"])
async def test_old_forms_of_an_address_never_reach_a_socket(wall: Wall, host: str) -> None:
    """aiohttp refuses them itself; should it stop to, the fence's second post is there."""
    async with Fence(9, [NAME], None).session() as session:
        with pytest.raises((aiohttp.InvalidURL, aiohttp.ClientConnectorError)):
            await session.get(f"http://{host}/")
    assert wall.connects == [] and wall.lookups == []


async def test_the_wall_of_these_tests_sees_what_no_fence_holds(wall: Wall) -> None:
    """Else the tests above could not fail."""
    async with aiohttp.ClientSession() as session:
        for url in (f"http://{FOREIGN}/", "http://stream.example.org/"):
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(url)
    assert wall.abroad == [(FOREIGN, 80), "stream.example.org"]


@pytest.mark.parametrize("target", [f"http://{FOREIGN}/", "http://stream.example.org/"])
async def test_a_redirect_leads_nobody_out(wall: Wall, target: str) -> None:
    async with answering(target) as (port, heard):
        fence = Fence(port, [NAME], None)
        async with fence.session() as session:
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.post(f"http://{NAME}/info")
    assert heard == [NAME] and sum(fence.refused.values()) == 1 and wall.abroad == []


async def test_a_proxy_leads_nobody_out_and_one_of_the_environment_is_not_asked(
    wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://{FOREIGN}:3128")
    async with answering() as (port, heard):
        fence = Fence(port, [NAME], None)
        async with fence.session() as session:
            async with session.get(f"http://{NAME}/info") as answer:
                assert answer.status == 200
            with pytest.raises(aiohttp.ClientProxyConnectionError):
                await session.get(f"http://{NAME}/other", proxy=f"http://{FOREIGN}:3128")
    assert heard == [NAME] and fence.refused == {FOREIGN: 1} and wall.abroad == []


async def test_the_fence_has_a_second_post_behind_a_resolver_that_was_wrong(wall: Wall) -> None:
    fence = Fence(9, [NAME], None)
    async with fence.session() as session:
        connector: Any = session.connector

        async def resolve(host: str, port: int, family: int) -> list[dict[str, Any]]:
            return [{"hostname": host, "host": FOREIGN, "port": 443, "family": socket.AF_INET, "proto": 0, "flags": 0}]

        connector._resolver.resolve = resolve
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"https://{NAME}/")
    assert fence.refused == {FOREIGN: 1} and wall.connects == []


def test_a_ca_that_is_none_is_refused_before_there_is_a_session() -> None:
    with pytest.raises(Refused, match="CA certificate"):
        fenced_session(9, [NAME], b"")


# ccxt behind the fence ----------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def ccxt_of(made: Any) -> AsyncIterator[Any]:
    made.timeout_on_exit = 10
    session = made.session
    try:
        yield made
    finally:
        await made.close()
        await session.close()


async def test_ccxt_takes_a_refused_host_for_a_venue_that_cannot_be_reached_and_nothing_was_sent(wall: Wall) -> None:
    """The class of error that means "not sent" (LIVE_VENUES.md section 4), over REST and websocket, once each."""
    import ccxt.pro

    async with over_tls(HYPERLIQUID) as at:
        made = ccxt.pro.binanceusdm({"session": at.fence.session(), "enableRateLimit": False})
        async with ccxt_of(made):
            with pytest.raises(ccxt.ExchangeNotAvailable) as refused:
                await made.fetch_time()
            assert isinstance(refused.value.__cause__, aiohttp.ClientConnectorDNSError)
            assert at.fence.refused == {"fapi.binance.com": 1}
            with pytest.raises(ccxt.NetworkError, match="fence"):
                await made.watch(f"wss://{FOREIGN}/ws", "x", {}, "x")
            assert at.fence.refused == {"fapi.binance.com": 1, FOREIGN: 1}
        assert at.places() == []
    assert wall.abroad == []


async def test_ccxts_testnet_is_outside_the_fence_of_the_mainnet_names(wall: Wall) -> None:
    async with over_tls(HYPERLIQUID) as at:
        made = class_of(cured=True)({**KEYS, "session": at.fence.session(), "enableRateLimit": False})
        made.set_sandbox_mode(True)
        async with ccxt_of(made):
            with pytest.raises(ccxt.ExchangeNotAvailable):
                await made.fetch_order_book("BTC/USDC:USDC")
        assert set(at.fence.refused) == {"api.hyperliquid-testnet.xyz"} and at.places() == []
    assert wall.abroad == []


async def test_a_class_that_was_given_its_session_makes_no_other_after_its_end(wall: Wall) -> None:
    """ccxt reopens itself at the next watch; with its own session that one would stand outside the fence."""
    async with over_tls(HYPERLIQUID) as at:
        session = at.fence.session()
        made = class_of(cured=True)({**KEYS, "session": session, "enableRateLimit": False})
        made.timeout_on_exit = 10
        await made.load_markets()
        await made.close()
        asked = len(at.places())
        with pytest.raises(ccxt.NetworkError):
            await made.watch_order_book("BTC/USDC:USDC")
        assert made.session is None and len(at.places()) == asked
        await made.close()
        await session.close()
    assert wall.abroad == []


def venue_behind(fence: Fence) -> CcxtVenue:
    access = Access("mainnet", KEYS, None, fence.session)
    return CcxtVenue(
        Hyperliquid(), access, [(0, find_instrument("hyperliquid", "BTC"))], Inbox(1), SteadyClock(), epoch=9
    )


async def test_our_venue_says_that_it_cannot_be_reached_where_the_fence_does_not_know_it(wall: Wall) -> None:
    _, ca_pem = server_context(HOSTS["binance_usdm"], SystemClock())
    fence = Fence(9, HOSTS["binance_usdm"], ca_pem)
    with pytest.raises(Refused, match="hyperliquid"):
        await venue_behind(fence).open()
    assert fence.refused[NAME] >= 1 and wall.connects == [] and wall.lookups == []


async def test_our_venue_dials_nobody_after_its_end(wall: Wall) -> None:
    async with over_tls(HYPERLIQUID) as at:
        made = venue_behind(at.fence)
        await made.open()
        await made.close()
        data = made.instances.data
        try:
            with pytest.raises(ccxt.NetworkError):
                await data.watch_order_book("BTC/USDC:USDC")
        finally:
            await data.close()
    assert wall.abroad == []
