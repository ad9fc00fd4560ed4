"""Measures recorded pairs of venues: `python -m tools.calibrate_basis DATA_DIR [--write]`, table of docs/markets.md.

`--write` stores the figures as core/market/basis_calibration.json: figures, their sources and how they were made, no
recorded data. tests/unit/market/test_basis.py and test_synthetic_pair.py hold the synthetic pair against them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.config.instruments import find_instrument
from core.domain.units import NS_PER_MS
from core.market.figures import Figures
from core.market.inverse import native_of
from core.market.recording import open_recording
from core.market.spread_figures import (
    Floats,
    Ints,
    half_life,
    lag_figures,
    mids,
    regime_slope,
    sampled_bps,
    spread_figures,
)

TABLE = Path(__file__).resolve().parent.parent / "core" / "market" / "basis_calibration.json"
COMMAND = "python -m tools.calibrate_basis DATA_DIR --write"
WIRE = "wire/binance_{}.txt.gz"
BINANCE, BYBIT = "bars/binance_perp_spot_1h_long.parquet", "bars/bybit_btcusdt_perp_1h.parquet"
FUNDING = "funding/funding_multivenue_btc_2020_2023.parquet"
LONG_FUNDING = "funding/binance_funding.parquet"
EIGHT_HOURLY = ("binance", "bybit", "gate", "htx")
PAIRS: dict[str, tuple[tuple[str, tuple[str, ...]], tuple[str, tuple[str, ...]]]] = {  # (a, b): (a - b) / b
    "usdm_spot_2023": (
        ("binance_usdm", ("usdm_btcusdt_20230404", "usdm_btcusdt_20230405")),
        ("binance_spot", ("spot_btcusdt_20230405",)),
    ),
    "usdm_spot_2024": (
        ("binance_usdm", ("usdm_btcusdt_20240808",)),
        ("binance_spot", ("spot_btcusdt_20240808", "spot_btcusdt_20240809")),
    ),
    "usdm_coinm_2024": (
        ("binance_usdm", ("usdm_btcusdt_20240808",)),
        ("binance_cm", ("cm_btcusd_perp_20240808", "cm_btcusd_perp_20240809")),
    ),
}
HOUR_MS = 3_600_000


def wire_pair(data: Path, cache: Path, name: str) -> Figures:
    """Figures of one pair of captures over the interval that both cover."""
    sides: list[tuple[Ints, Floats]] = []
    for venue, files in PAIRS[name]:
        paths = [data / WIRE.format(file) for file in files]
        linear = find_instrument("binance_usdm" if venue == "binance_cm" else venue, "BTCUSDT")
        instrument = native_of(paths, linear) if venue == "binance_cm" else linear
        sides.append(mids(open_recording(paths, instrument, cache).feed, instrument.tick))
    return {
        **spread_figures(sampled_bps(sides[0], sides[1])),
        **lag_figures(sides[0], sides[1], 100 * NS_PER_MS),
        "regime_slope": regime_slope(sides[0], sides[1]),
    }


def hourly(data: Path) -> Figures:
    """Closes of one hour at two venues: last trades, so the spread is overstated rather than too small."""
    import polars as pl

    a, b = pl.read_parquet(data / BINANCE), pl.read_parquet(data / BYBIT)
    wide = a.filter(pl.col("symbol").str.starts_with("BTC")).select("ts_ms", "close", "high", "low")
    both = wide.join(b.select("ts_ms", other="close"), on="ts_ms").sort("ts_ms")
    ts, close, other = (both[name].to_numpy() for name in ("ts_ms", "close", "other"))
    bps = 1e4 * (close / other - 1.0)
    if not (np.diff(ts) == HOUR_MS).all():
        raise ValueError("Expected hours without a gap")
    reach = 1e4 * np.log(both["high"].to_numpy() / both["low"].to_numpy())
    away = bps - bps.mean()
    calm, wild = (float(away[part].std()) for part in (reach <= np.median(reach), reach >= np.quantile(reach, 0.95)))
    return rounded(
        {
            "hours": float(len(bps)),
            "mean_bps": float(bps.mean()),
            "sd_bps": float(bps.std(ddof=1)),
            "half_life_h": half_life(bps),
            "p1_bps": float(np.quantile(bps, 0.01)),
            "p99_bps": float(np.quantile(bps, 0.99)),
            "calm_sd_bps": calm,
            "wild_sd_bps": wild,
        }
    )


def funding(data: Path) -> Figures:
    """BTC rates per 8 h of four venues at the settlements that all share, bps."""
    import polars as pl

    rows = pl.read_parquet(data / FUNDING).filter(pl.col("venue").is_in(EIGHT_HOURLY))
    hours = rows.with_columns(at=(pl.col("ts_ms") / HOUR_MS).round().cast(pl.Int64))
    table = (
        hours.pivot(on="venue", index="at", values="funding_rate", aggregate_function="last").drop_nulls().sort("at")
    )
    table = table.filter(pl.col("at") % 8 == 0)
    rates = {venue: 1e4 * table[venue].to_numpy() for venue in EIGHT_HOURLY}
    pairs = list(itertools.combinations(EIGHT_HOURLY, 2))
    apart = [rates[a] - rates[b] for a, b in pairs]
    return rounded(
        {
            "settlements": float(len(table)),
            "sd_bps_least": min(float(x.std(ddof=1)) for x in rates.values()),
            "sd_bps_most": max(float(x.std(ddof=1)) for x in rates.values()),
            "kept_of_binance": kept(rates["binance"]),
            "correlation_mean": float(np.mean([np.corrcoef(rates[a], rates[b])[0, 1] for a, b in pairs])),
            "apart_sd_bps_least": min(float(x.std(ddof=1)) for x in apart),
            "apart_sd_bps_most": max(float(x.std(ddof=1)) for x in apart),
            "apart_kept_mean": float(np.mean([kept(x) for x in apart])),
        }
    )


def long_funding(data: Path) -> Figures:
    """BTC rates per 8 h of Binance over all years, bps."""
    import polars as pl

    rows = pl.read_parquet(data / LONG_FUNDING).filter(pl.col("symbol").str.starts_with("BTC")).sort("ts_ms")
    rates = 1e4 * rows["funding_rate"].to_numpy()
    return rounded(
        {
            "settlements": float(len(rates)),
            "mean_bps": float(rates.mean()),
            "sd_bps": float(rates.std(ddof=1)),
            "kept": kept(rates),
        }
    )


def kept(samples: npt.NDArray[Any]) -> float:
    """Lag-1 autocorrelation."""
    return float(np.corrcoef(samples[:-1], samples[1:])[0, 1])


def rounded(figures: Figures) -> Figures:
    """Five digits: what the samples can bear."""
    return {name: None if value is None else float(f"{value:.5g}") for name, value in figures.items()}


def calibrate(data: Path, cache: Path) -> dict[str, Figures]:
    """All figures whose recordings are in `data`."""
    table: dict[str, Figures] = {}
    for name in PAIRS:
        if all((data / WIRE.format(file)).is_file() for _, files in PAIRS[name] for file in files):
            table[name] = wire_pair(data, cache, name)
    if (data / BINANCE).is_file() and (data / BYBIT).is_file():
        table["binance_bybit_hourly"] = hourly(data)
    if (data / FUNDING).is_file():
        table["funding_btc_8h"] = funding(data)
    if (data / LONG_FUNDING).is_file():
        table["binance_funding_btc"] = long_funding(data)
    return table


def sources() -> dict[str, list[str]]:
    """Files below the data folder, by name of the figures."""
    found = {name: [WIRE.format(file) for _, files in pair for file in files] for name, pair in PAIRS.items()}
    return {
        **found,
        "binance_bybit_hourly": [BINANCE, BYBIT],
        "funding_btc_8h": [FUNDING],
        "binance_funding_btc": [LONG_FUNDING],
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.calibrate_basis", description=__doc__)
    parser.add_argument("data", type=Path, help="folder that holds wire/, bars/ and funding/")
    parser.add_argument("--write", action="store_true", help=f"store the figures in {TABLE.name}; needs all files")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as cache:
        table = calibrate(options.data, Path(cache))
    for name, figures in table.items():
        print(f"{name}: " + ", ".join(f"{key} {'--' if x is None else f'{x:g}'}" for key, x in figures.items()))
    absent = sorted(set(sources()) - set(table))
    if absent:
        print(f"absent: {', '.join(absent)}", file=sys.stderr)
    if options.write and not absent:
        text = json.dumps({"command": COMMAND, "sources": sources(), **table}, indent=1, sort_keys=True)
        TABLE.write_text(text + "\n", encoding="utf-8")
    return 1 if absent and (options.write or not table) else 0


if __name__ == "__main__":
    sys.exit(main())
