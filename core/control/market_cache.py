"""The markets of a venue as ccxt parsed them, kept in the state dir: a stop goes on when the venue's list is down.

Used at once while it is fresh, else only where the venue does not give its list. Loopback venues are never kept: theirs
change from run to run.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from core.domain.errors import Refused
from core.domain.ports import Clock
from core.domain.units import NS_PER_S
from core.guard.private import check_private, open_private, replace_synced

CAP = 64 << 20
FRESH_NS = 3_600 * NS_PER_S
FROM_FILE = "kept markets"
NEEDED = ("orderTypes", "instrument_hash", "size_decimals", "price_decimals", "hip3")  # of create_order in ccxt


class _Kept(msgspec.Struct, frozen=True):
    ts: int
    markets: list[dict[str, Any]]


def market_file(state_dir: Path, venue: str, network: str) -> Path:
    """Where the markets of one venue are kept."""
    return state_dir / f"markets-{venue}-{network}.json"


def save_markets(path: Path, markets: dict[str, Any], ts: int) -> None:
    """Keep the markets of an exchange (`exchange.markets`), without the raw answers. Raises OSError, Refused."""
    if os.path.lexists(path):
        check_private(path, "file")
    replace_synced(path, msgspec.json.encode(_Kept(ts, [_slim(one) for one in markets.values()])), f"{os.getpid():x}")


def _slim(market: dict[str, Any]) -> dict[str, Any]:
    """Without the raw answer, but for the fields of it that ccxt reads when it makes an order."""
    raw = market.get("info")
    needed = {key: raw[key] for key in NEEDED if key in raw} if isinstance(raw, dict) else {}
    slim = {key: value for key, value in market.items() if key != "info"}
    return {**slim, "info": needed} if needed else slim


def load_markets(path: Path, now: int) -> tuple[list[dict[str, Any]], bool] | None:
    """(markets, fresh), None where there are none that can be used."""
    try:
        fd = open_private(path, os.O_RDONLY)
    except (OSError, Refused):
        return None
    try:
        with os.fdopen(fd, "rb") as file:
            kept = msgspec.json.decode(file.read(CAP), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return None
    usable = bool(kept.markets) and all("symbol" in market and "id" in market for market in kept.markets)
    return (kept.markets, 0 <= now - kept.ts < FRESH_NS) if usable else None


async def fill_markets(exchange: Any, path: Path | None, clock: Clock) -> str:
    """Give an exchange its markets; says where they came from, `FROM_FILE` first where from here: then steps and sizes
    may be of before a change (core.venues.ccxt.fresh). Raises what ccxt raises when there are none at all."""
    if exchange.markets:
        return ""
    kept = load_markets(path, clock.now()) if path is not None else None
    if kept is not None and kept[1]:
        exchange.set_markets(kept[0])
        return f"{FROM_FILE} from the state dir"
    import ccxt

    try:
        await exchange.load_markets()
    except (ccxt.BaseError, LookupError, TypeError, ValueError) as error:
        if kept is None:
            raise
        exchange.set_markets(kept[0])
        return f"{FROM_FILE} of an earlier day: the venue's list failed ({type(error).__name__})"
    if path is not None:
        try:
            save_markets(path, exchange.markets, clock.now())
        except (OSError, Refused, TypeError) as error:
            return f"markets from the venue, not kept: {type(error).__name__}"
    return "markets from the venue"
