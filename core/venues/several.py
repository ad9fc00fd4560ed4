"""Several venue accounts behind one live driver: each request, read and cancel goes to the account that it names.

Decides nothing and keeps nothing. A venue that is down or blind holds up no other; there is no other way for one alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from core.domain.events import Health, Read, ReadReply
from core.domain.order import Request
from core.domain.ports import LivePort


class VenueAccount(LivePort, Protocol):
    """One of them. `listings` by the engine's number of the instrument."""

    @property
    def listings(self) -> Mapping[int, Any]: ...
    async def open(self, listen: bool = True) -> None: ...
    async def close(self) -> None: ...


class SeveralVenues:
    """`each[k]` is account k of the engine. A `LivePort`: answers carry the number of their account."""

    def __init__(self, each: Sequence[VenueAccount]) -> None:
        self.each = tuple(each)
        self._at = {number: venue for venue in self.each for number in venue.listings}

    async def open(self, listen: bool = True) -> None:
        """All at once, or none: where one refuses, the others are closed again and its refusal is raised."""
        failed = await _all(venue.open(listen) for venue in self.each)
        if failed:
            await _all(venue.close() for venue in self.each)
            raise failed[0]

    async def close(self) -> None:
        """Every one, whatever one of them raises; the first fault is raised at the end."""
        failed = await _all(venue.close() for venue in self.each)
        if failed:
            raise failed[0]

    async def send(self, request: Request) -> None:
        """To the venue of its instrument."""
        await self._at[request.instrument].send(request)

    async def read(self, read: Read, emergency: bool = False) -> ReadReply:
        """From the account that the read names."""
        reply = await self.each[read.account].read(read, emergency)
        return msgspec.structs.replace(reply, account=read.account) if read.account else reply

    async def cancel_all(self, instrument: int) -> bool:
        return await self._at[instrument].cancel_all(instrument)

    def health(self) -> Health:
        """One sample of all: counts added up, the clock that is furthest off."""
        parts = [venue.health() for venue in self.each]
        return msgspec.structs.replace(
            parts[0],
            clock_offset_ns=max((part.clock_offset_ns for part in parts), key=abs),
            links_down=sum(part.links_down for part in parts),
            requests=sum(part.requests for part in parts),
            request_errors=sum(part.request_errors for part in parts),
        )


async def _all(questions: Any) -> list[BaseException]:
    """Every one to its end; what was raised, in their order."""
    asked: list[Awaitable[None]] = list(questions)
    return [found for found in await asyncio.gather(*asked, return_exceptions=True) if found is not None]
