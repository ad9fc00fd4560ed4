"""Which word a person must type before something that costs money or adds risk. Pure; the core checks again."""

from __future__ import annotations

from core.domain.snapshot import Snapshot


def flatten_word(snap: Snapshot) -> str:
    """`flat` with real money, `y` elsewhere."""
    return "flat" if snap.mode == "LIVE" else "y"


def resume_word(snap: Snapshot) -> str:
    """With real money the account name the first time after a start, then `go`; `y` elsewhere."""
    if snap.mode != "LIVE":
        return "y"
    return "go" if snap.state.resumed_once else snap.account


def rearm_word(snap: Snapshot) -> str:
    """The account name on mainnet, `arm` elsewhere."""
    return snap.account if snap.mode == "LIVE" else "arm"


def stop_word(snap: Snapshot) -> str:
    """`stop` with real money, nothing elsewhere (the key in the quit dialog is enough)."""
    return "stop" if snap.mode == "LIVE" else ""


def rearm_checks(snap: Snapshot) -> list[tuple[str, bool | None, str]]:
    """The checklist before a re-arm: the core's own where it sends one, else what the snapshot shows."""
    if snap.rearm:
        return [(check.name, check.ok, check.text) for check in snap.rearm]
    state = snap.state
    sure = state.verified in ("clean", "sealed")
    feeds = [feed.up and feed.age_ns is not None and feed.age_ns <= feed.stale_ns for feed in snap.feeds]
    waiting = sum(not alert.acked and alert.level != "info" for alert in snap.alerts)
    return [
        ("open orders 0, told by the venue", sure and state.orders_left == 0, state.verified or "unverified"),
        ("positions known", None if not snap.positions else True, f"{state.positions_left} held"),
        ("feeds fresh", all(feeds) if feeds else None, f"{sum(feeds)} of {len(feeds)}"),
        ("alerts acknowledged", waiting == 0, f"{waiting} waiting"),
    ]
