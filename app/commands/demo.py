"""`perpconsole demo pair`: the cross-venue pair through all its states on a scripted market, told as it goes.

Offline, in a state folder of its own that is gone afterwards: no account of the operator is near it.
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from app.context import Globals
    from core.build.demo import Narration, Said
    from core.control.launch import Launch

CONFIG = "demo_pair"
MARKET = "pair-walk"
MISSED = 1

demo_commands = typer.Typer(
    help="Demonstrations: offline, on a scripted market, with nothing of yours.",
    rich_markup_mode=None,
    add_completion=False,
)


def register(cli: typer.Typer) -> None:
    demo_commands.command("pair")(pair)
    demo_commands.callback()(_only)
    cli.add_typer(demo_commands, name="demo")


def _only() -> None:
    """Keeps `pair` a command of its own."""


def pair(
    ctx: typer.Context,
    headless: bool = typer.Option(False, help="no console: print the sentences, as fast as it goes"),
    seed: int = typer.Option(7, min=0, help="seed of the small waves on the prices and of the latencies"),
) -> None:
    """The cross-venue pair through S0..S5, long first, then short first. Exit code 1 when a state was not seen."""
    from core.domain.errors import Refused

    options: Globals = ctx.obj
    if options.state_dir is not None or options.report_dir is not None:
        raise Refused("Expected no --state-dir and no --report-dir: a demo has folders of its own, gone afterwards")
    quiet = headless or options.json
    with tempfile.TemporaryDirectory(prefix="perpconsole-demo-") as name:
        launch = _launch(options, Path(name), seed, quiet)
        narration = _without_console(launch) if quiet else _on_screen(launch)
    body = result_of(narration, seed)
    if quiet:
        options.show(body, text_of(body), 0 if body["ok"] else MISSED)


def _launch(options: Globals, folder: Path, seed: int, quiet: bool) -> Launch:
    from core.config.locate import profile_path
    from core.control.launch import Launch
    from core.guard.process import operator

    return Launch(
        state_dir=folder / "state", report_dir=folder / "reports", config=profile_path(CONFIG), market=(MARKET,),
        seed=seed, speed=math.inf if quiet else None, headless=quiet, json=options.json, who=operator(),
    )  # fmt: skip


def _without_console(launch: Launch) -> Narration:
    from app.built import built
    from app.session import Session

    made: Narration = built("Narration")(lambda said: None if launch.json else _print(said, made))
    with Session(launch) as session:
        main = built("pair_demo")(session.launch, session.desk, made)
        session.install_signals()
        thread = session.start(main)
        thread.join()
        if thread.failure is not None:
            raise thread.failure
    return made


def _print(said: Said, narration: Narration) -> None:
    print(line_of(said, narration))
    sys.stdout.flush()


def line_of(said: Said, narration: Narration) -> str:
    """`0:30.28  S2 locking: ...`: time on the market's clock since the first sentence's market began."""
    seconds = (said.ts - narration.start_ts) / 1e9
    return f"{int(seconds // 60)}:{seconds % 60:05.2f}  {said.head}: {said.text}"


def _on_screen(launch: Launch) -> Narration:
    from app.built import built
    from app.caption import CaptionedConsole
    from app.commands.running import watched
    from app.hangup import terminal_ok
    from app.session import Session
    from core.domain.errors import Refused

    good, why = terminal_ok()
    if not good:
        raise Refused(f"{why}; without a terminal: perpconsole demo pair --headless")
    made: Narration = built("Narration")()
    with Session(launch) as session:
        main = built("pair_demo")(session.launch, session.desk, made)
        watched(session, main, lambda client, options: CaptionedConsole(client, made.words, options), outlives=False)
    return made


def result_of(narration: Narration, seed: int) -> dict[str, Any]:
    """What was seen, as plain values."""
    import msgspec

    return {
        "ok": not narration.missing,
        "seed": seed,
        "states": [
            {
                "state": f"S{said.state}",
                "name": said.name,
                "market_s": round((said.ts - narration.start_ts) / 1e9, 3),
                "wall_s": round(said.wall_ns / 1e9, 3),
                "text": said.text,
            }
            for said in narration.seen
        ],
        "missing": narration.missing,
        "pnl": msgspec.to_builtins(narration.split),
    }


def text_of(body: dict[str, Any]) -> str:
    """The last line: the sentences were printed when they were said."""
    if body["ok"]:
        return f"{len(body['states'])} states seen, seed {body['seed']}"
    return f"not seen: {', '.join(body['missing'])}, seed {body['seed']}"
