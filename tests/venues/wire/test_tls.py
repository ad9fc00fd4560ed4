"""ccxt's own class over TLS under the exchange's own host names, no address replaced (LIVE_VENUES.md 2b)."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import signal
import ssl
import stat
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import ccxt
import pytest

from core.clock import SteadyClock, SystemClock, VirtualClock
from core.config.instruments import find_instrument
from core.domain.errors import Refused
from core.domain.events import Read
from core.domain.order import CANCEL, CREATE, FILLED, IOC
from core.domain.units import NS_PER_S
from core.engine.inbox import Inbox
from core.venues.ccxt.hyperliquid import Hyperliquid
from core.venues.ccxt.instances import Access
from core.venues.ccxt.venue import CcxtVenue
from core.venues.wire.certificates import CA_FILE, client_context, server_context, write_ca
from core.venues.wire.fence import HOSTS, Fence
from tests.process.real_core import PATIENCE_S, command
from tests.process.running import hear, running
from tests.venues.ccxt.live_hall import eventually
from tests.venues.ccxt.test_live_hyperliquid import request
from tests.venues.wire.hyperliquid_hall import KEY, USER, class_of
from tests.venues.wire.tls_hall import HYPERLIQUID, over_tls

BTC = "BTC/USDC:USDC"
KEYS = {"walletAddress": USER, "privateKey": KEY}
HYPERLIQUID_WS = "wss://api.hyperliquid.xyz/ws"
BINANCE = ("*.binance.com", "api.hyperliquid.xyz")


@contextlib.asynccontextmanager
async def client(fence: Fence, keys: Mapping[str, str] = KEYS) -> AsyncIterator[Any]:
    """The class as ccxt ships it but for the override by which nobody else is paid; no URL of it is touched."""
    session = fence.session()
    made = class_of(cured=True)({**keys, "session": session, "enableRateLimit": False, "timeout": 4_000})
    made.timeout_on_exit = 10  # ms; there is no far end to wait for
    try:
        yield made
    finally:
        await made.close()
        await session.close()


# certificates, without a network ------------------------------------------------------------------------------------


def shake(server: ssl.SSLContext, trusting: ssl.SSLContext, host: str) -> str:
    """A TLS handshake in memory; the version that was agreed. Raises ssl.SSLError."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        trusting.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    while ends:
        for end in list(ends):
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
                ends.remove(end)
                version = end.version()
    return str(version)


@pytest.mark.parametrize(
    "host", ["fapi.binance.com", "ws-fapi.binance.com", "api.hyperliquid.xyz", "localhost", "127.0.0.1"]
)
def test_the_certificate_holds_for_every_host_of_the_list_and_for_the_loopback(host: str) -> None:
    server, ca_pem = server_context(BINANCE, SystemClock())
    trusting = client_context(ca_pem)
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    assert shake(server, trusting, host) == "TLSv1.3"


@pytest.mark.parametrize("host", ["binance.com", "a.fapi.binance.com", "hyperliquid.xyz", "127.0.0.2"])
def test_the_certificate_does_not_hold_for_any_other_host(host: str) -> None:
    server, ca_pem = server_context(BINANCE, SystemClock())
    with pytest.raises(ssl.SSLCertVerificationError, match=r"mismatch|not valid for"):
        shake(server, client_context(ca_pem), host)


def test_a_client_of_one_ca_refuses_the_server_of_another_and_the_machine_trusts_neither() -> None:
    server, _ = server_context(BINANCE, SystemClock())
    _, other = server_context(BINANCE, SystemClock())
    for trusting in (client_context(other), ssl.create_default_context()):
        with pytest.raises(ssl.SSLCertVerificationError, match="verify failed"):
            shake(server, trusting, "fapi.binance.com")


def test_certificates_hold_for_a_day_around_the_clock_that_was_passed_in() -> None:
    """Half a day before and after; beyond it the handshake fails."""
    now = SystemClock().now()
    for hours, good in ((-11.5, True), (11.5, True), (-12.5, False), (12.5, False)):
        server, ca_pem = server_context(BINANCE, VirtualClock(now + int(hours * 3_600 * NS_PER_S)))
        if good:
            shake(server, client_context(ca_pem), "fapi.binance.com")
            continue
        with pytest.raises(ssl.SSLCertVerificationError, match=r"expired|not yet valid"):
            shake(server, client_context(ca_pem), "fapi.binance.com")


@pytest.mark.parametrize("fails", [False, True])
def test_no_key_stays_on_disk_and_what_is_there_for_a_moment_is_private_and_locked(
    fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where OpenSSL refuses the file."""
    seen: list[tuple[int, bytes]] = []
    load = ssl.SSLContext.load_cert_chain

    def spy(context: ssl.SSLContext, certfile: str, keyfile: None = None, password: Any = None) -> None:
        seen.append((stat.S_IMODE(Path(certfile).stat().st_mode), Path(certfile).read_bytes()))
        load(context, certfile, keyfile, password="wrong" if fails else password)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", spy)
    with pytest.raises(ssl.SSLError) if fails else contextlib.nullcontext():
        server_context(BINANCE, SystemClock())
    ((mode, text),) = seen
    assert mode == 0o600 and list(tmp_path.iterdir()) == []
    assert text.count(b"PRIVATE KEY-----") == 2 == text.count(b"ENCRYPTED PRIVATE KEY-----")


@pytest.mark.parametrize("host", ["", "a b", "*", "*.*.com", "x..y", "https://x", "x/y", "mün.de"])
def test_what_is_no_host_name_is_refused(host: str) -> None:
    with pytest.raises(Refused, match="host name"):
        server_context([host], SystemClock())


def test_a_client_context_trusts_the_one_ca_and_nothing_of_the_machine() -> None:
    context = client_context(server_context(BINANCE, SystemClock())[1])
    assert len(context.get_ca_certs()) == 1
    assert context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname


def test_a_client_refuses_what_is_no_certificate() -> None:
    for wrong in (b"", b"no pem", b"\xff\xfe"):
        with pytest.raises(Refused, match="CA certificate"):
            client_context(wrong)


def test_the_ca_is_written_over_one_of_ours_and_never_over_another(tmp_path: Path) -> None:
    """`--tls /etc/ssl` must not cost the operator a CA bundle."""
    folder = tmp_path / "new" / "folder"
    (_, first), (_, second) = server_context(BINANCE, SystemClock()), server_context(BINANCE, SystemClock())
    assert write_ca(folder, first) == folder / CA_FILE and (folder / CA_FILE).read_bytes() == first
    write_ca(folder, second)
    assert (folder / CA_FILE).read_bytes() == second and [f.name for f in folder.iterdir()] == [CA_FILE]
    for foreign in (b"a bundle of somebody", second + second):
        (folder / CA_FILE).write_bytes(foreign)
        with pytest.raises(Refused, match="another folder"):
            write_ca(folder, first)
        assert (folder / CA_FILE).read_bytes() == foreign
    with pytest.raises(Refused, match="folder"):
        write_ca(folder / CA_FILE, first)


# ccxt over TLS ------------------------------------------------------------------------------------------------------


@pytest.mark.row("UC-10")
async def test_ccxts_own_class_trades_and_listens_under_the_real_host_name() -> None:
    async with over_tls(HYPERLIQUID) as at, client(at.fence) as made:
        assert made.urls["api"]["public"] == "https://api.{hostname}"
        assert made.urls["api"]["ws"]["public"] == "wss://api.hyperliquid.xyz/ws"
        await made.load_markets()
        news = asyncio.ensure_future(made.watch_orders(BTC))
        book = await made.watch_order_book(BTC)
        await eventually(lambda: at.places().count("GET /ws") == 1, "a stream")
        bid = book["bids"][0][0]
        placed = await made.create_order(BTC, "limit", "buy", 0.001, bid - 500)
        assert [order.venue_id for order in at.exchange.books.open_of()] == [int(placed["id"])]
        heard = await asyncio.wait_for(news, 5.0)
        assert [order["id"] for order in heard] == [placed["id"]]
        later = await asyncio.wait_for(made.watch_order_book(BTC), 5.0)
        assert later["timestamp"] >= book["timestamp"]
        await made.cancel_order(placed["id"], BTC)
        assert at.exchange.books.open_of() == []
        assert at.fence.refused == {}
        assert {client.url for client in made.clients.values()} == {"wss://api.hyperliquid.xyz/ws"}


async def test_one_port_serves_every_host_name_of_an_exchange() -> None:
    hosts = (*HYPERLIQUID.hosts, *HOSTS["binance_usdm"])
    async with over_tls(dataclasses.replace(HYPERLIQUID, hosts=hosts)) as at, at.fence.session() as session:
        for host in hosts:
            async with session.post(f"https://{host}/info", json={"type": "exchangeStatus"}) as answer:
                assert answer.status == 200
        assert at.places() == ["POST /info:exchangeStatus"] * 5 and at.fence.refused == {}


async def test_a_wrong_ca_is_refused_before_a_request_is_sent() -> None:
    _, other = server_context(HYPERLIQUID.hosts, SystemClock())
    async with over_tls(HYPERLIQUID) as at, client(Fence(at.port, HYPERLIQUID.hosts, other)) as made:
        with pytest.raises(ccxt.ExchangeNotAvailable) as refused:
            await made.load_markets()
        assert isinstance(refused.value.__cause__, aiohttp.ClientConnectorCertificateError)
        with pytest.raises(ccxt.NetworkError, match="CERTIFICATE_VERIFY_FAILED"):
            await made.watch(HYPERLIQUID_WS, "x", {}, "x")
        assert at.places() == []


async def test_a_host_that_the_certificate_does_not_name_is_refused_though_the_fence_would_let_it_in() -> None:
    async with over_tls(HYPERLIQUID) as at:
        async with Fence(at.port, HOSTS["binance_usdm"], at.ca_pem).session() as session:
            with pytest.raises(aiohttp.ClientConnectorCertificateError, match=r"fapi\.binance\.com"):
                await session.get("https://fapi.binance.com/fapi/v1/time")
        assert at.places() == []


@pytest.mark.row("UC-10")
async def test_our_venue_opens_trades_and_closes_as_on_mainnet_through_the_fence() -> None:
    """The adapter of the live path with nothing replaced but where names lead; mainnet signatures."""
    async with over_tls(HYPERLIQUID) as at:
        made_sessions: list[aiohttp.ClientSession] = []

        def session() -> aiohttp.ClientSession:
            made_sessions.append(at.fence.session())
            return made_sessions[-1]

        inbox = Inbox(1)
        access = Access("mainnet", KEYS, None, session)
        instrument = find_instrument("hyperliquid", "BTC")
        made = CcxtVenue(Hyperliquid(), access, [(0, instrument)], inbox, SteadyClock(), epoch=9)
        await made.open()
        try:
            bid = at.exchange.top(0)[0]
            await made.send(request(CREATE, 5, px=bid - 100))
            listed = (await made.read(Read("orders", 1))).orders
            assert [(o.cl_id, o.px, o.left) for o in listed] == [(5 * 128 + 1, bid - 100, 100)]
            await made.send(request(CANCEL, 5))
            assert at.exchange.books.open_of() == []
            await made.send(request(CREATE, 6, px=bid + 600, tif=IOC))
            kinds: list[int] = []
            await eventually(
                lambda: kinds.extend(r.kind for r in inbox.take_reports()) or FILLED in kinds, "the fill on the stream"
            )
            assert at.exchange.position(0)[0] == 100
        finally:
            await made.close()
        assert len(made_sessions) == 3 and all(session.closed for session in made_sessions)
        assert at.fence.refused == {} and at.dialect.actions.refused == dict.fromkeys(at.dialect.actions.refused, 0)
        asked = len(at.places())
        for exchange in (made.instances.data, made.instances.trade, made.instances.emergency):
            with pytest.raises(ccxt.ExchangeClosedByUser):  # and no session of its own outside the fence
                await exchange.fetch_time()
            assert exchange.session is None
        assert len(at.places()) == asked


async def test_ccxt_leaves_a_session_open_that_it_was_given_and_its_streams_end() -> None:
    async with over_tls(HYPERLIQUID) as at:
        session = at.fence.session()
        made = class_of(cured=True)({"session": session, "enableRateLimit": False})
        made.timeout_on_exit = 10
        await made.load_markets()
        await made.watch_order_book(BTC)
        await made.close()
        await eventually(lambda: not at.server.streams, "no stream at the venue")
        assert not session.closed
        async with session.post("https://api.hyperliquid.xyz/info", json={"type": "exchangeStatus"}) as answer:
            assert answer.status == 200
        await session.close()


# as the operator starts it ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.row("UC-10")
async def test_a_venue_served_with_tls_says_where_its_ca_is_and_ccxt_trades_on_it(
    state_dir: Path, tmp_path: Path
) -> None:
    """`venue serve --tls DIR` in one process, ccxt behind the fence in this one; a second venue that cannot start
    leaves the file of the first alone."""
    folder = tmp_path / "ca"
    with running(
        "-m",
        "app",
        "--state-dir",
        str(state_dir),
        "--json",
        "venue",
        "serve",
        "--dialect",
        "hyperliquid",
        "--tls",
        str(folder),
    ) as child:
        told = hear(child)
        assert told["hosts"] == ["api.hyperliquid.xyz"] and told["ca"] == str(folder / CA_FILE)
        assert told["url"].startswith("https://127.0.0.1:")
        port = int(told["url"].rpartition(":")[2])
        ca_pem = (folder / CA_FILE).read_bytes()
        again = command(
            state_dir, "venue", "serve", "--dialect", "hyperliquid", "--port", str(port), "--tls", str(folder)
        )
        assert again.returncode == 1 and str(port) in again.stderr
        assert (folder / CA_FILE).read_bytes() == ca_pem
        fence = Fence(port, told["hosts"], ca_pem)
        async with client(fence, told["account"]) as made:
            await made.load_markets()
            top = await made.fetch_order_book(BTC)
            order = await made.create_order(BTC, "limit", "buy", 0.001, top["bids"][0][0] - 500)
            assert [found["id"] for found in await made.fetch_open_orders(BTC)] == [order["id"]]
            async with made.session.get(f"{told['url']}/_venue/books") as page:
                assert [found["status"] for found in (await page.json())["orders"]] == ["open"]
        assert fence.refused == {}
        os.kill(child.pid, signal.SIGTERM)
        assert child.wait(PATIENCE_S) == 0
    assert [file.name for file in folder.iterdir()] == [CA_FILE]


@pytest.mark.slow
def test_a_folder_with_another_ca_is_refused_and_the_venue_ends(state_dir: Path, tmp_path: Path) -> None:
    (tmp_path / CA_FILE).write_text("a bundle of somebody")
    done = command(state_dir, "venue", "serve", "--tls", str(tmp_path))
    assert done.returncode == 1 and "another folder" in done.stderr and done.stdout == ""
    assert (tmp_path / CA_FILE).read_text() == "a bundle of somebody"
