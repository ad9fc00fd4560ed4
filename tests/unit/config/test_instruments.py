"""Which instrument a name or a recording is, and what would fit where one does not."""

from __future__ import annotations

import pathlib

import pytest

from core.config.instruments import find_instrument, instrument_for_recording, venue_of_recording
from core.config.locate import config_dir
from core.domain.errors import ConfigError, DataError

SIZES = {"baseSize": 0.009, "singleMax": 0.06, "netMax": 0.21}
ETH = find_instrument("binance_usdm", "ETHUSDC")


@pytest.mark.parametrize(
    ("name", "venue", "symbol"),
    [
        ("standx_btcusd_perp_trades_20260106.parquet", "standx", "BTCUSD"),
        ("hyperliquid_wlfi_perp_book20_20250904.parquet", "hyperliquid", "WLFI"),
        ("aster_ethusdt_perp_book10_20251128.parquet", "aster", "ETHUSDT"),
        ("binance_usdm_btcusdt_20240808.txt.gz", "binance_usdm", "BTCUSDT"),
        ("binance_spot_btcusdt_20240809.txt.gz", "binance_spot", "BTCUSDT"),
    ],
)
def test_a_recording_maps_to_its_instrument_by_its_name(name: str, venue: str, symbol: str) -> None:
    got = venue_of_recording(pathlib.Path("anywhere") / name).instrument
    assert (got.venue, got.symbol) == (venue, symbol)


def test_round7_runs_on_any_eth_recording_as_it_is() -> None:
    paths = ["d/aster_ethusdt_perp_book10_20251128.parquet", "d/aster_ethusdt_perp_trades_20251128.parquet"]
    assert instrument_for_recording(paths, ETH, SIZES).symbol == "ETHUSDT"


def test_a_recording_of_another_coin_is_refused_with_the_sizes_that_would_fit() -> None:
    with pytest.raises(DataError) as caught:
        instrument_for_recording(["standx_btcusd_perp_book10_20260106.parquet"], ETH, SIZES)
    text = str(caught.value)
    assert "Expected a recording of ETH for binance_usdm ETHUSDC, was standx BTCUSD" in text
    assert "baseSize: 0.0003" in text and "singleMax: 0.0019" in text and "netMax: 0.0067" in text


def test_sizes_below_a_lot_are_refused_on_the_same_coin_too() -> None:
    btc = find_instrument("standx", "BTCUSD")
    with pytest.raises(DataError, match=r"baseSize: 0\.002"):
        instrument_for_recording(["binance_usdm_btcusdt_20240808.txt.gz"], btc, {"baseSize": 0.0003})


def test_recordings_of_two_instruments_and_spot_markets_are_refused() -> None:
    mixed = ["hyperliquid_btc_perp_book20_20250904.parquet", "hyperliquid_sol_perp_trades_20250904.parquet"]
    with pytest.raises(DataError, match="Expected recordings of one instrument, was hyperliquid SOL"):
        instrument_for_recording(mixed)
    with pytest.raises(DataError, match="Expected a perpetual, was the spot market"):
        instrument_for_recording(["binance_spot_btcusdt_20240808.txt.gz"], find_instrument("hyperliquid", "BTC"))
    with pytest.raises(DataError, match="Expected a recording, found none"):
        instrument_for_recording([])


def test_an_unknown_recording_is_refused_with_what_is_known() -> None:
    with pytest.raises(DataError, match=r"add its name under `recordings:`.*standx_btcusd_perp_\*"):
        instrument_for_recording(["mine.parquet"])
    with pytest.raises(DataError, match=r"Expected a perpetual|nearest is binance_usdm_btcusdt_\*"):
        instrument_for_recording(["binance_cm_btcusd_perp_20240808.txt.gz"])


def test_an_unknown_instrument_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean binance_usdm ETHUSDC"):
        find_instrument("binance_usdm", "ETHUSDT")
    with pytest.raises(ConfigError, match="known: aster BTCUSDT"):
        find_instrument("nowhere", "X")


def test_an_own_folder_of_venue_files_wins(tmp_path: pathlib.Path) -> None:
    text = (config_dir() / "venues" / "binance_usdm_ethusdc.yml").read_text(encoding="utf-8")
    (tmp_path / "binance_usdm_ethusdc.yml").write_text(text.replace("maker_bps: 2.0", "maker_bps: 0.5"))
    dirs = (tmp_path, config_dir() / "venues")
    assert find_instrument("binance_usdm", "ETHUSDC", dirs).maker_fee_ppm == 50
    assert find_instrument("standx", "BTCUSD", dirs).maker_fee_ppm == 100
