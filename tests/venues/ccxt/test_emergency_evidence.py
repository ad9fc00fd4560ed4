"""The evidence of a panic: every request with the hash of its raw answer, what the closes brought and what they cost,
times; nothing secret in it (RELIABILITY.md section 5, E9 and E10; R-X2)."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from core.control.outcome import FLAT_SEALED
from core.venues.ccxt.wiring import request_name
from core.venues.wire.server import VenueServer
from tests.venues.ccxt.emergency_hall import both
from tests.venues.wire import binance_hall, hyperliquid_hall

SECRETS = (binance_hall.SECRET, binance_hall.KEY, hyperliquid_hall.KEY[2:], "signature", "cloid", "timestamp=")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIFETIME_NS", "SKEW_NS", "LAG_NS"):
        monkeypatch.setattr(f"core.control.live_account.{name}", 100_000_000)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """sha256 of the body of every answer that a venue gives, by the name of its dialect."""
    found: dict[str, list[str]] = {}
    given = VenueServer._middleware

    @web.middleware
    async def listen(self: VenueServer, request: web.Request, handler: Any) -> web.StreamResponse:
        response = await given(self, request, handler)
        dropped = request.transport is None or request.transport.is_closing()
        if not dropped:
            found.setdefault(self.dialect.name, []).append(hashlib.sha256(bytes(response.body)).hexdigest())  # type: ignore[attr-defined]
        return response

    monkeypatch.setattr(VenueServer, "_middleware", listen)
    return found


@pytest.mark.slow
async def test_every_request_stands_in_the_evidence_with_the_hash_of_its_raw_answer(
    state_dir: Path, told: dict[str, list[str]]
) -> None:
    """E9: what the venue said can be proven later; the venue's own log has not one request more."""
    async with both(state_dir) as at:
        for one in at.each:
            one.rest(30)
            one.hold(20)
        at.recorded()
        marks = [len(one.venue.server.asked) for one in at.each]
        lost_at = "POST /info:clearinghouseState"  # a GET the HTTP client itself would ask again
        at.hyperliquid.fault("drop", lost_at, times=1)
        code, evidence = await asyncio.to_thread(at.panic)
        assert code == FLAT_SEALED, evidence.body()
        for one, mark in zip(at.each, marks, strict=True):
            mine = [row for row in evidence.answers if row.venue.startswith(one.name)]
            assert len(mine) == len(one.venue.server.asked[mark:]) > 8
            assert sorted(row.sha256 for row in mine if row.status) == sorted(told[one.name])
            lost = [row for row in mine if row.status == 0]
            assert [row.request for row in lost] == ([] if one is at.binance else [lost_at])
            assert all(row.ms >= 0 and row.size > 0 for row in mine if row.status)
        names = {row.request for row in evidence.answers}
        assert {"GET /fapi/v1/openOrders", "POST /exchange:order", "POST /info:frontendOpenOrders"} <= names
        text = Path(evidence.path).read_text() + json.dumps(evidence.body())
        assert not [secret for secret in SECRETS if secret in text]
        assert all(row.sha256 in text for row in evidence.answers)


async def test_fills_of_the_closes_stand_there_with_what_they_cost_against_the_middle(state_dir: Path) -> None:
    async with both(state_dir) as at:
        at.binance.hold(20)
        at.hyperliquid.hold(-700)
        at.recorded()
        code, evidence = await asyncio.to_thread(at.panic)
        assert code == FLAT_SEALED
        sizes = {"binance_usdm": 20 * 0.001, "hyperliquid": 700 * 0.00001}
        for name, side in (("binance_usdm", "sell"), ("hyperliquid", "buy")):
            mine = [fill for fill in evidence.fills if fill.venue.startswith(name)]
            assert {fill.side for fill in mine} == {side}
            assert sum(fill.size for fill in mine) == pytest.approx(sizes[name])
            assert all(fill.slippage_bps is not None and 0 < fill.slippage_bps < 200 for fill in mine), mine
            assert all(90_000 < fill.price < 130_000 and fill.fee > 0 and fill.ts > 0 for fill in mine), mine
        table = Path(evidence.path).read_text()
        assert "| fills of closes |" in table and "slippage bps" in table


async def test_a_venue_that_does_not_list_the_fills_takes_nothing_back(state_dir: Path) -> None:
    """Evidence never holds the end of a stop up, and never turns it."""
    async with both(state_dir) as at:
        at.binance.hold(20)
        at.binance.fault("status", "GET /fapi/v1/userTrades", status=503, text="unavailable")
        at.recorded()
        code, evidence = await asyncio.to_thread(at.panic)
        assert code == FLAT_SEALED and evidence.fills == []
        assert any(step.step == "fills" and "not listed" in step.text for step in evidence.steps)


@pytest.mark.parametrize(
    ("url", "body", "name"),
    [
        ("http://h/fapi/v1/order?symbol=X&signature=abc", None, "POST /fapi/v1/order"),
        ("http://h/exchange", '{"action":{"type":"order","c":"0xab"},"signature":{"r":"1"}}', "POST /exchange:order"),
        ("http://h/info", '{"type":"meta","user":"0xab"}', "POST /info:meta"),
        ("http://h/info", "{not json", "POST /info"),
        ("http://h/info", '{"action": 7, "type": null}', "POST /info"),
        ("http://h/x", b"{}", "POST /x"),
    ],
)
def test_a_request_is_named_without_query_key_or_signature(url: str, body: Any, name: str) -> None:
    assert request_name(url, "POST", body) == name
