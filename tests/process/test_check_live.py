"""`perpconsole check --live` as a process against a served loopback venue: table, JSON, exit code, never a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.process.real_core import command
from tests.process.running import hear, running

CONFIG = """live: true
account: rehearsal
equity: 5000
strategies:
  - name: mm
    kind: asmm
    venue: {venue}
    symbol: {symbol}
    budget: 5000
    params: {{maxLayers: 4, {sizes}}}
    risk: {{stopLoss: -60}}
venues:
  {venue}: {{network: loopback, url: "{url}"}}
market: {{source: live}}
"""
SIZES = {
    "binance_usdm": ("ETHUSDC", "baseSize: 0.02, netMax: 0.21, singleMax: 0.06"),
    "hyperliquid": ("BTC", "baseSize: 0.0005, netMax: 0.007, singleMax: 0.002"),
}
NAMES = {"apiKey": "API_KEY", "secret": "SECRET", "privateKey": "PRIVATE_KEY", "walletAddress": "WALLET_ADDRESS"}


@pytest.mark.slow
@pytest.mark.parametrize("venue", sorted(SIZES))
def test_the_checklist_of_a_served_venue_passes_with_exit_0_and_fails_with_exit_1(
    venue: str, state_dir: Path, tmp_path: Path
) -> None:
    """S1-50 to S1-57, R-X2."""
    served = ("-m", "app", "--state-dir", str(tmp_path / "venue"), "--json", "venue", "serve", "--dialect", venue)
    symbol, sizes = SIZES[venue]
    config = tmp_path / "live.yml"
    with running(*served) as child:
        told = hear(child)
        config.write_text(CONFIG.format(venue=venue, symbol=symbol, sizes=sizes, url=told["url"]))
        keys = {f"{venue.upper()}_{NAMES[name]}": value for name, value in told["account"].items()}
        words = ("check", "--live", "--config", str(config))
        done = command(state_dir, *words, **keys)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "0 FAIL" in done.stdout.splitlines()[-1]
        assert max(map(len, done.stdout.splitlines())) <= 160
        done = command(state_dir, "--json", "check", "--mode", "live", "--config", str(config), **keys)
        body = json.loads(done.stdout)
        assert body["ok"] and {"signing", "private stream", "clock"} <= {one["name"] for one in body["items"]}
        secret = told["account"].get("secret") or told["account"]["privateKey"][2:]
        assert secret not in done.stdout + done.stderr
        wrong = {name: value for name, value in keys.items() if not name.endswith(("SECRET", "PRIVATE_KEY"))}
        done = command(state_dir, *words, **wrong)
        assert done.returncode == 1 and "FAIL  keys" in done.stdout, done.stdout
    done = command(state_dir, *words, **keys)
    assert done.returncode == 1 and "FAIL  venue answers" in done.stdout


def test_check_without_live_still_asks_no_venue(state_dir: Path) -> None:
    done = command(state_dir, "check", "--config", "paper")
    assert "result" in done.stdout.splitlines()[-2] and "signing" not in done.stdout, done.stdout + done.stderr
    assert command(state_dir, "check", "--mode", "sideways").returncode == 64
