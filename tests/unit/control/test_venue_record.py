"""The record of open accounts: private, without keys, never through a link, and nothing is forgotten by a new start."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from core.config.instruments import find_instrument
from core.config.settings import Keys
from core.control.venue_record import (
    FILE,
    KeySource,
    VenueRecord,
    by_hand,
    forget_venues,
    key_source,
    read_venues,
    traded_of,
    write_venues,
)
from core.domain.errors import Refused

BTC = traded_of(find_instrument("hyperliquid", "BTC"), "BTC/USDC:USDC")


def record(name: str = "hyperliquid", network: str = "mainnet", epoch: int = 5, **more: object) -> VenueRecord:
    return VenueRecord(name, network, KeySource("env", "MM"), (BTC,), epoch, **more)  # type: ignore[arg-type]


def test_what_is_written_is_read_back_and_is_private(state_dir: Path) -> None:
    made = [record(), record("binance_usdm", "testnet", dead_man=True)]
    write_venues(state_dir, made)
    assert read_venues(state_dir) == tuple(made)
    assert (state_dir / FILE).stat().st_mode & 0o777 == 0o600


def test_no_file_means_no_account(state_dir: Path) -> None:
    assert read_venues(state_dir) == ()


def test_record_has_no_place_for_a_key() -> None:
    """R-X2: the source of the keys is recorded, the keys are not."""
    words = {field.name for kind in (VenueRecord, KeySource) for field in msgspec.structs.fields(kind)}
    assert not words & {"apiKey", "secret", "privateKey", "password", "api_key", "values"}
    assert key_source(Keys(source="file", file="/k/keys.env")) == KeySource("file", file="/k/keys.env")
    assert key_source(None) == KeySource("env")
    assert key_source(None, "/c/live.yml") == KeySource("config", file="/c/live.yml")


def test_next_start_replaces_its_own_accounts_and_keeps_the_others(state_dir: Path) -> None:
    """An account of an earlier session may still hold orders: the stop goes there, too."""
    loopback = record(network="loopback", url="http://127.0.0.1:4000")
    write_venues(state_dir, [record(), record("binance_usdm"), loopback])
    write_venues(state_dir, [record(epoch=6)])
    assert [(r.name, r.network, r.epoch) for r in read_venues(state_dir)] == [
        ("hyperliquid", "mainnet", 6),
        ("binance_usdm", "mainnet", 5),
    ]


def test_only_forgetting_takes_an_account_out(state_dir: Path) -> None:
    write_venues(state_dir, [record(), record("binance_usdm")])
    forget_venues(state_dir, [record(epoch=99)])
    assert [r.name for r in read_venues(state_dir)] == ["binance_usdm"]


def test_link_foreign_mode_and_damaged_file_are_refused(state_dir: Path, tmp_path: Path) -> None:
    write_venues(state_dir, [record()])
    path = state_dir / FILE
    real = tmp_path / "elsewhere.json"
    real.write_bytes(path.read_bytes())
    path.chmod(0o644)
    with pytest.raises(Refused, match="0600"):
        read_venues(state_dir)
    path.unlink()
    os.symlink(real, path)
    with pytest.raises(Refused, match="symlink"):
        read_venues(state_dir)
    with pytest.raises(Refused, match="symlink"):
        write_venues(state_dir, [record()])
    path.unlink()
    for content in (b"{", b'{"schema":1,"venues":[{"name":"x"}]}', b'{"schema":2,"venues":[]}'):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(Refused):
            read_venues(state_dir)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_file_of_another_owner_is_refused(state_dir: Path) -> None:
    write_venues(state_dir, [record()])
    os.chown(state_dir / FILE, 12_345, 12_345)
    with pytest.raises(Refused, match="owner"):
        read_venues(state_dir)
    with pytest.raises(Refused, match="owner"):
        write_venues(state_dir, [record()])


@pytest.mark.parametrize(
    "wrong",
    [
        record(name="../../etc"),
        record(network="moon"),
        record(url="http://127.0.0.1:4000"),
        record(network="loopback"),
        record(network="loopback", url="http://exchange.example:443"),
        record(network="loopback", url="http://127.0.0.1:4000@exchange.example"),
    ],
)
def test_record_that_would_send_signed_requests_elsewhere_is_refused(state_dir: Path, wrong: VenueRecord) -> None:
    with pytest.raises(Refused):
        write_venues(state_dir, [wrong])
    assert read_venues(state_dir) == ()


def test_steps_by_hand_name_page_network_and_instruments() -> None:
    text = by_hand(record())
    assert "app.hyperliquid.xyz" in text and "mainnet" in text and "BTC" in text
    assert "cancel all" in by_hand(record("grvt"))
