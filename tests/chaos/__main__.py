"""`python -m tests.chaos`: the long fault runs, by parts that can be cut off and go on. Exit code 1 on any failure."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from pathlib import Path

from tests.chaos import parts, seeds
from tests.chaos.results import text_of

PARTS = ("seeds", "kills", "starts", "bugs")


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser("python -m tests.chaos", description=__doc__)
    parser.add_argument("--part", choices=(*PARTS, "all"), default="all")
    parser.add_argument("--seeds", type=int, default=10_000, help="how many, from --first on")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=int, default=10, help="each so-many-th seed twice; 1 = all of them, 0 = none")
    parser.add_argument("--out", type=Path, help="folder of the results; a run goes on with what it finds there")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """0 where everything held."""
    asked = arguments(words)
    out = asked.out or Path(tempfile.gettempdir()) / "perpconsole-chaos"
    out.mkdir(parents=True, exist_ok=True)
    wanted = PARTS if asked.part == "all" else (asked.part,)
    good, told = True, {}
    if "seeds" in wanted:
        summary = seeds.run(asked.seeds, asked.workers, asked.every, out, asked.first)
        good, told["seeds"] = summary.ok, dataclasses.asdict(summary)
        if not asked.json:
            print(text_of(summary))
    for name in ("kills", "starts", "bugs"):
        if name not in wanted:
            continue
        ok = getattr(parts, name)()
        verdict = "missing: not built yet" if ok is None else "passed" if ok else "FAILED"
        told[name] = verdict
        good = good and ok is not False and not (ok is None and asked.part == name)
        if not asked.json:
            print(f"{name}: {verdict}")
    if asked.json:
        print(json.dumps(told))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
