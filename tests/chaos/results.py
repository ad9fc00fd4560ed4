"""The file of results: one line a seed, written as it comes, so that a run that was cut off goes on where it was.

A line counts only for the code that it was played with.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulation.chaos_day import Day

ROOT = Path(__file__).parents[2]
CODE = ("core", "configs", "tests/simulation")


@dataclass
class Result:
    """What is kept of a seed. `again`: "" = played once, else same | different."""

    seed: int
    kind: str
    wrong: list[str]
    fired: dict[str, int]
    reconciled_s: float
    fills: int
    creates: int
    doubled: int
    lost: int
    sha256: str
    again: str = ""
    code: str = ""


def result_of(day: Day, again: str, code: str) -> Result:
    """Of a day."""
    return Result(
        day.seed, day.kind, day.wrong, day.fired, day.reconciled_s, day.fills, day.creates, day.doubled, day.lost,
        day.sha256, again, code,
    )  # fmt: skip


def code_hash() -> str:
    """Of everything that decides what a seed comes to."""
    digest = hashlib.sha256()
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".yml", ".yaml", ".json"):
                digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def write(path: Path, results: Iterable[Result]) -> None:
    """Append."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(dataclasses.asdict(one)) + "\n" for one in results)


def read(path: Path, code: str) -> dict[int, Result]:
    """By seed, those of this code; a line that was cut off is no result."""
    found: dict[int, Result] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            one = Result(**json.loads(line))
        except (ValueError, TypeError):
            continue
        if one.code == code:
            found[one.seed] = one
    return found


@dataclass
class Summary:
    """All seeds together."""

    seeds: int = 0
    pairs: int = 0
    duplicated: int = 0
    lost: int = 0
    worst_reconcile_s: float = 0.0
    fills: int = 0
    creates: int = 0
    repeated: int = 0
    repeats_differ: int = 0
    fired: dict[str, int] = field(default_factory=dict)
    failures: dict[int, list[str]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not (self.failures or self.duplicated or self.lost or self.repeats_differ)


def summary_of(results: Iterable[Result]) -> Summary:
    """The figures that are published."""
    out, fired = Summary(), Counter[str]()
    for one in sorted(results, key=lambda result: result.seed):
        out.seeds += 1
        out.pairs += one.kind == "pair"
        out.duplicated += one.doubled
        out.lost += one.lost
        out.worst_reconcile_s = max(out.worst_reconcile_s, one.reconciled_s)
        out.fills += one.fills
        out.creates += one.creates
        out.repeated += bool(one.again)
        out.repeats_differ += one.again == "different"
        fired.update(one.fired)
        if one.wrong:
            out.failures[one.seed] = one.wrong[:3]
    out.fired = dict(fired.most_common())
    return out


def text_of(summary: Summary) -> str:
    """For people."""
    s = summary
    lines = [
        f"seeds {s.seeds} ({s.pairs} of pairs), creates {s.creates}, fills {s.fills}",
        f"duplicated {s.duplicated}, lost {s.lost}",
        f"reconciled after the faults: {s.worst_reconcile_s:.2f} s at worst",
        f"repeated {s.repeated}, of these different {s.repeats_differ}",
        "faults: " + ", ".join(f"{name} {count}" for name, count in s.fired.items()),
        f"failures {len(s.failures)}",
    ]
    lines += [f"  seed {seed}: {'; '.join(wrong)}\n    make replay SEED={seed}" for seed, wrong in s.failures.items()]
    return "\n".join(lines)
