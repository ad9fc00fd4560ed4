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
from tests.rehearsal.stage import BINANCE, HYPERLIQUID, config_of, keys_of, several
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
    one = found.each[0]
    assert len(found.each) == 1 and found.owners == (0,)
    assert one.record.name == "binance_usdm" and 0 < one.record.epoch < 1 << 24 and one.record.epoch == found.epoch
    raw = msgspec.json.encode(one.record).decode()
    assert all(value not in raw and value not in one.account and value not in one.sign for value in KEYS.values())


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


def both(config: Path, **networks: str) -> Path:
    """Two strategies on two venues; `networks` other than the loopback."""
    text = several([BINANCE, HYPERLIQUID], ["http://127.0.0.1:9", "http://127.0.0.1:10"], 1)
    for name, network in networks.items():
        port = 9 if name == "binance_usdm" else 10
        text = text.replace(
            f'{name}: {{network: loopback, url: "http://127.0.0.1:{port}"}}', f"{name}: {{network: {network}}}"
        )
    config.write_text(text, encoding="utf-8")
    return config


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (keys_of(BINANCE) | keys_of(HYPERLIQUID)).items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("keys")
def test_two_venues_are_one_live_core_with_an_account_each(tmp_path: Path, config: Path) -> None:
    """Issue 4 point 6: records, locks and signs of their own, one epoch of this start."""
    found = going(tmp_path, both(config))
    assert [one.name for one in found.each] == ["binance_usdm", "hyperliquid"] and found.owners == (0, 1)
    assert [[n for n, _ in one.places] for one in found.each] == [[0], [1]]
    assert [place.key for place in found.places] == ["binance_usdm:ETHUSDC", "hyperliquid:BTC"]
    assert len({one.account for one in found.each}) == len({one.sign for one in found.each}) == 2
    assert {one.record.epoch for one in found.each} == {found.epoch}
    assert [[one.symbol for one in record.record.traded] for record in found.each] == [["ETHUSDC"], ["BTC"]]


@pytest.mark.usefixtures("keys")
def test_real_money_at_one_venue_and_play_money_at_the_other_are_refused_in_one_line(
    tmp_path: Path, config: Path
) -> None:
    with pytest.raises(Refused, match="binance_usdm on mainnet, hyperliquid on testnet") as refusal:
        going(tmp_path, both(config, binance_usdm="mainnet", hyperliquid="testnet"))
    assert "\n" not in str(refusal.value)
    found = going(tmp_path, both(config, binance_usdm="demo", hyperliquid="testnet"))
    assert [one.network for one in found.each] == ["demo", "testnet"]


@pytest.mark.usefixtures("keys")
def test_the_record_of_a_round_is_asked_for_once_when_real_money_is_at_both(tmp_path: Path, config: Path) -> None:
    """S1-02."""
    with pytest.raises(Refused, match="--unproven"):
        going(tmp_path, both(config, binance_usdm="mainnet", hyperliquid="mainnet"))
    found = going(tmp_path, both(config, binance_usdm="mainnet", hyperliquid="mainnet"), unproven="drill")
    assert found.proof.endswith("because: drill")


def test_without_the_keys_of_the_second_venue_neither_goes_live(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Refused, match="HYPERLIQUID_PRIVATE_KEY"):
        going(tmp_path, both(config))


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
