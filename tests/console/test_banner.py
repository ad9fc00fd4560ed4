"""The banner at any width: what it says first stays, what does not fit is left out or shortened, never cut."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.domain.snapshot import Snapshot
from screens.theme import Theme
from screens.view import View
from screens.widgets.chrome import banner
from tests.console.fabricated import SECOND, T0, state
from tests.console.showcase import STATES, base

SNAP = base("overview")
WIDTHS = range(10, 221)


def crowded(run: str = "RUNNING", **changes: Any) -> Snapshot:
    """Every flag at once, foreign orders, the longest names."""
    snap = state(SNAP, run=run, attended=False, grace_until=SNAP.ts + 754 * SECOND, read_only=True, canary=True,
                 foreign_orders=12, foreign_positions=3, orders_at_stop=16, positions_left=2, verified="clean",
                 since=SNAP.ts)  # fmt: skip
    return msgspec.structs.replace(snap, mode="LIVE", network="mainnet", account="a-very-long-account-name", **changes)


PICTURES: dict[str, Snapshot | None] = {
    **{name: make(SNAP) for name, make in STATES.items()},
    **{f"crowded {run}": crowded(run) for run in ("RUNNING", "PAUSED", "HALTING", "HALTED", "FLATTENING", "FLAT")},
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_the_banner_is_never_wider_than_the_terminal(name: str, ascii_only: bool) -> None:
    for width in WIDTHS:
        line, _ = banner(View(PICTURES[name], Theme(ascii_only=ascii_only), utc=T0), width)
        assert line.width <= width or PICTURES[name] is None, (width, line.plain)


@pytest.mark.parametrize("run", ["HALTING", "HALTED", "FLATTENING", "FLAT"])
def test_a_stop_is_named_at_any_width_and_its_progress_from_60_columns(run: str) -> None:
    for width in WIDTHS:
        text = banner(View(crowded(run), Theme(), utc=T0), width)[0].plain
        assert any(word[: max(width - 4, 1)] in text for word in (run, "EMERGENCY STOP", "FLATTEN")), (width, text)
        if width >= 60:
            assert "orders 0/16 left" in text, (width, text)


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_mode_and_signs_of_life_stand_beside_every_state(width: int) -> None:
    """Also in a stop: which money it is, how old the picture is, how many alerts wait."""
    for name, snap in PICTURES.items():
        if snap is not None and not name.startswith("crowded"):
            text = banner(View(snap, Theme(), utc=T0), width)[0].plain
            assert snap.mode in text or "LOOPBACK" in text, text
            assert "core ●" in text and "2!" in text, text


@pytest.mark.parametrize("width", [60, 80, 160, 240])
def test_what_does_not_let_a_stop_end_is_said_and_its_report_is_named_where_there_is_room(width: int) -> None:
    """RELIABILITY 5: UNVERIFIED(reason, since); E7 DUST; E10. The keys of a stop come before the report's name."""
    path = "/somewhere/reports/emergency-20261122T012936Z.md"
    stuck = state(SNAP, run="FLATTENING", orders_at_stop=3, evidence=path, since=SNAP.ts,
                  trouble="UNVERIFIED since 12:00:00: closes are refused")  # fmt: skip
    text = banner(View(stuck, Theme(), utc=T0), width)[0].plain
    assert "UNVERIFIED" in text
    assert ("closes are refused" in text) == (width >= 160) and ("emergency-2026" in text) == (width == 240)
    flat = state(SNAP, run="FLAT", verified="sealed", dust="DUST ETHUSDC 0.001, value 2.50", evidence=path)
    text = banner(View(flat, Theme(), utc=T0), width)[0].plain
    assert "DUST" in text and ("value 2.50" in text) == (width >= 160)
    if "emergency-2026" in text:
        assert "R re-arm" in text
