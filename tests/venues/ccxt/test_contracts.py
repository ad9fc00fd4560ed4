"""OKX counts contracts: a lot of ours is the same coins on the wire, in answers and in books."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from core.domain.units import BUY
from core.venues.ccxt.public import PublicFeed
from tests.venues.ccxt.four_venues import OKX, session


def instruments(asked: Any) -> dict[str, Any]:
    found = OKX.answers["GET /api/v5/public/instruments"](asked)
    return {**found, "data": [{**row, "ctVal": "0.01", "lotSz": "0.1", "minSz": "0.1"} for row in found["data"]]}


class Rows:
    def __init__(self) -> None:
        self.sizes: list[int] = []

    def book(self, instrument: int, ts_exch: int, ts_recv: int, px: Any, sz: Any) -> None:
        self.sizes.append(int(sz[BUY][0]))

    def small(self, *row: Any) -> None: ...
    def gap(self, *row: Any) -> None: ...


async def test_two_lots_of_a_thousandth_are_a_fifth_of_a_contract_of_a_hundredth() -> None:
    async with session(replace(OKX, answers={**OKX.answers, "GET /api/v5/public/instruments": instruments})) as run:
        run.venue._check_filters()
        listing = run.venue.listings[0]
        await run.create(qty=2)
        (order,) = json.loads(run.at.last(OKX.order_place).body)
        assert order["sz"] == "0.2"
        assert (listing.lots("0.2"), listing.size.nearest(0.2), listing.size_of(2)) == (2, 2, 0.2)
        rows = Rows()
        PublicFeed(listing, rows, run.venue.clock).take_book({"bids": [[60_000.0, 3.5]], "asks": [], "timestamp": None})
        assert rows.sizes == [35]
