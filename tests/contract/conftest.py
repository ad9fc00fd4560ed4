"""The four sites, one at a time: every contract runs on each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.sites import Site
from tests.contract.virtual import paper, simulated

VIRTUAL = {"simulated": simulated, "paper": paper}
WIRED = ("binance", "hyperliquid")


@pytest.fixture(params=[*VIRTUAL, *(pytest.param(name, marks=pytest.mark.slow) for name in WIRED)])
async def site(request: pytest.FixtureRequest, state_dir: Path) -> AsyncIterator[Site]:
    """A fresh venue with a fresh account."""
    if request.param in VIRTUAL:
        made = VIRTUAL[request.param](state_dir)
        yield made
        made.venue.close()
        return
    from tests.contract.played import BINANCE, HYPERLIQUID
    from tests.contract.wired import WiredSite

    wired = WiredSite({"binance": BINANCE, "hyperliquid": HYPERLIQUID}[request.param])
    try:
        await wired.start()
        yield wired
    finally:
        await wired.stop()
