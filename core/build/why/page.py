"""The page `WhyNot`: each strategy on each instrument, its stages with their counts, and the first that says no.

Made in the thread that asks. The copy off live blocks is repeated until no step of the engine fell into it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from msgspec.structs import replace

from core.build.why.seen import Seen, mode_words, pair_seen, see
from core.build.why.stages import ASKED_LAST, LOOKS, Said, clock
from core.domain import why_page as wp
from core.domain.events import RequestRefused
from core.domain.instrument import Instrument
from core.domain.order import Refusal, Report
from core.domain.reasons import name_of
from core.domain.snapshot import Snapshot
from core.engine.engine import Engine
from core.engine.post import Post
from core.engine.seat import Seat
from core.guard.gate import GateFlag
from core.kpi.measures import Measures
from core.strategies.asmm.strategy import Asmm
from core.telemetry.noes import Count, Meters, Noes, counts
from core.telemetry.refused_words import KINDS, figures, request_words
from core.telemetry.timeline_pages import purpose
from core.telemetry.timelines import Timelines

PAIR = "pair"
TRIES = 25
YIELD_S = 0.001


def noes_of(engine: Engine, measures: Measures, now: int) -> Noes:
    """The sink for an engine, with what the blocks of planner and quoter count."""
    planners = [(post.requests.s, post.plan_params.s) for post in engine.posts]
    quoters = [
        (seat.posts[0].number, seat.strategy.state.s) for seat in engine.seats if isinstance(seat.strategy, Asmm)
    ]
    keys = [
        key
        for post in engine.posts
        for key in (
            (post.number, wp.PLANNER, "left within tolerance"), (post.number, wp.PLANNER, "no message credit"),
            (post.number, wp.UNKNOWN, "held back"),
        )
    ] + [
        (number, wp.STRATEGY, name)
        for number, _ in quoters
        for name in ("layer below the minimum", "layer over the cap", "layer off the price band", "no price")
    ]  # fmt: skip

    def read() -> tuple[int, ...]:
        out: list[int] = []
        for q, b in planners:
            out += (int(q.n_suppressed), int(q.n_dropped), int(b.n_blocked))
        for _, s in quoters:
            out += (int(s.n_below_min), int(s.n_over_cap), int(s.n_off_band), int(s.n_pulled))
        return tuple(out)

    def mode(i: int) -> tuple[str, str]:
        risk = engine.posts[i].risk
        if not risk.s.mode or not risk.s.why:
            return "", ""
        return name_of(risk.s.why), mode_words(risk, engine.posts[i].instrument.quote)

    def pull(i: int) -> tuple[int, str]:
        why = engine.posts[i].risk.s.pull_why
        name = name_of(why) if why else ""
        return (wp.DATA if name == "stale_data" else wp.LIMITS), name

    seats = {seat.number: tuple(post.number for post in seat.posts) for seat in engine.seats}
    return Noes(measures, Meters(tuple(keys), read), seats, mode, pull, now)


def why_page(
    engine: Engine, timelines: Timelines, noes: Noes, picture: Snapshot | None, gate: GateFlag
) -> wp.WhyPage:  # fmt: skip
    """From any thread. What only the picture knows (venues, pairs) is as old as that, half a second."""
    seen, steady = _steady(engine, timelines)
    columns = []
    for one, (seat, post) in zip(seen, _places(engine), strict=True):
        one = _beyond(one, seat, picture, gate)
        found = [*counts(noes, post.number, one.now), *_gate_counts(noes.measures, post.number)]
        columns.append(column(one, found, post.instrument))
    return wp.WhyPage(engine.now, tuple(columns), steady)


def _places(engine: Engine) -> list[tuple[Seat, Post]]:
    return [(seat, post) for seat in engine.seats for post in seat.posts]


def _steady(engine: Engine, timelines: Timelines) -> tuple[list[Seen], bool]:
    """Copies of one moment: no step began or was under way while they were made."""
    seen: list[Seen] = []
    for _ in range(TRIES):
        before, whole = engine.seq, timelines.seen
        seen = [see(engine, seat, post) for seat, post in _places(engine)]
        if whole == before == engine.seq:
            return seen, True
        threading.Event().wait(YIELD_S)  # lets the core's thread go on
    return seen, False


def _beyond(seen: Seen, seat: Seat, picture: Snapshot | None, gate: GateFlag) -> Seen:
    """With what stands outside the engine: the wire gate's flag, the venue's condition and allowance, the pair."""
    stop = gate.stop if gate.closed else None
    seen = replace(seen, gate_closed=gate.closed, gate_why=stop.reason if stop is not None else "")
    if picture is None:
        return seen
    venue = next((row for row in picture.venues if row.venue == seen.venue), None)
    if venue is not None:
        seen = replace(
            seen, condition=venue.condition, condition_text=venue.next_step or venue.text,
            condition_until=venue.until, wire_used=venue.orders_used, wire_most=venue.orders_limit,
        )  # fmt: skip
    pair = next((row for row in picture.pairs if row.name == seen.strategy), None)
    return seen if pair is None else replace(seen, pair=pair_seen(pair, seat))


def column(seen: Seen, found: Sequence[Count], x: Instrument) -> wp.WhyColumn:
    """One column: what every stage says, and the answer. Pure."""
    said = [look(seen, found) for look in LOOKS]
    first = next((stage for stage, one in enumerate(said) if one.verdict == wp.NO), None)
    stages = []
    for stage, one in enumerate(said):
        asked = first is None or stage <= first or stage not in ASKED_LAST
        if not asked and one.verdict == wp.PASSES:
            one = Said(wp.NOT_ASKED, "an earlier stage says no")
        stages.append(
            wp.WhyStage(wp.STAGES[stage], one.verdict, one.text, one.since, one.until, _counted(found, stage, x))
        )
    answer = answer_of(seen, said, first)
    return wp.WhyColumn(
        seen.strategy, seen.kind, seen.venue, seen.symbol, seen.orders, answer,
        wp.STAGES[first] if first is not None else "", tuple(stages),
    )  # fmt: skip


def answer_of(seen: Seen, said: Sequence[Said], first: int | None) -> str:
    """One plain sentence."""
    stand = "1 order stands" if seen.orders == 1 else f"{seen.orders} orders stand"
    if first is not None:
        if seen.kind == PAIR:
            subject = f"{seen.strategy} does not trade {seen.symbol}"
        else:
            subject = f"{seen.symbol} gets no new quotes" if seen.orders else f"{seen.symbol} is not quoted"
        return f"{subject}: {said[first].text}" + (f" ({stand})" if seen.orders else "")
    parts = [f"{wp.STAGES[k]}: {one.text}" for k, one in enumerate(said) if one.verdict == wp.PART]
    held = f"; a part is held up by the {'; '.join(parts)}" if parts else ""
    if seen.kind == PAIR:
        return f"{seen.strategy} trades {seen.symbol}: {seen.pair.cell if seen.pair is not None else '--'}{held}"
    if seen.orders:
        return f"{seen.symbol} is quoted: {stand}{held}"
    due = f", the next decision is due at {clock(seen.next_decision)}" if seen.next_decision else ""
    return f"{seen.symbol} is not quoted, and no stage says no: nothing has been sent yet{due}"


def _gate_counts(measures: Measures, i: int) -> list[Count]:
    """Seconds of the round in which each filter barred a pair's gate; nobody counts them by the hour."""
    pair = measures.paired.get(i)
    if pair is None:
        return []
    barred = list(pair.clock.round.counts.gate_barred.items())
    return [Count(wp.STRATEGY, f"{name} (seconds)", n, -1, None, "") for name, n in barred]


def _counted(found: Sequence[Count], stage: int, x: Instrument) -> tuple[wp.WhyCount, ...]:
    mine = sorted((one for one in found if one.stage == stage), key=lambda one: (-(one.ts or 0), -one.round, one.code))
    return tuple(
        wp.WhyCount(one.code, one.round, one.hour if one.hour >= 0 else None, one.ts, example(x, one)) for one in mine
    )


def example(x: Instrument, count: Count) -> str:
    """The newest of a reason, in words."""
    one = count.example
    if isinstance(one, Refusal):
        decided = figures(x, one)
        return request_words(x, one.request, purpose(one.request)) + (f": {decided}" if decided else "")
    if isinstance(one, RequestRefused):
        return f"{KINDS.get(one.kind, '?')} {one.cl_id:x}"
    if isinstance(one, Report):
        return f"order {one.cl_id:x}"
    return one
