"""What every pane of Venues & streams shares: how a venue and each of its streams stand, the worst first.

Pure; draws no pane. A stream is stale by its own bound; silence of the core ages it too.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.snapshot import Snapshot
from core.domain.venue_picture import Feed, StreamRow, VenueRow
from screens import format as fmt
from screens.view import NORMAL, OLD, STALE, View

CRIT, WARN, OK, UNTOLD = range(4)  # the worst first
STYLES = {CRIT: "crit", WARN: "warn", OK: "ok", UNTOLD: "dim"}
CHECK_NS = 5 * fmt.SECOND  # the account is compared so often
CONDITIONS = {
    "down": ("DOWN", CRIT), "closed": ("CLOSED", CRIT), "auth": ("KEY REFUSED", CRIT), "clock": ("CLOCK OFF", CRIT),
    "banned": ("BANNED", WARN), "overloaded": ("OVERLOADED", WARN), "opening": ("OPENING", WARN),
}  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """How a venue stands: a word, its grade, and why where it is not up."""

    row: VenueRow
    word: str
    grade: int
    why: str = ""

    @property
    def style(self) -> str:
        return STYLES[self.grade]


def mark(view: View, grade: int) -> str:
    """The shape of a grade: filled, hollow, square for what is critical."""
    return view.theme.sign({CRIT: "crit", WARN: "half", OK: "on", UNTOLD: "off"}[grade])


def venues(snap: Snapshot) -> tuple[VenueRow, ...]:
    """The accounts of the core; a venue of which only feeds are told stands with what is unknown."""
    told = {row.venue for row in snap.venues}
    bare = dict.fromkeys(feed.venue for feed in snap.feeds if feed.venue not in told)
    return (*snap.venues, *(VenueRow(name, network="", why=fmt.UNKNOWN) for name in bare))


def aged(view: View, age_ns: int | None) -> int | None:
    """An age of the picture as it is now."""
    return None if age_ns is None else age_ns + (view.silence_ns if view.quiet else 0)


def feed_word(view: View, feed: Feed) -> tuple[str, int]:
    """`up`, `STALE` past its bound, `DOWN`; `no data` before its first message."""
    age = aged(view, feed.age_ns)
    if not feed.up:
        return "DOWN", CRIT
    if age is None:
        return "no data", CRIT
    return ("STALE", CRIT) if 0 < feed.stale_ns < age else ("up", OK)


def stream_word(view: View, stream: StreamRow) -> tuple[str, int]:
    """As of a feed; one that may be quiet is up while its connection is, and waits before its first news."""
    age = aged(view, stream.age_ns)
    if not stream.up:
        return ("waiting", UNTOLD) if age is None and not stream.redials else ("DOWN", WARN)
    return ("STALE", WARN) if stream.stale_ns is not None and age is not None and age > stream.stale_ns else ("up", OK)


def standing(view: View, row: VenueRow, feeds: tuple[Feed, ...]) -> Standing:
    """The venue's own condition first, then its feeds, then the streams beneath them."""
    known = CONDITIONS.get(row.condition)
    if known is not None:
        why = "; ".join(part for part in (row.text.rstrip("."), row.next_step) if part)
        return Standing(row, *known, why)
    mine = [(feed, *feed_word(view, feed)) for feed in feeds if feed.venue == row.venue]
    bad = [entry for entry in mine if entry[2] == CRIT]
    if bad:
        feed, word, _ = bad[0]
        which = "its feeds are" if len(bad) == len(mine) > 1 else f"{feed.symbol} {feed.stream} is"
        age = aged(view, feed.age_ns)
        since = f", newest message {fmt.age(age)} ago" if age is not None else ", no message yet"
        lead = "FEED " if len(bad) == len(mine) else f"{len(bad)} OF {len(mine)} "
        return Standing(row, lead + word.upper(), CRIT, f"{which} {word}{since}")
    down = [s for s in row.streams if stream_word(view, s)[1] == WARN]
    if down:
        named = ", ".join(stream.name for stream in down)
        return Standing(row, "STREAM DOWN" if len(down) == 1 else "STREAMS DOWN", WARN,
                        named + (f": {down[0].why}" if down[0].why else ""))  # fmt: skip
    return Standing(row, "up", OK) if mine or row.condition == "ok" else Standing(row, fmt.UNKNOWN, UNTOLD)


def standings(view: View) -> list[Standing]:
    """Every venue, the worst first."""
    snap = view.snapshot
    if snap is None:
        return []
    return sorted((standing(view, row, snap.feeds) for row in venues(snap)), key=lambda s: s.grade)


def account(view: View, row: VenueRow) -> tuple[str, str]:
    """Whether the account agrees with our books, and since when that is known."""
    if row.why == fmt.UNKNOWN:
        return fmt.UNKNOWN, "dim"
    if not row.reconciled:
        return "NOT RECONCILED", "warn"
    if row.why:
        return "DIFFERS", "warn"
    age = view.age_ns(row.agreed_ts)
    fresh = view.freshness(age, CHECK_NS)
    text = f"agrees {fmt.age(age)} ago"
    return ("?" + text if fresh == STALE else text), {NORMAL: "ok", OLD: "old", STALE: "stale"}[fresh]


def foreign(row: VenueRow) -> tuple[str, str]:
    """Orders and positions there that are not ours."""
    orders, positions = row.foreign_orders, row.foreign_positions
    if orders is None or positions is None:
        return fmt.UNKNOWN, "dim"
    if not orders and not positions:
        return "none", "text"
    return f"{orders} ord {positions} pos", "warn"


def clock(row: VenueRow) -> tuple[str, str]:
    """The venue's clock minus ours; a venue without a wire has ours."""
    if not row.condition:
        return "-", "dim"
    if row.clock_offset_ns is None:
        return fmt.UNKNOWN, "dim"
    ms = row.clock_offset_ns / 1e6
    text = fmt.number(ms, 1 if abs(ms) < 10 else 0, True) + "ms"
    word, style = {"warn": ("WARN", "warn"), "stop": ("STOP", "crit")}.get(row.clock_grade, ("", "text"))
    return f"{text} {word}".rstrip(), style


def dead_man(row: VenueRow) -> tuple[str, str]:
    """What cancels our orders when this process cannot."""
    if not row.dead_man:
        return ("none needed, simulated", "dim") if row.network == "simulated" else (fmt.UNKNOWN, "dim")
    if row.dead_man.startswith("NO DEAD-MAN"):
        return row.dead_man, "crit"
    return row.dead_man, "warn" if row.dead_man_held or "starting" in row.dead_man else "text"
