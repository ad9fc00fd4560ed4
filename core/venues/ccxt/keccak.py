"""Faster keccak under ccxt's signatures: its pure-Python hash costs milliseconds a signature, one in C microseconds.

Python's own OpenSSL has it from 3.2 on, then ccxt uses that and nothing is done here. Otherwise the hash is rebound in
the places that sign, after one signature by the stock path and one by the new path were found equal (LIVE_VENUES.md
section 3); if they are not, ccxt's own stays and the operator is told.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Hash = Callable[[Any], bytearray]
# every name under which ccxt's EVM signing code holds the hash
PLACES = (
    ("ccxt.static_dependencies.keccak", "SHA3"),
    ("ccxt.static_dependencies.ethabi.abi", "keccak"),
    ("ccxt.static_dependencies.ethabi.typed_data", "keccak"),
)
STOCK = ("ccxt.static_dependencies.keccak.keccak", "SHA3")  # the pure-Python one
FAULTS = (ImportError, OSError, AttributeError, TypeError, ValueError, LookupError, RuntimeError)  # of a C library
_KEY = "0x" + "11" * 32  # of nobody; signs the check
_LENGTHS = (0, 1, 64, 135, 136, 137, 272, 1_000)  # both sides of the block of 136 bytes


def c_keccak(data: Any) -> bytearray:
    """Keccak-256 (padding 0x01) by pycryptodome, with the type that ccxt's gives. Raises ImportError."""
    from Crypto.Hash import keccak

    return bytearray(keccak.new(digest_bits=256, data=bytes(data)).digest())


def is_slow() -> bool:
    """True where ccxt would hash in Python."""
    return any(_get(place) is _get(STOCK) for place in PLACES)


def stock_hash() -> Hash:
    """ccxt's pure-Python one, wherever it is bound now."""
    found: Hash = _get(STOCK)
    return found


def quicken(fast: Hash = c_keccak) -> str:
    """Rebind the hash for the whole process; "" where hashing is fast now, else why ccxt's own stays."""
    if not is_slow():
        return ""
    try:
        wrong = _difference(fast)
    except FAULTS as error:
        wrong = type(error).__name__
    if wrong:
        return (
            f"Signing stays slow (ccxt's own keccak, milliseconds a signature): the fast one failed its check, {wrong}"
        )
    _bind(fast)
    return ""


@contextmanager
def bound(function: Hash) -> Iterator[None]:
    """The hash is `function` inside the block; before and after it is what it was."""
    before = [_get(place) for place in PLACES]
    _bind(function)
    try:
        yield
    finally:
        for place, old in zip(PLACES, before, strict=True):
            setattr(importlib.import_module(place[0]), place[1], old)


def _difference(fast: Hash) -> str:
    """What differs from the stock path; "" where nothing does."""
    stock = _get(STOCK)
    for length in _LENGTHS:
        data = bytes(k * 7 & 0xFF for k in range(length))
        if bytes(fast(data)) != bytes(stock(data)):
            return f"the hash of {length} bytes differs"
    with bound(stock):
        expected = _signature()
    with bound(fast):
        found = _signature()
    return "" if found == expected else "the signature of one action differs"


def _signature() -> Any:
    import ccxt

    signer = ccxt.hyperliquid({"privateKey": _KEY})
    action = {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": "0x" + "0" * 31 + "1"}]}
    return signer.sign_l1_action(action, 1_700_000_000_000)


def _get(place: tuple[str, str]) -> Any:
    return getattr(importlib.import_module(place[0]), place[1])


def _bind(function: Hash) -> None:
    for module, name in PLACES:
        setattr(importlib.import_module(module), name, function)
