"""Markets in the state dir: fresh ones at once, old ones only where the venue does not give its list."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import ccxt
import pytest

from core.clock import VirtualClock
from core.control.market_cache import FRESH_NS, fill_markets, load_markets, market_file, save_markets

MARKETS = {"BTC/USDC:USDC": {"symbol": "BTC/USDC:USDC", "id": "0", "baseId": 0, "info": {"big": "x"}}}


class Exchange:
    """The part of a ccxt class that loading needs; `fails`: its list is down."""

    def __init__(self, fails: bool = False) -> None:
        self.markets: dict[str, Any] = {}
        self.fails, self.loads = fails, 0

    async def load_markets(self) -> None:
        self.loads += 1
        if self.fails:
            raise ccxt.ExchangeNotAvailable("503")
        self.markets = dict(MARKETS)

    def set_markets(self, markets: list[dict[str, Any]]) -> None:
        self.markets = {market["symbol"]: market for market in markets}


def fill(exchange: Exchange, path: Path | None, now: int) -> str:
    return asyncio.run(fill_markets(exchange, path, VirtualClock(now)))


def test_markets_of_the_venue_are_kept_without_their_raw_answers(state_dir: Path) -> None:
    path = market_file(state_dir, "hyperliquid", "mainnet")
    first = Exchange()
    fill(first, path, 1_000)
    kept = load_markets(path, 2_000)
    assert kept == ([{"symbol": "BTC/USDC:USDC", "id": "0", "baseId": 0}], True)
    assert path.stat().st_mode & 0o777 == 0o600
    second = Exchange()
    fill(second, path, 2_000)
    assert (second.loads, list(second.markets)) == (0, ["BTC/USDC:USDC"])


def test_what_ccxt_reads_of_the_raw_answer_to_make_an_order_is_kept(state_dir: Path) -> None:
    """Binance's client refuses every order of a market without its list of order types: a stop could close nothing."""
    path = market_file(state_dir, "binance_usdm", "mainnet")
    raw = {"orderTypes": ["LIMIT", "MARKET"], "filters": [1] * 50, "instrument_hash": "0x1"}
    save_markets(path, {"A": {"symbol": "A", "id": "a", "info": raw}, "B": {"symbol": "B", "id": "b"}}, 1_000)
    kept = load_markets(path, 2_000)
    assert kept is not None
    assert [market.get("info") for market in kept[0]] == [
        {"orderTypes": ["LIMIT", "MARKET"], "instrument_hash": "0x1"}, None,
    ]  # fmt: skip


def test_old_markets_are_used_only_when_the_list_is_down(state_dir: Path) -> None:
    path = market_file(state_dir, "hyperliquid", "mainnet")
    save_markets(path, MARKETS, 1_000)
    later = 1_000 + FRESH_NS
    asked = Exchange()
    fill(asked, path, later)
    assert asked.loads == 1
    save_markets(path, MARKETS, 1_000)
    down = Exchange(fails=True)
    assert "earlier day" in fill(down, path, later)
    assert down.markets


def test_without_any_markets_the_error_of_the_venue_stands(state_dir: Path) -> None:
    for path in (None, market_file(state_dir, "hyperliquid", "mainnet")):
        with pytest.raises(ccxt.ExchangeNotAvailable):
            fill(Exchange(fails=True), path, 1_000)


def test_damaged_empty_or_linked_files_are_no_markets(state_dir: Path) -> None:
    path = market_file(state_dir, "hyperliquid", "mainnet")
    for content in (b"{", b'{"ts":1,"markets":[]}', b'{"ts":1,"markets":[{"id":"0"}]}'):
        path.write_bytes(content)
        path.chmod(0o600)
        assert load_markets(path, 1_000) is None
    path.unlink()
    save_markets(state_dir / "other.json", MARKETS, 1_000)
    os.symlink(state_dir / "other.json", path)
    assert load_markets(path, 1_000) is None


def test_disk_that_refuses_does_not_stop_the_stop(state_dir: Path) -> None:
    os.chmod(state_dir, 0o500)
    try:
        exchange = Exchange()
        fill(exchange, state_dir / "gone" / "markets.json", 1_000)
        assert exchange.markets
    finally:
        os.chmod(state_dir, 0o700)
