"""`python -m tests.rehearsal --minutes 10 --dialect D`: a long rehearsal; one JSON line, exit 1 on a difference."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.rehearsal.live import STAGES, run, told


def main() -> int:
    given = argparse.ArgumentParser(prog="rehearsal")
    given.add_argument("--dialect", choices=sorted(STAGES), default="binance_usdm")
    given.add_argument("--minutes", type=float, default=10.0)
    given.add_argument("--seed", type=int, default=1)
    given.add_argument("--calm", action="store_true", help="no faults")
    options = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stage = STAGES[options.dialect]
        out = asyncio.run(run(stage, options.minutes * 60, Path(folder) / "state", options.seed, not options.calm))
    print(told(out))
    return 1 if out.differences else 0


sys.exit(main())
