"""Resident memory of a headless core after hours of market time at full speed, and its slope over the last quarter."""

from __future__ import annotations

import pathlib
import subprocess
import tempfile
import time
from collections.abc import Callable

import numpy as np

from core.control.client import ControlClient
from core.control.protocol import Status
from core.domain.errors import PerpError
from tests.bench.children import CHECKOUT, environment
from tests.bench.table import Row, judged, not_run
from tests.bench.terminal import PROGRAM

TITLE = "memory with one strategy after {hours:g} h"
WANTED = "< 300 MB, slope < 1 MB/h"
MOST_MB, SLOPE = 300.0, 1.0
LIMIT_S = 240.0
HOUR_NS = 3_600_000_000_000


def rows(folder: pathlib.Path, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """One row. The quick form runs one hour and says so."""
    hours = 1.0 if quick else 4.0
    title = TITLE.format(hours=hours)
    with tempfile.TemporaryDirectory(prefix="pb-", ignore_cleanup_errors=True) as name:
        state = pathlib.Path(name) / "s"
        words = ["run", "--headless", "--market", "synthetic", "--speed", "max", "--rounds", "1"]
        child = subprocess.Popen(
            [PROGRAM, "--state-dir", state, "--metrics-port", "0", *words, "--round-hours", str(hours + 0.05)],
            cwd=CHECKOUT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            samples = _watch(child, state, hours)
        finally:
            if child.poll() is None:
                child.terminate()
            _, complaint = child.communicate()
    if len(samples) < 8 or samples[-1][0] < 0.95 * hours:
        reached = samples[-1][0] if samples else 0.0
        return [not_run(title, WANTED, f"{reached:.1f} h in {LIMIT_S:.0f} s; {complaint.strip()[-200:]}")]
    late = [(t, mb) for t, mb in samples if t >= 0.75 * hours]
    slope = float(np.polyfit(*zip(*late), 1)[0]) if len(late) > 2 else float("nan")
    last = max(mb for _, mb in late)
    by_hour = ", ".join(f"{t:.1f} h {mb:.0f} MB" for t, mb in samples[:: max(1, len(samples) // 6)])
    say(f"memory: {last:.0f} MB, slope {slope:+.1f} MB/h")
    return [
        judged(title, WANTED, f"{last:.0f} MB, slope {slope:+.2f} MB/h", last < MOST_MB and slope < SLOPE,
               f"headless, synthetic market, --speed max; slope over the last quarter ({len(late)} samples); {by_hour}")
    ]  # fmt: skip


def _watch(child: subprocess.Popen[str], state: pathlib.Path, hours: float) -> list[tuple[float, float]]:
    """(market hours, MB) until the wanted market time is over."""
    samples: list[tuple[float, float]] = []
    begun, first = time.perf_counter(), 0
    while child.poll() is None and time.perf_counter() - begun < LIMIT_S:
        time.sleep(0.2)
        try:
            with ControlClient(state, "viewer") as client:
                ts = client.ask(Status()).body.get("ts") or 0
            resident = _rss_mb(child.pid)
        except (PerpError, OSError, ValueError):
            continue
        if not ts:
            continue
        first = first or ts
        samples.append(((ts - first) / HOUR_NS, resident))
        if samples[-1][0] >= hours:
            break
    return samples


def _rss_mb(pid: int) -> float:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ValueError("no VmRSS")
