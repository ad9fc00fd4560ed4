"""What a signature of Hyperliquid costs with ccxt's own keccak and with the one that we put in its place."""

from __future__ import annotations

import pathlib
import statistics
import time
from collections.abc import Callable
from typing import Any

from tests.bench.table import Row, judged, not_run, spread

TITLE = "signature of one Hyperliquid order: ccxt's own keccak over ours"
WANTED = ">= 5x"  # LIVE_VENUES.md section 3 found 4.3 -> 0.28 ms
LEAST = 5.0
ACTION = {
    "type": "order", "grouping": "na",
    "orders": [{"a": 0, "b": True, "p": "110000", "s": "0.01", "r": False, "t": {"limit": {"tif": "Alo"}},
                "c": "0x" + "ab" * 16}],
}  # fmt: skip


def rows(folder: pathlib.Path, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """One row: alternating blocks of signatures, one core, the median block of each."""
    import ccxt

    from core.venues.ccxt.keccak import bound, c_keccak, is_slow, stock_hash

    if not is_slow():
        return [not_run(TITLE, WANTED, "this Python's own OpenSSL has keccak; ccxt uses that and nothing is rebound")]
    signer = ccxt.hyperliquid({"privateKey": "0x" + "22" * 32})
    took: dict[str, list[float]] = {"stock": [], "ours": []}
    for _ in range(5 if quick else 15):
        for name, function in (("stock", stock_hash()), ("ours", c_keccak)):
            with bound(function):
                took[name].append(_milliseconds(signer, 20 if name == "stock" else 200))
    ratio = statistics.median(took["stock"]) / statistics.median(took["ours"])
    say(f"sign: {ratio:.1f}x")
    measured = f"{ratio:.1f}x: {spread(took['stock'])} -> {spread(took['ours'])} ms"
    return [judged(TITLE, WANTED, measured, ratio >= LEAST, "same bytes: tests/venues/ccxt/test_keccak.py")]


def _milliseconds(signer: Any, n: int) -> float:
    begun = time.perf_counter()
    for k in range(n):
        signer.sign_l1_action(ACTION, 1_700_000_000_000 + k)
    return (time.perf_counter() - begun) * 1_000 / n
