"""The grid of each venue file holds every price and size of its recordings."""

from __future__ import annotations

import gzip
import json

import pytest

from core.config.exact import steps
from core.config.instruments import venue_of_recording
from tests.support.recorded import Recordings

FILES = [
    "standx_btcusd_perp_trades_20260106",
    "hyperliquid_btc_perp_book20_20250904",
    "hyperliquid_btc_perp_trades_20250904",
    "hyperliquid_sol_perp_book20_20250904",
    "hyperliquid_sol_perp_trades_20250904",
    "hyperliquid_wlfi_perp_book20_20250904",
    "hyperliquid_wlfi_perp_trades_20250904",
    "aster_ethusdt_perp_book10_20251128",
    "aster_ethusdt_perp_trades_20251128",
    "aster_btcusdt_perp_bbo_20250924",
    "aster_btcusdt_perp_trades_20250924",
]


@pytest.mark.parametrize("name", FILES)
def test_every_recorded_price_and_size_lies_on_the_grid(recordings: Recordings, name: str) -> None:
    import polars as pl

    path = recordings(f"l2/{name}.parquet")
    venue = venue_of_recording(path)
    grid = venue.instrument
    table = pl.read_parquet(path)
    prices = [c for c in table.columns if "px" in c or c in ("price", "bid", "ask")]
    sizes = [c for c in table.columns if "sz" in c or c in ("size", "quantity")]
    for columns, step, scale in ((prices, grid.tick, 0.01), (sizes, grid.lot, 0.0001)):
        for column in columns:
            values = table[column].drop_nulls().unique().cast(pl.Float64)
            if table[column].dtype.is_integer():  # StandX: hundredths of USD, ten-thousandths of BTC
                assert step == scale
                continue
            miss = (values / step - (values / step).round()).abs().max()
            assert miss is not None and float(str(miss)) < 1e-4, column
    assert grid.price(1) > 0 and float(str(table[prices[0]].max())) > 0


@pytest.mark.parametrize("name", ["binance_usdm_btcusdt_20240808", "binance_spot_btcusdt_20240808"])
def test_every_captured_trade_lies_on_the_grid(recordings: Recordings, name: str) -> None:
    path = recordings(f"wire/{name}.txt.gz")
    grid = venue_of_recording(path).instrument
    seen = 0
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if '"e":"trade"' not in line:
                continue
            trade = json.loads(line.split(" ", 1)[1])["data"]
            assert steps(float(trade["p"]), grid.tick) > 0 and steps(float(trade["q"]), grid.lot) > 0
            seen += 1
            if seen == 2000:
                break
    assert seen == 2000
