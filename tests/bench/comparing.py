"""Our reference driver beside hftbacktest and nautilus_trader: alternating runs of one quoter on one tape.

What is compared is events per CPU second; the shares of orders and fills are printed, so that unequal work shows.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.bench import tape
from tests.bench.children import ENGINES, Failed, bench_python, ours, result_of
from tests.bench.quoting import AWAY, LATENCY_NS, MAX_POSITION, QTY, SLACK
from tests.bench.table import Row, judged, not_built, not_run, spread


@dataclass(frozen=True)
class Size:
    """Events a run of each engine (a slow one gets fewer) and number of alternating rounds."""

    ours: int
    hft: int
    nautilus: int
    rounds: int


FULL = {"heavy": Size(400_000, 2_000_000, 60_000, 3), "light": Size(2_000_000, 2_000_000, 200_000, 5)}
QUICK = {"heavy": Size(100_000, 500_000, 5_000, 3), "light": Size(300_000, 500_000, 50_000, 3)}
WANTED = {("heavy", "nautilus"): 40.0, ("light", "nautilus"): 20.0, ("light", "hft"): 0.8}
NAMES = {"nautilus": "nautilus_trader, Python strategy", "hft": "hftbacktest, compiled strategy"}
Run = Callable[[], dict[str, Any]]


def rows(folder: pathlib.Path, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """The rows of the two engines."""
    sizes = QUICK if quick else FULL
    path = folder / "tape.npy"
    n = max(max(size.ours, size.hft, size.nautilus) for size in sizes.values())
    say(f"making a market of {n:,} events")
    tape.make(path, n)
    out = [
        not_built("compiled sweep driver, quoter, heavy against hftbacktest", ">= 1.5x"),
        not_built("compiled sweep driver, quoter, light against hftbacktest", ">= 2x"),
    ]
    for form, size in sizes.items():
        runs = {"ours": _ours(path, form, size.ours)}
        for name, events in (("nautilus", size.nautilus), ("hft", size.hft)):
            python = bench_python(name)
            if python is not None:
                runs[name] = _other(python, name, path, form, events)
        seen, failed = _alternating(runs, size.rounds, lambda text, form=form: say(f"{form}: {text}"))
        for other in ("nautilus", "hft"):
            wanted = WANTED.get((form, other))
            if wanted is None:
                continue
            title = f"reference driver, Python strategy, {form}, against {NAMES[other]}"
            if other not in seen or not seen[other] or not seen.get("ours"):
                why = failed.get(other) or failed.get("ours") or "make bench-setup installs it"
                out.append(not_run(title, f">= {wanted:g}x", why))
            else:
                out.append(_row(title, wanted, seen["ours"], seen[other]))
    return out


def _ours(path: pathlib.Path, form: str, events: int) -> Run:
    words = (str(path), str(SLACK[form]), str(events), str(AWAY[form]))
    return lambda: ours("tests.bench.engines.ours", *words)


def _other(python: pathlib.Path, name: str, path: pathlib.Path, form: str, events: int) -> Run:
    script = ENGINES / ("hftbacktest_quoter.py" if name == "hft" else "nautilus_quoter.py")
    words = [str(value) for value in (SLACK[form], events, AWAY[form], QTY, MAX_POSITION, LATENCY_NS)]
    return lambda: result_of(python, [str(script), str(path), *words])


def _alternating(
    runs: dict[str, Run], rounds: int, say: Callable[[str], None]
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, str]]:
    """Every engine once a round, so that a busy minute of the machine meets all of them."""
    seen: dict[str, list[dict[str, Any]]] = {name: [] for name in runs}
    failed: dict[str, str] = {}
    for number in range(rounds):
        for name, run in runs.items():
            if name in failed:
                continue
            try:
                found = run()
            except Failed as error:
                failed[name] = str(error)
                seen[name] = []
                say(f"{name} failed: {error}")
                continue
            seen[name].append(found)
            say(f"{number + 1}/{rounds} {name} {found['events'] / found['cpu_s']:,.0f} events a CPU second")
    return seen, failed


def _row(title: str, wanted: float, mine: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> Row:
    pairs = [_rate(a) / _rate(b) for a, b in zip(mine, theirs)]
    ratio = sorted(pairs)[len(pairs) // 2]
    return judged(
        title, f">= {wanted:g}x", spread(pairs, 2, "x"), ratio >= wanted, f"ours {_work(mine)}; theirs {_work(theirs)}"
    )


def _rate(run: dict[str, Any]) -> float:
    return float(run["events"] / run["cpu_s"])


def _work(runs: list[dict[str, Any]]) -> str:
    """Speed and, for comparison of the work, orders and fills an event."""
    one = runs[0]
    speed = sorted(_rate(run) for run in runs)[len(runs) // 2]
    return (
        f"{speed:,.0f} events a CPU second over {one['events']:,} events, {one['orders'] / one['events']:.4f} orders "
        f"and {one['fills'] / one['events']:.4f} fills an event"
    )
