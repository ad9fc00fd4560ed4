"""`perpconsole venue serve` as a process: ccxt's own class trades on it, it ends in order, a bad plan is refused."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.process.real_core import PATIENCE_S, command, page
from tests.process.running import hear, running


@pytest.mark.slow
async def test_ccxt_trades_on_a_served_venue_and_it_ends_on_sigterm(state_dir: Path) -> None:
    """UC-10."""
    import ccxt.pro

    words = (
        "-m",
        "app",
        "--state-dir",
        str(state_dir),
        "--json",
        "venue",
        "serve",
        "--dialect",
        "hyperliquid",
        "--symbol",
        "BTC",
    )
    with running(*words) as child:
        told = hear(child)
        assert told["dialect"] == "hyperliquid" and told["url"].startswith("http://127.0.0.1:")

        class Cured(ccxt.pro.hyperliquid):  # type: ignore[misc]
            async def initialize_client(self) -> bool:
                return True

        urls = {
            "public": told["url"],
            "private": told["url"],
            "ws": {"public": told["url"].replace("http", "ws") + "/ws"},
        }
        client = Cured({**told["account"], "urls": {"api": urls}, "options": {"fetchMarkets": {"types": ["swap"]}}})
        try:
            await client.load_markets()
            top = await client.fetch_order_book("BTC/USDC:USDC")
            made = await client.create_order("BTC/USDC:USDC", "limit", "buy", 0.001, top["bids"][0][0] - 500)
            assert [order["id"] for order in await client.fetch_open_orders("BTC/USDC:USDC")] == [made["id"]]
        finally:
            await client.close()
        port = int(told["url"].rpartition(":")[2])
        books = json.loads(page(port, "/_venue/books")[1])
        assert [order["status"] for order in books["orders"]] == ["open"]
        os.kill(child.pid, signal.SIGTERM)
        assert child.wait(PATIENCE_S) == 0


def test_a_bad_plan_of_faults_and_an_unknown_dialect_are_refused_before_anything_listens(
    state_dir: Path, tmp_path: Path
) -> None:
    plan = tmp_path / "faults.yml"
    plan.write_text("rules: [{do: explode}]\n")
    done = command(state_dir, "venue", "serve", "--faults", str(plan))
    assert done.returncode == 1 and "faults.yml" in done.stderr and "explode" in done.stderr
    done = command(state_dir, "venue", "serve", "--dialect", "nowhere")
    assert done.returncode == 1 and "hyperliquid" in done.stderr
    assert "drop_after" in command(state_dir, "venue", "faults").stdout
