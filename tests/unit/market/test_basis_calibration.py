"""The stored figures of recorded pairs are those of the recordings, and the defaults of the pair are those figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.market.basis import BasisCharacter
from core.market.synthetic_pair import BEHIND_NS, RateCharacter
from tests.support.recorded import Recordings
from tools.calibrate_basis import PAIRS, TABLE, calibrate, main, sources

STORED = json.loads(TABLE.read_text(encoding="utf-8"))


def test_measuring_again_gives_the_stored_figures(recordings: Recordings, tmp_path: Path) -> None:
    for files in sources().values():
        for file in files:
            recordings(file)
    again = calibrate(recordings.folder, tmp_path)
    assert set(again) == set(STORED) - {"command", "sources"}
    for name, figures in again.items():
        assert figures == pytest.approx(STORED[name], rel=1e-3), name


def test_the_defaults_are_the_figures() -> None:
    basis, rates, hourly = BasisCharacter(), RateCharacter(), STORED["binance_bybit_hourly"]
    assert basis.mean_bps == pytest.approx(hourly["mean_bps"], abs=0.05)
    assert basis.sd_bps == pytest.approx(hourly["sd_bps"], rel=0.05)
    assert basis.half_life_h == pytest.approx(hourly["half_life_h"], rel=0.05)
    within = [STORED[name] for name in PAIRS]
    assert min(x["sd_bps"] for x in within) <= basis.fast_sd_bps <= max(x["sd_bps"] for x in within)
    assert min(x["half_life_s"] for x in within) <= basis.fast_half_life_s <= max(x["half_life_s"] for x in within)
    slopes = [x["regime_slope"] for x in within]
    assert min(slopes) <= basis.regime_slope <= max(slopes)
    assert max(x["lag_ms"] for x in within) == BEHIND_NS / 1e6
    long, several = STORED["binance_funding_btc"], STORED["funding_btc_8h"]
    assert rates.sd_bps == pytest.approx(long["sd_bps"], rel=0.05)
    assert rates.shared_kept == pytest.approx(long["kept"], abs=0.02)
    assert rates.shared == pytest.approx(several["correlation_mean"], abs=0.03)
    assert rates.own_kept == pytest.approx(several["apart_kept_mean"], abs=0.05)


def test_figures_say_where_they_are_from() -> None:
    assert STORED["command"] == "python -m tools.calibrate_basis DATA_DIR --write"
    assert STORED["sources"] == sources()


def test_nothing_is_stored_without_all_recordings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = TABLE.read_bytes()
    assert main([str(tmp_path), "--write"]) == 1
    assert TABLE.read_bytes() == before and "absent: binance_bybit_hourly" in capsys.readouterr().err
