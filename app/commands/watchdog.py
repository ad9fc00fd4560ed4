"""`perpconsole watchdog` (hidden): the process that a live core starts at venues without a dead-man's switch."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from core.control.live_account import CancelAccount
    from core.control.pulse import Watched
    from core.domain.ports import Clock
    from core.guard.lock import InstanceLock

SUCCESSOR_S = 20.0  # a predecessor of another core ends as soon as it sees our core's heartbeat


def register(cli: typer.Typer) -> None:
    cli.command("watchdog", hidden=True)(watchdog)


def watchdog(
    ctx: typer.Context,
    core: str = typer.Option(..., help="pid:start ticks of the core"),
    stale_s: float = typer.Option(15.0, min=0.5, max=600.0, help="seconds without a heartbeat"),
    venue: list[str] = typer.Option(..., help="recorded accounts to watch, by label"),
) -> None:
    """Cancel our orders when the core is dead. Started by a live core; creates nothing, ever."""
    from app.session import harden
    from core.clock import SystemClock
    from core.control.watchdog import Watchdog
    from core.control.watching import STARTING, say_state

    harden()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)  # it ends when the core has ended, not with a terminal or a session
    state_dir: Path = ctx.obj.state
    clock = SystemClock()
    watched = _watched(core)
    lock = _take(state_dir, clock, watched)
    try:
        say_state(state_dir, watched, STARTING, tuple(venue))
        accounts = _accounts(state_dir, clock, venue)
        code = Watchdog(state_dir, ctx.obj.reports, watched, accounts, clock, _say, stale_s).run()
    finally:
        lock.release()
    if code:
        raise typer.Exit(code)


def _say(text: str) -> None:
    from core.clock import SystemClock, iso
    from core.guard.redact import PROCESS

    print(f"{iso(SystemClock().now())} watchdog: {PROCESS.clean(text)}", flush=True)


def _watched(text: str) -> Watched:
    from core.control.pulse import Watched
    from core.guard.process import boot_id

    pid, _, ticks = text.partition(":")
    if not (pid.isdigit() and ticks.isdigit()):
        raise typer.BadParameter(f"Expected pid:start ticks for --core, was {text[:40]}")
    return Watched(int(pid), int(ticks), boot_id())


def _take(state_dir: Path, clock: Clock, watched: Watched) -> InstanceLock:
    """One watchdog a state dir: a second one of the same core is refused, one of a dead core is waited for."""
    from core.control.watching import LOCK_NAME, read_state
    from core.domain.errors import Refused
    from core.guard.lock import InstanceLock, LockHeld

    anywhere = os.environ.get("PERP_ALLOW_FILESYSTEM") == "1"
    pause = threading.Event()
    deadline = clock.monotonic() + int(SUCCESSOR_S * 1e9)
    while True:
        lock = InstanceLock(state_dir, clock, LOCK_NAME, any_filesystem=anywhere, role="watchdog")
        try:
            lock.acquire()
            return lock
        except LockHeld as held:
            state = read_state(state_dir)
            same = state is not None and state.core == watched
            if same or clock.monotonic() > deadline:
                raise Refused(f"a watchdog is at work already: {held}") from held
        pause.wait(0.2)


def _accounts(state_dir: Path, clock: Clock, labels: list[str]) -> list[CancelAccount]:
    from app.keys import keys_of
    from core.control.accounts import open_live
    from core.control.live_account import CancelAccount
    from core.domain.errors import Refused

    found = open_live(
        state_dir, keys_of, clock, lambda step, text: _say(f"{step} {text}"), scope="ours", closes=False, only=labels
    )
    failed = [one.text for one in found if not isinstance(one, CancelAccount)]
    accounts = [one for one in found if isinstance(one, CancelAccount)]
    missing = set(labels) - {account.name for account in accounts}
    if failed or missing:
        for account in accounts:
            account.close()
        raise Refused("; ".join(failed) or f"Expected recorded accounts, {', '.join(sorted(missing))} is none")
    return accounts
