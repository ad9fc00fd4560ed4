"""Ends that must not be the end: a killed window with the core inside it, and SIGTERM to a core that has orders out.

The venue of the last row is a process of its own: what is open there is its word, not the core's.
"""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable

from core.control.answers import VERIFIED
from core.domain.commands import Resume
from core.domain.errors import PerpError
from tests.bench.arrangements import EMBEDDED, HEADLESS, LIVE, Running, core, fresh_state, running
from tests.bench.table import Row, judged, not_run, spread
from tests.bench.terminal import Terminal
from tests.process.live_venue import served

ATTACH_S = ZERO_S = 2.0
LOOK_S = 0.005
DIALECTS = ("binance_usdm", "hyperliquid")
Say = Callable[[str], None]


def rows(folder: pathlib.Path, quick: bool, say: Say) -> list[Row]:
    """Window, simulated venue, loopback venues."""
    return [
        _window(2 if quick else 4, say),
        _sigterm_paper(2 if quick else 3, say),
        *(_sigterm_live(dialect, 1 if quick else 2, say) for dialect in DIALECTS),
    ]


def _window(times: int, say: Say) -> Row:
    path, wanted = "killed window: attach shows the state of the core that went on", f"< {ATTACH_S:g} s"
    shown: list[float] = []
    noticed: list[float] = []
    try:
        for _ in range(times):
            with running(EMBEDDED) as inside:
                assert inside.screen is not None
                closed = time.perf_counter()
                inside.screen.hang_up()
                inside.screen = None
                inside.until(lambda body: not body["attended"])
                noticed.append(time.perf_counter() - closed)
                with Terminal(inside.state, "attach") as again:
                    seen = again.until(LIVE, 30.0)
                    body = inside.status()
                if seen is None or body["pid"] != inside.core_pid or body["run"] != "RUNNING":
                    return not_run(
                        path, wanted, f"seen {seen}, {body['run']}, pid {body['pid']}: {again.text[-200:]!r}"
                    )
                shown.append(seen)
                inside.until(lambda body: not body["attended"])
                _stop(inside)
    except (PerpError, TimeoutError, OSError) as error:
        return not_run(path, wanted, f"{type(error).__name__}: {error}")
    say(f"attach after a killed window: {spread(shown, 2, ' s')}")
    return judged(
        path, wanted, f"{spread(shown, 2, ' s')}, core alive and quoting {len(shown)} of {times}",
        max(shown) < ATTACH_S,
        "from the start of `perpconsole attach` to its first frame with the mid price; the terminal of a console with "
        f"its core inside was closed (SIGHUP) before; the core said UNATTENDED {spread(noticed, 2, ' s')} after that",
    )  # fmt: skip


def _stop(inside: Running) -> None:
    """The core that outlived its window, by its own pid."""
    os.kill(inside.core_pid, signal.SIGTERM)


def _sigterm_paper(times: int, say: Say) -> Row:
    path, wanted = "SIGTERM: no order open, simulated venue", f"< {ZERO_S:g} s"
    ended: list[float] = []
    try:
        for _ in range(times):
            with running(HEADLESS) as alone:
                begun = time.perf_counter()
                _stop(alone)
                while _answers(alone) and time.perf_counter() - begun < 30:
                    time.sleep(LOOK_S)
                ended.append(time.perf_counter() - begun)
    except (PerpError, TimeoutError, OSError) as error:
        return not_run(path, wanted, f"{type(error).__name__}: {error}")
    return judged(path, wanted, spread(ended, 2, " s"), max(ended) < ZERO_S,
                  "to the end of its socket, which comes after the venue's word that nothing of ours is open, and "
                  "after the report of the round")  # fmt: skip


def _answers(alone: Running) -> bool:
    try:
        alone.status()
    except (PerpError, OSError):
        return False
    return True


def _sigterm_live(dialect: str, times: int, say: Say) -> Row:
    path, wanted = f"SIGTERM: no order open, live on a loopback venue, {dialect}", f"< {ZERO_S:g} s"
    zero: list[float] = []
    said: list[float] = []
    ended: list[float] = []
    try:
        for _ in range(times):
            with (
                tempfile.TemporaryDirectory(prefix="pb-", ignore_cleanup_errors=True) as name,
                served(pathlib.Path(name), dialect) as venue, fresh_state() as state,
                core(state, "--mode", "live", "--config", str(venue.config), **venue.keys) as child,
            ):  # fmt: skip
                live = Running(state, None, child.pid, 0)
                live.until(lambda body: body["run"] == "PAUSED", 60.0)
                live.do(Resume(id="bench", word="y"))
                end = time.perf_counter() + 60.0
                while len(venue.open()) < 2:
                    if time.perf_counter() > end:
                        raise TimeoutError("no order came to the venue in 60 s")
                    time.sleep(0.1)
                begun = time.perf_counter()
                child.terminate()
                while venue.open():
                    if time.perf_counter() - begun > 30:
                        raise TimeoutError("orders stood 30 s after SIGTERM")
                    time.sleep(LOOK_S)
                zero.append(time.perf_counter() - begun)
                live.until(  # one that ended with 0 has said so too
                    lambda body: child.poll() is not None or (body["verified"] in VERIFIED and not body["open_orders"])
                )
                said.append(time.perf_counter() - begun)
                if child.wait(30) != 0 or venue.open():
                    return not_run(path, wanted, f"exit {child.returncode}, {len(venue.open())} orders open after it")
                ended.append(time.perf_counter() - begun)
    except (PerpError, TimeoutError, OSError, AssertionError, subprocess.TimeoutExpired) as error:
        return not_run(path, wanted, f"{type(error).__name__}: {error}")
    say(f"SIGTERM {dialect}: {spread(zero, 2, ' s')}, verified {spread(said, 2, ' s')}, end {spread(ended, 2, ' s')}")
    return judged(
        path, wanted, f"the venue's word {spread(zero, 2, ' s')}, the core's {spread(said, 2, ' s')}",
        max(said) < ZERO_S,
        "from the signal to the first look at the venue's own books that shows no open order, and to the core's "
        "picture that says so after it has read them (`clean`, drawn twice a second); its second look, report and end "
        f"{spread(ended, 2, ' s')}",
    )  # fmt: skip
