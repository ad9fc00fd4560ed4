"""Funding, streams and the venue's budgets: rates and countdown, feed ages, request weight, REST errors (S3-74)."""

from __future__ import annotations

from core.domain.snapshot import Feed
from screens import format as fmt
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn


def _budget(view: View, label: str, used: int, limit: int, width: int) -> Line:
    if limit <= 0:
        return Line((f"{label} ", "label"), (fmt.UNKNOWN, "dim"))
    share = used / limit
    style = "crit" if share >= 0.95 else "warn" if share >= 0.7 else "line"
    line = Line((label.ljust(7), "label"), (f"{used}/{limit} ", "text"))
    tail = Line((f"{share:.0%}".rjust(4), style if style != "line" else "text"))
    room = width - 18 - tail.width - 1
    if room >= 4 and line.width <= 18:
        line.pad(18).add(fmt.bar(share, room, view.theme.ascii_only), style)
    return line.right(tail, width)


def _age(view: View, feed: Feed) -> tuple[int | None, bool]:
    """How old the stream is, and whether that is too old."""
    age = None if feed.age_ns is None else feed.age_ns + (view.silence_ns if view.quiet else 0)
    return age, not feed.up or age is None or (feed.stale_ns > 0 and age > feed.stale_ns)


def draw(view: View, width: int, height: int) -> Drawn:
    snap = view.snapshot
    assert snap is not None
    lines = []
    names = fmt.distinct([(row.venue, row.symbol) for row in snap.funding])
    for row, place in list(zip(snap.funding, names))[:2]:
        left = None if row.next_ts is None else row.next_ts - snap.ts
        name = fmt.shorten(place, 9)
        rate = fmt.percent(row.rate, 4, True)
        line = Line((f"fund {name} ", "label"), (rate, "dim" if row.rate is None else "text"))
        line.add(" assumed" if row.assumed else "", "warn").add(f" in {fmt.hms(left)}", "dim")
        lines.append(line)
    stale, oldest = False, None
    several = len({feed.venue for feed in snap.feeds}) > 1
    rows = [(feed, *_age(view, feed)) for feed in snap.feeds]
    for _, age, bad in rows:
        stale |= bad
        oldest = age if oldest is None or (age or 0) > oldest else oldest
    rows.sort(key=lambda row: not row[2])  # where there is no room for all, the bad ones are seen
    for feed, age, bad in rows[: max(height - 3 - len(lines), 1)]:
        word = "down" if not feed.up else "STALE" if bad else "ok"
        line = Line((view.theme.sign("on" if not bad else "half") + " ", "crit" if bad else "ok"))
        line.add(
            fmt.shorten(f"{feed.venue} {feed.stream}" if several else feed.stream, 14 if several else 10) + " ", "text"
        ).add(f"{fmt.age(age)} {word}", "crit" if bad else "dim")
        line.right(Line((f"{feed.per_s:.0f}/s", "dim")), width)
        lines.append(line)
    if not snap.feeds:
        lines.append(Line(("no streams yet", "dim")))
    lines.append(_budget(view, "weight", snap.weight_used, snap.weight_limit, width))
    lines.append(_budget(view, "orders", snap.orders_used, snap.orders_limit, width))
    rest = Line(("rest ", "label"), (str(snap.rest.requests), "text"), ("  errors ", "label"))
    rest.add(str(snap.rest.errors), "warn" if snap.rest.errors else "text").add("  latency ", "label")
    rest.add(fmt.UNKNOWN if snap.rest.latency_ms is None else f"{snap.rest.latency_ms:.1f}ms", "text")
    lines.append(rest)
    if snap.dead_man and len(lines) < height:
        lines.append(Line(("dead-man ", "label"), (snap.dead_man, "text")))
    return Drawn(lines[:height], "", "dim", oldest, stale)
