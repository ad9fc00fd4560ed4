"""Venue name -> traits. Each venue's file is loaded only when it is asked for."""

from __future__ import annotations

import importlib

from core.domain.errors import Refused
from core.venues.ccxt.traits import Traits

# name as in configs/venues -> (module, class)
VENUES = {
    "binance_usdm": ("binanceusdm", "BinanceUsdm"),
    "bybit": ("bybit", "Bybit"),
    "grvt": ("grvt", "Grvt"),
    "hyperliquid": ("hyperliquid", "Hyperliquid"),
    "lighter": ("lighter", "Lighter"),
    "okx": ("okx", "Okx"),
}


def traits_of(name: str, signer_library: str = "") -> Traits:
    """What one venue does differently; `signer_library` is Lighter's. Raises Refused for a venue that is not known."""
    if name not in VENUES:
        raise Refused(f"Expected a venue that can be reached ({', '.join(VENUES)}), was {name!r}")
    module, kind = VENUES[name]
    made = getattr(importlib.import_module(f"core.venues.ccxt.{module}"), kind)
    traits: Traits = made(signer_library) if name == "lighter" else made()
    return traits
