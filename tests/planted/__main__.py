"""`python -m tests.planted [NAME...] [--workers 2] [--json] [--page]`: plant each bug alone; 0 = all were caught."""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import msgspec

from tests.planted.listed import BUGS
from tests.planted.page import page
from tests.planted.running import CAUGHT, Verdict, planted, sound


def main() -> int:
    """1 unless the tests pass without a bug and every bug is caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these; all of them without a name")
    parser.add_argument("--workers", type=int, default=2, help="bugs at once")
    parser.add_argument("--json", action="store_true", help="one JSON object at the end")
    parser.add_argument("--page", action="store_true", help="print docs/planted_bugs.md and end")
    asked = parser.parse_args()
    if asked.page:
        sys.stdout.write(page())
        return 0
    known = {bug.name: bug for bug in BUGS}
    strange = [name for name in asked.names if name not in known]
    if strange:
        parser.error(f"Expected names of planted bugs, was {', '.join(strange)}; the list: docs/planted_bugs.md")
    bugs = [known[name] for name in asked.names] if asked.names else list(BUGS)
    say = sys.stderr if asked.json else sys.stdout
    bad = sound(bugs)
    for line in bad:
        print(f"without any bug: {line}", file=say)
    verdicts: list[Verdict] = []
    if not bad:
        with ThreadPoolExecutor(max(1, asked.workers)) as pool:
            for verdict in pool.map(planted, bugs):
                verdicts.append(verdict)
                print(
                    f"{verdict.state:10}  {verdict.seconds:5.1f} s  {verdict.name}: {verdict.text}",
                    file=say,
                    flush=True,
                )
    caught = sum(verdict.state == CAUGHT for verdict in verdicts)
    seconds = sum(verdict.seconds for verdict in verdicts)
    print(f"{caught} of {len(bugs)} planted bugs caught, {seconds:.0f} s of tests", file=say)
    if asked.json:
        told = {"caught": caught, "of": len(bugs), "seconds": round(seconds, 1), "unsound": bad}
        print(json.dumps(told | {"bugs": [msgspec.to_builtins(verdict) for verdict in verdicts]}, indent=1))
    return 0 if caught == len(bugs) else 1


if __name__ == "__main__":
    sys.exit(main())
