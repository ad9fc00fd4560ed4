"""Measures recorded markets: `python -m tools.calibrate DATA_DIR [--synthetic] [--write]`, table of docs/markets.md.

`--write` stores the figures as core/market/calibration.json: figures only, no recorded data. The synthetic market is
measured beside them and held inside their range by tests/unit/market/test_synthetic_calibration.py.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from core.config.instruments import find_instrument
from core.domain.book import Feed
from core.domain.instrument import Instrument
from core.domain.units import NS_PER_S
from core.market.figures import Figures, measure
from core.market.probe import DEEP_BPS, markouts_bps, probe
from core.market.recording import open_recording
from core.market.synthetic import SyntheticMarket

TABLE = Path(__file__).resolve().parent.parent / "core" / "market" / "calibration.json"
L2, WIRE = "l2/{}.parquet", "wire/{}.txt.gz"
FILES: dict[str, tuple[str, str, tuple[str, ...]]] = {  # name: venue, symbol, files below the data folder
    "standx_btc": (
        "standx",
        "BTCUSD",
        tuple(L2.format(f"standx_btcusd_perp_{part}_20260106") for part in ("book10", "trades")),
    ),
    **{
        f"hyperliquid_{coin}": (
            "hyperliquid",
            coin.upper(),
            tuple(L2.format(f"hyperliquid_{coin}_perp_{part}_20250904") for part in ("book20", "bbo", "trades")),
        )
        for coin in ("btc", "sol", "wlfi")
    },
    "aster_eth": (
        "aster",
        "ETHUSDT",
        tuple(L2.format(f"aster_ethusdt_perp_{part}_20251128") for part in ("book10", "trades")),
    ),
    "aster_btc": (
        "aster",
        "BTCUSDT",
        tuple(L2.format(f"aster_btcusdt_perp_{part}_20250924") for part in ("bbo", "trades")),
    ),
    "binance_usdm_2023": (
        "binance_usdm",
        "BTCUSDT",
        tuple(WIRE.format(f"binance_usdm_btcusdt_{day}") for day in ("20230404", "20230405")),
    ),
    "binance_usdm_2024": ("binance_usdm", "BTCUSDT", (WIRE.format("binance_usdm_btcusdt_20240808"),)),
    "binance_spot_2023": ("binance_spot", "BTCUSDT", (WIRE.format("binance_spot_btcusdt_20230405"),)),
    "binance_spot_2024": (
        "binance_spot",
        "BTCUSDT",
        tuple(WIRE.format(f"binance_spot_btcusdt_{day}") for day in ("20240808", "20240809")),
    ),
}
SHOWN = (  # "deep" orders stand 2 bps behind the touch
    "hours", "book_gap_s_p50", "book_gap_s_max", "spread_bps_p5", "spread_bps_p50", "spread_bps_p95", "spread_bps_p99",
    "trades_per_s", "trade_gap_s_p50", "same_stamp_share", "run_mean", "run_p95", "notional_p50", "notional_p95",
    "notional_p99", "mid_sd_bps_1s", "mid_sd_bps_60s", "fill_share", "markout_bps_1s", "markout_bps_5s",
    "markout_bps_30s", "markout_bps_60s", "deep_markout_bps_1s", "deep_markout_bps_5s", "deep_markout_bps_30s",
    "deep_markout_bps_60s",
)  # fmt: skip


def figures_of(feed: Feed, instrument: Instrument, one_clock: bool = False) -> Figures:
    """All figures of one market, the passive-order markout included."""
    out = measure(feed, instrument, one_clock)
    fills = probe(feed)
    out["probe_orders"], out["probe_fills"] = fills.placed, len(fills.ts)
    out["fill_share"] = len(fills.ts) / fills.placed if fills.placed else None
    for name, found in (("markout", fills), ("deep_markout", probe(feed, away_bps=DEEP_BPS))):
        for seconds, bps in markouts_bps(feed, found).items():
            out[f"{name}_bps_{seconds}s"] = bps
    return {name: None if value is None else float(f"{value:.6g}") for name, value in out.items()}


def calibrate(data: Path, cache: Path, names: Iterable[str]) -> dict[str, Figures]:
    """Figures of the named markets of `FILES`, those whose files are in `data`."""
    table: dict[str, Figures] = {}
    for name in names:
        venue, symbol, files = FILES[name]
        instrument = find_instrument(venue, symbol)
        paths = [data / file for file in files]
        if not all(path.is_file() for path in paths):
            print(f"{name}: absent", file=sys.stderr)
            continue
        recording = open_recording(paths, instrument, cache)
        table[name] = figures_of(recording.feed, instrument, recording.one_clock)
    return table


def synthetic(seed: int = 7, hours: int = 4) -> Figures:
    """Figures of the embedded market, measured the same way."""
    instrument = find_instrument("binance_usdm", "ETHUSDC")
    start = 1_767_657_600_000_000_000
    return figures_of(SyntheticMarket(instrument, seed, start).chunk(start + hours * 3600 * NS_PER_S), instrument)


def markdown(table: dict[str, Figures]) -> str:
    """The table with one market a column."""
    lines = [f"| | {' | '.join(table)} |", "|---" * (len(table) + 1) + "|"]
    for figure in SHOWN:
        cells = [table[name].get(figure) for name in table]
        lines.append(f"| {figure} | {' | '.join('--' if c is None else f'{c:.4g}' for c in cells)} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.calibrate", description=__doc__)
    parser.add_argument("data", type=Path, help="folder that holds l2/ and wire/")
    parser.add_argument("--market", action="append", choices=sorted(FILES), help="only these (default: all)")
    parser.add_argument("--synthetic", action="store_true", help="show the synthetic market (seed 7, 4 h) beside them")
    parser.add_argument("--write", action="store_true", help=f"store the figures in {TABLE.name}")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as cache:
        table = calibrate(options.data, Path(cache), options.market or FILES)
    print(markdown({**table, "synthetic": synthetic()} if options.synthetic else table))
    if options.write:
        TABLE.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0 if table else 1


if __name__ == "__main__":
    sys.exit(main())
