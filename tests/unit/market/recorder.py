"""Writes small recordings of every kind from plain rows, so that conversion is tested against what was written."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

T0_MS = 1_767_657_600_000  # 2026-01-06 00:00 UTC
Level = tuple[Any, Any, Any, Any]  # bid px, bid sz, ask px, ask sz


def aster_book(path: Path, rows: Sequence[tuple[int, Sequence[Level]]]) -> Path:
    """rows: (ts_ms, levels)."""
    table: dict[str, list[Any]] = {"ts_ms": [ts for ts, _ in rows], "last_update_id": list(range(len(rows)))}
    for i in range(max(len(levels) for _, levels in rows)):
        for k, name in enumerate(("bid_px", "bid_sz", "ask_px", "ask_sz")):
            table[f"{name}_{i}"] = [levels[i][k] if i < len(levels) else 0.0 for _, levels in rows]
    pl.DataFrame(table, strict=False).write_parquet(path)
    return path


def aster_trades(path: Path, rows: Sequence[tuple[int, int, str, Any, Any]]) -> Path:
    """rows: (trade_id, ts_ms, side, price, quantity)."""
    pl.DataFrame(list(rows), ["trade_id", "ts_ms", "side", "price", "quantity"], orient="row").write_parquet(path)
    return path


def hyperliquid_trades(path: Path, rows: Sequence[tuple[int, int, str, float, float, int]]) -> Path:
    """rows: (ts_recv_ns, ts_exch_ms, side, price, size, trade_id)."""
    names = ["ts_recv_ns", "ts_exch_ms", "side", "price", "size", "trade_id"]
    pl.DataFrame(list(rows), names, orient="row").write_parquet(path)
    return path


def hyperliquid_bbo(path: Path, rows: Sequence[tuple[int, int, str, float, float]]) -> Path:
    """rows: (ts_recv_ns, ts_exch_ms, side, price, size)."""
    pl.DataFrame(list(rows), ["ts_recv_ns", "ts_exch_ms", "side", "price", "size"], orient="row").write_parquet(path)
    return path


def hyperliquid_book(path: Path, rows: Sequence[tuple[int, int, Sequence[Level]]]) -> Path:
    """rows: (ts_recv_ns, ts_exch_ms, levels)."""
    table: dict[str, list[Any]] = {"ts_recv_ns": [row[0] for row in rows], "ts_exch_ms": [row[1] for row in rows]}
    for i in range(max(len(row[2]) for row in rows)):
        for k, name in enumerate(("bid_px", "bid_sz", "ask_px", "ask_sz")):
            table[f"{name}_{i}"] = [row[2][i][k] if i < len(row[2]) else 0.0 for row in rows]
    pl.DataFrame(table, strict=False).write_parquet(path)
    return path


def wire(path: Path, rows: Sequence[tuple[int, Any]]) -> Path:
    """rows: (receive ns, message or raw text)."""
    text = "".join(f"{ns} {body if isinstance(body, str) else json.dumps(body)}\n" for ns, body in rows)
    path.write_bytes(gzip.compress(text.encode()))
    return path


def depth(first: int, last: int, prev: int, bids: Any, asks: Any, ms: int = T0_MS) -> dict[str, Any]:
    """A combined-stream futures difference."""
    body = {"e": "depthUpdate", "E": ms, "T": ms, "s": "BTCUSDT", "U": first, "u": last, "pu": prev}
    return {"stream": "btcusdt@depth@0ms", "data": {**body, "b": bids, "a": asks}}


def snapshot(last: int, bids: Any, asks: Any, ms: int = T0_MS) -> dict[str, Any]:
    """A REST snapshot."""
    return {"lastUpdateId": last, "E": ms, "T": ms, "bids": bids, "asks": asks}
