"""What a live start refuses before it asks any venue, and which round on record lets real money start."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from core.build.assemble import load_config
from core.build.backtest import flags_of
from core.build.golive import access_of, going_live, proven
from core.build.markets import places_of
from core.control.launch import Launch
from core.domain.errors import ConfigError, Refused
from core.rounds.facts import encode
from tests.rehearsal.live import BINANCE, HYPERLIQUID, config_of
from tests.unit.rounds.made import RUN, Made

KEYS = {"BINANCE_USDM_API_KEY": "k" * 64, "BINANCE_USDM_SECRET": "s" * 64}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "live.yml"
    path.write_text(config_of(BINANCE, "http://127.0.0.1:9", 1), encoding="utf-8")
    return path


def going(tmp_path: Path, config: Path, **more: object):  # type: ignore[no-untyped-def]
    launch = Launch(state_dir=tmp_path, report_dir=tmp_path / "reports", config=config, **{"mode": "live", **more})  # type: ignore[arg-type]
    loaded = load_config(config, flags_of(launch))
    return going_live(loaded, launch, places_of(loaded))


def test_a_loopback_account_may_go_live_with_its_keys(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S4-83, R-C1: the record for a stop holds the source of the keys and no key."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    found = going(tmp_path, config)
    assert found.network == "loopback" and found.places[0].instrument.network == "loopback"
    assert found.record.name == "binance_usdm" and 0 < found.record.epoch < 1 << 24
    raw = msgspec.json.encode(found.record).decode()
    assert all(value not in raw and value not in found.account and value not in found.sign for value in KEYS.values())


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"mode": "paper"}, "Expected --mode live"),
        ({"market": ("synthetic",)}, "Expected --market live or none"),
        ({"speed": 5.0}, "Expected speed 1"),
    ],
)
def test_what_is_no_live_start_is_refused(tmp_path: Path, config: Path, more: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        going(tmp_path, config, **more)


def test_without_keys_the_refusal_names_the_variable(tmp_path: Path, config: Path) -> None:
    with pytest.raises(Refused, match="BINANCE_USDM_API_KEY"):
        going(tmp_path, config)


def test_two_venues_are_not_one_live_core(tmp_path: Path, config: Path) -> None:
    text = config.read_text(encoding="utf-8")
    second = config_of(HYPERLIQUID, "http://127.0.0.1:9", 1).split("strategies:\n")[1].split("venues:")[0]
    both = text.replace("venues:", second.replace("name: mm", "name: mm2").replace("5000", "1000") + "venues:", 1)
    config.write_text(both.replace("budget: 5000", "budget: 4000", 1), encoding="utf-8")
    with pytest.raises(ConfigError, match="one venue in mode live"):
        going(tmp_path, config)


def test_the_gateway_of_the_source_means_binance_mainnet_and_nothing_else() -> None:
    """S3-30."""
    loaded = load_config("round7", {"gateway.api_key": "x", "gateway.api_secret": "y"})
    assert access_of(loaded.settings, "binance_usdm").network == "mainnet"
    with pytest.raises(ConfigError, match=r"venues\.hyperliquid\.network"):
        access_of(loaded.settings, "hyperliquid")


def test_real_money_needs_a_passing_round_on_record_or_a_reason(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1-02."""
    loaded = load_config(config, {})
    with pytest.raises(Refused, match="--unproven"):
        proven(tmp_path, loaded, "")
    assert "because: drill" in proven(tmp_path, loaded, "drill")
    made = Made(msgspec.structs.replace(RUN, config={"strategies.0.kind": "asmm"})).play(5)
    (tmp_path / "round-0001-20260101T000000Z.json").write_bytes(encode(made))
    monkeypatch.setattr("core.build.golive.failed", lambda rows: [])
    assert "round-0001" in proven(tmp_path, loaded, "")
    monkeypatch.setattr("core.build.golive.failed", lambda rows: rows[:1])
    with pytest.raises(Refused, match="1 finished"):
        proven(tmp_path, loaded, "")
