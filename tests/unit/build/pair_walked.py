"""A pair that is walked through S0..S5 by a script: config, market and run, for tests of what watches an engine.

Its own figures, apart from the demo's: long first and unlocked at the upper band, short first and unlocked at the
lower one, and a lock for which the second venue has no depth.
"""

from __future__ import annotations

import pathlib

from core.build.assemble import load_config
from core.build.backtest import simulate
from core.build.markets import Market, places_of
from core.build.observers import Observers
from core.config.load import Loaded
from core.domain.book import Feed
from core.domain.units import NS_PER_S
from core.engine.journal import Journal
from core.engine.simulate import SimDriver
from core.kernel import Kernels
from core.market.scripted import PlaceScript, Points, Script, ScriptedSource

SEED = 7
START = 1_767_686_359 * NS_PER_S  # 41 s before both venues settle at 08:00 UTC
BASE = 100_000.0
SECONDS = 146.0

CONFIG = """
mode: paper
account: test
equity: 1000
seed: 7
strategies:
  - name: walked
    kind: pair_lock
    legs:
      - {venue: binance_usdm, symbol: BTCUSDT}
      - {venue: hyperliquid, symbol: BTC}
    params:
      baseQty: 0.01
      minConditions: 3
      emaFast: 3
      emaSlow: 12
      minDiff: 0.001
      minTargetReturn: 0.0015
      fundingSpreadBps: 0.5
      settlementBarMin: 0.1
      gPct: 0.003
      bandSigma: 2.5
      bandWindowSec: 60
      bandMinSamples: 30
      tMaxSec: 120
      epsilonBp: 12.0
      passiveMs: 2000
      nakedMs: 2000
      exitReboundPct: 0.0015
      exitMaxSec: 60
    risk:
      netMax: 0.01
      singleMax: 0.01
      maxOrderValue: 2000
      reduceOnlyMaxSlippagePct: 0.005
      dailyMax: 50
      pnlMin: -25
      pnlMax: 200
      stopLoss: -60
      reduceOnlyThreshold: 45
      drawdownBands: [25, 32, 40]
rounds:
  hours: 4
  onRoundEnd: carry
"""


def prices(*moves: tuple[float, float]) -> Points:
    """(second, bps from the base) as prices."""
    return tuple((second, BASE * (1.0 + 1e-4 * bps)) for second, bps in moves)


TOGETHER = ((0.0, 0.0), (14.0, 0.0), (34.0, 80.0), (46.0, 80.0))
LONG_MOVES = (
    *TOGETHER, (46.5, 92.0), (50.0, 92.0), (66.0, 114.0), (68.0, 102.0), (88.0, 22.0), (98.0, 22.0), (98.5, 8.0),
    (103.0, 8.0), (118.0, -14.0), (120.0, 0.0), (131.0, 44.0), (136.0, 44.0), (136.2, 92.0), (SECONDS, 92.0),
)  # fmt: skip
SHORT_MOVES = (
    *TOGETHER, (50.0, 80.0), (66.0, 102.0), (68.0, 102.0), (88.0, 22.0), (98.0, 22.0), (103.0, 22.0), (118.0, 0.0),
    (120.0, 0.0), (131.0, 44.0), (136.0, 44.0), (SECONDS, 44.0),
)  # fmt: skip


def script() -> Script:
    """(long venue, short venue). The third lock finds nothing near the mid of the short venue."""
    wide = ((0.0, 0.2), (136.45, 160.0), (142.0, 0.2))
    long = PlaceScript(prices(*LONG_MOVES), funding_bps=((0.0, 1.0),), period_s=7.0)
    short = PlaceScript(prices(*SHORT_MOVES), wide, funding_bps=((0.0, 2.0), (132.0, -0.1)), period_s=11.0)
    return Script("test walk", SECONDS, (long, short))


class Whole(ScriptedSource):
    """The whole script at once, as a recording would be."""

    def extend(self, i: int, until_ns: int) -> Feed | None:
        return super().extend(i, self.places[i].end_ns)


def loaded_in(folder: pathlib.Path) -> Loaded:
    path = folder / "walked.yml"
    path.write_text(CONFIG, "utf-8")
    return load_config(path, {})


def market(loaded: Loaded) -> Market:
    places = places_of(loaded)
    return Market(Whole(script(), [place.instrument for place in places], SEED, START), places, "scripted walk")


def walked(folder: pathlib.Path) -> tuple[SimDriver, Observers]:
    """The whole walk, in plain kernels (2 s)."""
    loaded = loaded_in(folder)
    return simulate(loaded, market(loaded), Journal(None), folder / "reports", Kernels("plain"))
