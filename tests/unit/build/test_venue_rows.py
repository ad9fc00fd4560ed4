"""The rows of Venues & streams: what a simulated account knows, and the arithmetic of a real wire's figures."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.build.session import PaperCore
from core.build.venue_rows import VenueRows, WireFigures
from core.build.venue_words import heard_of
from core.clock import SystemClock
from core.control.desk import Desk
from core.control.launch import Launch
from core.domain.snapshot import Kernels, Round, Snapshot
from core.domain.units import NS_PER_MS, NS_PER_S
from core.domain.venue_picture import VenueRow
from core.guard.gate import GateFlag
from core.kpi.books import Wire
from core.telemetry.picture import Frame
from core.venues.ccxt.wiring import Counters
from core.venues.condition import Condition
from tests.unit.telemetry.test_picture import pictured


def drawn(core: PaperCore, now: int) -> Snapshot:
    return core.pictures.draw(now, Kernels())


def paper(state_dir: Path, **launch: Any) -> PaperCore:
    desk = Desk(GateFlag(SystemClock()))
    return PaperCore(Launch(state_dir=state_dir, report_dir=state_dir / "reports", metrics_port=0, **launch), desk)


def test_a_paper_account_that_was_not_read_yet_is_unknown_and_has_no_wire(state_dir: Path) -> None:
    core = paper(state_dir)
    now = core.driver.now
    (row,) = drawn(core, now).venues
    instrument = core.engine.posts[0].instrument
    assert (row.venue, row.network) == (instrument.venue, "simulated")
    assert not row.reconciled and row.why == "not yet reconciled" and row.agreed_ts is None
    assert row.foreign_orders is None and row.foreign_positions is None
    assert row.condition == "" and row.dead_man == "" and row.clock_offset_ns is None and row.streams == ()
    assert row.weight_used is None and row.errors is None and row.requests == 0
    assert (row.orders_used, row.orders_limit) == (0, instrument.orders_per_10s)
    check = core.engine.check.each[0]
    check.clean, check.last_ok, check.why, check.rounds, check.foreign_orders = True, now, "", 1, 2
    (row,) = drawn(core, now + NS_PER_S).venues
    assert (row.reconciled, row.agreed_ts, row.foreign_orders, row.foreign_positions) == (True, now, 2, 0)


def test_the_round_says_when_it_ends_what_that_does_and_how_many_follow(state_dir: Path) -> None:
    core = paper(state_dir, rounds=3, round_hours=0.5, on_round_end="carry")
    machine, now = core.engine.rounds.machine, core.driver.now

    def round_() -> Round:
        return drawn(core, now).round

    assert (round_().ends, round_().on_end, round_().left) == (None, "carry", 3)
    machine.start(now)
    assert (round_().ends, round_().left) == (now + 1800 * NS_PER_S, 2)
    machine.finish(now)
    assert (round_().ends, round_().finishing, round_().left) == (None, True, 2)
    machine.observe(now, 0, 0)
    machine.verified(now, 0, 0)
    machine.reported(now)
    assert (round_().ends, round_().left) == (now + 1800 * NS_PER_S, 1)


def test_a_round_without_an_end_of_rounds_does_not_count_them(state_dir: Path) -> None:
    assert drawn(paper(state_dir), 0).round.left is None


class Ticking:
    """Both clocks by hand; the wall is an hour ahead of the monotonic one."""

    def __init__(self) -> None:
        self.ns = 1_000 * NS_PER_S

    def monotonic(self) -> int:
        return self.ns

    def now(self) -> int:
        return self.ns + 3600 * NS_PER_S


def stream(name: str, **changes: Any) -> Any:
    given = {
        "up": True,
        "newest_ns": 999 * NS_PER_S,
        "batches": 0,
        "restarts": 0,
        "refused": 0,
        "why": "gone",
        **changes,
    }
    made = SimpleNamespace(name=name, **given)
    made.age_ns = lambda now: now - made.newest_ns
    return made


def wire() -> tuple[Any, Ticking]:
    clock, counters = Ticking(), {"data": Counters(), "trade": Counters()}
    budget = SimpleNamespace(used=lambda now: 811.6, limit=2400)
    venue = SimpleNamespace(
        clock=clock, condition=Condition(), streams=[stream("book ETH"), stream("orders", up=False, newest_ns=0)],
        upkeep=SimpleNamespace(watchdog=SimpleNamespace(limits={"book ETH": 2 * NS_PER_S})),
        listed=SimpleNamespace(
            listings={0: SimpleNamespace(symbol="ETH")}, closed={0: "SETTLING"},
            watch=SimpleNamespace(age_ns=7 * NS_PER_S, why=""),
        ),
        instances=SimpleNamespace(wires={k: SimpleNamespace(counters=c) for k, c in counters.items()}, requests=35,
                                  errors=2, budget=budget),
        deadman=SimpleNamespace(deadline_ns=clock.ns + 48 * NS_PER_S, held=False),
    )  # fmt: skip
    return venue, clock


def test_rates_are_counted_over_at_least_a_second_and_unknown_before() -> None:
    """4 batches in 2 s = 2 a second; a look after 0.4 s keeps the figure."""
    venue, clock = wire()
    figures = WireFigures(venue)
    assert [row.per_s for row in figures.streams()] == [None, None]
    venue.streams[0].batches, clock.ns = 4, clock.ns + 2 * NS_PER_S
    book, orders = figures.streams()
    assert (book.per_s, orders.per_s) == (2.0, 0.0)
    assert (book.age_ns, book.stale_ns, book.why) == (3 * NS_PER_S, 2 * NS_PER_S, "")
    assert (orders.age_ns, orders.stale_ns, orders.why) == (None, None, "gone")
    venue.streams[0].batches, clock.ns = 90, clock.ns + 400 * NS_PER_MS
    assert figures.streams()[0].per_s == 2.0


def test_the_latency_is_the_mean_of_a_minute_and_the_list_of_the_wire_stays_short() -> None:
    venue, clock = wire()
    counters = venue.instances.wires["trade"].counters
    figures = WireFigures(venue)
    assert figures.latency_ms() is None
    counters.latencies += [("GET", 10 * NS_PER_MS), ("POST", 20 * NS_PER_MS)]
    assert figures.latency_ms() == 15.0
    assert counters.latencies == []
    clock.ns += 61 * NS_PER_S
    counters.latencies.append(("GET", 40 * NS_PER_MS))
    assert figures.latency_ms() == 40.0


def live(offset_ms: int | None = 3) -> tuple[VenueRows, Any, Ticking]:
    venue, clock = wire()
    if offset_ms is not None:
        venue.condition.measured(offset_ms * NS_PER_MS)
    post = SimpleNamespace(instrument=SimpleNamespace(venue="okx", network="testnet"))
    check = SimpleNamespace(
        posts=(post,), rounds=4, clean=True, why="", last_ok=7, foreign_orders=0, foreign_positions=1
    )
    desk: Any = SimpleNamespace(
        wire=SimpleNamespace(each_used=lambda now: [(21, 300)]), requests=999,
        engine=SimpleNamespace(check=SimpleNamespace(each=[check])),
    )  # fmt: skip
    rows = VenueRows(desk)
    protection: Any = SimpleNamespace(each=lambda mono: {"okx": "48 s left"})
    rows.live([venue], protection)
    return rows, venue, clock


def told(rows: VenueRows, now: int) -> VenueRow:
    (row,) = rows.rows(now)
    return row


def test_a_real_venue_tells_its_own_counts_and_when_its_switch_would_fire() -> None:
    rows, venue, clock = live()
    row = told(rows, clock.now())
    assert (row.condition, row.requests, row.errors, row.weight_used, row.weight_limit) == ("ok", 35, 2, 812, 2400)
    assert (row.terms_age_ns, row.terms_why) == (7 * NS_PER_S, "ETH: SETTLING")
    assert (row.orders_used, row.orders_limit) == (21, 300)
    assert (row.dead_man, row.dead_man_until) == ("48 s left", clock.now() + 48 * NS_PER_S)
    assert (row.clock_offset_ns, row.clock_grade) == (3 * NS_PER_MS, "ok")
    assert row.foreign_positions == 1 and len(row.streams) == 2
    venue.deadman.held, venue.deadman.deadline_ns = True, 0
    assert (told(rows, clock.now()).dead_man_held, told(rows, clock.now()).dead_man_until) == (True, None)


@pytest.mark.parametrize(("offset_ms", "grade"), [(250, "ok"), (251, "warn"), (-1001, "stop"), (None, "")])
def test_the_clock_is_graded_by_the_bounds_that_the_core_acts_on(offset_ms: int | None, grade: str) -> None:
    rows, _, clock = live(offset_ms)
    row = told(rows, clock.now())
    assert row.clock_grade == grade
    assert (row.clock_offset_ns is None) is (offset_ms is None)


def test_a_condition_comes_with_its_reason_its_next_step_and_its_end_in_core_time() -> None:
    rows, venue, clock = live()
    venue.condition.failed("banned", "429 of GET", clock.now(), 32.0)
    row = told(rows, 5 * NS_PER_S)  # core time of its own
    assert (row.condition, row.text, row.until) == ("banned", "429 of GET", 37 * NS_PER_S)
    assert row.next_step.startswith("requests were refused")
    clock.ns += 60 * NS_PER_S
    assert told(rows, 5 * NS_PER_S).until == 5 * NS_PER_S  # over: never a time in the past


def test_each_feed_has_counts_of_its_own_and_not_those_of_its_venue() -> None:
    """Two instruments of one wire: 3 and 5 conflated are told apart, 8 of both is what the wire says of itself."""
    feeds = {0: SimpleNamespace(dropped={"crossed": 1, "grid": 1}), 1: SimpleNamespace(dropped={})}
    inbox: Any = SimpleNamespace(conflated=lambda number: (3, 5)[number])
    venue: Any = SimpleNamespace(feeds=feeds)
    assert heard_of([venue], inbox) == ((0, 2, 3), (1, 0, 5))
    assert heard_of([venue]) == ((0, 2, 0), (1, 0, 0))
    made, picture = pictured()
    made.desk.wires = lambda: (Wire(venue="x", dropped=2, conflated=8, places=((0, 2, 3),)),)  # type: ignore[method-assign]
    (feed,) = picture.snapshot(made.now, Frame(seq=1)).feeds
    assert (feed.dropped, feed.conflated) == (2, 3)
