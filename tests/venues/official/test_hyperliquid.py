"""Hyperliquid's own Python client against the loopback venue: code that nobody here wrote must find it real."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from core.domain.units import MONEY
from core.venues.wire.hyperliquid.dialect import Rules
from core.venues.wire.pages import books_page
from tests.venues.wire.hyperliquid_hall import KEY, USER, venue

ROOT = Path(__file__).resolve().parents[3]
PYTHON = Path(os.environ.get("PERP_HYPERLIQUID_PYTHON", ROOT / ".venv-hyperliquid" / "bin" / "python"))
SESSION = Path(__file__).with_name("hyperliquid_session.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PYTHON.exists(), reason="no official Hyperliquid client here: tests/venues/official/setup_hyperliquid.sh"
    ),
]


def statuses(answer: dict[str, Any]) -> list[Any]:
    assert answer["status"] == "ok", answer
    found: list[Any] = answer["response"]["data"]["statuses"]
    return found


async def test_the_official_client_trades_reads_and_listens_and_both_books_agree() -> None:
    """It signs for the test network wherever it is not pointed at the real one, so the venue is of that kind."""
    async with venue(rules=Rules(testnet=True, dead_man_volume=0, book_ms=50)) as at:
        process = await asyncio.create_subprocess_exec(
            str(PYTHON), str(SESSION), at.url, KEY, USER, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, errors = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, errors.decode()[-2000:]
        seen = json.loads(out.decode().strip().splitlines()[-1])
        page = books_page(at.exchange)
        orders = {order.venue_id: order for order in page.orders}

        assert seen["leverage"]["status"] == "ok" and at.exchange.exchange.account.s.leverage[0] == 7
        oids = [statuses(seen[step])[0]["resting"]["oid"] for step in ("placed", "modified", "modified_by_cloid")]
        assert oids == sorted(set(oids)) and [orders[oid].qty for oid in oids] == [1_000, 2_000, 3_000]
        assert seen["by_cloid"]["order"]["order"]["oid"] == oids[-1] and seen["by_cloid"]["order"]["status"] == "open"
        assert [row["oid"] for row in seen["open"]] == [oids[-1]]
        assert statuses(seen["cancelled"]) == ["success"] and "error" in statuses(seen["again"])[0]
        assert {orders[oid].status for oid in oids} == {"canceled"}
        rests, refused = statuses(seen["batch"])
        assert "resting" in rests and "Post only order would have immediately matched" in refused["error"]

        assert float(statuses(seen["taken"])[0]["filled"]["totalSz"]) == 0.05
        assert seen["margin"]["status"] == "ok"
        (held,) = seen["state"]["assetPositions"]
        assert held["position"]["szi"] == "0.05" and held["position"]["leverage"]["value"] == 7
        assert float(statuses(seen["closed"])[0]["filled"]["totalSz"]) == 0.02
        assert page.positions[0][:2] == (0, 3_000)
        rows = {fill["tid"]: fill for fill in seen["fills"]}
        assert rows == {fill["tid"]: fill for fill in seen["fills_by_time"]} and len(rows) == len(page.trades)
        for trade in page.trades:
            row = rows[trade.id]
            assert (row["oid"], round(float(row["fee"]) * MONEY)) == (trade.venue_id, trade.fee)
            assert (float(row["px"]), round(float(row["sz"]) * 1e5)) == (trade.px, trade.qty)

        assert "expired" in seen["expired"]["response"] and seen["scheduled"]["status"] == "ok"
        assert "builder is refused" in seen["builder"]["response"]
        assert "approveBuilderFee is refused" in seen["approve"]["response"]
        assert "setReferrer is refused" in seen["referrer"]["response"]
        assert at.dialect.actions.refused == {"approveBuilderFee": 1, "setReferrer": 1, "builder": 1}
        assert "resting" in statuses(seen["stop"])[0]
        assert "does not exist" in seen["stranger"]["response"]

        reads = seen["reads"]
        assert reads["meta"]["universe"][0]["name"] == "BTC" and reads["spot"] == ["@142"]
        assert reads["mids"] == ["@142", "BTC"] and reads["open"] == 2 and reads["contexts"] == 1
        assert reads["fees"] == "0.00015" and reads["limits"] > 0 and reads["history"] == len(page.orders)

        heard = seen["heard"]
        for channel in ("l2Book", "trades", "bbo", "activeAssetCtx", "candle", "allMids", "userFundings"):
            assert heard[channel], channel
        told = [fill for frame in heard["userFills"] for fill in frame["fills"]]
        assert {fill["tid"] for fill in told} == set(rows)
        assert {fill["tid"] for frame in heard["user"] for fill in frame["fills"]} == set(rows)
        updates = [(row["order"]["oid"], row["status"]) for frame in heard["orderUpdates"] for row in frame]
        expected = [
            (oids[0], "open"),
            (oids[1], "open"),
            (oids[0], "canceled"),
            (oids[2], "open"),
            (oids[1], "canceled"),
        ]
        assert updates[:5] == expected and updates[5] == (oids[2], "canceled")
