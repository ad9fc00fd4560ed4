"""When websockets of an account are dialled (R-N1, R-N2), in virtual time: the venue's count of dials is the oracle."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core import rng, tasks
from core.clock import LoopClock
from core.venues.ccxt import dials
from core.venues.ccxt.binanceusdm import BinanceUsdm
from core.venues.ccxt.dials import BESIDE_S, LEAST_JITTER, LOOK_S, Dials, GivenUp
from core.venues.ccxt.hyperliquid import Hyperliquid
from core.venues.ccxt.traits import DialLimit, Traits

ADDRESSES = {"binance_usdm": 4, "hyperliquid": 1, "": 2}  # of one instrument and the account
VENUES = pytest.mark.parametrize("traits", [BinanceUsdm, Hyperliquid, Traits], ids=lambda traits: traits.name or "any")


class Socket:
    """A connection that was made."""

    def __init__(self) -> None:
        self.closed = False

    async def close(self) -> None:
        self.closed = True


class Network:
    """What the venue counts: `at` (time, address) of every dial; `do` reset | hang | ok."""

    def __init__(self, limit: DialLimit, seed: int = 0) -> None:
        self.do = "ok"
        self.at: list[tuple[float, str]] = []
        self.made: list[Socket] = []
        self.dials = Dials(limit, LoopClock(now), rng.stream(seed, "dials").random)

    async def _connect(self, url: str) -> Socket:
        self.at.append((now(), url))
        if self.do == "hang":
            await asyncio.get_running_loop().create_future()
        if self.do == "slow":
            await tasks.sleep(2.0 * BESIDE_S)
        if self.do == "reset":
            raise ConnectionResetError
        socket = Socket()
        self.made.append(socket)
        return socket

    async def dial(self, url: str, wanted: Any = lambda: True) -> Socket:
        made: Socket = await self.dials.dial(url, lambda: self._connect(url), wanted)
        return made

    async def keep(self, url: str) -> float:
        """As a stream does: again and again until it is there; the time then."""
        while True:
            try:
                await self.dial(url)
                return now()
            except ConnectionResetError:
                await tasks.sleep(LOOK_S)


def now() -> float:
    """Of the loop; 0 before it runs."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return 0.0


def worst(at: list[tuple[float, str]], window_s: float) -> int:
    """Most dials within any window of this length."""
    times = [time for time, _ in at]
    return max(sum(start <= time < start + window_s for time in times) for start in times)


@VENUES
@pytest.mark.parametrize("do", ["reset", "hang"])
def test_after_an_outage_of_any_length_every_stream_is_back_within_one_gap_and_the_venues_limit_was_kept(
    traits: type[Traits], do: str
) -> None:
    """R-N1: three seconds at most whatever the outage lasted; R-N2: no window has more dials than the venue allows."""
    for seed, outage_s in enumerate((0.5, 8.0, 60.0, 240.0)):
        net = Network(traits.dials, seed)

        async def run(net: Network = net, outage_s: float = outage_s) -> list[float]:
            net.do = do
            count = ADDRESSES[traits.name]
            streams = [tasks.spawn(net.keep(f"wss://{i}"), f"stream {i}") for i in range(count)]
            await tasks.sleep(outage_s)
            net.do = "ok"
            return [back - outage_s for back in await asyncio.gather(*streams)]

        back = tasks.run_virtual(run())
        assert max(back) <= net.dials.gap_s + 3 * LOOK_S < 3.0 - 0.4, f"{outage_s} s: {back}"
        assert worst(net.at, traits.dials.window_s) <= traits.dials.most
        assert net.dials.made == len(net.at) >= outage_s / (2 * net.dials.gap_s)
        assert sum(not socket.closed for socket in net.made) == len(back), "one socket a stream is kept"


@VENUES
def test_sockets_that_are_made_and_lost_at_once_stay_within_the_venues_limit_as_well(traits: type[Traits]) -> None:
    """R-N2: a far side that accepts and hangs up is no failed dial, the allowance alone holds it."""
    net = Network(traits.dials)

    async def run() -> None:
        async with tasks.timeout(3 * traits.dials.window_s):
            while True:
                await net.dial("wss://0")

    with pytest.raises(TimeoutError):
        tasks.run_virtual(run())
    most = worst(net.at, traits.dials.window_s)
    assert 0.8 * traits.dials.most <= most <= traits.dials.most


@pytest.mark.parametrize(
    ("said", "least", "most"), [("30", 29.9, 33.0), ("nan", 0.0, 3.0), ("-5", 0.0, 3.0), ("inf", 39.9, 43.0)]
)
def test_a_venue_that_asks_for_silence_gets_it_from_every_stream(
    said: str, least: float, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-N2: Retry-After of a refused handshake holds for the account; no figure is no request for silence."""
    monkeypatch.setattr(dials, "MOST_QUIET_S", 40.0)
    net = Network(BinanceUsdm.dials)

    class Refused(ConnectionError):
        headers = {"Retry-After": said}

    async def refuse() -> Socket:
        raise Refused

    async def run() -> list[float]:
        with pytest.raises(Refused):
            await net.dials.dial("wss://0", refuse, lambda: True)
        return list(await asyncio.gather(net.keep("wss://0"), net.keep("wss://1")))

    back = tasks.run_virtual(run())
    assert least <= min(back) <= max(back) <= most


def test_a_slow_link_gets_the_connection_that_came_first_and_the_others_are_closed() -> None:
    """A dial of three seconds is beside another one after a second and a half: the older one still counts."""
    net = Network(BinanceUsdm.dials)

    async def run() -> tuple[Socket, float]:
        net.do = "slow"
        made = await net.dial("wss://0")
        took = now()
        await tasks.sleep(20.0)
        return made, took

    made, took = tasks.run_virtual(run())
    assert took == pytest.approx(2 * BESIDE_S, abs=2 * LOOK_S)
    assert [socket.closed for socket in net.made if socket is not made] == [True] * (len(net.made) - 1)
    assert not made.closed and len(net.at) >= 2


def test_a_client_that_was_let_go_dials_no_more() -> None:
    """ccxt goes on to dial for a client that nobody has any more; its frames would come beside those of the next."""
    net = Network(BinanceUsdm.dials)

    async def run() -> None:
        net.do = "hang"
        alive = [True]
        task = tasks.spawn(net.dial("wss://0", lambda: alive[0]), "dial", lambda error: None)
        await tasks.sleep(5.0)
        before, alive[0] = len(net.at), False
        net.do = "ok"
        await asyncio.wait([task])
        with pytest.raises(GivenUp):
            task.result()
        await tasks.sleep(60.0)
        assert len(net.at) == before > 1

    tasks.run_virtual(run())


def test_a_stream_that_never_failed_does_not_queue_behind_those_that_do() -> None:
    """One broken address is no reason to keep a good one waiting."""
    net = Network(BinanceUsdm.dials)

    async def run() -> float:
        net.do = "reset"
        broken = [tasks.spawn(net.keep(f"wss://{i}"), "broken") for i in range(3)]
        await tasks.sleep(30.0)
        net.do = "ok"
        began = now()
        await net.dial("wss://good")
        took = now() - began
        await asyncio.gather(*broken)
        return took

    assert tasks.run_virtual(run()) == pytest.approx(0.0, abs=1e-6)
    assert LEAST_JITTER < 1.0
