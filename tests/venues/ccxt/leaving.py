"""When requests of a stop leave and when it hears a refusal, seen at its own sockets: the judge of Retry-After.

A request that had left before the answer of a refusal was read is not an early one, wherever it arrives: nobody can
call it back. One that leaves after it, and before the window's end, is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aiohttp

from core.clock import SystemClock
from core.domain.units import NS_PER_S

REFUSALS = (418, 429)


@dataclass
class Leaving:
    """Of one stop, all its accounts: `session` is what each opens. Times are wall ns, addresses without query."""

    left: list[tuple[int, str]] = field(default_factory=list)
    refused: list[tuple[int, str, float]] = field(default_factory=list)  # when read, address, seconds of the window
    clock: SystemClock = field(default_factory=SystemClock)

    def session(self) -> aiohttp.ClientSession:
        """A fresh one that tells."""
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(self._sent)
        trace.on_request_end.append(self._ended)
        return aiohttp.ClientSession(trace_configs=[trace])

    async def _sent(self, _session: Any, _context: SimpleNamespace, params: Any) -> None:
        self.left.append((self.clock.now(), _address(params.url)))

    async def _ended(self, _session: Any, _context: SimpleNamespace, params: Any) -> None:
        if params.response.status in REFUSALS:
            seconds = float(params.response.headers.get("Retry-After") or 1.0)
            self.refused.append((self.clock.now(), _address(params.url), seconds))

    @property
    def early(self) -> list[str]:
        """Requests that left inside a window that had been read, by venue."""
        found = []
        for at, address in self.left:
            for heard, where, seconds in self.refused:
                if _host(where) == _host(address) and heard < at < heard + round(seconds * NS_PER_S):
                    found.append(f"{address} {(at - heard) / 1e6:.1f} ms after")
        return found

    def windows(self, host: str = "") -> int:
        """How many windows one after the other were opened, of the venue at `host` (all: of the one with most)."""
        hosts = {_host(where) for _, where, _ in self.refused}
        return max((self._windows(one) for one in hosts if host in one), default=0)

    def _windows(self, host: str) -> int:
        count, until = 0, 0
        for heard, where, seconds in sorted(self.refused):
            if _host(where) == host:
                count += heard >= until
                until = max(until, heard + round(seconds * NS_PER_S))
        return count


def _address(url: Any) -> str:
    return f"{url.host}:{url.port}{url.path}"


def _host(address: str) -> str:
    return address.partition("/")[0]
