"""Several venue accounts as one live port: who gets what, and that one which fails takes nothing from the others."""

from __future__ import annotations

import pytest

from core.domain.errors import Refused
from core.domain.events import Health, Read, ReadReply
from core.domain.order import CANCEL, CREATE, Request
from core.venues.several import SeveralVenues


class Stub:
    """One account of two instruments; keeps what it was asked."""

    def __init__(self, numbers: tuple[int, ...], health: Health | None = None, refusal: str = "") -> None:
        self.listings = dict.fromkeys(numbers)
        self.told = health or Health()
        self.refusal = refusal
        self.sent: list[Request] = []
        self.reads: list[tuple[str, bool]] = []
        self.cancelled: list[int] = []
        self.opened: list[bool] = []
        self.closed = 0

    async def open(self, listen: bool = True) -> None:
        if self.refusal:
            raise Refused(self.refusal)
        self.opened.append(listen)

    async def close(self) -> None:
        self.closed += 1
        if self.refusal == "stuck":
            raise RuntimeError("stuck")

    async def send(self, request: Request) -> None:
        self.sent.append(request)

    async def read(self, read: Read, emergency: bool = False) -> ReadReply:
        self.reads.append((read.what, emergency))
        return ReadReply(read.what, read.nonce, 7)

    async def cancel_all(self, instrument: int) -> bool:
        self.cancelled.append(instrument)
        return True

    def health(self) -> Health:
        return self.told


def request(kind: int, instrument: int) -> Request:
    return Request(0, instrument, kind, 1, 0, 0, 100, 5, 0, 1, 0, 0)


async def test_requests_go_to_the_venue_of_their_instrument_and_reads_to_their_account() -> None:
    first, second = Stub((0, 2)), Stub((1,))
    venue = SeveralVenues([first, second])
    for number in (0, 1, 2):
        await venue.send(request(CREATE, number))
        await venue.send(request(CANCEL, number))
        await venue.cancel_all(number)
    assert [r.instrument for r in first.sent] == [0, 0, 2, 2] and [r.instrument for r in second.sent] == [1, 1]
    assert first.cancelled == [0, 2] and second.cancelled == [1]
    assert (await venue.read(Read("orders", 3))).account == 0
    reply = await venue.read(Read("positions", 4, account=1), True)
    assert (reply.what, reply.nonce, reply.account) == ("positions", 4, 1)
    assert first.reads == [("orders", False)] and second.reads == [("positions", True)]


async def test_an_instrument_of_no_venue_is_a_fault_and_never_another_venues_order() -> None:
    venue = SeveralVenues([Stub((0,)), Stub((1,))])
    with pytest.raises(KeyError):
        await venue.send(request(CREATE, 2))


async def test_all_are_opened_or_none_stays_open() -> None:
    good, bad = Stub((0,)), Stub((1,), refusal="no key")
    with pytest.raises(Refused, match="no key"):
        await SeveralVenues([good, bad]).open(listen=False)
    assert good.opened == [False] and (good.closed, bad.closed) == (1, 1)


async def test_every_one_is_closed_whatever_the_first_raises() -> None:
    bad, good = Stub((0,), refusal="stuck"), Stub((1,))
    with pytest.raises(RuntimeError, match="stuck"):
        await SeveralVenues([bad, good]).close()
    assert good.closed == 1


def test_health_is_the_sum_of_all_and_the_clock_that_is_furthest_off() -> None:
    first = Health(clock_offset_ns=5, links_down=1, requests=10, request_errors=2)
    second = Health(clock_offset_ns=-9, links_down=2, requests=5, request_errors=1)
    found = SeveralVenues([Stub((0,), first), Stub((1,), second)]).health()
    assert (found.clock_offset_ns, found.links_down, found.requests, found.request_errors) == (-9, 3, 15, 3)
