"""Why not? Each stage of a wake as the one that says no, its counts, and the page of a running core (S2-25, S3-65)."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from core.build.observers import Observers
from core.build.pages import open_pages
from core.build.why.page import column, noes_of, why_page
from core.build.why.seen import PairSeen, QuoterSeen, Seen
from core.build.why.stages import LOOKS
from core.clock import SystemClock
from core.control.desk import Desk
from core.domain import why_page as wp
from core.domain.commands import Halt, Pause
from core.domain.events import Note, RequestRefused, Step
from core.domain.order import CREATE, LOST, REJECTED, Refusal, Report
from core.domain.questions import OrderList, OrderTimeline, WhyNot
from core.domain.reasons import MESSAGE_BUDGET, NET_CAP, POST_ONLY_CROSS, REQUEST_AGE
from core.guard.gate import GateFlag
from core.kpi.books import GateSeen
from core.kpi.measures import Measures
from core.telemetry.noes import Count, Meters, Noes, counts
from tests.simulation.rig import Rig
from tests.unit.kpi.desk import MINUTE, T0, create, instrument, step
from tests.unit.kpi.desk import Desk as HandMade

S = 1_000_000_000
NOW = T0 + 3_600 * S  # 13:00:00 UTC
X = instrument()
QUOTING = QuoterSeen(NOW - S // 2, "quoting", 16, 8, "NORMAL", 0, 210)
FINE = Seen(
    strategy="mm-eth", kind="market maker", venue="paper", symbol="ETHUSDC", quote="USDC", now=NOW, run="RUNNING",
    run_since=NOW - 60 * S, round=3, ts_recv=NOW - S // 10, stale_ns=2 * S, confirmed=NOW - S, orders=16,
    planner_left=90.0, gate_left=80.0, wire_used=5, wire_most=300, condition="ok", quoter=QUOTING, day_pnl=-3.0,
    day_most=50.0, unrealised=-1.0,
)  # fmt: skip
GATES = (GateSeen("", ("trend",), False), GateSeen("volatility outside its band", (), False))
PAIR = PairSeen(True, "S0 flat", 0, False, "", 0, "none", "S0 idle: none: too few conditions", "", GATES, 2)
PAIRED = replace(FINE, strategy="pair-1", kind="pair", quoter=None, orders=0, pair=PAIR)
BARE = replace(FINE, orders=0)


def refusal(stage: int, code: str, age_s: float = 0.5, example: Any = "") -> Count:
    return Count(stage, code, 2, 5, NOW - round(age_s * S), example)


SHOCK = Count(wp.RUN, "shock", 1, 1, NOW - 9 * S, "shock, the mid moved 2.1%")

# stage, what is seen, counts, the answer
STOPS: tuple[tuple[int, Seen, tuple[Count, ...], str], ...] = (
    (wp.RUN, replace(BARE, mode=2, mode_why="shock", until=NOW + 252 * S), (SHOCK,),
     "ETHUSDC is not quoted: COOLDOWN after shock, the mid moved 2.1% until 13:04:12"),
    (wp.ROUND, replace(BARE, round_open=False), (), "ETHUSDC is not quoted: no round is open"),
    (wp.DATA, replace(BARE, ts_recv=NOW - 7 * S), (),
     "ETHUSDC is not quoted: the book is 7.0 s old, 2.0 s are allowed"),
    (wp.LIMITS, replace(BARE, pulled=True, pull_why="daily_max", day_pnl=-51.5), (),
     "ETHUSDC is not quoted: the day's loss limit: -51.50 of 50.00 USDC, until 00:00:00"),
    (wp.STRATEGY, replace(BARE, quoter=replace(QUOTING, idle="no volatility yet", wanted=0)), (),
     "ETHUSDC is not quoted: no price: no volatility yet"),
    (wp.UNKNOWN, replace(BARE, unknown=1, unknown_since=NOW - 4 * S), (),
     "ETHUSDC is not quoted: the fate of 1 order is UNKNOWN: nothing new until it is"),
    (wp.PLANNER, replace(BARE, planner_left=0.4), (),
     "ETHUSDC is not quoted: the planner's message credit is used up"),
    (wp.GATE, BARE, (refusal(wp.GATE, "net_cap"),), "ETHUSDC is not quoted: net cap"),
    (wp.BUDGET, BARE, (refusal(wp.BUDGET, "message_budget"),), "ETHUSDC is not quoted: the message budget is used up"),
    (wp.WIRE, replace(BARE, gate_closed=True, gate_why="key"), (),
     "ETHUSDC is not quoted: the wire gate is closed: key"),
    (wp.VENUE, BARE, (refusal(wp.VENUE, "margin"),), "ETHUSDC is not quoted: margin"),
)  # fmt: skip


def test_the_stages_stand_in_the_order_in_which_a_wake_goes_through_them() -> None:
    """S2-25: the whole order in one place, as engine, seat, planner, gate and wire take a wake."""
    assert len(LOOKS) == len(wp.STAGES) == len(STOPS) and [stop[0] for stop in STOPS] == list(range(len(wp.STAGES)))
    assert wp.STAGES == (
        "run state", "round", "market data", "limits", "strategy", "unknown orders", "planner", "risk gate",
        "message budget", "wire gate", "venue",
    )  # fmt: skip


@pytest.mark.parametrize(("stage", "seen", "found", "answer"), STOPS, ids=wp.STAGES)
def test_each_stage_can_be_the_one_that_says_no(
    stage: int, seen: Seen, found: tuple[Count, ...], answer: str
) -> None:  # fmt: skip
    """S2-25, S3-65: one stop a stage, named in one plain sentence; the stages before it pass."""
    made = column(seen, found, X)
    assert (made.stage, made.answer) == (wp.STAGES[stage], answer)
    assert [one.verdict for one in made.stages[: stage + 1]] == [wp.PASSES] * stage + [wp.NO]
    assert [(one.code, one.round, one.hour) for one in made.stages[stage].counts] == [
        (one.code, one.round, one.hour) for one in found
    ]


@pytest.mark.parametrize(("stage", "seen", "found"), [stop[:3] for stop in STOPS], ids=wp.STAGES)
def test_the_first_that_says_no_is_the_answer_whatever_the_later_ones_say(
    stage: int, seen: Seen, found: tuple[Count, ...]
) -> None:  # fmt: skip
    """Everything that any later stage can object to at once changes nothing."""
    later = {name: value for _, other, _, _ in STOPS[stage + 1 :] for name, value in _changes(other).items()}
    own = _changes(seen)
    worse = replace(BARE, **{**later, **own})
    more = tuple(one for _, _, counted, _ in STOPS[stage:] for one in counted)
    assert column(worse, (*found, *more), X).stage == wp.STAGES[stage]


def _changes(seen: Seen) -> dict[str, Any]:
    names = [name for name in Seen.__struct_fields__ if getattr(seen, name) != getattr(BARE, name)]
    return {name: getattr(seen, name) for name in names}


def test_a_core_that_quotes_is_told_so() -> None:
    made = column(FINE, (), X)
    assert made.stage == "" and made.answer == "ETHUSDC is quoted: 16 orders stand"
    assert {one.verdict for one in made.stages} == {wp.PASSES}


def test_a_refusal_of_outer_layers_is_a_part_and_no_answer() -> None:
    made = column(FINE, (refusal(wp.GATE, "net_cap"),), X)
    assert made.stage == "" and made.stages[wp.GATE].verdict == wp.PART
    assert made.answer == "ETHUSDC is quoted: 16 orders stand; a part is held up by the risk gate: net cap"


def test_a_refusal_of_long_ago_says_nothing_of_now_but_is_counted() -> None:
    made = column(BARE, (refusal(wp.GATE, "net_cap", 60.0),), X)
    assert made.stages[wp.GATE].verdict == wp.PASSES and made.stages[wp.GATE].counts[0].hour == 5
    assert made.answer == "ETHUSDC is not quoted, and no stage says no: nothing has been sent yet"


def test_stages_that_an_earlier_no_keeps_from_being_asked_say_so() -> None:
    made = column(replace(BARE, run="PAUSED", run_reason="operator"), (), X)
    asked = {one.name: one.verdict for one in made.stages}
    assert [asked[wp.STAGES[k]] for k in (wp.STRATEGY, wp.PLANNER, wp.GATE, wp.BUDGET)] == [wp.NOT_ASKED] * 4
    assert asked["market data"] == asked["wire gate"] == wp.PASSES, "these are known all the same"


def test_what_nobody_told_is_unknown_and_no_no() -> None:
    made = column(replace(BARE, wire_used=None, wire_most=None, planner_left=None, gate_left=None), (), X)
    assert made.stage == "" and [made.stages[k].verdict for k in (wp.PLANNER, wp.BUDGET, wp.WIRE)] == [wp.NOT_KNOWN] * 3


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"run": "STARTING", "reconciled": False, "account_why": "not yet reconciled"},
         "STARTING: the account is not reconciled: not yet reconciled"),
        ({"run": "HALTED", "run_reason": "key"}, "HALTED: key"),
        ({"run": "PAUSED", "run_reason": "operator"}, "PAUSED: operator"),
        ({"mode": 3, "mode_why": "stop_loss"}, "HALTED after stop loss"),
        ({"mode": 1, "mode_why": "pnl_bounds"}, "PAUSED by a limit: pnl bounds"),
        ({"run": "FINISHING", "run_reason": "round 3 timer", "round_open": True},
         "round 3 is ending: round 3 timer"),
        ({"round_over": True}, "all rounds are played"),
        ({"link": False}, "the market stream is down"),
        ({"ts_recv": 0}, "no book has come yet"),
        ({"book_ok": False}, "the book is not valid: crossed, or a gap"),
        ({"two_sided": False}, "the book is not valid: one-sided"),
        ({"marked": False}, "no mark price has come yet"),
        ({"confirmed": NOW - 12 * S}, "the venue has not confirmed the account for 12.0 s"),
        ({"pulled": True, "pull_why": "reduce_only_mode", "unrealised": -8.25}, "reduce only: unrealised -8.25 USDC"),
        ({"disabled": "ValueError: no"}, "the strategy is disabled: ValueError: no"),
        ({"quoter": replace(QUOTING, decided=0)}, "not decided yet"),
        ({"quoter": replace(QUOTING, wanted=0, layers=0, regime="EXTREME", noise_level=2)},
         "no layer is left: regime EXTREME, noise level 2"),
        ({"quoter": replace(QUOTING, wanted=0, cap_lots=0)},
         "the net cap is 0: only exits are wanted, and there are none"),
        ({"quoter": replace(QUOTING, wanted=0)},
         "every layer is left out: too small, over the cap or off the price band"),
        ({"unknown": 2}, "the fate of 2 orders is UNKNOWN: nothing new until it is"),
        ({"wire_used": 215}, "215 of 300 messages in 10 s are used; the rest is kept for exits"),
        ({"condition": "banned", "condition_text": "too many requests"}, "the venue is banned: too many requests"),
    ],
)  # fmt: skip
def test_every_reason_has_a_plain_sentence(changed: dict[str, Any], text: str) -> None:
    assert column(replace(BARE, **changed), (), X).answer == f"ETHUSDC is not quoted: {text}"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({}, "gate shut: long first: 1 of 2 needed conditions hold (trend); short first: volatility outside its band"),
        ({"stuck": "one venue down: holding", "cell": "pairing"}, "pairing: stuck: one venue down: holding"),
        ({"wish": "open", "refusal": "slippage-budget-exceeded"},
         "S0 flat: the wish open is refused: slippage budget exceeded"),
        ({"state": 3, "why": "S3 locked: none: inside the bands"}, "S3 locked: none: inside the bands"),
        ({"decided": False}, "not decided yet"),
    ],
)  # fmt: skip
def test_a_pair_tells_what_its_gate_or_its_saga_waits_for(changed: dict[str, Any], text: str) -> None:
    """S1-13: which condition, which filter."""
    made = column(replace(PAIRED, pair=replace(PAIR, **changed)), (), X)
    assert (made.stage, made.answer) == ("strategy", f"pair-1 does not trade ETHUSDC: {text}")


def test_a_pair_at_work_says_so() -> None:
    made = column(replace(PAIRED, pair=replace(PAIR, busy=True, cell="opening")), (), X)
    assert (made.stage, made.answer) == ("", "pair-1 trades ETHUSDC: opening")


# --- counts ---------------------------------------------------------------------------------------------------------


class Counting:
    """Noes behind hand-made measures."""

    def __init__(self) -> None:
        self.desk = HandMade()
        self.measures = Measures(self.desk, T0)
        self.meter, self.mode, self.pull = [0], ("", ""), (wp.LIMITS, "")
        self.noes = Noes(
            self.measures, Meters(((0, wp.PLANNER, "no message credit"),), lambda: tuple(self.meter)), {0: (0,)},
            lambda i: self.mode, lambda i: self.pull, T0,
        )  # fmt: skip

    def take(self, one: Step) -> None:
        self.measures.take(one)
        self.noes.take(one)

    def at(self, now: int) -> dict[tuple[int, str], tuple[int, int]]:
        return {(one.stage, one.code): (one.round, one.hour) for one in counts(self.noes, 0, now)}


def test_refusals_are_counted_by_stage_and_reason_in_the_round_and_the_hour() -> None:
    """S3-65: by class, with the newest of each."""
    c = Counting()
    gate = Refusal(create(0, qty=50, key=3), NET_CAP, 212, 210)
    c.take(step(T0, refused=(gate, Refusal(create(0), MESSAGE_BUDGET))))
    c.take(step(T0 + 1, requests=(create(1), create(2))))
    c.take(step(T0 + 2, inputs=(RequestRefused(1, 0, CREATE, REQUEST_AGE),)))
    c.take(step(T0 + 3, Report(0, REJECTED, T0, cl_id=2, code=POST_ONLY_CROSS)))
    c.take(step(T0 + 4, Report(0, LOST, T0, cl_id=2)))
    c.meter[0] = 7
    assert c.at(T0 + 5) == {
        (wp.GATE, "net_cap"): (1, 1), (wp.BUDGET, "message_budget"): (1, 1), (wp.WIRE, "request_age"): (1, 1),
        (wp.VENUE, "post_only_cross"): (1, 1), (wp.UNKNOWN, "no answer"): (1, 1),
        (wp.PLANNER, "no message credit"): (7, 7),
    }  # fmt: skip
    page = column(BARE, counts(c.noes, 0, T0 + 5), X)
    assert page.stages[wp.GATE].counts[0].example == "new BUY layer 4 0.050 @ 2500.00: 0.212 against 0.210 ETH"
    c.take(step(T0 + 6, notes=(Note("info", "round_open", "round 2"),)))
    assert {times for times, _ in c.at(T0 + 7).values()} == {0}, "a new round counts anew, the hour goes on"
    for minute in range(1, 63):
        c.take(step(T0 + minute * MINUTE, rows=1))
    assert c.at(T0 + 62 * MINUTE) == {}


def test_modes_and_run_states_are_counted_when_they_begin() -> None:
    c = Counting()
    c.mode = ("shock", "shock, the mid moved 2.1%")
    note = Note("warn", "mode_cooldown", "mm COOLDOWN shock for 30 s", 0)
    c.take(step(T0, notes=(note,)))
    c.take(step(T0 + 1, notes=(note,)))
    c.mode = ("", "")
    c.take(step(T0 + 2, notes=(Note("info", "mode_running", "", 0),)))
    c.mode = ("shock", "shock, the mid moved 3.0%")
    c.pull = (wp.DATA, "stale_data")
    c.take(step(T0 + 3, notes=(note, Note("info", "quotes_pulled", "", 0), Note("info", "run_paused", "x -> PAUSED"))))
    assert c.at(T0 + 4) == {(wp.RUN, "shock"): (2, 2), (wp.DATA, "stale_data"): (1, 1), (wp.RUN, "PAUSED"): (1, 1)}
    seen = replace(BARE, mode=2, mode_why="shock", until=NOW + S)
    assert "the mid moved 3.0%" in column(seen, counts(c.noes, 0, T0 + 4), X).answer, "as it was when it fired"


# --- a whole core ---------------------------------------------------------------------------------------------------


class Whole:
    """A core in virtual time with its pages."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.rig = Rig(seed)
        self.gate = GateFlag(SystemClock())
        self.desk = Desk(self.gate)
        self.observers = Observers(
            self.rig.engine, self.rig.wire, self.rig.loaded, now=self.rig.start, folder=folder, logs=None,
            market="synthetic", journal="",
        )  # fmt: skip
        self.rig.driver.sinks.extend(self.observers.sinks)
        open_pages(self.desk, self.rig.loaded, self.rig.engine, self.observers)

    def why(self) -> wp.WhyColumn:
        page = self.desk.query(WhyNot())
        assert isinstance(page, wp.WhyPage) and page.steady and page.now == self.rig.engine.now
        return page.columns[0]


def test_a_running_core_says_why_it_does_not_quote_at_each_turn(seed: int, tmp_path: Path) -> None:
    print("seed", seed)
    core = Whole(seed, tmp_path)
    assert core.why().stage == "run state" and "STARTING" in core.why().answer
    core.rig.to(1)
    assert core.why().answer == "ETHUSDC is not quoted: no price: no volatility yet"
    core.rig.to(30)
    assert core.why().stage == "" and "orders stand" in core.why().answer
    core.rig.ask(Pause(id="p", who="test", reason="lunch"))
    core.rig.to(32)
    assert core.why().stage == "run state" and "PAUSED: lunch" in core.why().answer
    core.rig.ask(Halt(id="h", who="test", reason="enough"))
    core.rig.to(36)
    why = core.why()
    assert why.answer.startswith("ETHUSDC is not quoted: HALTED") and why.stages[wp.RUN].since
    assert {"PAUSED", "HALTED"} <= {one.code for one in why.stages[wp.RUN].counts}
    core.gate.close("enough", "halt", "test", "ours", "")
    assert core.why().stages[wp.WIRE].verdict == wp.NO


def test_a_page_is_made_of_one_moment_while_the_core_goes_on(seed: int, tmp_path: Path) -> None:
    """Asked in another thread all the time: each page is of one step, and the core's outcome does not change."""
    print("seed", seed)
    core, pages, stop = Whole(seed, tmp_path), [], threading.Event()

    def look() -> None:
        while not stop.is_set():
            page = core.desk.query(WhyNot())
            for row in core.desk.query(OrderList(kind="newest", most=3)).rows:
                core.desk.query(OrderTimeline(cl_id=row.cl_id))
            pages.append(page)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        core.rig.to(40)
    finally:
        stop.set()
        thread.join()
    alone = Whole(seed, tmp_path)
    alone.rig.to(40)
    assert [post.ledger.image() for post in core.rig.engine.posts] == [
        post.ledger.image() for post in alone.rig.engine.posts
    ]
    assert len(pages) > 3 and sum(page.steady for page in pages) > len(pages) // 2


def test_counters_of_the_blocks_are_named_once(seed: int) -> None:
    rig = Rig(seed)
    noes = noes_of(rig.engine, Measures(HandMade(), rig.start), rig.start)
    keys = noes.meters.keys
    assert len(set(keys)) == len(keys) == len(noes.meters.read())


def test_a_pair_core_has_a_column_a_leg(tmp_path: Path, seed: int) -> None:
    from tests.simulation.pair_config import lively

    rig = Rig(seed, config=lively(tmp_path), on_end="carry")
    observers = Observers(
        rig.engine, rig.wire, rig.loaded, now=rig.start, folder=tmp_path / "reports", logs=None, market="synthetic",
        journal="",
    )  # fmt: skip
    rig.driver.sinks.extend(observers.sinks)
    rig.to(120)
    page = why_page(rig.engine, observers.timelines, observers.noes, None, GateFlag(SystemClock()))
    assert len(page.columns) == len(rig.engine.posts) == 2 and {one.kind for one in page.columns} == {"pair"}
    assert page.columns[0].stages[wp.STRATEGY].verdict == wp.NOT_KNOWN, "no picture yet: nothing is invented"
