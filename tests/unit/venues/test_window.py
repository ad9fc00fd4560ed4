"""A Retry-After as a stop waits it out (R-N2), in virtual time: who leaves when, and what is never sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt
import pytest

from core import tasks
from core.clock import LoopClock
from core.domain.units import NS_PER_S
from core.venues.ccxt.window import ONCE, SHORT_NS, Window


class Venue:
    """Refuses as `refuses(asked before)` says, 5 ms after each request left; `left` are the seconds of each."""

    def __init__(self, refuses: Callable[[int], bool], wait_s: float = 1.0, status: int = 429) -> None:
        self.window = Window(LoopClock(now))
        self.left: list[tuple[float, str]] = []
        self._refuses, self._wait_s, self._status = refuses, wait_s, status

    async def ask(self, what: str) -> str:
        self.window.check()
        n = len(self.left)
        self.left.append((now(), what))
        await tasks.sleep(0.005)
        if self._refuses(n):
            self.window.shut(round(self._wait_s * NS_PER_S), self._status == 418)
            raise ccxt.DDoSProtection(f"{self._status} slow down")
        self.window.answered()
        return what

    def through(self, what: str) -> Awaitable[str]:
        return self.window.through(lambda: self.ask(what))

    @property
    def goes(self) -> list[int]:
        """How many left at each moment."""
        moments = sorted({at for at, _ in self.left})
        return [sum(at == moment for at, _ in self.left) for moment in moments]


def now() -> float:
    return asyncio.get_running_loop().time()


def test_what_waits_for_one_window_leaves_in_one_go_and_n_requests_cost_about_log2_n_windows() -> None:
    """Every second one is refused: 8 + 4 + 2 + 1 + 1 requests, four windows instead of eight."""
    venue = Venue(lambda n: n % 2 == 0 and n < 15)

    async def main() -> float:
        answers = await asyncio.gather(*(venue.through(str(n)) for n in range(8)))
        assert answers == [str(n) for n in range(8)], "each its own answer"
        return now()

    assert tasks.run_virtual(main()) == pytest.approx(4 * 1.005, abs=0.02)
    assert venue.goes == [8, 4, 2, 1, 1]


def test_nothing_leaves_between_a_refusal_that_was_read_and_the_end_of_its_window() -> None:
    venue = Venue(lambda n: n < 3)

    async def main() -> None:
        first = asyncio.gather(*(venue.through("first") for _ in range(3)))
        await tasks.sleep(0.3)
        await asyncio.gather(first, venue.through("came meanwhile"))

    tasks.run_virtual(main())
    moments = [at for at, _ in venue.left]
    assert not [at for at in moments if 0.005 < at < 1.005]
    assert venue.goes == [3, 4]


def test_under_once_a_refusal_is_the_answer() -> None:
    """R-O1: a create is not sent again."""
    venue = Venue(lambda n: n < 3)

    async def main() -> None:
        ONCE.set(True)
        with pytest.raises(ccxt.DDoSProtection):
            await venue.through("create")

    tasks.run_virtual(main())
    assert len(venue.left) == 1


def test_after_a_ban_one_request_goes_by_itself_and_the_others_only_when_it_was_answered() -> None:
    venue = Venue(lambda n: n < 2, wait_s=2.0, status=418)

    async def main() -> None:
        with pytest.raises(ccxt.DDoSProtection):  # a ban is shown, not waited out
            await venue.through("a")
        with pytest.raises(ccxt.RateLimitExceeded):
            await venue.through("b")
        assert len(venue.left) == 1, "nothing was sent inside it"
        await tasks.sleep(2.1)
        found = await asyncio.gather(*(venue.through("c") for _ in range(4)), return_exceptions=True)
        assert len(venue.left) == 2, "refused again: nobody followed"
        assert all(isinstance(one, ccxt.NetworkError) for one in found)
        await tasks.sleep(2.1)
        assert await asyncio.gather(*(venue.through("d") for _ in range(4))) == ["d"] * 4

    tasks.run_virtual(main())
    assert venue.goes == [1, 1, 1, 3]


def test_a_long_window_is_the_callers_to_show_and_a_longer_one_stays() -> None:
    venue = Venue(lambda n: False)

    async def main() -> None:
        venue.window.shut(SHORT_NS + NS_PER_S)
        venue.window.shut(NS_PER_S)
        with pytest.raises(ccxt.RateLimitExceeded):
            await venue.through("a")
        assert now() == 0.0

    tasks.run_virtual(main())
    assert venue.left == []


def test_a_refusal_without_a_window_is_not_asked_again() -> None:
    """An order rate, or the client's own budget."""
    asked = []

    async def ask() -> None:
        asked.append(1)
        raise ccxt.RateLimitExceeded("-1015 too many orders")

    async def main() -> None:
        with pytest.raises(ccxt.RateLimitExceeded):
            await Window(LoopClock(now)).through(ask)

    tasks.run_virtual(main())
    assert len(asked) == 1


def test_one_that_gives_up_waiting_does_not_keep_the_others_from_leaving() -> None:
    venue = Venue(lambda n: False)

    async def main() -> None:
        venue.window.shut(NS_PER_S)
        leader = asyncio.ensure_future(venue.through("leader"))  # its timer wakes the others
        follower = asyncio.ensure_future(venue.through("follower"))
        await tasks.sleep(0.2)
        leader.cancel()
        assert await follower == "follower"
        assert now() == pytest.approx(1.005, abs=0.01)

    tasks.run_virtual(main())


def test_a_request_that_had_to_connect_looks_again_before_its_first_byte() -> None:
    """A connection takes longer than the refusal of another request."""

    class Connection:
        released = False

        def release(self) -> None:
            self.released = True

    class Connector:
        made = Connection()

        async def connect(self, _request: Any) -> Connection:
            await tasks.sleep(0.1)
            return self.made

    async def main() -> None:
        window, connector = Window(LoopClock(now)), Connector()
        window.gate(connector)
        assert await connector.connect("before") is connector.made
        waiting = asyncio.ensure_future(connector.connect("while"))
        await tasks.sleep(0.05)
        window.shut(NS_PER_S)
        with pytest.raises(ccxt.RateLimitExceeded, match="nothing sent"):
            await waiting
        assert connector.made.released, "the next one can have it"

    tasks.run_virtual(main())
