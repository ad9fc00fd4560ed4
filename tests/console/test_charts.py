"""The plotext charts of the detail screens: any size, our own colours, ASCII, gaps that stay gaps, times below."""

from __future__ import annotations

import math
import random
import re
from itertools import pairwise

import pytest

from core.domain.history_page import HistoryPage
from screens.charts import LEAST_HEIGHT, LEAST_WIDTH, Curve, Range, room, scale, time_chart
from screens.panes import spread_history
from screens.panes.spread_history import POINTS, WINDOWS, covering, every_ns, gap_ns
from screens.theme import PALETTES, Theme
from screens.widgets.lines import Line

S = 1_000_000_000
T0 = 1_790_000_400 * S  # 14:20:00 UTC
BRAILLE = re.compile("[\u2801-\u28ff]")


def page(
    window_s: int = 3_600, bucket_s: int = 24, holes: tuple[int, int] = (60, 80), **changes: object
) -> HistoryPage:
    """A wave with bands and a hole from point 60 to 80."""
    inside = [n for n in range(window_s // bucket_s) if not holes[0] <= n < holes[1]]
    last = tuple(3 * math.sin(n / 12) for n in inside)
    given: dict[str, object] = {
        "name": "BTC binance/okx", "window_s": window_s, "bucket_s": bucket_s, "until": T0 + window_s * S,
        "ts": tuple(T0 + n * bucket_s * S for n in inside), "last": last, "low": tuple(v - 0.3 for v in last),
        "high": tuple(v + 0.4 for v in last), "upper": (4.0,) * len(inside), "lower": (-4.0,) * len(inside),
        "middle": (0.1,) * len(inside),
    }  # fmt: skip
    return HistoryPage(**{**given, **changes})  # type: ignore[arg-type]


def drawn(given: HistoryPage, width: int, height: int, theme: Theme) -> tuple[Line, ...]:
    return spread_history.spread(given, width, height, theme, ("UB", "LB", "mean"))


THEMES = [Theme(), Theme("classic"), Theme("mono"), Theme("default", True), Theme("mono", True)]


@pytest.mark.parametrize(
    "theme", THEMES, ids=lambda theme: f"{theme.palette}-{'ascii' if theme.ascii_only else 'utf8'}"
)
def test_no_size_breaks_a_chart_or_is_exceeded(theme: Theme, seed: int) -> None:
    chance = random.Random(seed)
    sizes = [(chance.randint(4, 220), chance.randint(1, 60)) for _ in range(40)]
    for width, height in [*sizes, (LEAST_WIDTH, LEAST_HEIGHT), (LEAST_WIDTH - 1, 9), (220, 60), (10, 1)]:
        rows = drawn(page(), width, height, theme)
        assert len(rows) <= height and all(row.width <= width for row in rows)
        assert len(rows) == height
        for row in rows:
            assert {style for _, style in row.spans} <= PALETTES[theme.palette].keys()
            assert not theme.ascii_only or row.plain.isascii()
            assert "\x1b" not in row.plain


def test_a_chart_without_room_for_axes_is_a_line_without_them() -> None:
    assert not room(LEAST_WIDTH, LEAST_HEIGHT - 1)
    rows = drawn(page(), 60, 3, Theme())
    assert len(rows) == 3 and any(BRAILLE.search(row.plain) for row in rows)


@pytest.mark.parametrize("size", [(70, 12), (70, 4)], ids=["with axes", "without"])
def test_a_gap_is_never_drawn_as_a_line(size: tuple[int, int]) -> None:
    """Twenty of 150 buckets are missing: as many columns show nothing of the value."""
    bare = {"upper": (None,) * 130, "lower": (None,) * 130, "middle": (None,) * 130}
    rows = [row.plain for row in drawn(page(**bare), *size, Theme())]
    body = rows[:-1] if size[1] > 4 else rows
    left = 7 + int((size[0] - 7) * 0.42)
    assert any(BRAILLE.search(row[7:left]) for row in body)
    empty = [at for at in range(7, size[0]) if not any(BRAILLE.match(row[at : at + 1]) for row in body)]
    longest = max(len(run) for run in "".join("x" if at in empty else " " for at in range(size[0])).split())
    assert 6 <= longest <= 10  # 20 / 150 of 63 columns


def test_a_step_of_one_missing_bucket_is_a_gap_and_a_late_second_is_none() -> None:
    assert gap_ns(page(bucket_s=60)) == 90 * S and gap_ns(page(bucket_s=1)) == 3 * S


def test_each_line_has_its_own_style_and_each_level_its_name() -> None:
    rows = drawn(page(), 70, 14, Theme())
    styles = {style for row in rows for text, style in row.spans if BRAILLE.search(text)}
    assert {"line", "sell", "buy", "band"} <= styles
    named = {row.plain.split()[-1]: n for n, row in enumerate(rows) if row.plain.split()[-1] in ("UB", "LB", "mean")}
    assert named["UB"] < named["mean"] < named["LB"]


def test_the_scale_is_at_the_left_and_round_times_of_the_day_are_below() -> None:
    rows = [row.plain for row in drawn(page(), 70, 12, Theme())]
    levels = [float(found[0]) for row in rows[:-1] if (found := re.match(r"\s*[+-]?\d+\.\d+", row))]
    assert levels == sorted(levels, reverse=True) and levels[0] > 4 > -4 > levels[-1]
    times = rows[-1].split()
    assert times[0] == "14:30" and times == sorted(times) and all(time.endswith("0") for time in times)
    minutes = [int(time[:2]) * 60 + int(time[3:]) for time in times]
    assert len({b - a for a, b in pairwise(minutes)}) == 1


def test_a_time_stands_where_its_moment_is() -> None:
    """A single stroke at 14:50, half of the hour: above the label 14:50."""
    at = T0 + 1_800 * S
    rows = time_chart([Range((at,), (0.0,), (9.0,), "line")], (T0, T0 + 3_600 * S), 70, 10, Theme(), 1)
    column = next(m.start() for row in rows[:-1] if (m := BRAILLE.search(row.plain)))
    label = rows[-1].plain.index("14:50")
    assert label <= column <= label + 4


@pytest.mark.parametrize("window_s", [seconds for _, seconds in WINDOWS])
def test_every_window_has_a_few_whole_labels(window_s: int) -> None:
    for width in range(LEAST_WIDTH, 200, 7):
        last = drawn(page(window_s, max(window_s // POINTS, 1)), width, 9, Theme())[-1].plain
        assert all(re.fullmatch(r"\d\d:\d\d(:\d\d)?", text) for text in last.split()) and last.strip()


def test_nothing_known_is_nothing_drawn() -> None:
    empty = HistoryPage(name="x", window_s=300, until=T0)
    assert drawn(empty, 70, 12, Theme()) == ()
    nan = page(last=(math.nan,) * 130, low=(math.nan,) * 130, high=(math.nan,) * 130, upper=(None,) * 130,
               lower=(math.inf,) * 130, middle=(None,) * 130)  # fmt: skip
    assert drawn(nan, 70, 12, Theme()) == () and scale([Curve((), (), "line")]) is None
    assert time_chart([Curve((T0,), (1.0,), "line")], (T0, T0), 70, 12, Theme(), 2) == []


def test_a_value_that_never_moves_still_has_a_scale() -> None:
    flat = page(last=(5.0,) * 130, low=(5.0,) * 130, high=(5.0,) * 130, upper=(None,) * 130, lower=(None,) * 130,
                middle=(None,) * 130)  # fmt: skip
    assert len(drawn(flat, 70, 12, Theme())) == 12


def test_the_curve_of_the_round_begins_with_the_round() -> None:
    """What an earlier round earned is not in it."""
    given = page(unit="quote")
    whole = spread_history.money(given, T0, 70, 12, Theme(), "up")
    later = spread_history.money(given, T0 + 2_400 * S, 70, 12, Theme(), "up")
    assert whole[-1].plain.split()[0] == "14:30" and later[-1].plain.split()[0] >= "15:00"
    columns = [m.start() for row in later[:-1] for m in BRAILLE.finditer(row.plain)]
    assert min(columns) < 12 and max(columns) > 60  # from edge to edge
    assert spread_history.money(given, given.until + 1, 70, 12, Theme(), "up") == ()


def test_the_same_page_is_drawn_once() -> None:
    given = page()
    assert drawn(given, 71, 13, Theme()) is drawn(given, 71, 13, Theme())


def test_windows_are_asked_for_at_their_pace() -> None:
    assert [every_ns(seconds) // S for _, seconds in WINDOWS] == [2, 15, 15, 15]
    assert covering(0) == 300 and covering(301 * S) == 3_600 and covering(10**18) == 86_400
