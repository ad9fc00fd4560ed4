"""What a console costs its core, attached or inside: tick to order, loop lag, processor, bytes. Beside a core alone.

The latencies are the core's own histograms of one window: its round is ended before it, so that they start anew.
"""

from __future__ import annotations

import pathlib
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.domain.snapshot import LatencyRow
from tests.bench.arrangements import ATTACHED, EMBEDDED, HEADLESS, Running, cpu_s, leg, running
from tests.bench.table import Row, judged, not_run, spread

TICK, LOOP = "tick->order", "loop lag"
KINDS = (HEADLESS, ATTACHED, EMBEDDED)
LIMIT_MS = {(TICK, EMBEDDED): 5.0, (LOOP, EMBEDDED): 5.0, (TICK, ATTACHED): 1.0, (LOOP, ATTACHED): 5.0}
CPU_SHARE, KILOBYTES = 0.20, 100.0
SETTLE_S = 3.0
HOW = (
    "a core on the synthetic market at speed 1, its console on a pseudo-terminal of 120x40 at 2 Hz, Overview; windows "
    "of each kind in turn, the core's own histograms of them alone (the round was ended before each window), judged on "
    "the worst window"
)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Window:
    """Of one arrangement. cpu: shares of one processor, of core and console; their sum where they are one process."""

    tick: LatencyRow
    loop: LatencyRow
    core_cpu: float
    console_cpu: float
    kilobytes: float  # a second, to the terminal


def rows(folder: pathlib.Path, quick: bool, say: Say) -> list[Row]:
    """Windows in turn, so that what else runs here falls on all of them."""
    found: dict[str, list[Window]] = {kind: [] for kind in KINDS}
    seconds = 20.0 if quick else 30.0
    for _ in range(1 if quick else 2):
        for kind in KINDS:
            try:
                with running(kind) as core:
                    found[kind].append(_window(core, seconds))
            except TimeoutError as error:
                say(f"{kind}: {error}")
                continue
            got = found[kind][-1]
            cpu = f"cpu {got.core_cpu:.1%} {got.console_cpu:.1%}"
            say(f"{kind}: tick p99 {_ms(got.tick)}, lag p99 {_ms(got.loop)}, {cpu}")
    return [
        *(_latency(leg_name, kind, found, limit) for (leg_name, kind), limit in LIMIT_MS.items()),
        *_cpu(found, seconds),
        *(_bytes(kind, found[kind]) for kind in (EMBEDDED, ATTACHED)),
    ]


def _window(core: Running, seconds: float) -> Window:
    core.rest(SETTLE_S)
    number = core.new_window()
    begun, drawn = time.perf_counter(), core.screen.drawn if core.screen else 0
    pids = (core.core_pid, core.console_pid or core.core_pid)
    before = [cpu_s(pid) for pid in pids]
    core.rest(seconds)
    wall = time.perf_counter() - begun
    shares = [(cpu_s(pid) - was) / wall for pid, was in zip(pids, before)]
    bytes_drawn = (core.screen.drawn if core.screen else 0) - drawn
    picture = core.picture()
    if picture.round.number != number:
        raise TimeoutError(f"Expected one round in the window, {number}, was {picture.round.number}")
    return Window(leg(picture, TICK), leg(picture, LOOP), shares[0], shares[1], bytes_drawn / wall / 1e3)


def _ms(row: LatencyRow) -> str:
    return "--" if row.p99_ns is None else f"{row.p99_ns / 1e6:.2f} ms"


def _p99s(windows: Sequence[Window], name: str) -> list[float]:
    rows_of = [window.tick if name == TICK else window.loop for window in windows]
    return [row.p99_ns / 1e6 for row in rows_of if row.p99_ns is not None]


def _latency(name: str, kind: str, found: dict[str, list[Window]], limit: float) -> Row:
    what = "tick to order" if name == TICK else "loop lag of the core"
    path = f"{what}, console {'inside and repainting' if kind == EMBEDDED else 'attached'}"
    wanted = f"p99 < {limit:g} ms" if (name, kind) != (LOOP, ATTACHED) else "beside a core alone"
    ours, alone = _p99s(found[kind], name), _p99s(found[HEADLESS], name)
    if not ours or not alone:
        return not_run(path, wanted, "fewer than 100 values in a window, or no quoting core")
    each = [window.tick if name == TICK else window.loop for window in found[kind]]
    worst = max(row.max_ns or 0 for row in each) / 1e6
    control = f"a core alone in the same run {spread(alone, 3, ' ms')}"
    ratio = statistics.median(ours) / statistics.median(alone) if statistics.median(alone) else 0.0
    measured = f"p99 {spread(ours, 3, ' ms')}, max {worst:.2f} ms; {ratio:.1f}x of {control}"
    note = f"{HOW}; {sum(row.n for row in each):,} values"
    if name == TICK:
        note += "; from the wake of the engine to its requests, waits for the interpreter within it, none before it"
    else:
        note += "; how much later than asked the core came back from its rests of 10 ms"
    return judged(path, wanted, measured, max(ours) < limit, note)


def _cpu(found: dict[str, list[Window]], seconds: float) -> list[Row]:
    wanted, out = f"< {CPU_SHARE:.0%} of a core", []
    over = f"over {len(found[ATTACHED])} x {seconds:.0f} s"
    if found[ATTACHED]:
        shares = [window.console_cpu * 100 for window in found[ATTACHED]]
        cores = [window.core_cpu * 100 for window in found[ATTACHED]]
        out.append(judged("CPU of an attached console", wanted, spread(shares, 1, " %"), max(shares) < CPU_SHARE * 100,
                          f"its process, {over}; the core beside it {spread(cores, 1, ' %')}"))  # fmt: skip
    if found[EMBEDDED] and found[HEADLESS]:
        pairs = list(zip(found[EMBEDDED], found[HEADLESS]))
        shares = [(inside.core_cpu - alone.core_cpu) * 100 for inside, alone in pairs]
        alone_cpu = spread([alone.core_cpu * 100 for _, alone in pairs], 1, " %")
        out.append(judged("CPU of the console inside", wanted, spread(shares, 1, " %"), max(shares) < CPU_SHARE * 100,
                          f"process with both less the core alone ({alone_cpu}), {over}"))  # fmt: skip
    return out


def _bytes(kind: str, windows: Sequence[Window]) -> Row:
    path, wanted = f"bytes to the terminal, console {'inside' if kind == EMBEDDED else kind}", f"< {KILOBYTES:.0f} kB/s"
    if not windows:
        return not_run(path, wanted, "no window")
    rates = [window.kilobytes for window in windows]
    return judged(path, wanted, spread(rates, 1, " kB/s"), max(rates) < KILOBYTES)
