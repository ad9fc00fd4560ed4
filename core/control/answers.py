"""What the control server answers from pictures and report files: plain values, made in the server's own thread.

Pure reads of the desk and the report folder; a stuck core cannot hold any of these up.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from core.clock import stopwatch
from core.control.desk import Desk
from core.control.protocol import Progress
from core.domain.errors import Refused
from core.domain.events import HeldPosition, OpenOrder
from core.domain.snapshot import State
from core.domain.units import NS_PER_S
from core.domain.venue_picture import VenueRow
from core.guard.private import check_private

REPORT_CAP = 2 << 20
VERIFIED = ("clean", "sealed")
NOT_TAKEN = "the core has not carried it out yet"


def status(desk: Desk) -> dict[str, Any]:
    """The short picture: run state, gate, money, round; `picture_age_ms` says how old it is, None before the first."""
    stop = desk.gate.stop
    body: dict[str, Any] = {
        "pid": os.getpid(),
        "gate_closed": desk.gate.closed,
        "stop": msgspec.to_builtins(stop) if stop is not None and desk.gate.closed else None,
        "picture_age_ms": None,
    }
    picture = desk.latest()
    if picture is None:
        return body | {"run": "STARTING"}
    return body | {
        "picture_age_ms": (stopwatch() - desk.t_published) // 1_000_000,
        "run": picture.state.run,
        "reason": picture.state.reason,
        "verified": picture.state.verified,
        "trouble": picture.state.trouble,
        "dust": picture.state.dust,
        "evidence": picture.state.evidence,
        "attended": picture.state.attended,
        "mode": picture.mode,
        "network": picture.network,
        "account": picture.account,
        "venue": picture.venue,
        "market": picture.market,
        "speed": picture.speed,
        "version": picture.version,
        "config_sha256": picture.config_sha256,
        "seq": picture.seq,
        "ts": picture.ts,
        "round": msgspec.to_builtins(picture.round),
        "equity": picture.pnl.equity,
        "net_pnl": picture.pnl.net,
        "open_orders": len(picture.orders),
        "open_positions": sum(row.size != 0 for row in picture.positions),
        "foreign_orders": picture.state.foreign_orders,
        "foreign_positions": picture.state.foreign_positions,
        "terms": _terms(picture.venues),
        "alerts_open": sum(not row.acked for row in picture.alerts),
        "metrics_port": picture.metrics_port,
        "viewers": picture.viewers,
        "kernels": msgspec.to_builtins(picture.kernels),
    }


def _terms(venues: Sequence[VenueRow]) -> dict[str, str]:
    """Of each real venue how old its tick, lot, bounds and trading state are as we know them, and what is wrong."""
    return {
        f"{row.venue} {row.network}": f"read {row.terms_age_ns // NS_PER_S} s ago"
        + (f"; {row.terms_why}" if row.terms_why else "")
        for row in venues
        if row.terms_age_ns is not None
    }  # fmt: skip


def position(desk: Desk) -> dict[str, Any]:
    """Positions and orders as last drawn: what the core believes, not what the venue says."""
    picture = desk.latest()
    if picture is None:
        return {"source": "none", "positions": [], "orders": []}
    return {
        "source": "core",
        "age_ms": (stopwatch() - desk.t_published) // 1_000_000,
        "ts": picture.ts,
        "positions": [msgspec.to_builtins(row) for row in picture.positions if row.size],
        "orders": [msgspec.to_builtins(row) for row in picture.orders],
    }


def listed(
    venue: str, symbols: Sequence[str], positions: Sequence[HeldPosition], orders: Sequence[OpenOrder]
) -> dict[str, list[dict[str, Any]]]:
    """Rows of what a venue itself lists; foreign orders included and named so."""
    return {
        "positions": [{"venue": venue, "symbol": symbols[held.instrument], "lots": held.pos} for held in positions],
        "orders": [
            {
                "venue": venue,
                "symbol": symbols[order.instrument],
                "id": order.venue_id,
                "side": ("BUY", "SELL")[order.side],
                "price_ticks": order.px,
                "left_lots": order.left,
                "ours": order.cl_id != 0,
            }
            for order in orders
        ],
    }


def progress(desk: Desk, verb: str, n: int = 0, stop: int = 0) -> Progress:
    """How far the stop in force is. Done only when the core says that the venue confirmed it: halt = no orders left
    (code 2: positions kept), flatten = FLAT and sealed (code 0; 6 with dust of more than is declared); and not before
    a picture in which the stop of this number (`Desk.stop`) was carried out.
    """
    taken = desk.shown >= stop  # before the picture is looked at
    picture = desk.latest()
    stop_id = desk.gate.stop_id
    if picture is None:
        return Progress(
            n=n, stop_id=stop_id, run="STARTING", orders_left=0, positions_left=0, verified="unverified",
            pictures=desk.published, text="no picture from the core yet",
        )  # fmt: skip
    state = picture.state
    seen = taken and state.verified in VERIFIED and state.orders_left == 0
    if verb == "flatten":
        done, code = seen and state.run == "FLAT" and state.positions_left == 0, state.stop_code or 0
    else:
        done, code = seen and state.run in ("HALTED", "FLATTENING", "FLAT"), 2
    return Progress(
        n=n, stop_id=stop_id, run=state.run, orders_left=state.orders_left, positions_left=state.positions_left,
        verified=state.verified, pictures=desk.published, text=_words(state) if taken else NOT_TAKEN, done=done,
        code=code if done else 3, report=state.evidence,
    )  # fmt: skip


def _words(state: State) -> str:
    return state.trouble or state.dust or state.reason


def report_names(folder: Path | None) -> list[str]:
    """Markdown files of the report folder, newest first."""
    if folder is None or not folder.is_dir():
        return []
    files = [path for path in folder.iterdir() if path.suffix == ".md" and path.is_file()]
    return [path.name for path in sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)]


def report_text(folder: Path | None, name: str) -> str:
    """One report by its bare name. Raises Refused for any other name: no path ever leaves the folder."""
    if folder is None or name not in report_names(folder):
        raise Refused(f"Expected the name of a report, was {name[:100]!r}")
    path = folder / name
    check_private(path, "file")
    with path.open("rb") as file:
        return file.read(REPORT_CAP).decode("utf-8", "replace")
