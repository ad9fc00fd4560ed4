"""The console as an operator meets it: time to the first live frame, `--help`.

Everything is the real program on a pseudo-terminal with its embedded core; times are taken from outside.
"""

from __future__ import annotations

import pathlib
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable

from tests.bench.arrangements import LIVE, fresh_state
from tests.bench.children import CHECKOUT, environment
from tests.bench.table import Row, judged, not_run, spread
from tests.bench.terminal import PROGRAM, Terminal

SIGNS = {  # what a frame shows, in the order in which it comes
    "core's picture": r"core ● ",
    "market events": r"ok\s+[1-9]\d*/s",
    "mid price": LIVE,
}
WARM_S, COLD_S, HELP_S = 2.0, 5.0, 0.3
START, HELP = "console start to first live frame", "perpconsole --help"
Say = Callable[[str], None]


def rows(folder: pathlib.Path, quick: bool, say: Say) -> list[Row]:
    """Start and help."""
    return [*_starts(3 if quick else 7, 1 if quick else 3, say), _help(5 if quick else 15)]


def _starts(warm: int, cold: int, say: Say) -> list[Row]:
    return [
        _start(f"{START}, warm", WARM_S, warm, False, say),
        _start(f"{START}, nothing compiled yet", COLD_S, cold, True, say),
    ]


def _start(title: str, limit: float, n: int, cold: bool, say: Say) -> Row:
    times: dict[str, list[float]] = {name: [] for name in SIGNS}
    for _ in range(n):
        with fresh_state() as state, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
            env = {"PERP_CACHE": cache} if cold else {}
            with Terminal(state, **env) as screen:
                seen = screen.first_of(SIGNS, 60.0)
                if len(seen) < len(SIGNS):
                    return not_run(title, f"< {limit:g} s", f"in 60 s only {seen}: {screen.text[-200:].strip()!r}")
                for name, value in seen.items():
                    times[name].append(value)
    live = times["mid price"]
    parts = ", ".join(f"{name} {spread(values, 2, ' s')}" for name, values in times.items())
    say(f"{title}: {parts}")
    return judged(
        title,
        f"< {limit:g} s",
        f"mid price {spread(live, 2, ' s')}",
        statistics.median(live) < limit,
        f"first frame that shows {parts}",
    )


def _help(n: int) -> Row:
    times = []
    for _ in range(n + 1):
        begun = time.perf_counter()
        subprocess.run([PROGRAM, "--help"], cwd=CHECKOUT, env=environment(), capture_output=True, check=True)
        times.append(time.perf_counter() - begun)
    times = times[1:]  # the first one reads the disk
    return judged(HELP, f"< {HELP_S:g} s", spread(times, 2, " s"), statistics.median(times) < HELP_S)
