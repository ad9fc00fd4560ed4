"""`python -m tests.rehearsal --minutes 10 --dialect D`: a long rehearsal; one JSON line, exit 1 on a difference."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.rehearsal.live import run, told
from tests.rehearsal.stage import HYPERLIQUID, LONG_LEG, STAGES, restless, several


def main() -> int:
    given = argparse.ArgumentParser(prog="rehearsal")
    given.add_argument("--dialect", choices=[*sorted(STAGES), "both", "pair"], default="binance_usdm")
    given.add_argument("--minutes", type=float, default=10.0)
    given.add_argument("--seed", type=int, default=1)
    given.add_argument("--calm", action="store_true", help="no faults")
    options = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        several_at = {"both": list(STAGES.values()), "pair": [LONG_LEG, HYPERLIQUID]}
        stages = several_at.get(options.dialect) or [STAGES[options.dialect]]
        profile = restless if options.dialect == "pair" else several
        faulty, state = not options.calm, Path(folder) / "state"
        out = asyncio.run(run(stages, options.minutes * 60, state, options.seed, faulty, profile))
    print(told(out))
    return 1 if out.differences else 0


sys.exit(main())
