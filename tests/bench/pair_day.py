"""24 hours of two venues through the pair: a recorded day, and the same day at a second venue with a synthetic basis.

`python -m tests.bench.pair_day STATE BOOK TRADES` prints one JSON line; `rows()` makes the table's row of several.
"""

from __future__ import annotations

import json
import pathlib
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench.children import CHECKOUT, Failed, ours
from tests.bench.day import FILES, recordings, warm
from tests.bench.table import Row, judged, not_run, spread

PATH = "24 h dual replay of the pair: two venues, six 4-hour rounds with reports"
WANTED, MOST_S = "< 60 s, same journal every time", 60.0
LEGS = "{venue: binance_usdm, symbol: BTCUSDT}", "{venue: standx, symbol: BTCUSD}"
# thresholds at which the recorded day shows every state; the shipped ones lock twice a week
LIVELY = {"minConditions": "1", "minDiff": "0.0", "fundingSpreadBps": "0.0", "minTargetReturn": "-0.01",
          "epsilonBp": "20.0", "gPct": "0.0005", "settlementBarMin": "0.0"}  # fmt: skip


def rows(folder: pathlib.Path, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """One row."""
    files = recordings()
    if files is None:
        return [not_run(PATH, WANTED, f"no {FILES[0]} below PERP_DATA")]
    runs: list[dict[str, Any]] = []
    try:
        for n in range(2 if quick else 3):
            runs.append(ours("tests.bench.pair_day", str(folder / "pair_day"), *map(str, files)))
            say(f"dual day {n + 1}: {runs[-1]['wall_s']:.1f} s")
    except Failed as error:
        return [not_run(PATH, WANTED, str(error))]
    wall, one = [run["wall_s"] for run in runs], runs[0]
    same = len({run["sha256"] for run in runs}) == 1
    agrees = all(run["agrees"] for run in runs)
    note = (
        f"{one['events']:,} events, {one['steps']:,} calls of Engine.process, {one['orders']} orders, {one['fills']} "
        f"fills, {one['reports']} reports; stages {one['stages']}; same journal hash in every run: "
        f"{'yes' if same else 'NO'}; spread + trend + carry - fees + execution = net in every round: "
        f"{'yes' if agrees else 'NO'}"
    )
    good = max(wall) < MOST_S and same and agrees and one["reports"] == 6
    return [judged(PATH, WANTED, f"{spread(wall, 1, ' s')} wall", good, note)]


def config_in(folder: pathlib.Path) -> pathlib.Path:
    """The shipped pair on the recorded venue, with lively thresholds."""
    lines = (CHECKOUT / "configs" / "pair_lock.yml").read_text(encoding="utf-8").replace(*LEGS).splitlines()
    for n, line in enumerate(lines):
        key = line.strip().partition(":")[0]
        if key in LIVELY:
            lines[n] = line.partition(":")[0] + ": " + LIVELY[key]
    path = folder / "pair.yml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def main() -> None:
    from core.build import backtest as built
    from core.build.assemble import load_config
    from core.build.markets import market_of
    from core.engine.journal import Journal
    from core.engine.pair_seat import PairSeat
    from core.kernel import best_kernels

    state = pathlib.Path(sys.argv[1])
    state.mkdir(parents=True, exist_ok=True)
    names = [*sys.argv[2:4], "basis:hyperliquid:BTC"]
    loaded, kernels = load_config(config_in(state), {}), best_kernels()
    market_of(loaded, names, state, 0)  # converts on the first run
    warm(kernels)
    begun = time.perf_counter()
    market = market_of(loaded, names, state, 0)
    journal = Journal(state / "bench.perpj")
    driver, observers = built.simulate(loaded, market, journal, state / "reports", kernels)
    wall = time.perf_counter() - begun
    seat = driver.engine.seats[0]
    assert isinstance(seat, PairSeat)
    found = built.summary(driver, observers)
    pairs = [one for facts in observers.rounds.facts for one in facts.pairs]
    states = sorted({state for one in pairs for episode in one.episodes for state in episode.path})
    print(
        json.dumps(
            {
                "wall_s": wall, "events": driver.events, "steps": driver.engine.seq, "orders": found["orders"],
                "fills": found["fills"], "reports": len(observers.rounds.written), "sha256": journal.sha256,
                "stages": " ".join(f"S{state}" for state in states),
                "agrees": all(map(_adds_up, observers.rounds.facts)),
            }
        )
    )  # fmt: skip
    journal.close()
    (state / "bench.perpj").unlink()


def _adds_up(facts: Any) -> bool:
    """The pair's five parts are the round's net, to the last unit."""
    return bool(sum(one.split.net for one in facts.pairs) == sum(ledger.money.net for ledger in facts.ledgers))


if __name__ == "__main__":
    main()
