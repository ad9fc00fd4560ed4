"""`attach`: a console on a core that runs already."""

from __future__ import annotations

from pathlib import Path

import typer


def register(cli: typer.Typer) -> None:
    cli.command("attach")(attach)


def attach(
    ctx: typer.Context,
    read_only: bool = typer.Option(False, "--read-only", help="look on; any number of consoles may"),
    config: Path = typer.Option(None, envvar="CONFIG_PATH", help="configuration file: keys and looks of this console"),
) -> None:
    """A console on the running core of this state dir. Leaving it leaves the core alone."""
    from app import attached

    launch = ctx.obj.launch(config=config)
    said = attached.attach(launch, attached.VIEWER if read_only else attached.CONTROLLER)
    if said:
        ctx.obj.show({"ended": said}, f"perpconsole: {said}")
