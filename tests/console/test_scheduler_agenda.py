"""The agenda by hand-made numbers: each source of a time, the order, and what waits without one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.domain import snapshot as sn
from core.domain.snapshot import Snapshot
from core.domain.venue_picture import FundingRow, VenueRow
from screens.agenda import Item, agenda, due, waiting
from tests.console.fabricated import SECOND
from tests.console.fabricated_pair import bare, pair

HOUR = 3600 * SECOND
NOON = 20_777 * 24 * HOUR + 12 * HOUR


def picture(**changes: Any) -> Snapshot:
    """An empty picture at noon UTC."""
    return Snapshot(ts=NOON, **changes)


def said(snap: Snapshot) -> list[tuple[int, str, str]]:
    """Seconds from now, what, then."""
    return [(item.left_ns(snap.ts) // SECOND, item.what, item.then) for item in agenda(snap)]


def test_nothing_is_invented_where_nothing_has_a_time() -> None:
    assert agenda(picture()) == ()
    assert agenda(Snapshot()) == ()


@pytest.mark.parametrize(
    ("on_end", "left", "then"),
    [
        ("flatten", None, "orders cancelled, positions closed, report, then round 8"),
        ("carry", 3, "orders cancelled, positions carried on, report, then round 8"),
        ("flatten", 0, "orders cancelled, positions closed, report, then the core stops"),
    ],
)
def test_the_end_of_a_round_says_what_it_will_do_with_positions_and_what_follows(
    on_end: str, left: int | None, then: str
) -> None:
    r = sn.Round(number=7, started=NOON - HOUR, length_ns=4 * HOUR, ends=NOON + 3 * HOUR, on_end=on_end, left=left)
    assert said(picture(round=r)) == [(3 * 3600, "round 7 ends", then)]


def test_a_round_that_is_ending_or_that_does_not_run_has_no_time() -> None:
    for r in (sn.Round(number=7, finishing=True, ends=NOON + 1), sn.Round(number=7, started=NOON - HOUR)):
        assert agenda(picture(round=r)) == ()


def test_each_instrument_settles_once_with_what_it_brings() -> None:
    """Long 0.4 at 50,000 and a rate of 0.01 % pays 2; short 0.1 more of another strategy leaves 0.3, 1.5."""
    row = FundingRow("okx", "BTC", 0.0001, NOON + HOUR, False, 0.0)

    def held(size: float, mark: float | None = 50_000.0) -> sn.PositionRow:
        return sn.PositionRow("okx", "BTC", size, 3, 1.0, mark, 1, 0.0, 0.5, None, "cross", NOON)

    def then(*positions: sn.PositionRow, rate: float | None = 0.0001, assumed: bool = False) -> str:
        one = msgspec.structs.replace(row, rate=rate, assumed=assumed)
        (only,) = said(picture(funding=(one, one), positions=positions))
        assert only[:2] == (3600, "funding okx BTC")
        return only[2]

    assert then(held(0.4)) == "rate +0.0100%, we pay 2.00"
    assert then(held(0.4), held(-0.1)) == "rate +0.0100%, we pay 1.50"
    assert then(held(-0.4)) == "rate +0.0100%, we receive 2.00"
    assert then() == "rate +0.0100%, no position"
    assert then(held(0.4), rate=None) == "rate --, amount --"
    assert then(held(0.4, None)) == "rate +0.0100%, amount --"
    assert then(held(0.001), assumed=True) == "rate +0.0100% assumed, we pay 0.0050"
    assert due(picture(positions=(held(0.4),)), ("okx", "BTC"), float("nan")) is None


def test_a_settlement_that_only_a_pair_knows_is_told_and_none_is_told_twice() -> None:
    row = pair(3)
    told = agenda(picture(pairs=(row,)))
    funding = [item.what for item in told if item.what.startswith("funding")]
    assert sorted(funding) == ["funding binance BTC-PERP", "funding okx BTC-PERP"]
    known = FundingRow("okx", "BTC-PERP", 0.0001, NOON + 5 * SECOND, False, 0.0)
    again = [item for item in agenda(picture(pairs=(row,), funding=(known,))) if item.what == "funding okx BTC-PERP"]
    assert [item.ts for item in again] == [NOON + 5 * SECOND]


def test_cooldown_ends_by_itself_and_any_other_until_is_not_taken_for_one() -> None:
    state = sn.State(run="COOLDOWN", until=NOON + 187 * SECOND)
    assert said(picture(state=state)) == [(187, "cooldown ends", "quotes go on by themselves")]
    assert agenda(picture(state=sn.State(run="PAUSED", until=NOON + 1))) == ()


@pytest.mark.parametrize(
    ("run", "then"),
    [
        ("RUNNING", "PAUSED: quotes cancelled, exits and stops go on"),
        ("HALTED", "nothing more: HALTED already"),
    ],
)
def test_the_grace_timer_runs_only_while_unattended(run: str, then: str) -> None:
    state = sn.State(run=run, attended=False, grace_until=NOON + 900 * SECOND)
    assert said(picture(state=state)) == [(900, "UNATTENDED grace ends", then)]
    assert agenda(picture(state=msgspec.structs.replace(state, attended=True))) == ()


def test_the_day_of_the_loss_limit_ends_at_midnight_utc() -> None:
    """S3-18."""
    limit = sn.LimitRow("day loss", 12.4, 50.0, "USDC", 0.25)
    assert said(picture(limits=(limit,))) == [(12 * 3600, "UTC day ends", "day loss counts from 0")]
    over = agenda(picture(limits=(msgspec.structs.replace(limit, used=1.0),)))
    assert over[0].tone == "warn"
    assert over[0].then.endswith("new risk is allowed again")


def test_clocks_of_a_pair() -> None:
    """S3 unlocks, a lone leg is closed, a residual is taken back when its time is up."""

    def named(state: int, **changes: Any) -> dict[str, int]:
        rows = said(picture(pairs=(pair(state, **changes),)))
        return {what: left for left, what, _ in rows if not what.startswith("funding ")}

    assert named(3, seconds_left=90.0) == {"BTC binance/okx lock time is up": 90}
    assert named(4, seconds_left=-5.0) == {"BTC binance/okx time of the lone leg is up": -5}
    assert named(1, seconds_left=None) == {}
    ahead = pair(2, figures=(bare(0.3),))
    (item,) = [one for one in agenda(picture(pairs=(ahead,))) if "naked" in one.what]
    assert (item.ts, item.tone) == (NOON + 200_000_000, "warn")
    assert named(2, figures=(bare(0.0),)) == named(2, figures=(bare(None),)) == {}


def test_the_window_before_a_settlement_is_ahead_only_until_it_begins() -> None:
    """8.2 min to go against a bar of 5: in 192 s; 57.8 against 5: in 3168 s; inside it is nothing any more."""
    row = pair(0)
    limits = [next(g for g in gates if g.name == "minutes to settlement").limit for gates in row.gates]
    values = [next(g for g in gates if g.name == "minutes to settlement").value for gates in row.gates]
    told = [(left, then) for left, what, then in said(picture(pairs=(row,))) if what.endswith("funding window")]
    expected = [
        (int((value - limit) * 60), f"no entry {side} first if it would pay")
        for value, limit, side in zip(values, limits, ("long", "short"), strict=True)
        if value > limit
    ]
    assert told == sorted(expected) and expected
    assert not [what for _, what, _ in said(picture(pairs=(pair(3),))) if what.endswith("funding window")]


def test_a_ban_a_probe_and_the_switch_of_a_venue_have_times() -> None:
    until = NOON + 30 * SECOND
    ban = VenueRow("okx", "testnet", condition="banned", until=until)
    gone = VenueRow("okx", "testnet", condition="down", until=until)
    well = VenueRow("okx", "testnet", condition="ok", until=until, dead_man_until=until)
    held = msgspec.structs.replace(well, dead_man_held=True)
    assert said(picture(venues=(ban,))) == [(30, "okx ban ends", "new orders may go out again")]
    assert said(picture(venues=(gone,))) == [(30, "okx is asked again", "new orders may go out once it answers")]
    assert said(picture(venues=(well,))) == []  # its beats go on: it does not fire
    assert said(picture(venues=(held,))) == [(30, "okx dead-man fires", "the venue cancels our orders")]
    assert agenda(picture(venues=(held,)))[0].tone == "crit"


def test_the_soonest_stands_first_and_equal_times_stand_by_name() -> None:
    r = sn.Round(number=1, ends=NOON + HOUR, on_end="flatten")
    rows = tuple(FundingRow(v, "X", 0.0, NOON + HOUR, False, 0.0) for v in ("okx", "binance"))
    state = sn.State(run="COOLDOWN", until=NOON + SECOND)
    told = [item.what for item in agenda(picture(round=r, funding=rows, state=state))]
    assert told == ["cooldown ends", "funding binance X", "funding okx X", "round 1 ends"]
    assert Item(5, "a", "b").left_ns(7) == -2


@pytest.mark.parametrize(
    ("run", "reason", "text"),
    [
        ("PAUSED", "operator", "PAUSED (operator): no quotes until p resumes"),
        ("HALTED", "key", "HALTED (key): until R re-arms"),
        ("FLATTENING", "", "FLATTENING: until the venue confirms"),
        ("STARTING", "account not yet reconciled", "STARTING (account not yet reconciled)"),
        ("STOPPING", "", "STOPPING: the process ends when the venue confirms"),
    ],
)
def test_what_waits_for_somebody_says_for_whom(run: str, reason: str, text: str) -> None:
    told = waiting(picture(state=sn.State(run=run, reason=reason)))
    assert told[0][0] == text
    assert told[-1][0] == "no round runs: the first starts with trading"


def test_an_ending_round_and_a_stuck_pair_wait_too() -> None:
    state = sn.State(run="RUNNING")
    ending = sn.Round(number=3, finishing=True, on_end="flatten")
    stuck = pair(2, stuck="an order unknown on one venue")
    told = [text for text, _ in waiting(picture(state=state, round=ending, pairs=(stuck,)))]
    assert told == [
        "round 3 is ending: closing positions, then the report",
        "BTC binance/okx STUCK: waits for an order unknown on one venue",
    ]
    running = sn.Round(number=3, ends=NOON + 1)
    assert waiting(picture(state=state, round=running)) == ()
