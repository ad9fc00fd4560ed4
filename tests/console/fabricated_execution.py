"""Fabricated figures of how orders fare, for the Execution screen."""

from __future__ import annotations

from typing import Any

import msgspec

from core.domain import snapshot as sn
from core.domain.execution_picture import SlipRow
from tests.console.fabricated import SECOND, snapshot

TICK = ((63_000, 41), (80_000, 288), (100_000, 1204), (125_000, 2610), (160_000, 2507), (200_000, 1130), (250_000, 402),
        (315_000, 131), (400_000, 62), (500_000, 24), (630_000, 9), (800_000, 3), (1_000_000, 0), (1_250_000, 0),
        (1_600_000, 0), (2_000_000, 0), (2_500_000, 0), (3_150_000, 0), (4_000_000, 1))  # fmt: skip
ACK = ((1_600_000, 210), (2_500_000, 4120), (4_000_000, 3300), (6_300_000, 640), (10_000_000, 98), (16_000_000, 22),
       (25_000_000, 7), (40_000_000, 1))  # fmt: skip
HORIZONS = (0.1, 1.0, 5.0, 10.0, 30.0, 60.0)
SLIPS = (
    SlipRow("paper", "ETHUSDC", "maker", "BUY", 131, 0.18, 1.9, "good"),
    SlipRow("paper", "ETHUSDC", "maker", "SELL", 121, -0.06, 1.1, "good"),
    SlipRow("paper", "ETHUSDC", "taker", "BUY", 3, 6.2, 8.8, "high"),
    SlipRow("paper", "ETHUSDC", "reduce", "SELL", 7, 12.4, 21.0, "bad"),
)
TREND = (3.0, 4.0, 3.0, 5.0, 3.0, 4.0, 4.0, 9.0, 4.0, 3.0, 3.0, 4.0, 5.0, 4.0)


def execution(**changes: Any) -> sn.Execution:
    return msgspec.structs.replace(
        snapshot().execution,
        n_buy=206, n_sell=206, fill_p50_ns=3_100_000_000, fill_p95_ns=41_000_000_000,
        layer_n=(96, 84, 70, 58, 44, 30, 18, 12),
        markout_bps=tuple(zip(HORIZONS, (-0.05, -0.1, 0.12, 0.3, 0.24, None))),
        markout_n=(252, 252, 251, 250, 247, 0),
        markout_taker_bps=tuple(zip(HORIZONS, (-0.42, -0.61, -0.2, 0.05, None, None))),
        markout_taker_n=(8, 8, 8, 7, 0, 0),
        slips=SLIPS, refused_engine=3, refused_wire=0, rejected_venue=2, lost=0,
        **changes,
    )  # fmt: skip


def faring(**changes: Any) -> sn.Snapshot:
    """A picture with every figure of the screen known."""
    base = snapshot(40)
    bins = {"tick->order": TICK, "order->ack": ACK}
    latency = tuple(
        msgspec.structs.replace(row, bins=bins.get(row.name, ()), spark=TREND[n:] + TREND[:n])
        for n, row in enumerate(base.latency)
    )
    return msgspec.structs.replace(base, **{"latency": latency, "execution": execution(), **changes})


def poor() -> sn.Snapshot:
    """Old streams, budgets nearly used up, an order whose fate is unknown, latency beyond every band."""
    base = faring()
    feeds = (
        msgspec.structs.replace(base.feeds[0], age_ns=14 * SECOND, gaps=3, lost=41),
        msgspec.structs.replace(base.feeds[1], up=False, reconnects=4),
    )
    worse = [msgspec.structs.replace(base.latency[1], p99_ns=162_000_000, max_ns=900_000_000, band="unacceptable")]
    fares = msgspec.structs.replace(base.execution, unknown=2, lost=3, dropped=12, reject_rate=0.081)
    return msgspec.structs.replace(
        base, feeds=feeds, latency=(base.latency[0], *worse, *base.latency[2:]), execution=fares, weight_used=2310,
        orders_used=231,
    )  # fmt: skip
