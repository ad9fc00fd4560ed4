"""No test reaches beyond this machine: connections and look-ups of other hosts raise, and are remembered.

Code under test may swallow the error as an ordinary outage, so the fixture in tests/conftest.py fails the test by the
memory, not by the exception. Child processes are not covered.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

ATTEMPTS: list[str] = []  # since the last test began
LOCAL_NAMES = {"", "localhost", "localhost.localdomain", "ip6-localhost"}


class OutsideConnection(ConnectionRefusedError):
    """A test tried to leave the machine."""


def is_local(host: object) -> bool:
    """True for loopback and wildcard addresses and the names of this machine's loopback."""
    name = host.decode() if isinstance(host, bytes) else host
    if name is None:
        return True
    if not isinstance(name, str):
        return False
    if name.lower() in LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(name.split("%", 1)[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _refuse(what: str) -> None:
    ATTEMPTS.append(what)
    raise OutsideConnection(f"Expected a loopback address in a test, was {what}")


def _guarded_connect(original: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not is_local(address[0]):
            _refuse(f"{address[0]}:{address[1]}")
        return original(self, address)

    return connect


def _guarded_sendto(original: Callable[..., Any]) -> Callable[..., Any]:
    def sendto(self: socket.socket, data: Any, *rest: Any) -> Any:
        address = rest[-1]
        if self.family in (socket.AF_INET, socket.AF_INET6) and not is_local(address[0]):
            _refuse(f"{address[0]}:{address[1]}")
        return original(self, data, *rest)

    return sendto


def _guarded_lookup(original: Callable[..., Any]) -> Callable[..., Any]:
    def getaddrinfo(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        if not is_local(host):
            _refuse(f"{host}:{port}")
        return original(host, port, *rest, **options)

    return getaddrinfo


def install() -> None:
    """Guard this process; a second call changes nothing."""
    if getattr(socket, "_guarded_by_tests", False):
        return
    socket.socket.connect = _guarded_connect(socket.socket.connect)  # type: ignore[method-assign]
    socket.socket.connect_ex = _guarded_connect(socket.socket.connect_ex)  # type: ignore[method-assign]
    socket.socket.sendto = _guarded_sendto(socket.socket.sendto)  # type: ignore[method-assign]
    socket.getaddrinfo = _guarded_lookup(socket.getaddrinfo)
    socket._guarded_by_tests = True  # type: ignore[attr-defined]
