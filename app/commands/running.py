"""Commands that run a core in this process: the console (no command), `run` and `core`."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from app.console import Console
    from app.session import Factory, Session
    from core.control.launch import Launch

FELL = "perpconsole attach comes back to it, Ctrl+C stops it"
NEXT = "perpconsole attach joins it; status, position, halt and panic work from this terminal"


def register(cli: typer.Typer) -> None:
    cli.command("run")(run)
    cli.command("core")(core)


def run(
    ctx: typer.Context,
    config: Path = typer.Option(None, envvar="CONFIG_PATH", help="configuration file"),
    mode: str = typer.Option("paper", help="paper, or live: a real account; starts PAUSED"),
    market: list[str] = typer.Option([], help="synthetic, live, pair-walk; or files, basis:, tape:, bars: (several)"),
    speed: str = typer.Option("", help="market seconds a second, or max"),
    rounds: int = typer.Option(None, min=0, help="stop after so many rounds; 0 = no end"),
    round_hours: float = typer.Option(None, min=0.001, max=720, help="length of a round"),
    on_round_end: str = typer.Option("", help="flatten or carry"),
    seed: int = typer.Option(None, min=0, help="seed of the market and the latencies"),
    headless: bool = typer.Option(False, help="no console: the same as `core`"),
    fresh: bool = typer.Option(False, help="start a new paper account; the old one is kept beside it"),
    unproven: str = typer.Option("", metavar="REASON", help="go live without a passing round on record, and why"),
) -> None:
    """Run the core with a console, or without one (--headless)."""
    launch = ctx.obj.launch(
        config=config, mode=_mode(mode), market=tuple(market), speed=_speed(speed), rounds=rounds,
        round_hours=round_hours, on_round_end=_round_end(on_round_end), seed=seed, headless=headless, fresh=fresh,
        unproven=unproven,
    )  # fmt: skip
    if headless:
        without_console(launch)
    else:
        console(launch)


def core(
    ctx: typer.Context,
    config: Path = typer.Option(None, envvar="CONFIG_PATH", help="configuration file"),
    mode: str = typer.Option("paper", help="paper, or live: a real account; starts PAUSED"),
    market: list[str] = typer.Option([], help="synthetic, live, pair-walk; or files, basis:, tape:, bars: (several)"),
    speed: str = typer.Option("", help="market seconds a second, or max"),
    rounds: int = typer.Option(None, min=0, help="stop after so many rounds; 0 = no end"),
    round_hours: float = typer.Option(None, min=0.001, max=720, help="length of a round"),
    on_round_end: str = typer.Option("", help="flatten or carry"),
    seed: int = typer.Option(None, min=0, help="seed of the market and the latencies"),
    fresh: bool = typer.Option(False, help="start a new paper account; the old one is kept beside it"),
    unproven: str = typer.Option("", metavar="REASON", help="go live without a passing round on record, and why"),
) -> None:
    """Run the core alone, in the foreground. SIGUSR1 halts, SIGTERM stops."""
    run(ctx, config, mode, market, speed, rounds, round_hours, on_round_end, seed, True, fresh, unproven)


def _mode(text: str) -> str:
    from core.domain.errors import Refused

    if text not in ("paper", "live"):
        raise Refused(f"Expected --mode paper or live, was {text}")
    return text


def _speed(text: str) -> float | None:
    if not text:
        return None
    if text == "max":
        return math.inf
    try:
        value = float(text.removeprefix("x"))
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise typer.BadParameter(f"Expected a number above 0 or max for --speed, was {text}")
    return value


def _round_end(text: str) -> str:
    if text not in ("", "flatten", "carry"):
        raise typer.BadParameter(f"Expected flatten or carry for --on-round-end, was {text}")
    return text


def console(launch: Launch) -> None:
    """The console on an embedded core, or on the one that runs here already, if wanted. Refuses without a terminal."""
    from app.attached import instead
    from app.hangup import terminal_ok
    from core.domain.errors import Refused
    from core.guard.lock import LockHeld

    good, why = terminal_ok()
    if not good:
        raise Refused(f"{why}; without a terminal: perpconsole run --headless")
    try:
        opened = _open(launch)
    except Refused as held:
        if not isinstance(held.__cause__, LockHeld):
            raise
        print(f"perpconsole: {instead(launch, str(held))}")
        return
    with opened as session:
        watched(session, _factory(session))


def watched(session: Session, main: Factory, make: Callable[..., Console] | None = None, outlives: bool = True) -> None:
    """Run `main` under a console (`make(client, options)`, the plain one where not given), to the core's end.

    outlives: a core that lost its terminal, or whose console fell, goes on as the config says; False: it stops.
    """
    from app.built import built
    from app.client import InProcess
    from app.console import Console
    from app.looks import options_of

    settings = built("console_settings")(session.launch)
    options = options_of(
        session.launch, settings, clock=session.clock, core_alive=session.core_alive, on_lost=session.alarm,
        on_stuck=session.stuck,
    )  # fmt: skip
    app = (make or Console)(InProcess(session.desk), options)  # refuses keys that cannot be, before anything starts
    session.server.console_here = True
    thread = session.start(main)
    why = app.run()
    session.server.console_here = False
    if why in ("lost", "detach", None) and outlives:
        session.unattended(why or "console fell", "continue" if why == "detach" else settings.on_terminal_lost)
        if why is None:  # a fault of the console, told above: no reason to end what trades
            print(f"perpconsole: the console fell; the core, pid {os.getpid()}, goes on: {FELL}", flush=True)
    elif thread.alive:
        session.stop_requested(f"console ended: {why}")
    _finish(session)


def without_console(launch: Launch) -> None:
    """The core in the foreground of this process, signals and all."""
    with _open(launch) as session:
        main = _factory(session)
        session.install_signals()
        session.start(main)
        if not launch.json:
            print(f"perpconsole core pid {session.lock.record.pid if session.lock.record else 0}: {launch.state_dir}")
            sys.stdout.flush()
        _finish(session)


def _open(launch: Launch) -> Session:
    from app.session import Session
    from core.domain.errors import Refused
    from core.guard.lock import LockHeld

    try:
        return Session(launch)
    except LockHeld as held:
        raise Refused(f"{held}. {NEXT}; another --state-dir runs a second one") from held


def _factory(session: Session) -> Factory:
    """Everything that can be refused is refused here, before a thread starts."""
    from app.built import built

    factory: Any = built("run_core")(session.launch, session.desk)
    return factory  # type: ignore[no-any-return]


def _finish(session: Session) -> None:
    """Wait for the core's end; its failure is ours."""
    thread = session.core
    assert thread is not None
    thread.join()
    for text in [] if session.launch.headless else session.alarms:  # headless said them when they came
        print(f"perpconsole: {text}", file=sys.stderr)
    if thread.failure is not None:
        raise thread.failure
