"""A fence for clients of a loopback venue: the exchange's own host names lead to the venue, everything else nowhere.

Two posts: the resolver knows the named hosts and no other, and no socket is made for any address but the venue's own,
so a literal address, a redirect, a proxy or a resolver that was wrong sends no packet either. Never asks a real DNS.
"""

from __future__ import annotations

import errno
import socket
from collections import Counter
from collections.abc import Callable, Sequence

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from core.venues.wire.certificates import client_context

LOOPBACK = "127.0.0.1"
# what ccxt asks for by itself; whatever else it may ask for is to be refused
HOSTS: dict[str, tuple[str, ...]] = {
    "hyperliquid": ("api.hyperliquid.xyz",),
    "binance_usdm": ("fapi.binance.com", "fstream.binance.com", "ws-fapi.binance.com", "api.binance.com"),
}


class Fenced(OSError):
    """No packet was sent. An OSError, so that clients take it for a venue that cannot be reached: not sent."""


class Fence:
    """Sessions that reach `hosts` at 127.0.0.1:`port` alone. `ca_pem` None: a venue in plain HTTP.

    Holds for its own sessions: a client that may make another (ccxt's `own_session`, `socksProxy`) must not.
    """

    def __init__(self, port: int, hosts: Sequence[str], ca_pem: bytes | None) -> None:
        self.port, self.hosts = port, frozenset(hosts)
        self.refused: Counter[str] = Counter()  # by host as it was asked for: attempts
        self._tls = client_context(ca_pem) if ca_pem is not None else None

    def session(self) -> aiohttp.ClientSession:
        """A fresh session; whoever asked for it closes it. Ignores the proxies of the environment."""
        # any family: with one of them named, aiohttp drops addresses of the other before the fence has seen them
        connector = aiohttp.TCPConnector(
            ssl=self._tls or True,
            resolver=_Resolver(self),
            use_dns_cache=False,  # each attempt is seen
            family=socket.AF_UNSPEC,
            socket_factory=self._socket,
        )
        return aiohttp.ClientSession(connector=connector, trust_env=False)

    def refuse(self, where: str) -> Fenced:
        """Count one attempt and say so."""
        self.refused[where] += 1
        return Fenced(errno.ENETUNREACH, f"the fence lets nothing out, {where} was asked for")

    def _socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, where = address
        if family != socket.AF_INET or where[:2] != (LOOPBACK, self.port):
            own = where[0] == LOOPBACK
            raise self.refuse(f"{where[0]}:{where[1]}" if own else str(where[0]))
        return socket.socket(family, kind, protocol)


class _Resolver(AbstractResolver):
    def __init__(self, fence: Fence) -> None:
        self._fence = fence

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        fence = self._fence
        if host not in fence.hosts:
            raise fence.refuse(host)
        return [
            ResolveResult(
                hostname=host, host=LOOPBACK, port=fence.port, family=socket.AF_INET, proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]  # fmt: skip

    async def close(self) -> None:
        return None


def fenced_session(port: int, hosts: Sequence[str], ca_pem: bytes | None) -> Callable[[], aiohttp.ClientSession]:
    """What `Access.session` wants. Use a Fence and its `session` where the refused hosts are to be read."""
    return Fence(port, hosts, ca_pem).session
