"""The machine and how quiet it is: a fixed piece of work, timed again and again, shows what else runs here."""

from __future__ import annotations

import os
import pathlib
import platform
import statistics
import time

SPINS, LOOPS = 9, 400_000


def spin() -> float:
    """Wall seconds of a fixed piece of Python."""
    begun = time.perf_counter()
    total = 0
    for i in range(LOOPS):
        total += i & 7
    return time.perf_counter() - begun


def noise() -> float:
    """Spread of `spin` over its median, (max - min) / median: 0 on a machine that does nothing else."""
    times = [spin() for _ in range(SPINS)]
    return (max(times) - min(times)) / statistics.median(times)


def describe() -> str:
    """Processor, cores, memory, system, Python."""
    cpu = ram = ""
    info = pathlib.Path("/proc/cpuinfo")
    if info.is_file():
        cpu = next((line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line), "")
    if hasattr(os, "sysconf"):
        ram = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"
    return (
        f"{cpu or platform.processor()}, {os.cpu_count()} cores, {ram}, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


def load() -> str:
    """The load averages now."""
    return " ".join(f"{value:.2f}" for value in os.getloadavg())
