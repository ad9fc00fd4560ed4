"""One recorded day through the market maker as `perpconsole backtest` runs it: six rounds and reports, wakes timed.

`python -m tests.bench.day STATE BOOK TRADES` prints one JSON line (opening the converted recording included, converting
it not); `rows()` makes the table's rows of several such runs.
"""

from __future__ import annotations

import json
import os
import pathlib
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench.children import CHECKOUT, Failed, ours
from tests.bench.table import Row, judged, not_built, not_run, quantile, spread

FILES = ("l2/standx_btcusd_perp_book10_20260106.parquet", "l2/standx_btcusd_perp_trades_20260106.parquet")
DAY = "one recorded day, 24-layer market maker, six 4-hour rounds with reports"
QUOTE = "Engine.process on a quote wake, 24-layer market maker, warm and compiled, journal and gate included"
DAY_S, P50_US, P99_US = 20.0, 60.0, 200.0


def recordings() -> list[pathlib.Path] | None:
    """The two files, below PERP_DATA or shared/data beside the checkout."""
    folder = pathlib.Path(os.environ.get("PERP_DATA") or CHECKOUT.parent / "shared" / "data")
    found = [folder / name for name in FILES]
    return found if all(path.is_file() for path in found) else None


def rows(folder: pathlib.Path, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """The rows of the recorded day and of a quote wake."""
    files = recordings()
    if files is None:
        why = f"no {FILES[0]} below PERP_DATA"
        return [
            not_run(DAY + ", reference", f"< {DAY_S:.0f} s", why),
            _compiled(),
            not_run(QUOTE, "p50 < 60 us, p99 < 200 us", why),
        ]
    runs: list[dict[str, Any]] = []
    try:
        for n in range(1 if quick else 3):
            runs.append(ours("tests.bench.day", str(folder / "day"), *map(str, files)))
            say(f"recorded day {n + 1}: {runs[-1]['cpu_s']:.1f} CPU s, {runs[-1]['wall_s']:.1f} s")
    except Failed as error:
        return [
            not_run(DAY + ", reference", f"< {DAY_S:.0f} s", str(error)),
            _compiled(),
            not_run(QUOTE, "p50 < 60 us, p99 < 200 us", str(error)),
        ]
    cpu = [run["cpu_s"] for run in runs]
    wall = [run["wall_s"] for run in runs]
    p50, p99 = ([run[name] for run in runs] for name in ("p50_us", "p99_us"))
    one = runs[0]
    bare = spread([run["bare_s"] for run in runs], 1, " s")
    same = "yes" if len({run["sha256"] for run in runs}) == 1 else "NO"
    day_note = (
        f"{one['events']:,} events, {one['steps']:,} calls of Engine.process, {one['orders']:,} orders, "
        f"{one['reports']} reports; without measures, rules and reports {bare} of CPU; "
        f"same journal hash in every run: {same}"
    )
    good = statistics.median(p50) < P50_US and statistics.median(p99) < P99_US
    fast = statistics.median(wall) < DAY_S and one["reports"] == 6
    wake_note = (
        f"the {one['sent_wakes']:,} wakes of the strategy's own timer that sent requests; all {one['quote_wakes']:,} "
        f"of that timer p50 {one['timer_p50_us']:.0f} us, p99 {one['timer_p99_us']:.0f} us; all {one['steps']:,} calls "
        f"p50 {one['all_p50_us']:.0f} us, p99 {one['all_p99_us']:.0f} us"
    )
    measured = f"{spread(cpu, 1, ' s')} CPU, {spread(wall, 1, ' s')} wall"
    times = f"p50 {spread(p50, 0, ' us')}, p99 {spread(p99, 0, ' us')}"
    return [
        judged(DAY + ", reference", f"< {DAY_S:.0f} s", measured, fast, day_note),
        _compiled(),
        judged(QUOTE, "p50 < 60 us, p99 < 200 us", times, good, wake_note),
    ]


def _compiled() -> Row:
    return not_built(DAY + ", compiled", "< 2 s")


class QuoteWakes:
    """A sink that remembers how long each quote wake took: the steps in which the strategy's own timer was due."""

    name = "bench"

    def __init__(self) -> None:
        self.driver: Any = None
        self.quote_ns: list[int] = []
        self.sent_ns: list[int] = []  # those of them that sent requests

    def take(self, step: Any) -> None:
        inputs = step.moment.inputs
        if inputs and any(getattr(event, "name", "").startswith("decide:") for event in inputs):
            self.quote_ns.append(self.driver.compute_ns[-1])
            if step.requests:
                self.sent_ns.append(self.driver.compute_ns[-1])


def main() -> None:
    from core.build import backtest as built
    from core.build.assemble import load_config
    from core.build.markets import market_of
    from core.control.launch import Launch
    from core.engine.journal import Journal
    from core.engine.simulate import SimDriver
    from core.kernel import best_kernels

    state = pathlib.Path(sys.argv[1])
    state.mkdir(parents=True, exist_ok=True)
    paths = sys.argv[2:4]
    launch = Launch(
        state_dir=state,
        report_dir=state / "reports",
        config=CHECKOUT / "configs" / "round7_btc.yml",
        market=tuple(paths),
    )
    loaded = load_config(launch.config, built.flags_of(launch))
    kernels = best_kernels()
    market_of(loaded, paths, state, 0)  # converts on the first run

    wakes = QuoteWakes()
    spent = [0.0]
    timed_run = SimDriver.run

    def run(self: Any, *words: Any) -> bool:
        """The driver as it is, timed, with our sink before the others' and their CPU counted."""
        wakes.driver, self.timed = self, True
        self.sinks = [wakes, *(_Counted(sink, spent) for sink in self.sinks)]
        return timed_run(self, *words)

    SimDriver.run = run  # type: ignore[method-assign]
    warm(kernels)
    cpu, wall = time.process_time(), time.perf_counter()
    market = market_of(loaded, paths, state, 0)
    journal = Journal(state / "bench.perpj")
    driver, observers = built.simulate(loaded, market, journal, state / "reports", kernels)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    ledger = driver.engine.posts[0].ledger.s
    quote, sent, every = wakes.quote_ns, wakes.sent_ns, driver.compute_ns
    print(
        json.dumps(
            {
                "cpu_s": cpu, "wall_s": wall, "bare_s": cpu - spent[0], "events": driver.events,
                "steps": driver.engine.seq, "orders": sum(ledger.n_created), "reports": len(observers.rounds.written),
                "sha256": journal.sha256, "quote_wakes": len(quote), "form": kernels.form,
                "p50_us": quantile(sent, 0.5) / 1e3, "p99_us": quantile(sent, 0.99) / 1e3, "sent_wakes": len(sent),
                "timer_p50_us": quantile(quote, 0.5) / 1e3, "timer_p99_us": quantile(quote, 0.99) / 1e3,
                "all_p50_us": quantile(every, 0.5) / 1e3, "all_p99_us": quantile(every, 0.99) / 1e3,
            }
        )
    )  # fmt: skip
    journal.close()
    (state / "bench.perpj").unlink()


class _Counted:
    """A sink and the CPU that it costs."""

    def __init__(self, sink: Any, spent: list[float]) -> None:
        self.sink, self.name, self.spent = sink, sink.name, spent

    def take(self, step: Any) -> None:
        begun = time.perf_counter()
        self.sink.take(step)
        self.spent[0] += time.perf_counter() - begun


def warm(kernels: Any) -> None:
    """Load or compile every door, so that none of it falls into the measurement."""
    from core.kernel import warm as load

    if kernels.form == "compiled":
        load()


if __name__ == "__main__":
    main()
