"""Terms that a venue changes under a live core, in virtual time: when they are read, what follows, and its replay."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from core.build.replaying import replay
from core.domain.commands import Flatten, Resume
from core.domain.errors import Unavailable
from core.domain.order import REDUCE_ONLY
from core.engine.runstate import FLAT, HALTED, RUNNING
from core.venues.ccxt.terms import Terms
from core.venues.ccxt.termswatch import ANSWER_S, STALE, TermsWatch
from tests.simulation.async_venue import Weather
from tests.simulation.live_rig import LiveRig

EVERY_S = 20.0


class Listing:
    """What the venue behind the rig lists; `change` does it in both, `wrong` is told in its place."""

    def __init__(self, rig: LiveRig) -> None:
        self.rig, self.wrong, self.asked = rig, None, []
        x = rig.instrument
        self.terms = Terms(
            Fraction(1), Fraction(repr(x.lot)), Fraction(repr(x.tick)), least=x.min_lots * Fraction(repr(x.lot)),
            notional=Fraction(x.min_notional, 10**8), leverage=x.max_leverage,
        )  # fmt: skip
        self.wrong: str | Exception | None
        self.asked: list[float]
        self.told: list[Any] = []
        self.notes: list[tuple[str, str]] = []
        self.hints = 0
        self.watch = TermsWatch(
            "venue", {0: x}, self.ask, self.tell, lambda level, code, text: self.notes.append((level, code)), rig.clock,
            hints=lambda: self.hints, every_s=EVERY_S, seed=rig.seed,
        )  # fmt: skip
        self.watch.begin({0: self.terms})
        self.watch.start()

    async def ask(self) -> dict[int, Any]:
        self.asked.append(self.rig.venue.t)
        if isinstance(self.wrong, Exception):
            raise self.wrong
        return {0: self.wrong or self.terms}

    def tell(self, event: Any) -> None:
        self.told.append((self.rig.venue.t, event))
        self.rig.inbox.input(event)

    def change(self, lot_step: int = 0, tick_step: int = 0, **fields: Any) -> None:
        x = self.rig.instrument
        self.rig.exchange.inject(0, "filters", (tick_step, lot_step, 0))
        if lot_step:
            fields["lot"] = lot_step * Fraction(repr(x.lot))
        if tick_step:
            fields["tick"] = tick_step * Fraction(repr(x.tick))
        self.terms = msgspec.structs.replace(self.terms, **fields)


def played(
    seed: int, body: Callable[[LiveRig, Listing], Any], weather: Weather | None = None, path: pathlib.Path | None = None
) -> LiveRig:
    async def script(rig: LiveRig) -> None:
        await rig.to(2.0)
        listing = Listing(rig)
        await body(rig, listing)
        await listing.watch.stop()

    return LiveRig(seed, weather, journal=path).run(script)


@pytest.mark.row("R-N5")
@pytest.mark.parametrize("fields", [{"lot_step": 10}, {"tick_step": 5}, {"contract": Fraction(10)}])
def test_a_new_grid_is_found_within_a_period_halts_and_nothing_stands_after_it(
    fields: dict[str, Any], seed: int
) -> None:
    async def body(rig: LiveRig, listing: Listing) -> None:
        await rig.to(12.0)
        listing.change(**fields)
        await rig.to(12.0 + 1.2 * EVERY_S + 10.0)
        ((found, event),) = listing.told
        assert found - 12.0 <= 1.1 * EVERY_S + 0.5 and event.halt
        assert rig.engine.state.run == HALTED and rig.flag.closed
        assert rig.exchange.books.open_of() == []
        assert rig.creates_after(found + 0.5) == [], "no new risk on the old grid"

    played(seed, body)


@pytest.mark.row("R-N5", "R-E7")
def test_a_flatten_under_way_when_the_lot_changes_ends_on_the_new_one(seed: int) -> None:
    """The terms are told in the middle of the stop: the next slice is a whole new lot, the rest is dust."""

    async def body(rig: LiveRig, listing: Listing) -> None:
        while abs(rig.exchange.position(0)[0]) < 25 or rig.exchange.position(0)[0] % 10 == 0:
            await rig.to(rig.venue.t + 0.1)
        listing.change(lot_step=10)
        held = rig.exchange.position(0)[0]
        rig.ask(Flatten(id="out", who="test", reason="now"))
        await rig.to(rig.venue.t + 0.2)
        listing.hints += 1
        await rig.to(rig.venue.t + 30.0)
        assert rig.engine.state.run == FLAT
        assert abs(rig.exchange.position(0)[0]) < 10
        done = [o for o in rig.exchange.books.orders if o.flags & REDUCE_ONLY and o.status == "filled"]
        assert done and held and all(order.qty % 10 == 0 for order in done[-1:])

    played(seed, body)


@pytest.mark.row("R-N5")
def test_a_replay_of_a_journal_with_changed_terms_asks_for_the_same_requests(tmp_path: pathlib.Path) -> None:
    """Bounds that are followed, a market that closes and opens, then a new lot: all of it is input."""
    path = tmp_path / "terms.perpj"

    async def body(rig: LiveRig, listing: Listing) -> None:
        await rig.to(10.0)
        listing.change(least=5 * Fraction(repr(rig.instrument.lot)))
        listing.hints += 1
        await rig.to(20.0)
        assert rig.engine.posts[0].spec.s.min_lots == 5
        listing.change(state="BREAK")
        await rig.to(50.0)
        assert rig.engine.posts[0].shut
        listing.change(state="")
        await rig.to(120.0)
        assert not rig.engine.posts[0].shut
        listing.change(lot_step=3)
        await rig.to(150.0)
        assert rig.engine.state.run == HALTED

    rig = played(3, body, path=path)
    rig.journal.close()
    found = replay(path, verify=True)
    assert found["ok"] and found["frames"] == rig.seen.steps > 200, found


@pytest.mark.row("R-N5", "R-B4")
def test_reads_that_fail_are_asked_again_and_said_once_after_three_periods(seed: int) -> None:
    async def body(rig: LiveRig, listing: Listing) -> None:
        listing.wrong = Unavailable("503")
        await rig.to(2.0 + STALE * EVERY_S * 3)
        assert listing.notes == [("warn", "terms_stale")] and listing.told == []
        assert rig.engine.state.run == RUNNING
        gaps = [later - one for one, later in zip(listing.asked, listing.asked[1:], strict=False)]
        assert min(gaps) > 0.8 * EVERY_S, "no loop of questions"
        listing.wrong = None
        await rig.to(rig.venue.t + 2 * EVERY_S)
        assert listing.watch.age_ns < 1.2 * EVERY_S * 10**9 and listing.watch.failures > 3

    played(seed, body)


@pytest.mark.row("R-N5")
def test_an_absurd_answer_is_doubted_once_and_halts_twice(seed: int) -> None:
    async def body(rig: LiveRig, listing: Listing) -> None:
        listing.wrong = "a step of zero"
        listing.hints += 1
        await rig.to(5.0)
        (first,) = listing.told
        assert first[1].closed and not first[1].halt and rig.engine.state.run == RUNNING
        await rig.to(14.0)
        assert len(listing.told) == 2 and rig.engine.state.run == HALTED
        await rig.to(60.0)
        assert len(listing.told) == 2, "said once"

    played(seed, body)


@pytest.mark.row("R-O6")
def test_hints_that_are_none_are_asked_after_rarely(seed: int) -> None:
    """A strategy whose orders are refused all the time does not eat the weight."""

    async def body(rig: LiveRig, listing: Listing) -> None:
        for _ in range(600):
            listing.hints += 1
            await rig.to(rig.venue.t + 0.1)
        assert len(listing.asked) <= 2 + 60 / 15.0 + 60 / EVERY_S, listing.asked

    played(seed, body)


def test_a_question_without_an_end_is_given_up(seed: int) -> None:
    async def body(rig: LiveRig, listing: Listing) -> None:
        from core import tasks

        async def never() -> dict[int, Any]:
            listing.asked.append(rig.venue.t)
            await tasks.sleep(10_000.0)
            return {}

        listing.watch.ask = never
        await rig.to(2.0 + 3 * (EVERY_S + ANSWER_S))
        assert len(listing.asked) >= 2 and "no answer in" in listing.watch.why

    played(seed, body)


@pytest.mark.row("R-N5")
def test_terms_that_come_back_allow_the_re_arm_that_the_halt_refused(seed: int) -> None:
    from core.domain.commands import Rearm

    async def body(rig: LiveRig, listing: Listing) -> None:
        await rig.to(8.0)
        listing.change(tick_step=5)
        listing.hints += 1
        await rig.to(25.0)
        assert rig.engine.state.run == HALTED
        rig.ask(Rearm(id="a", who="test", word="arm", reason="try"))
        await rig.to(26.0)
        assert rig.engine.state.run == HALTED and "terms of the start" in rig.seen.answers[-1].text
        listing.change(tick_step=1)
        listing.terms = msgspec.structs.replace(listing.terms, tick=Fraction(repr(rig.instrument.tick)))
        await rig.to(26.0 + 2 * EVERY_S)
        rig.ask(Rearm(id="b", who="test", word="arm", reason="it is as it was"))
        rig.ask(Resume(id="c", who="test"))
        await rig.to(rig.venue.t + 1.0)
        assert rig.engine.state.run == RUNNING, rig.seen.answers[-2:]

    played(seed, body)
