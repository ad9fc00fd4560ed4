"""Two loopback venues of different dialects in one process, with books so thin that orders fill in parts.

Prints their addresses and ends with its standard input."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from core.venues.wire.binance_usdm.limits import Window
from core.venues.wire.server import VenueServer
from tests.rehearsal import stage
from tests.rehearsal.stage import HYPERLIQUID, LONG_LEG, venue_of

STAGES = (LONG_LEG, HYPERLIQUID)
THIN_QUOTE = 300.0  # of a level


def unlimited(server: VenueServer) -> None:
    """A core every few seconds uses more of the venue's weight than one that lives."""
    limits: Any = server.dialect.limits  # type: ignore[attr-defined]
    if hasattr(limits, "weight_per_minute"):
        limits.weight_per_minute = limits.free = 0
    for window in vars(limits).values():
        if isinstance(window, Window):
            window.most = 0


async def serve(seed: int) -> None:
    stage.LIVELY = stage.LIVELY._replace(level_quote=THIN_QUOTE)
    made = [venue_of(one, (), seed + n) for n, one in enumerate(STAGES)]
    for server, _ in made:
        unlimited(server)
    urls = [f"http://127.0.0.1:{await server.start()}" for server, _ in made]
    sys.stdout.write(json.dumps({"urls": urls}) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for server, _ in made:
        await server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
