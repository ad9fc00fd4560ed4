"""Inverse contracts as what they may be here: prices to look at. Their captures are read on a grid of contracts.

One lot of the native grid is one contract of fixed quote value; what it is worth in coins depends on the price.
"""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

import msgspec

from core.domain.errors import DataError
from core.domain.instrument import Instrument
from core.market.files import INVERSE

SUFFIX = "PERP"
CONTRACTS = {"BTCUSDPERP": (0.1, 100.0)}  # price step, quote units a contract: venue documentation and the captures


def native_of(paths: Sequence[str | pathlib.Path], to: Instrument) -> Instrument:
    """The grid that COIN-M captures of the coin of `to` are read on. Raises DataError for one that is not known."""
    symbol = f"{to.base}USD{SUFFIX}"
    if symbol not in CONTRACTS:
        known = ", ".join(sorted(CONTRACTS))
        raise DataError(f"Expected a COIN-M capture of {known} as a price tape, was of {to.base}", str(paths[0]))
    return msgspec.structs.replace(
        to, venue=INVERSE, symbol=symbol, quote="USD", tick=CONTRACTS[symbol][0], lot=1.0, unit=1, price_digits=1,
        size_digits=0,
    )  # fmt: skip


def contract_of(native: Instrument) -> float:
    """Quote units a contract of an instrument that `native_of` gave."""
    return CONTRACTS[native.symbol][1]


def symbol_of(native: Instrument) -> str:
    """How the venue calls it in its messages: BTCUSD_PERP."""
    return f"{native.symbol.removesuffix(SUFFIX)}_{SUFFIX}"
