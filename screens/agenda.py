"""What happens next and when: one sorted list out of a Snapshot, and what waits for somebody instead of a time.

Pure: times are core time in ns, nothing is added that the core does not know. Drawn by panes/scheduler_next.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from core.domain.pair_picture import PairRow
from core.domain.snapshot import Snapshot
from core.domain.venue_picture import VenueRow
from screens import format as fmt
from screens import pair as of_pair

MINUTE = 60 * fmt.SECOND
SETTLEMENT = "minutes to settlement"  # figure of a pair's gate
DAY_LOSS = "day loss"  # name of the limit
SIDES = ("long", "short")
HALTS = ("HALTED", "FLAT")


@dataclass(frozen=True)
class Item:
    """At `ts` `what` happens, and `then` follows. `tone` is a style: text, or warn and crit where it needs an eye."""

    ts: int
    what: str
    then: str
    tone: str = "text"

    def left_ns(self, now: int) -> int:
        """Below 0: its time is over and the core has not yet said so."""
        return self.ts - now


def agenda(snap: Snapshot) -> tuple[Item, ...]:
    """Everything that has a time, soonest first; at the same instant by name."""
    items = [*_stop(snap), *_run(snap), *_round(snap), *_funding(snap), *_day(snap)]
    for pair in snap.pairs:
        items += _pair(snap, pair)
    for venue in snap.venues:
        items += _venue(venue)
    return tuple(sorted(items, key=lambda item: (item.ts, item.what, item.then)))


def _stop(snap: Snapshot) -> Iterator[Item]:
    """A stop is under way and no beat goes out: the venue's own switch comes next."""
    for venue in snap.venues:
        if venue.dead_man_held and venue.dead_man_until is not None:
            yield Item(venue.dead_man_until, f"{venue.venue} dead-man fires", "the venue cancels our orders", "crit")


def _run(snap: Snapshot) -> Iterator[Item]:
    state = snap.state
    if state.run == "COOLDOWN" and state.until is not None:
        yield Item(state.until, "cooldown ends", "quotes go on by themselves", "warn")
    if not state.attended and state.grace_until is not None:
        then = "PAUSED: quotes cancelled, exits and stops go on" if state.run in ("RUNNING", "COOLDOWN") else (
            f"nothing more: {state.run} already")  # fmt: skip
        yield Item(state.grace_until, "UNATTENDED grace ends", then, "warn")


def _round(snap: Snapshot) -> Iterator[Item]:
    r = snap.round
    if r.ends is None or r.finishing:
        return
    held = {"flatten": "positions closed", "carry": "positions carried on"}.get(r.on_end, "positions as configured")
    after = "then the core stops" if r.left == 0 else f"then round {r.number + 1}"
    yield Item(r.ends, f"round {r.number} ends", f"orders cancelled, {held}, report, {after}")


def _funding(snap: Snapshot) -> Iterator[Item]:
    """One for each instrument: several ledgers of it settle at once."""
    seen = set()
    for row in snap.funding:
        place = (row.venue, row.symbol)
        if row.next_ts is not None and place not in seen:
            seen.add(place)
            yield Item(row.next_ts, f"funding {row.venue} {row.symbol}", _pays(snap, place, row.rate, row.assumed))
    for leg in (leg for pair in snap.pairs for leg in pair.legs):
        place = (leg.venue, leg.symbol)
        if leg.next_ts is not None and place not in seen:
            seen.add(place)
            yield Item(leg.next_ts, f"funding {leg.venue} {leg.symbol}", _pays(snap, place, leg.rate, False))


def due(snap: Snapshot, place: tuple[str, str], rate: float | None) -> float | None:
    """What the settlement brings at the present rate, mark and size, quote; > 0 = we receive. None = unknown."""
    rows = [row for row in snap.positions if (row.venue, row.symbol) == place]
    if not rows:
        return 0.0
    if rate is None or any(row.mark is None for row in rows):
        return None
    amount = -sum(row.size * (row.mark or 0.0) for row in rows) * rate
    return amount if math.isfinite(amount) else None


def _pays(snap: Snapshot, place: tuple[str, str], rate: float | None, assumed: bool) -> str:
    text = f"rate {fmt.percent(rate, 4, True)}" + (" assumed" if assumed else "")
    amount = due(snap, place, rate)
    if not any((row.venue, row.symbol) == place for row in snap.positions):
        return f"{text}, no position"
    if amount is None:
        return f"{text}, amount {fmt.UNKNOWN}"
    verb = "we receive" if amount > 0 else "we pay"
    return f"{text}, {verb} {fmt.number(abs(amount), 2 if abs(amount) >= 0.01 or not amount else 4)}"


def _day(snap: Snapshot) -> Iterator[Item]:
    """The day of the loss limit is a day of UTC (S3-18)."""
    limit = next((row for row in snap.limits if row.name == DAY_LOSS), None)
    if limit is None or not snap.ts:
        return
    over = limit.used is not None and limit.used >= 1
    then = "day loss counts from 0" + (", new risk is allowed again" if over else "")
    yield Item((snap.ts // fmt.DAY + 1) * fmt.DAY, "UTC day ends", then, "warn" if over else "text")


def _pair(snap: Snapshot, pair: PairRow) -> Iterator[Item]:
    left = fmt.ns_of(pair.seconds_left)
    if left is not None and pair.state == of_pair.S3:
        yield Item(snap.ts + left, f"{pair.name} lock time is up", "the worse leg is closed, the better one kept")
    elif left is not None:
        yield Item(snap.ts + left, f"{pair.name} time of the lone leg is up", "the leg is closed")
    for row in pair.figures:
        stood, most = fmt.ns_of(row.value), fmt.ns_of(row.limit)
        if row.name == of_pair.NAKED and stood and most is not None:
            then = "what is not hedged is taken back"
            yield Item(snap.ts + most - stood, f"{pair.name} naked time is up", then, "warn")
    if pair.state != of_pair.S0:
        return
    for side, gates in zip(SIDES, pair.gates, strict=True):
        for row in gates:
            if row.name == SETTLEMENT and of_pair.known(row.value) and of_pair.known(row.limit):
                minutes = (row.value or 0.0) - (row.limit or 0.0)
                if 0 < minutes < 1e6:
                    at = snap.ts + round(minutes * MINUTE)
                    yield Item(at, f"{pair.name} funding window", f"no entry {side} first if it would pay")


def _venue(row: VenueRow) -> Iterator[Item]:
    if row.until is None or row.condition not in ("banned", "overloaded", "down", "closed"):
        return
    if row.condition in ("banned", "overloaded"):
        what = "ban ends" if row.condition == "banned" else "overload pause ends"
        yield Item(row.until, f"{row.venue} {what}", "new orders may go out again", "warn")
    else:
        yield Item(row.until, f"{row.venue} is asked again", "new orders may go out once it answers", "crit")


def waiting(snap: Snapshot) -> tuple[tuple[str, str], ...]:
    """What has no time because it waits for a person or for a venue: (text, style)."""
    state, r = snap.state, snap.round
    told: list[tuple[str, str]] = []
    why = f" ({state.reason})" if state.reason else ""
    if state.run in HALTS:
        told.append((f"{state.run}{why}: until R re-arms", "crit"))
    elif state.run in ("HALTING", "FLATTENING"):
        told.append((f"{state.run}{why}: until the venue confirms", "crit"))
    elif state.run == "PAUSED":
        told.append((f"PAUSED{why}: no quotes until p resumes", "warn"))
    elif state.run == "STARTING":
        told.append((f"STARTING{why}", "warn"))
    elif state.run == "STOPPING":
        told.append((f"STOPPING{why}: the process ends when the venue confirms", "warn"))
    if r.finishing:
        does = {"flatten": "closing positions, then the report", "carry": "positions are kept, then the report"}
        told.append((f"round {r.number} is ending: {does.get(r.on_end, 'then the report')}", "warn"))
    elif r.ends is None:
        told.append(("no round runs" + ("" if r.number else ": the first starts with trading"), "text"))
    told += [(f"{pair.name} STUCK: waits for {pair.stuck}", "crit") for pair in snap.pairs if pair.stuck]
    return tuple(told)
