"""Margin mode and leverage of an instrument: set before anything trades, and read back where the venue tells them.

A read-back that is not what the config states refuses the start of whoever needs it (S1-24). Sends no order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core import tasks
from core.domain.errors import Refused
from core.domain.instrument import Instrument
from core.venues.ccxt.markets import Listing
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.verdicts import judge

LOOKS, PAUSE_S = 3, 0.5  # a venue's reads may be a moment behind its writes
BY_HAND = "Set it by hand at the venue, with no position held there, then start again"
Margin = tuple[str, float]  # isolated | cross, leverage


def wanted_margin(instrument: Instrument) -> Margin:
    """What the config states."""
    return "isolated" if instrument.isolated else "cross", float(instrument.leverage)


def margin_text(margin: Margin) -> str:
    """For people."""
    return f"{margin[0]} {margin[1]:g}x"


async def margin_of(traits: Traits, exchange: Any, keys: Mapping[str, str], listing: Listing) -> Margin | None:
    """What is set now; None where the venue does not tell. Raises what ccxt raises."""
    import ccxt

    if traits.name == "hyperliquid":
        coin, user = exchange.market(listing.symbol)["info"]["name"], keys["walletAddress"]
        told = (await exchange.publicPostInfo({"type": "activeAssetData", "user": user, "coin": coin})).get("leverage")
        return (str(told["type"]), float(told["value"])) if told else None
    try:
        found: Any = await exchange.fetch_leverage(listing.symbol, {"marginMode": wanted_margin(listing.instrument)[0]})
    except ccxt.NotSupported:
        return None
    if not found.get("longLeverage") or not found.get("marginMode"):
        return None
    return str(found["marginMode"]), float(found["longLeverage"])


async def prove_margin(traits: Traits, exchange: Any, keys: Mapping[str, str], listing: Listing) -> None:
    """After `set_up`: the venue itself says what the config states. Raises Refused with the next step."""
    import ccxt

    wanted, found = wanted_margin(listing.instrument), ""
    for look in range(LOOKS):
        if look:
            await tasks.sleep(PAUSE_S)
        try:
            told = await margin_of(traits, exchange, keys, listing)
        except ccxt.BaseError as error:
            found = f"its answer cannot be used: {judge(error).text}"
            continue
        if told == wanted:
            return
        found = "the venue does not say" if told is None else f"was {margin_text(told)} after it was set"
    raise Refused(f"{traits.name}: Expected {margin_text(wanted)} on {listing.instrument.symbol}, {found}. {BY_HAND}")
