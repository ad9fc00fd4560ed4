"""Execution screen: gaps and reconnects of each stream, the venue's budgets, REST calls; all since the start."""

from __future__ import annotations

from core.domain.snapshot import Feed, Snapshot
from screens import format as fmt
from screens.view import View
from screens.widgets.lines import Line, Span
from screens.widgets.pane import Drawn
from screens.widgets.table import Column, table

COLUMNS = (
    Column("stream"), Column("age"), Column("gaps", True), Column("lost", True, 2), Column("reconn.", True, 1),
)  # fmt: skip
FULL, NEAR = 0.95, 0.7
LABEL = 11


def stream_age(view: View, feed: Feed) -> tuple[int | None, bool]:
    """How old the stream is, and whether that is too old."""
    age = None if feed.age_ns is None else feed.age_ns + (view.silence_ns if view.quiet else 0)
    return age, not feed.up or age is None or (feed.stale_ns > 0 and age > feed.stale_ns)


def totals(snap: Snapshot) -> tuple[int, int]:
    """Messages that could not be read, and those merged into newer ones, of all streams."""
    return sum(feed.dropped for feed in snap.feeds), sum(feed.conflated for feed in snap.feeds)


def share(used: int, limit: int) -> float | None:
    return used / limit if limit > 0 else None


def _mood(part: float | None) -> tuple[str, str]:
    """Word and style of a budget's used part."""
    if part is None or part < NEAR:
        return "", "line"
    return (" FULL", "warn") if part >= FULL else (" near", "warn")


def _budget(view: View, label: str, used: int, limit: int, width: int) -> Line:
    part = share(used, limit)
    if part is None:
        return Line((label.ljust(LABEL), "label"), (fmt.UNKNOWN, "dim"))
    word, style = _mood(part)
    line = Line((label.ljust(LABEL), "label"), (f"{used}/{limit} ", "text"))
    tail = Line((f"{part:.0%}{word}", "text" if style == "line" else style))
    room = width - line.width - tail.width - 1
    if room >= 4:
        line.add(fmt.bar(part, room, view.theme.ascii_only), style)
    return line.right(tail, width)


def _ms(ms: float | None) -> Span:
    ns = None if ms is None else fmt.ns_of(ms / 1000)
    return fmt.span_ns(ns), "dim" if ns is None else "text"


def _counts(*items: tuple[str, int, bool]) -> Line:
    """`label n`; of bad ones any is marked."""
    line = Line()
    for label, n, bad in items:
        line.add(("  " if line.width else "") + label + " ", "label")
        line.add(fmt.short(n) if n > 9_999 else str(n), "warn" if n and bad else "text")
    return line


def _row(view: View, feed: Feed, name: str) -> list[Span]:
    age, bad = stream_age(view, feed)
    word = "down" if not feed.up else f"{fmt.age(age)} STALE" if bad else fmt.age(age)
    return [
        (name, "text"),
        (word, "badstale" if bad else "dim"),
        (str(feed.gaps), "warn" if feed.gaps else "text"),
        (str(feed.lost), "warn" if feed.lost else "text"),
        (str(feed.reconnects), "warn" if feed.reconnects else "text"),
    ]


def _names(snap: Snapshot) -> list[str]:
    """The stream, with what tells its instrument apart where there are several."""
    places = sorted({(feed.venue, feed.symbol) for feed in snap.feeds})
    if len(places) < 2:
        return [feed.stream for feed in snap.feeds]
    names = dict(zip(places, fmt.distinct(places)))
    kinds = {feed.stream for feed in snap.feeds}
    return [
        names[feed.venue, feed.symbol] + (f" {feed.stream}" if len(kinds) > 1 else "") for feed in snap.feeds
    ]  # fmt: skip


def summary(view: View, width: int) -> Line:
    """Everything in one row, where the pane itself is not shown."""
    snap = view.snapshot
    assert snap is not None
    gaps, again = sum(feed.gaps for feed in snap.feeds), sum(feed.reconnects for feed in snap.feeds)
    stale = sum(stream_age(view, feed)[1] for feed in snap.feeds)
    line = Line()
    if stale:
        line.add(f"STALE {stale} of {len(snap.feeds)}", "badstale").add("  ")
    counts = (("gaps", gaps, True), ("reconnects", again, True), ("REST errors", snap.rest.errors, True))
    line.extend(_counts(*counts))
    for label, used, limit in (
        ("weight", snap.weight_used, snap.weight_limit), ("orders/10s", snap.orders_used, snap.orders_limit),
    ):  # fmt: skip
        part = share(used, limit)
        word, style = _mood(part)
        cell = Line((f"  {label} ", "label"))
        cell.add(fmt.UNKNOWN if part is None else f"{part:.0%}{word}", "text" if style == "line" else style)
        if line.width + cell.width <= width:
            line.extend(cell)
    return line


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    unread, merged = totals(snap)
    rest = snap.rest
    trips = [venue.latency_ms for venue in snap.venues if venue.latency_ms is not None]
    times = Line(("order ack ", "label"), _ms(rest.latency_ms), ("  REST ", "label"), _ms(max(trips, default=None)))
    below = [
        _counts(("unreadable", unread, True), ("conflated", merged, False)),
        _budget(view, "weight", snap.weight_used, snap.weight_limit, width),
        _budget(view, "orders/10s", snap.orders_used, snap.orders_limit, width),
        _counts(("REST calls", rest.requests, False), ("errors", rest.errors, True)),
        times.right(Line(("mean 1 min", "dim")), width),
    ]
    found = sorted(
        ((stream_age(view, feed), feed, name) for feed, name in zip(snap.feeds, _names(snap))),
        key=lambda item: not item[0][1],  # where there is no room for all, the bad ones are seen
    )
    room = max(height - len(below), 2)
    rows = [_row(view, feed, fmt.shorten(name, 14)) for _, feed, name in found]
    lines = table(COLUMNS, rows, width, room, 1) if rows else [Line(("no streams yet", "dim"))]
    oldest = max((age for (age, _), _, _ in found if age is not None), default=None)
    return Drawn([*lines, *below][:height], "since start", "dim", oldest, any(bad for (_, bad), _, _ in found))
