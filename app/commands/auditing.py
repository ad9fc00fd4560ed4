"""`audit`: a console on a journal, without any core."""

from __future__ import annotations

from pathlib import Path

import typer


def register(cli: typer.Typer) -> None:
    cli.command("audit")(audit)


def audit(
    ctx: typer.Context,
    journal: Path = typer.Argument(None, help="a journal file; default: the newest of the state dir"),
    config: Path = typer.Option(None, envvar="CONFIG_PATH", help="configuration file: keys and looks of this console"),
) -> None:
    """Replay a journal on the screen: step, play, go to a time. No core is needed, none is told anything."""
    from app.journal_console import look

    path = look(ctx.obj.launch(config=config), journal)
    ctx.obj.show({"journal": str(path)}, f"perpconsole: replayed {path}")
