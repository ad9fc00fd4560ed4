"""What `/health` answers: 200 while the process serves, 500 while a stream cannot be re-established (S0-08, K-34).

HALTED is 200: a supervisor must not restart a desk that was stopped on purpose.
"""

from __future__ import annotations

import msgspec

from core.domain.units import NS_PER_S
from core.kpi.books import Desk
from core.kpi.measures import Measures

GRACE_NS = 10 * NS_PER_S  # a stream down for less is being re-established
STALL_NS = 10 * NS_PER_S  # the core's thread gave no sign for so long


class StreamHealth(msgspec.Struct, frozen=True):
    symbol: str
    up: bool
    down_s: float
    why: str = ""


class HealthState(msgspec.Struct, frozen=True):
    """Made by the core's thread once a second. `beat` is the wall clock of that moment."""

    beat: int = 0
    run: str = "STARTING"
    mode: str = "PAPER"
    streams: tuple[StreamHealth, ...] = ()


def observe(desk: Desk, measures: Measures, now: int, run: str, mode: str, beat: int) -> HealthState:
    """`now` core time, `beat` wall time (they differ in paper on a recording)."""
    streams = []
    for place, stream in measures.streams.items():
        i = next(k for k in range(desk.count) if desk.place(k) == place)
        down = stream.down_ns(now)
        streams.append(StreamHealth(desk.instrument(i).symbol, down == 0, down / NS_PER_S, stream.why))
    return HealthState(beat=beat, run=run, mode=mode, streams=tuple(streams))


def answer(state: HealthState, now: int) -> tuple[int, bytes]:
    """(HTTP status, JSON body). `now` is wall time."""
    dead = [s for s in state.streams if not s.up and s.down_s * NS_PER_S >= GRACE_NS]
    stalled = state.beat > 0 and now - state.beat > STALL_NS
    status = 500 if dead or stalled else 200
    body = {
        "status": "ok" if status == 200 else "stalled" if stalled else "stream down",
        "run": state.run,
        "mode": state.mode,
        "streams": [msgspec.to_builtins(s) for s in state.streams],
    }
    return status, msgspec.json.encode(body)
