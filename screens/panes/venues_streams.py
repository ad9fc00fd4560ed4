"""Streams: each feed and each subscription beneath it: up or down, age against its bound, rate and what was lost.

`-` is not counted at that level; the ones that are not up stand first.
"""

from __future__ import annotations

from core.domain.snapshot import Snapshot
from core.domain.venue_picture import Feed, StreamRow, VenueRow
from screens import format as fmt
from screens.panes.venues_state import CRIT, STYLES, UNTOLD, WARN, aged, feed_word, mark, stream_word, venues
from screens.view import View
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, table

WIDE = 100
NAMES = ("messages/s", "gaps", "lost", "dropped", "conflated", "reconnects")
SHORT = ("/s", "gap", "lost", "drop", "confl", "redial")
RANKS = (0, 1, 3, 2, 4, 1)
NONE: Span = ("-", "dim")


def _count(value: int, alarming: bool = True) -> Span:
    return (str(value) if value < 100_000 else fmt.short(value), "warn" if value and alarming else "text")


def _age(view: View, age_ns: int | None, bound_ns: int | None, grade: int) -> Span:
    """`0.1s/2s`: age against the age from which it is stale; without a bound the age alone."""
    age = aged(view, age_ns)
    text = fmt.age(age) + (f"/{_bound(bound_ns)}" if bound_ns else "")
    return text, STYLES[grade] if grade in (CRIT, WARN) else "dim" if age is None else "text"


def _bound(ns: int) -> str:
    return f"{ns / 1e9:g}s" if ns < 60 * fmt.SECOND else fmt.age(ns)


def _rate(value: float | None) -> Span:
    return (fmt.UNKNOWN, "dim") if value is None else (fmt.number(value, 0 if value >= 10 else 1), "text")


def names(snap: Snapshot, wide: bool) -> dict[tuple[str, str, str], str]:
    """What each feed is called by (venue, symbol, stream): the symbol alone where there is one feed of it."""
    count: dict[tuple[str, str], int] = {}
    for feed in snap.feeds:
        count[feed.venue, feed.symbol] = count.get((feed.venue, feed.symbol), 0) + 1
    return {
        (feed.venue, feed.symbol, feed.stream): feed.symbol
        if count[feed.venue, feed.symbol] == 1 and not wide
        else f"{feed.symbol} {feed.stream}".strip()
        for feed in snap.feeds
    }


def beneath(stream: StreamRow, symbols: int) -> str:
    """A subscription's name; without its symbol where the venue has one only."""
    what, _, symbol = stream.name.partition(" ")
    return what if symbol and symbols == 1 and what in ("book", "mark", "trades") else stream.name


def _feed(view: View, feed: Feed, name: str) -> tuple[int, list[Span]]:
    word, grade = feed_word(view, feed)
    return grade, [
        (feed.venue, "text"),
        (name, "value"),
        (f"{mark(view, grade)} {word}", STYLES[grade]),
        _age(view, feed.age_ns, feed.stale_ns, grade),
        _rate(feed.per_s),
        _count(feed.gaps),
        _count(feed.lost),
        _count(feed.dropped),
        _count(feed.conflated, alarming=False),
        _count(feed.reconnects),
    ]


def _stream(view: View, venue: VenueRow, stream: StreamRow, name: str) -> tuple[int, list[Span]]:
    word, grade = stream_word(view, stream)
    return grade, [
        (venue.venue, "dim"),
        (f"  {name}", "text"),
        (f"{mark(view, grade)} {word}", STYLES[grade]),
        _age(view, stream.age_ns, stream.stale_ns, grade),
        _rate(stream.per_s),
        NONE,
        NONE,
        _count(stream.refused),
        NONE,
        _count(stream.redials),
    ]


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    rows: list[tuple[int, list[Span]]] = []
    known, wide = venues(snap), width >= WIDE
    called = names(snap, wide)
    for venue in known:
        mine = [feed for feed in snap.feeds if feed.venue == venue.venue]
        symbols = len({feed.symbol for feed in mine})
        rows += [_feed(view, feed, called[feed.venue, feed.symbol, feed.stream]) for feed in mine]
        rows += [_stream(view, venue, stream, beneath(stream, symbols)) for stream in venue.streams]
    if not rows:
        return Drawn([Line(("no streams yet", "dim"))])
    rows.sort(key=lambda row: min(row[0], WARN + 1))
    columns = [
        Column("venue"), Column("stream"), Column("state"), Column("age/stale from" if wide else "age/max", True),
        *(Column(name, True, rank) for name, rank in zip(NAMES if wide else SHORT, RANKS, strict=True)),
    ]  # fmt: skip
    cells = [row for _, row in rows]
    if len(known) == 1:  # its name stands in the other panes
        columns, cells = columns[1:], [row[1:] for row in cells]
    bad = sum(grade in (CRIT, WARN) for grade, _ in rows)
    waits = sum(grade == UNTOLD for grade, _ in rows)
    note = f"{len(rows) - bad - waits} up" + (f", {bad} not" if bad else "") + (f", {waits} waiting" if waits else "")
    lines = table(columns, cells, width, height, 1)
    worst = min(grade for grade, _ in rows)
    return Drawn(lines[:height], note, STYLES[worst] if bad else "dim", view.silence_ns, view.quiet)
