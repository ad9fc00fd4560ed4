"""How a venue and its streams stand, in words, by hand-made figures; the worst is the first thing seen."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.domain.snapshot import Snapshot
from core.domain.venue_picture import Feed, FundingRow, StreamRow, VenueRow
from screens.panes import venues_accounts, venues_funding, venues_streams, venues_wire
from screens.panes.venues_state import (
    CRIT,
    OK,
    UNTOLD,
    WARN,
    account,
    clock,
    dead_man,
    feed_word,
    foreign,
    standing,
    standings,
    stream_word,
)
from screens.theme import Theme
from screens.view import View
from screens.widgets.pane import Drawn
from tests.console.fabricated import SECOND, T0, snapshot
from tests.console.fabricated_venues import SHOWN, TS, one_down, paired, paper, real, simulated, with_venues

FEED = Feed("okx", "BTC", "book+trades", True, SECOND, 2 * SECOND, 27.0, 0, 0, 0, 0, 0)


def view(snap: Snapshot | None = None, **changes: Any) -> View:
    return View(paper() if snap is None else snap, Theme(), utc=T0, **changes)


def text(drawn: Drawn) -> list[str]:
    return [row.plain for row in drawn.rows]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, ("up", OK)),
        ({"age_ns": 2 * SECOND}, ("up", OK)),  # the bound itself is inside
        ({"age_ns": 2 * SECOND + 1}, ("STALE", CRIT)),
        ({"age_ns": 9 * SECOND, "stale_ns": 0}, ("up", OK)),  # no bound
        ({"up": False}, ("DOWN", CRIT)),
        ({"age_ns": None}, ("no data", CRIT)),
    ],
)
def test_a_feed_is_up_stale_by_its_own_bound_or_down(changes: dict[str, Any], word: tuple[str, int]) -> None:
    assert feed_word(view(), msgspec.structs.replace(FEED, **changes)) == word


def test_silence_of_the_core_makes_a_feed_stale() -> None:
    assert feed_word(view(silence_ns=900_000_000), FEED) == ("up", OK)
    assert feed_word(view(silence_ns=1_100_000_000), FEED) == ("STALE", CRIT)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, ("up", OK)),
        ({"stale_ns": SECOND}, ("STALE", WARN)),
        ({"up": False}, ("DOWN", WARN)),
        ({"up": False, "age_ns": None}, ("waiting", UNTOLD)),  # a private stream before its first news
        ({"up": False, "age_ns": None, "redials": 2}, ("DOWN", WARN)),
    ],
)
def test_a_subscription_may_be_quiet_but_not_down(changes: dict[str, Any], word: tuple[str, int]) -> None:
    stream = StreamRow("orders", True, 40 * SECOND, None, 0.0, 0, 0)
    assert stream_word(view(), msgspec.structs.replace(stream, **changes)) == word


@pytest.mark.parametrize(
    ("row", "feeds", "word", "grade", "why"),
    [
        (VenueRow("okx", "testnet"), (FEED,), "up", OK, ""),
        (VenueRow("okx", "testnet"), (), "--", UNTOLD, ""),
        (VenueRow("okx", "testnet", condition="ok"), (), "up", OK, ""),
        (VenueRow("okx", "testnet", condition="down", text="timeout.", next_step="probes go on"), (FEED,),
         "DOWN", CRIT, "timeout; probes go on"),
        (VenueRow("okx", "testnet", condition="auth"), (), "KEY REFUSED", CRIT, ""),
        (VenueRow("okx", "testnet", condition="clock"), (), "CLOCK OFF", CRIT, ""),
        (VenueRow("okx", "testnet", condition="banned"), (), "BANNED", WARN, ""),
    ],
)  # fmt: skip
def test_a_venue_stands_by_its_condition_first(
    row: VenueRow, feeds: tuple[Feed, ...], word: str, grade: int, why: str
) -> None:
    found = standing(view(), row, feeds)
    assert (found.word, found.grade, found.why) == (word, grade, why)


def test_a_venue_whose_feeds_are_dead_is_down_whatever_its_wire_says() -> None:
    row = VenueRow("okx", "testnet", condition="ok")
    gone = msgspec.structs.replace(FEED, up=False, age_ns=47 * SECOND)
    other = msgspec.structs.replace(FEED, venue="binance")
    one = standing(view(), row, (gone, other))
    assert (one.word, one.grade) == ("FEED DOWN", CRIT)
    assert one.why == "BTC book+trades is DOWN, newest message 47s ago"
    half = standing(view(), row, (gone, msgspec.structs.replace(FEED, symbol="ETH")))
    assert half.word == "1 OF 2 DOWN"
    both = standing(view(), row, (gone, msgspec.structs.replace(gone, symbol="ETH", age_ns=None)))
    assert (both.word, both.why) == ("FEED DOWN", "its feeds are DOWN, newest message 47s ago")


def test_a_private_stream_that_fell_is_named() -> None:
    fallen = StreamRow("orders", False, 9 * SECOND, None, 0.0, 4, 0, "connection reset")
    row = VenueRow("okx", "testnet", condition="ok", streams=(fallen,))
    found = standing(view(), row, (FEED,))
    assert (found.word, found.grade, found.why) == ("STREAM DOWN", WARN, "orders: connection reset")


@pytest.mark.parametrize("width", [76, 116])
def test_a_venue_that_is_down_is_the_first_thing_seen(width: int) -> None:
    """The second of two venues: first row of the first pane, in reverse, and first of the table and the streams."""
    shown = view(one_down())
    assert [one.row.venue for one in standings(shown)] == ["okx", "binance"]
    drawn = venues_accounts.draw(shown, width, 6)
    assert drawn.rows[0].spans[0] == (" okx DOWN ", "chip.crit")
    assert "no answer in 5 s; the venue does not answer; probes go on" in drawn.rows[0].plain
    assert (drawn.note, drawn.note_style) == ("1 of 2 not up", "crit")
    table = [row for row in text(drawn) if "testnet" in row]
    assert table[0].startswith("okx")
    assert any(row.startswith("dead-man") for row in text(drawn))  # what protects us stays in sight
    streams = text(venues_streams.draw(shown, width, 5))
    assert streams[1].startswith("okx") and "DOWN" in streams[1]


def test_the_account_agrees_until_that_is_old() -> None:
    def after(seconds: float, **changes: Any) -> tuple[str, str]:
        row = simulated(agreed_ts=TS - round(seconds * SECOND), **changes)
        return account(view(), row)

    assert after(2) == ("agrees 2.0s ago", "ok")
    assert after(12) == ("agrees 12s ago", "old")
    assert after(26) == ("?agrees 26s ago", "stale")
    assert after(2, why="missed_fill") == ("DIFFERS", "warn")
    assert after(2, reconciled=False, why="not yet reconciled") == ("NOT RECONCILED", "warn")


def test_foreign_orders_are_unknown_until_read_and_never_zero_before() -> None:
    assert foreign(VenueRow("okx", "testnet"))[0] == "--"
    assert foreign(simulated())[0] == "none"
    assert foreign(simulated(foreign_orders=2))[0] == "2 ord 0 pos"
    drawn = venues_accounts.draw(view(with_venues(simulated(foreign_orders=2, foreign_positions=1))), 76, 6)
    assert text(drawn)[0] == "paper holds 2 orders and 1 position not ours: never touched"


@pytest.mark.parametrize(
    ("offset", "grade", "shown"),
    [(3_200_000, "ok", "+3.2ms"), (-312_000_000, "warn", "-312ms WARN"), (1_200_000_000, "stop", "+1200ms STOP"),
     (None, "", "--")],
)  # fmt: skip
def test_the_clock_says_how_far_off_and_whether_that_matters(offset: int | None, grade: str, shown: str) -> None:
    assert clock(real("okx", "BTC", clock_offset_ns=offset, clock_grade=grade))[0] == shown
    assert clock(simulated())[0] == "-"


def test_a_missing_dead_man_is_loud_and_stands_first() -> None:
    assert dead_man(simulated()) == ("none needed, simulated", "dim")
    assert dead_man(real("okx", "BTC", dead_man="NO DEAD-MAN"))[1] == "crit"
    assert dead_man(real("okx", "BTC", dead_man="9 s left, not refreshed while stopping", dead_man_held=True))[1] == (
        "warn"
    )
    snap = with_venues(real("binance", "BTC"), real("okx", "BTC", dead_man="NO DEAD-MAN: refused"))
    row = next(line for line in text(venues_accounts.draw(view(snap), 116, 8)) if line.startswith("dead-man"))
    assert row.index("okx NO DEAD-MAN: refused") < row.index("binance 48 s left")


def test_counts_of_one_level_are_not_told_at_another() -> None:
    rows = text(venues_streams.draw(view(paired()), 116, 20))
    feed = next(row for row in rows if "depth" in row).split()
    book = next(row for row in rows if " book " in row).split()
    assert feed[-5:] == ["0", "0", "0", "18", "0"]
    assert book[-5:] == ["-", "-", "0", "-", "1"]


def test_a_full_allowance_says_so_in_a_word() -> None:
    def row(used: int) -> str:
        return text(venues_wire.draw(view(with_venues(real("okx", "BTC", weight_used=used))), 116, 5))[1]

    assert "812/2400" in row(812) and "34%" in row(812)
    assert "75% WARN" in row(1800)
    assert "96% FULL" in row(2304)


def test_unknown_figures_of_a_simulated_venue_are_dashes() -> None:
    row = text(venues_wire.draw(view(), 116, 5))[1]
    assert row.split()[:3] == ["paper", "--", "--"]
    assert "0.0ms" not in row


def test_totals_stand_below_where_the_core_knows_no_more() -> None:
    bare = with_venues(simulated("a", requests=None), simulated("b", requests=None))
    rows = text(venues_wire.draw(view(bare), 116, 5))
    assert rows[-1].startswith("all venues") and "3120" in rows[-1]
    assert len(text(venues_wire.draw(view(paired()), 116, 5))) == 3
    assert text(venues_wire.draw(view(snapshot()), 116, 5))[-1].startswith("all venues")


def test_funding_of_one_instrument_is_one_row_with_what_all_strategies_were_paid() -> None:
    row = FundingRow("okx", "BTC", 0.0001, TS + 3600 * SECOND, False, 0.5, 8 * 3600 * SECOND)
    snap = msgspec.structs.replace(paper(), funding=(row, msgspec.structs.replace(row, paid_round=-2.0)))
    rows = text(venues_funding.draw(view(snap), 116, 3))
    assert len(rows) == 2
    for part in ("+0.0100%", "8h", "01:00:00", "-1.50"):
        assert part in rows[1]
    over = msgspec.structs.replace(row, next_ts=TS - SECOND, assumed=True)
    told = text(venues_funding.draw(view(msgspec.structs.replace(snap, funding=(over,))), 116, 4))[1]
    assert "over" in told and "config ASSUMED" in told


@pytest.mark.parametrize("name", [name for name in SHOWN if name != "nothing"])
@pytest.mark.parametrize("width", [76, 116, 196])
def test_nothing_is_cut_at_the_widths_of_the_screen(name: str, width: int) -> None:
    shown = view(SHOWN[name]())
    for draw in (venues_accounts.draw, venues_streams.draw, venues_wire.draw, venues_wire.with_funding,
                 venues_funding.draw):  # fmt: skip
        assert max(row.width for row in draw(shown, width, 14).rows) <= width


def test_a_long_reason_is_folded_and_what_has_no_room_is_marked() -> None:
    """At 76 columns nothing of a row is lost at its end; the last row that fits says that more follows."""
    why = " ".join(f"word{n}" for n in range(40))
    shown = view(with_venues(real("okx", "BTC", condition="down", text=why), feeds=()))
    whole = text(venues_accounts.draw(shown, 76, 20))
    told = " ".join(row.strip() for row in whole[: next(n for n, row in enumerate(whole) if row.startswith("venue"))])
    assert told == f"okx DOWN  {why}"
    cut = text(venues_accounts.draw(shown, 76, 5))
    assert cut[1].endswith("…") and max(map(len, cut)) <= 76
    assert cut[2].startswith("venue")


def test_several_simulated_venues_need_one_word_for_the_switch_and_leave_room_for_funding() -> None:
    snap = with_venues(simulated("a", requests=None), simulated("b", requests=None), feeds=())
    rows = text(venues_accounts.draw(view(snap), 76, 5))
    assert rows[-1] == "dead-man none needed, simulated"
    small = text(venues_wire.with_funding(view(snap), 76, 4))
    assert len(small) == 4 and small[-1].startswith("funding ")
