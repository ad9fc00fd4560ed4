"""`make bench`: measure and print the table. `ARGS="--quick"` takes about four minutes, `--json` prints plain values.

`--only WORD` measures the parts whose name holds the word: engines, day, console, console_cost, console_keys,
console_ends, memory, sign, emergency, emergency_stop, emergency_cold, pair_day, naked. `--only console` is the four of
the console, `--only emergency` the three of a stop.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

from tests.bench import (
    comparing,
    console,
    console_cost,
    console_ends,
    console_keys,
    day,
    emergency,
    emergency_cold,
    emergency_stop,
    machine,
    memory,
    naked,
    pair_day,
    signing,
)
from tests.bench.children import CHECKOUT, environment
from tests.bench.table import Row, as_plain, as_text, not_built

PARTS = {
    "console": console.rows, "console_cost": console_cost.rows, "console_keys": console_keys.rows,
    "console_ends": console_ends.rows, "day": day.rows, "memory": memory.rows, "sign": signing.rows,
    "emergency": emergency.rows, "emergency_stop": emergency_stop.rows, "emergency_cold": emergency_cold.rows,
    "engines": comparing.rows, "pair_day": pair_day.rows, "naked": naked.rows,
}  # fmt: skip
SWEEP = "200-point sweep of a bar strategy, 2 x 525,600 bars, against vectorbt"
ORDER = (
    "engines", "day", "console", "console_cost", "console_keys", "console_ends", "memory", "sign", "emergency",
    "emergency_stop", "emergency_cold", "pair_day", "naked",
)  # fmt: skip


def say(text: str) -> None:
    """Progress, beside the table."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def compiled() -> None:
    """Every kernel of the program is in the cache before anything is timed."""
    subprocess.run(
        [sys.executable, "-m", "core.build.warm"],
        cwd=CHECKOUT,
        env=environment(),
        check=True,
        stdout=subprocess.DEVNULL,
    )


def later() -> dict[str, list[Row]]:
    """Rows of what does not exist yet, by the part after which they stand."""
    return {
        "engines": [not_built(SWEEP, ">= 20x CPU, <= 10 % memory")],
        "day": [
            not_built("tick to order request at the port, real sockets, embedded console repainting", "p99 < 5 ms"),
            not_built("tick to order request at the port, real sockets, headless core", "p99 < 1 ms"),
        ],
    }  # fmt: skip


def commit() -> str:
    """The commit that is measured, with a plus where files differ from it."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=CHECKOUT, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    return (git("rev-parse", "--short", "HEAD") or "none") + ("+" if git("status", "--porcelain", "-uno") else "")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about four minutes: fewer and shorter runs")
    parser.add_argument("--json", action="store_true", help="plain values instead of the table")
    parser.add_argument("--only", default="", help="part of the name of a part: engines, console, console_keys ...")
    options = parser.parse_args()
    parts = [name for name in PARTS if options.only in name]
    if not parts:
        parser.error(f"Expected one of {', '.join(PARTS)}, was {options.only!r}")
    begun = time.perf_counter()
    say("compiling what is not compiled yet")
    compiled()
    noise = [machine.noise()]
    load = machine.load()
    found: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory(prefix="perp-bench-", ignore_cleanup_errors=True) as name:
        for part in parts:
            say(part)
            found[part] = PARTS[part](pathlib.Path(name), options.quick, say)
            noise.append(machine.noise())
    after = later()
    rows = [row for part in ORDER if part in found for row in [*found[part], *after.get(part, [])]]
    quiet = f"{max(noise):.0%} spread of a fixed piece of work at worst, {min(noise):.0%} at best; load before {load}"
    told = {
        "machine": machine.describe(),
        "commit": commit(),
        "command": "make bench" + (f' ARGS="{" ".join(sys.argv[1:])}"' if sys.argv[1:] else ""),
        "noise": quiet,
        "took": f"{time.perf_counter() - begun:.0f} s",
    }
    if options.json:
        print(json.dumps({**told, "rows": as_plain(rows)}))
    else:
        print(as_text(rows, [f"{key}: {value}" for key, value in told.items()]))


if __name__ == "__main__":
    main()
