"""Seeds in processes of their own, a few at a time; progress as it comes."""

from __future__ import annotations

import multiprocessing
import sys
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.chaos.results import Result, Summary, code_hash, read, result_of, summary_of, write

CHUNK = 20


def play(seeds: Sequence[int], every: int, code: str) -> list[Result]:
    """Some seeds, one after the other; those that `every` divides twice."""
    from tests.simulation.chaos_seed import day_of

    warnings.filterwarnings("ignore", message="coroutine .* was never awaited")
    out = []
    for seed in seeds:
        day, again = day_of(seed), ""
        if every and seed % every == 0:
            again = "same" if day_of(seed).sha256 == day.sha256 else "different"
        out.append(result_of(day, again, code))
    return out


def run(count: int, workers: int, every: int, out: Path, first: int = 0) -> Summary:
    """Seeds first .. first + count - 1; what `out` already has of this code is not played again."""
    path, code = out / "seeds.jsonl", code_hash()
    done = {seed: one for seed, one in read(path, code).items() if first <= seed < first + count}
    left = [seed for seed in range(first, first + count) if seed not in done]
    print(f"chaos: {len(left)} seeds to play, {len(done)} are there already ({path})", file=sys.stderr)
    chunks = [left[k : k + CHUNK] for k in range(0, len(left), CHUNK)]
    failures = sum(bool(one.wrong) for one in done.values())
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        asked = [pool.submit(play, chunk, every, code) for chunk in chunks]
        for answered in as_completed(asked):
            results = answered.result()
            write(path, results)
            done.update((one.seed, one) for one in results)
            failures += sum(bool(one.wrong) for one in results)
            print(f"chaos: {len(done)} of {count} seeds, failures {failures}", file=sys.stderr)
    return summary_of(done.values())
